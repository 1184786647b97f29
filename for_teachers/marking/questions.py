"""The exercises of a lesson as a judge needs them: which names are the learner's, and what its check is called with."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from braintut.dataset.locations import lessons_folder
from braintut.teaching.lesson_exercises import exercises
from braintut.teaching.notebooks import lesson_paths, read_lesson

_IMPORT = re.compile(r"\bbraintut\.teaching\.exercises(?: import |\.)lesson_(\d\d)")


@dataclass(frozen=True)
class Question:
    """One exercise.

    Parameters
    ----------
    number : int
        Counted from 1.
    title : str
        As its heading says, without its number.
    check : str
        Name of the check in the lesson's module.
    arguments : tuple of str
        What the check is called with, as code.
    answers : tuple of str
        Names in it that the learner fills in.
    given : tuple of str
        Names in it that the lesson's own cells make.
    source : str
        The cell that holds the check.
    """

    number: int
    title: str
    check: str
    arguments: tuple[str, ...]
    answers: tuple[str, ...]
    given: tuple[str, ...]
    source: str

    def stands_in(self, source: str) -> bool:
        """Whether a cell calls this check."""
        return re.search(rf"\bcheck\.{self.check}\s*\(", source) is not None


def lesson_of(notebook: NotebookNode, path: Path) -> Path | None:
    """Find the lesson that a notebook is a copy of: by the checks that it imports, else by its name."""
    numbers = [found[1] for cell in notebook.cells for found in _IMPORT.finditer(cell.source)]
    number = numbers[0] if numbers else next(iter(re.findall(r"(?<!\d)(\d\d)_", path.name)), None)
    return next((lesson for lesson in lesson_paths(lessons_folder()) if lesson.name[:2] == number), None)


def questions(lesson: Path) -> list[Question]:
    """Read the exercises of a lesson."""
    notebook = read_lesson(lesson)
    titles = re.findall(r"^### Exercise \d+: (.+)$", "\n".join(cell.source for cell in notebook.cells), re.MULTILINE)
    found = exercises(notebook)
    return [
        _question(number, title, one.starter.source, one.check.source)
        for number, (title, one) in enumerate(zip(titles, found, strict=True), start=1)
    ]


def _question(number: int, title: str, starter: str, check: str) -> Question:
    call = next(
        node
        for node in ast.walk(ast.parse(check))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _names(node.func) == ["check"]
    )
    used = list(dict.fromkeys(name for argument in call.args for name in _names(argument)))
    filled_in = _bound(starter)
    return Question(
        number, title, call.func.attr, tuple(ast.unparse(argument) for argument in call.args),
        tuple(name for name in used if name in filled_in), tuple(name for name in used if name not in filled_in), check,
    )  # fmt: skip


def _names(node: ast.AST) -> list[str]:
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]


def _bound(source: str) -> set[str]:
    """Names that a cell makes: those assigned to, and its functions."""
    tree = ast.parse(source)
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    return {node.id for node in names} | {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

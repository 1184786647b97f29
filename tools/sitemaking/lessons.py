"""The lessons' pages: the committed notebooks, and a table of what each asks and gives."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from braintut.teaching.lesson_exercises import exercises
from braintut.teaching.notebooks import read_lesson
from braintut.teaching.pages import for_reading
from sitemaking.texts import SiteError, moved

_TIMES = re.compile(r"^\| reading \|.*\n\|[- |]+\n\| (.+?) \|$", re.MULTILINE)
_OBJECTIVES = re.compile(r"you can\n\n((?:- .+\n?)+)", re.IGNORECASE)


@dataclass(frozen=True)
class Facts:
    """What the head of a lesson says of it."""

    name: str
    title: str
    promise: str
    reading: str
    exercises: str
    run_time: str
    needs: str
    objectives: tuple[str, ...]
    pictures: int
    exercise_count: int

    @property
    def number(self) -> str:
        """Its two digits."""
        return self.name[:2]


def facts_of(path: Path, notebook: NotebookNode) -> Facts:
    """Read a lesson's title, promise, times and objectives from its first cells.

    Raises
    ------
    SiteError
        If one of them is missing.
    """
    head = "\n\n".join(cell.source for cell in notebook.cells[:4] if cell.cell_type == "markdown")
    title = re.match(r"# (.+)", head)
    times, objectives = _TIMES.search(head), _OBJECTIVES.search(head)
    promise = re.search(r"^(?![#\[|]).+", head, re.MULTILINE)
    if not (title and times and objectives and promise):
        raise SiteError(f"{path.name} does not begin with title, promise, table of minutes and objectives.")
    reading, practice, on_cpu, _, needs = (part.strip() for part in times[1].split("|"))
    points = tuple(line[2:].rstrip(",.") for line in objectives[1].strip().splitlines())
    pictures = sum("image/png" in o.get("data", {}) for c in notebook.cells for o in c.get("outputs", []))
    count = len(exercises(notebook))
    return Facts(path.stem, title[1], promise[0], reading, practice, on_cpu, needs, points, pictures, count)


def imported_names(notebook: NotebookNode) -> list[str]:
    """Dotted names that a lesson takes from braintut, in the order of its cells."""
    names = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        source = re.sub(r"^([ \t]*)[%!].*$", r"\1pass", cell.source, flags=re.MULTILINE)
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "braintut":
                names += [f"{node.module}.{alias.name}" for alias in node.names]
    return list(dict.fromkeys(names))


def as_page(notebook: NotebookNode, file: str) -> NotebookNode:
    """A lesson as the site shows it."""
    page = for_reading(notebook)
    for cell in page.cells:
        if cell.cell_type == "markdown":
            cell.source = moved(cell.source, file, file)
    return page


def index_page(lessons: list[Facts]) -> str:
    """The page above all lessons."""
    rows = [f"| [{f.number} {f.title}]({f.name}.ipynb) | {f.reading} | {f.exercises} | {f.needs} |" for f in lessons]
    parts = [
        "# Lessons",
        "Each is a notebook: read it here with all that it prints, or open it in Colab or JupyterLab and change it. "
        "Heads on these pages are synthetic; the same cells run on real ones.",
        "\n".join(["| lesson | reading | exercises | needs |", "| --- | --- | --- | --- |", *rows]),
        *(_about(facts) for facts in lessons),
        "```{toctree}\n:hidden:\n\n" + "\n".join(f"{f.number} {f.title} <{f.name}>" for f in lessons) + "\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _about(facts: Facts) -> str:
    points = "\n".join(f"- {point}" for point in facts.objectives)
    return (
        f"## {facts.number} {facts.title}\n\n{facts.promise}\n\nAfterwards you can\n\n{points}\n\n"
        f"Reading: {facts.reading}. Exercises: {facts.exercises}. Run time on a CPU: {facts.run_time}. "
        f"[Read lesson {facts.number}]({facts.name}.ipynb)"
    )


def read_all(folder: Path) -> dict[Path, NotebookNode]:
    """Read all numbered notebooks of a folder, in order."""
    return {path: read_lesson(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}

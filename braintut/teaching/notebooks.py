"""Lessons as files, and copies without solutions, all told apart by cell tags."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from braintut.dataset.files import write_text
from braintut.errors import DataError

PAGE_OPTIONS = ("--to=braintut.teaching.pages.LessonPage",)
"""What makes nbconvert write a page that fits a telephone and asks no other machine for anything."""

_COLLAPSED = re.compile(r"\s*<details[^>]*>\s*<summary>(.*?)</summary>.*?(?:</details>|\Z)", re.DOTALL | re.IGNORECASE)


def lesson_paths(folder: Path) -> list[Path]:
    """List the numbered notebooks of a folder, in order."""
    return sorted(folder.glob("[0-9][0-9]_*.ipynb"))


def read_lesson(path: Path) -> NotebookNode:
    """Read a notebook in format 4; a `DataError` if the file is missing or no notebook."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, AttributeError, nbformat.ValidationError) as error:
        raise DataError(f"{path} cannot be read as a notebook ({error}).") from error


def write_lesson(notebook: NotebookNode, path: Path) -> Path:
    """Write a notebook with the indentation that Jupyter itself uses."""
    return write_text(path, nbformat.writes(notebook).rstrip("\n") + "\n")


def tags(cell: NotebookNode) -> list[str]:
    """Tags of a cell, none where it has none."""
    return cell.metadata.get("tags", [])


def tagged(notebook: NotebookNode, tag: str) -> list[NotebookNode]:
    """Cells of a notebook that carry a tag."""
    return [cell for cell in notebook.cells if tag in tags(cell)]


def without_solutions(notebook: NotebookNode) -> NotebookNode:
    """Copy a lesson for a class: no solutions, no answers to its questions, and no saved output that tells them."""
    copy = deepcopy(notebook)
    copy.cells = [cell for cell in copy.cells if "solution" not in tags(cell)]
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        elif "hints" not in tags(cell):
            cell.source = _COLLAPSED.sub(_question_alone, cell.source)
    return copy


def write_handout(paths: list[Path], folder: Path) -> list[Path]:
    """Write copies of lessons without solutions, answers and outputs into a folder, under the same names.

    A `DataError` if the copies would lie on their originals, or a lesson cannot be read.
    """
    for path in paths:
        if path.resolve().parent == folder.resolve():
            raise DataError(f"A handout in {folder} would overwrite the lessons themselves; choose another folder.")
    written = [write_lesson(without_solutions(read_lesson(path)), folder / path.name) for path in paths]
    for picture in {picture for path in paths for picture in path.parent.glob("*.svg")}:  # their badges show it
        write_text(folder / picture.name, picture.read_text(encoding="utf-8"))
    return written


def _question_alone(collapsed: re.Match) -> str:
    """Keep of a collapsed answer what it is headed with, if that is the question."""
    heading = collapsed[1].strip()
    return f"\n\n{heading}" if heading.endswith("?") else ""

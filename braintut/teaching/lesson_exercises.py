"""The exercises of a lesson: four tagged cells each, and the lesson as it stands when all is solved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

from nbformat import NotebookNode

from braintut.errors import DataError
from braintut.teaching.notebooks import tags

EXERCISE_TAGS = ("starter", "check", "hints", "solution")
"""Cells of one exercise, in this order."""

_CODE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lesson: four cells that follow each other."""

    starter: NotebookNode
    check: NotebookNode
    hints: NotebookNode
    solution: NotebookNode

    @property
    def solution_code(self) -> str:
        """The Python that belongs in the starter's place."""
        return "\n".join(_CODE.findall(self.solution.source)).rstrip("\n")


def exercises(notebook: NotebookNode) -> list[Exercise]:
    """Find the exercises of a lesson: starter, check, hints and solution, one after the other.

    Raises
    ------
    DataError
        If one of the four is missing or out of its place.
    """
    return [Exercise(*cells) for cells in _groups(notebook)]


def with_solutions(notebook: NotebookNode) -> NotebookNode:
    """Copy a lesson as it stands when all is solved: each solution's code in its starter's place."""
    copy = deepcopy(notebook)
    for one in exercises(copy):
        one.starter.source = one.solution_code
    return copy


def _groups(notebook: NotebookNode) -> Iterator[list[NotebookNode]]:
    group: list[NotebookNode] = []
    for cell in notebook.cells:
        part = next((tag for tag in EXERCISE_TAGS if tag in tags(cell)), None)
        if part is None and not group:
            continue
        wanted = EXERCISE_TAGS[len(group)]
        if part != wanted:
            raise DataError(
                f"An exercise's cells are tagged {', '.join(EXERCISE_TAGS)}, one after the other, but where "
                f"'{wanted}' should stand there is '{part or 'an untagged cell'}': {cell.source[:60]!r}."
            )
        group.append(cell)
        if part == EXERCISE_TAGS[-1]:
            yield group
            group = []
    if group:
        raise DataError(f"The last exercise has no cell tagged '{EXERCISE_TAGS[len(group)]}'.")

"""Hold notebooks to the rule under which they are committed: run from top to bottom, small, without machine names.

`python tools/check_notebooks.py lessons/*.ipynb`. pre-commit calls this before each commit, and tests/test_lessons.py
asks the same `faults`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from braintut.errors import DataError
from braintut.teaching.notebooks import read_lesson, tags

MOST_BYTES = 1_200_000
"""Largest notebook: heads are shown large, and GitHub shows larger files late or not at all."""

MACHINE_PATH = re.compile(r"/(?:home|root|tmp|Users|work|content)/|[A-Z]:(?:\\|/)+Users", re.IGNORECASE)
"""Folders that exist on one machine only; in Colab /content is such a folder."""

MACHINE_WORDS = ("Traceback", "Warning", "oneDNN", "cuda")
"""What libraries say about the machine or to a developer. A status cell may name its device."""


def faults(path: Path) -> list[str]:
    """Say what keeps a notebook from being committed.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of str
        One sentence a fault, none where the notebook keeps the rule.

    Raises
    ------
    DataError
        If the file is missing or no notebook.
    """
    notebook = read_lesson(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [
        *_faults_of_execution(code),
        *_faults_of_metadata(notebook),
        *(fault for number, cell in enumerate(code, start=1) for fault in _faults_of_cell(number, cell)),
        *_faults_of_size(path),
    ]


def _faults_of_execution(code: list[NotebookNode]) -> Iterator[str]:
    counts = [cell.execution_count for cell in code]
    if counts != list(range(1, len(code) + 1)):
        yield f"its execution counts are {counts}, not 1 to {len(code)}: run it once from top to bottom (make outputs)"
    if code and not any(cell.outputs for cell in code):
        yield "its outputs were cleared: run it once from top to bottom (make outputs)"


def _faults_of_metadata(notebook: NotebookNode) -> Iterator[str]:
    if "widgets" in notebook.metadata:
        yield "it holds the state of widgets, with which GitHub refuses to show it: save it without (make outputs)"


def _faults_of_cell(number: int, cell: NotebookNode) -> Iterator[str]:
    said = _without_pictures(json.dumps(cell.outputs, ensure_ascii=False).replace("\\\\", "\\"))
    place = f"cell [{number}]"
    if any(output.output_type == "error" for output in cell.outputs):
        yield f"{place} ended in an error: {cell.source[:60]!r}"
    if cell.source.rstrip().endswith(";"):
        yield f"{place} ends in a semicolon, over which the comparison of outputs stumbles: write `_ = ...`"
    if path := MACHINE_PATH.search(said):
        yield f"{place} prints a folder of your machine ({path[0]}...)"
    if "status" not in tags(cell):
        yield from (f"{place} prints {word!r}: mend its cause" for word in MACHINE_WORDS if word in said)


def _without_pictures(text: str) -> str:
    """Leave out base64, in which any short word can stand by chance."""
    return re.sub(r"[A-Za-z0-9+/=]{200,}(?:\\n)?", "", text)


def _faults_of_size(path: Path) -> Iterator[str]:
    size = path.stat().st_size
    if size > MOST_BYTES:
        yield f"it has {size} bytes, more than {MOST_BYTES}: draw fewer or smaller figures"


def main(names: list[str]) -> int:
    """Print the faults of all notebooks; 0 if there is none."""
    failed = False
    for name in names:
        try:
            found = faults(Path(name))
        except DataError as error:
            found = [str(error)]
        failed |= bool(found)
        print("".join(f"{name}: {fault}\n" for fault in found), end="")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

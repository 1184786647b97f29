"""Mark submitted notebooks: `python for_teachers/grade.py FILES... --csv marks.csv`.

Each notebook runs from top to bottom, as *Restart and Run All* would, in a process of its own with limits of time and
memory, in a scratch folder that is thrown away. Where the system allows it (Linux with user namespaces), that process
has no network, sees no other process, and can write nowhere else; the first line printed says whether it does.

What a notebook says of itself counts for nothing. Stored outputs are dropped, and what its cells print goes nowhere.
At each check the learner's process tells the values of the answer, as plain numbers, texts and arrays; where the answer
is a function, it is called there and tells what it returns. The lesson's own check judges these in another process, in
which no code of the learner's runs. So a cell that prints *Right*, a `check` of one's own, a changed braintut, or a
process that ends itself earn nothing. A cell that fails, or runs longer than it may, ends alone; a process that dies
takes the exercises after it along, and the verdicts before it stay.

This is no exam. The answers lie in the package and in the lessons, and nothing here tells who found them. What can be
forged, besides:

- a right answer that was looked up, copied, or found by asking the check until it said *Right*;
- a function that knows the examples of its check (they are in the package) and nothing else;
- in lesson 00 a report that was put together by hand;
- in lesson 06 how often a function reads its mask, which is counted in the learner's process.

Where the first line says that files are not protected, a submission can write whatever you can write. The grader looks
after each one whether braintut, the lessons and this folder are unchanged, and stops with no marks for it if they are
not; of other files, such as the Python environment, it knows nothing. Mark on a machine that you can do without, or
where the first line says that all is protected.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from braintut.dataset.files import check_writable_file, whole_file  # noqa: E402
from braintut.errors import BraintutError, DataError  # noqa: E402
from marking import sandbox  # noqa: E402

COLUMNS = ("file", "lesson", "exercise", "title", "verdict", "mark", "says")
JUDGE = HERE / "marking" / "judge.py"
SPARE_SECONDS = 300
"""For the judge's own work, beside what a submission may take."""
OWN_FOLDERS = ("braintut", "lessons", "for_teachers")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 if every file could be marked, 1 if one could not."""
    chosen = _parser().parse_args(arguments)
    try:
        return _mark(chosen)
    except BraintutError as error:
        print(f"grade.py: {error}", file=sys.stderr)
        return 1


def _mark(chosen: argparse.Namespace) -> int:
    files = notebooks(chosen.files)
    check_writable_file(chosen.csv)
    os.environ["BRAINTUT_DATA"] = _data(chosen.data)
    print(_protection())
    jobs = chosen.jobs if sandbox.walls() else 1  # only one at a time can be blamed for a changed file
    rows: list[dict] = []
    with ThreadPoolExecutor(jobs) as pool:
        for path, marked in zip(files, pool.map(lambda path: mark_one(path, chosen), files), strict=True):
            rows += marked
            right = sum(row["mark"] for row in marked)
            print(f"{path}: {right} of {len(marked)} right" if marked[0]["lesson"] else f"{path}: {marked[0]['says']}")
            write_marks(rows, chosen.csv)
    print(f"The marks are in {chosen.csv}.")
    return int(any(not row["lesson"] for row in rows))


def _data(chosen: str) -> str:
    if chosen == "phantoms":
        return chosen
    if not Path(chosen).is_dir():
        raise DataError(f"--data {chosen} is no folder; name one of .mat files, or phantoms.")
    return str(Path(chosen).resolve())


def notebooks(places: Sequence[Path]) -> list[Path]:
    """List notebooks, and those in folders.

    Raises
    ------
    DataError
        If there is none, or a place is not there.
    """
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            found += sorted(path for path in place.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
        elif place.is_file():
            found.append(place)
        else:
            raise DataError(f"{place} is not there; name notebooks, or folders of them.")
    if not found:
        raise DataError(f"There is no notebook in {', '.join(map(str, places))}; submissions end in .ipynb.")
    return found


def mark_one(path: Path, chosen: argparse.Namespace) -> list[dict]:
    """Have one submission judged.

    Parameters
    ----------
    path : Path
        A notebook.
    chosen : Namespace
        `cell_seconds`, `seconds` and `memory` (GB).

    Returns
    -------
    list of dict
        One row an exercise with the keys of `COLUMNS`; `mark` is 1 where the verdict is "right", else 0. Where the
        file could not be judged at all there is one row without a lesson, which says why.

    Raises
    ------
    DataError
        If files of braintut have changed meanwhile, which a submission can do where nothing is protected.
    """
    before = None if sandbox.walls() else fingerprint()
    limits = (chosen.cell_seconds, chosen.seconds, int(chosen.memory * 1e9))
    spoken, complaint = _judge(path.resolve(), limits)
    if before is not None and fingerprint() != before:
        raise DataError(
            f"While {path} ran, files of braintut changed: it gets no marks, and no later verdict could be trusted. "
            "Restore them (git status names them), look into that notebook, and mark the others again."
        )
    return _rows(path, spoken, complaint)


def _judge(path: Path, limits: tuple) -> tuple[list[dict], str]:
    """Run the judge and return what it told and, if it failed, its last word."""
    environment = os.environ | {"PYTHONPATH": str(HERE.parent), "MPLBACKEND": "agg", "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, str(JUDGE), str(path), *map(str, limits)], cwd=folder, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, encoding="utf-8",
        )  # fmt: skip
        try:
            out, err = process.communicate(timeout=limits[1] + SPARE_SECONDS)
        except subprocess.TimeoutExpired:
            sandbox.kill(process)
            out, err = process.communicate()[0], "The judge took too long."
    last = err.strip().splitlines()[-1:] if process.returncode else []
    return [json.loads(line) for line in out.splitlines()], "".join(last)[:300]


def _rows(path: Path, spoken: list[dict], complaint: str) -> list[dict]:
    if not spoken:
        return [dict(zip(COLUMNS, (str(path), "", 0, "", "no verdict", 0, complaint or "No word came."), strict=True))]
    told = {row["exercise"]: row for row in spoken[1:]}
    silent = {"verdict": "no verdict", "says": complaint or "The judge ended before it."}
    rows = []
    for number, title in spoken[0]["exercises"]:
        row = told.get(number, silent)
        mark = int(row["verdict"] == "right")
        values = (str(path), spoken[0]["lesson"], number, title, row["verdict"], mark, row["says"])
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def write_marks(rows: list[dict], path: Path) -> None:
    """Write all rows, whole or not at all. A spreadsheet takes none of them for a formula."""
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value


def fingerprint() -> str:
    """One hash over all that a verdict rests on here: the package, the lessons and this folder."""
    digest = hashlib.sha256()
    for path in _own_files():
        digest.update(str(path).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _own_files() -> Iterator[Path]:
    for folder in OWN_FOLDERS:
        files = (path for path in (HERE.parent / folder).rglob("*") if path.is_file())
        yield from sorted(path for path in files if "__pycache__" not in path.parts)


def _protection() -> str:
    if sandbox.walls():
        return "Protected: submissions have no network, and can write to their own scratch folder only."
    return (
        "Not protected: on this system a submission can use the network and write where you can. "
        "Its limits of time and memory hold. Mark only what you would run yourself, or mark on Linux."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Mark submitted notebooks by the lessons' own checks. It is no exam.")
    parser.add_argument("files", nargs="+", type=Path, help="notebooks, or folders of them")
    parser.add_argument("--csv", type=Path, required=True, help="where the marks go: one row an exercise")
    parser.add_argument("--cell-seconds", type=float, default=120, help="for one cell (default 120)")
    parser.add_argument("--seconds", type=float, default=900, help="for one notebook (default 900)")
    parser.add_argument("--memory", type=float, default=4, help="GB for one notebook (default 4)")
    parser.add_argument("--jobs", type=int, default=1, help="notebooks at once, 3 GB each (default 1)")
    parser.add_argument(
        "--data", default="phantoms", help="phantoms (default), or the folder of real slices that your class had"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""Show who is stuck where, as one page: `python for_teachers/class_report.py marks.csv [--out report.html]`.

Reads what `grade.py` wrote. The page loads nothing from anywhere. It names people: keep it to yourself.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from braintut.dataset.files import check_writable_file, write_text  # noqa: E402
from braintut.errors import BraintutError, DataError  # noqa: E402

NEEDED = ("file", "lesson", "exercise", "title", "verdict", "mark", "says")
SIGNS = {"right": "✓", "not yet": "✗", "not attempted": "–", "no verdict": "!"}
"""A sign beside each colour, for those who tell no colours and for printers."""


def read_marks(path: Path) -> list[dict[str, str]]:
    """Read a table of marks.

    Raises
    ------
    DataError
        If it is no such table.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table ({error}); give the file that grade.py wrote.") from error
    missing = [name for name in NEEDED if not rows or name not in rows[0]]
    if missing:
        raise DataError(f"{path} has no column {', '.join(missing)}; give the file that grade.py wrote.")
    unknown = {row["verdict"] for row in rows} - set(SIGNS)
    if unknown:
        raise DataError(f"{path} holds a verdict '{min(unknown)}'; grade.py writes {', '.join(SIGNS)}.")
    return rows


def stuck(rows: list[dict[str, str]]) -> list[dict]:
    """Sort the exercises by how few have solved them, and say what the others were told.

    Returns
    -------
    list of dict
        `lesson`, `exercise`, `title`, `right`, `of`, and `told`: pairs of what a check said and who was told so, the
        commonest first.
    """
    by_exercise: dict[tuple, list[dict]] = defaultdict(list)
    for row in rows:
        if row["lesson"]:
            by_exercise[row["lesson"], int(row["exercise"]), row["title"]].append(row)
    found = []
    for (lesson, number, title), asked in by_exercise.items():
        open_ones = [row for row in asked if row["verdict"] != "right"]
        words = Counter(row["says"] for row in open_ones).most_common()
        told = [(says, [row["file"] for row in open_ones if row["says"] == says]) for says, _ in words]
        right = len(asked) - len(open_ones)
        found.append(dict(lesson=lesson, exercise=number, title=title, right=right, of=len(asked), told=told))
    return sorted(found, key=lambda each: (each["right"] / each["of"], each["lesson"], each["exercise"]))


def page(rows: list[dict[str, str]]) -> str:
    """Draw the page: a table of files and exercises for each lesson, then who is stuck where."""
    lessons: dict[str, dict[str, list[dict]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        lessons[row["lesson"]][row["file"]].append(row)
    unread = lessons.pop("", {})
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True)
    return environment.get_template("class_report.html.jinja").render(
        lessons=dict(sorted(lessons.items())), stuck=stuck(rows), unread=unread, signs=SIGNS
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 if the page was written, 1 if not."""
    parser = argparse.ArgumentParser(description="Show who is stuck where, as one page.")
    parser.add_argument("marks", type=Path, help="the table that grade.py wrote")
    parser.add_argument("--out", type=Path, help="where the page goes (default: beside the table, ending in .html)")
    chosen = parser.parse_args(arguments)
    out = chosen.out or chosen.marks.with_suffix(".html")
    try:
        print(write_text(check_writable_file(out), page(read_marks(chosen.marks))))
    except BraintutError as error:
        print(f"class_report.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

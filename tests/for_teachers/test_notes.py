"""Schedules and notes: minutes are the lessons' own, quoted checks say what is quoted, and links lead somewhere."""

import re
from pathlib import Path

import pytest

from braintut.teaching.lesson_exercises import exercises
from braintut.teaching.notebooks import lesson_paths, read_lesson

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "for_teachers"
LESSONS = {path.name[:2]: path for path in lesson_paths(ROOT / "lessons")}
NOTES = sorted(FOLDER.glob("notes/*.md"))
SCHEDULES = (FOLDER / "schedules.md").read_text(encoding="utf-8")
TABLES = re.findall(r"^\| at \| minutes.*?\n\| -.*?\n((?:\|.*\n)+)", SCHEDULES, re.MULTILINE)


def minutes(number):
    """Minutes of reading and of exercises, as a lesson's first table states them."""
    text = "\n".join(cell.source for cell in read_lesson(LESSONS[number]).cells[:4])
    reading, some = re.search(r"^\| (\d+) minutes \| \d+, about (\d+) minutes", text, re.MULTILINE).groups()
    return {"reading": int(reading), "exercises": int(some)}


def plain(text):
    """A text as it stands in code: quotation marks of any kind and line breaks do not count."""
    return re.sub(r"[\s\"'\\]+", "", text)


def test_the_nine_lessons_have_notes_and_no_note_lacks_its_lesson():
    assert [path.stem for path in NOTES][:9] == sorted(LESSONS)[:9]
    assert {path.stem for path in NOTES} <= set(LESSONS)


@pytest.mark.parametrize("note", NOTES, ids=lambda path: path.stem)
def test_a_notes_title_minutes_and_sections_are_its_lessons(note):
    text, lesson = note.read_text(encoding="utf-8"), read_lesson(LESSONS[note.stem])
    assert text.startswith(f"# {note.stem} {lesson.cells[0].source.strip().removeprefix('# ')}\n")
    stated = minutes(note.stem)
    assert f"Reading {stated['reading']} minutes, exercises {stated['exercises']} minutes." in text
    headings = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    skip = text[text.index("## Skip") : text.index("## Group question")]
    for section in re.findall(r"\*([A-Z][^*]+\??)\*", skip):
        assert f"## {section}" in headings, section


@pytest.mark.parametrize("note", NOTES, ids=lambda path: path.stem)
def test_what_a_note_quotes_a_check_says(note):
    source = (ROOT / "braintut" / "teaching" / "exercises" / f"lesson_{note.stem}.py").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| \"(.+?)\" \|", note.read_text(encoding="utf-8"), re.MULTILINE)
    last = len(exercises(read_lesson(LESSONS[note.stem])))
    assert {int(number) for number, _ in rows} == set(range(1, last + 1)), "an exercise without a word"
    said = plain(re.sub(r"\"\s*\n\s*f?\"", "", source))
    for _, quoted in rows:
        assert plain(quoted.replace("inf", "{large}") if "becomes inf" in quoted else quoted) in said, quoted


def _clock(time):
    hours, _, rest = time.rpartition(":")
    return int(hours or 0) * 60 + int(rest)


@pytest.mark.parametrize("table", TABLES, ids=range(len(TABLES)))
def test_a_schedule_adds_up_and_gives_each_lesson_its_minutes(table):
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in table.strip().splitlines()]
    at = [_clock(time) for time, *_ in rows]
    long = [int(length) for _, length, _ in rows]
    assert [start + length for start, length in zip(at, long, strict=True)][:-1] == at[1:] and long[-1] == 0
    for (_, length, what), start in zip(rows, at, strict=True):
        if part := re.match(r"(\d\d) (reading|exercises)", what):
            assert int(length) == minutes(part[1])[part[2]], (start, what)


def test_two_days_and_six_weeks_hold_the_whole_course():
    assert len(TABLES) == 1 + 2 + 6
    for tables in (TABLES[1:3], TABLES[3:]):
        said = "".join(tables)
        for number in sorted(LESSONS)[:9]:
            assert f"{number} reading" in said
            assert f"{number} exercises" in said or f"exercises of lesson {number}" in said


@pytest.mark.parametrize("page", [*FOLDER.glob("*.md"), *NOTES], ids=lambda path: path.stem)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_it_is_said_to_be_no_exam():
    assert "no exam" in (FOLDER / "README.md").read_text(encoding="utf-8")
    assert "no exam" in (FOLDER / "grade.py").read_text(encoding="utf-8")

"""Lessons as files: exercises are found by their tags, handouts, solved copies and pages are made from them."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from braintut.errors import DataError
from braintut.teaching.addresses import BADGE_PICTURE
from braintut.teaching.lesson_exercises import exercises, with_solutions
from braintut.teaching.notebooks import lesson_paths, read_lesson, tagged, without_solutions, write_handout
from test_cli import run

LESSONS = lesson_paths(Path(__file__).resolve().parents[2] / "lessons")
SOLUTION = "<details>\n<summary>Solution</summary>\n\nBecause.\n\n```python\nx = 1\ny = 2\n```\n\n</details>"


def cell(tag, source="text"):
    make = new_code_cell if tag in ("starter", "check") else new_markdown_cell
    return make(source, metadata={"tags": [tag]})


def lesson(*cells):
    return new_notebook(cells=[new_markdown_cell("# Title"), *cells, new_markdown_cell("end")])


def whole():
    return lesson(cell("starter", "x = ..."), cell("check", "check(x)"), cell("hints"), cell("solution", SOLUTION))


def test_exercises_and_their_solutions_are_found():
    (one,) = exercises(whole())
    assert one.starter.source == "x = ..." and one.solution_code == "x = 1\ny = 2"


def test_copies_leave_the_original_alone():
    original = whole()
    assert with_solutions(original).cells[1].source == "x = 1\ny = 2"
    assert not tagged(without_solutions(original), "solution")
    assert len(without_solutions(original).cells) == len(original.cells) - 1
    assert original == lesson(*original.cells[1:-1]) or original.cells[1].source == "x = ..."


def collapsed(heading, words, attributes=""):
    return f"<details{attributes}>\n<summary>{heading}</summary>\n\n{words}\n\n</details>"


@pytest.mark.parametrize(
    ("source", "left"),
    [
        (f"**1.** Why?\n\n{collapsed('Answer', 'SECRET')}", "**1.** Why?"),
        (
            f"**1.** Why?\n\n{collapsed('Answer', 'SECRET')}\n\n**2.** How?\n\n{collapsed('Answer', 'SECRET')}",
            "**1.** Why?\n\n**2.** How?",
        ),
        (f"Words.\n\n{collapsed('Think: why?', 'SECRET', ' open')}\n\nMore.", "Words.\n\nThink: why?\n\nMore."),
        ("Words.\n<details><summary>Answer</summary>SECRET", "Words."),
        ("No answer here, 1 < 2.", "No answer here, 1 < 2."),
    ],
    ids=["one", "two", "its question in the heading", "never closed", "none"],
)
def test_a_handout_keeps_questions_and_drops_their_answers(source, left):
    (_, copied, _) = without_solutions(lesson(new_markdown_cell(source))).cells
    assert copied.source == left


def test_a_handout_keeps_hints_and_no_output():
    hints = cell("hints", collapsed("Hint 1", "Think of it."))
    told = new_code_cell("print(x)", outputs=[new_output("stream", text="0.5")], execution_count=7)
    original = lesson(cell("starter", "x = ..."), cell("check", "check(x)"), hints, cell("solution", SOLUTION), told)
    handed_out = without_solutions(original)
    assert tagged(handed_out, "hints")[0].source == hints.source
    assert handed_out.cells[-2].outputs == [] and handed_out.cells[-2].execution_count is None
    assert told.outputs, "the lesson itself keeps what it printed"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_no_lesson_gives_an_answer_away_in_a_handout(path):
    original = read_lesson(path)
    handed_out = without_solutions(original)
    headings = [h for c in handed_out.cells for h in re.findall(r"<summary>(.*?)</summary>", c.source)]
    assert set(headings) == {"Hint 1", "Hint 2"}
    assert not [c.source for c in handed_out.cells if c.get("outputs")]
    thoughts = re.findall(r"<summary>(Think: .*?)</summary>", "\n".join(c.source for c in original.cells))
    assert all(any(thought in c.source for c in handed_out.cells) for thought in thoughts)
    nbformat.validate(handed_out)


def test_pages_of_lessons_scroll_wide_code_and_shrink_wide_pictures(monkeypatch, capsys, tmp_path):
    (tmp_path / "lessons").mkdir()
    nbformat.write(lesson(new_code_cell("x = 1" * 100)), tmp_path / "lessons" / "00_a.ipynb")
    monkeypatch.setattr("braintut.dataset.locations.lessons_folder", lambda: tmp_path / "lessons")

    def without_running(*arguments):
        return subprocess.call([sys.executable, "-m", *(a for a in arguments if a != "--execute")])

    monkeypatch.setattr("braintut.cli._run_python", without_running)
    assert run(monkeypatch, capsys, "lessons", "--out", tmp_path / "pages")[0] == 0
    page = (tmp_path / "pages" / "00_a.html").read_text(encoding="utf-8")
    ours = page[page.rindex("<style>") : page.rindex("</style>")]
    assert re.search(r"\.jp-InputArea-editor \.highlight,[^}]+overflow-x: auto", ours)
    assert re.search(r"img \{[^}]*max-width: 100%", ours)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([cell("starter"), cell("hints")], "where 'check' should stand there is 'hints'"),
        ([cell("check")], "where 'starter' should stand there is 'check'"),
        ([cell("starter"), cell("check"), new_markdown_cell("words")], "there is 'an untagged cell'"),
    ],
)
def test_an_exercise_that_is_not_whole_is_named(cells, message):
    with pytest.raises(DataError, match=message):
        exercises(lesson(*cells))


def test_an_exercise_cut_short_at_the_end_is_named():
    with pytest.raises(DataError, match="no cell tagged 'check'"):
        exercises(new_notebook(cells=[cell("starter")]))


def test_files_that_are_no_notebooks_are_named(tmp_path):
    (tmp_path / "00_x.ipynb").write_text("hello")
    for name in ("00_x.ipynb", "01_absent.ipynb"):
        with pytest.raises(DataError, match=name):
            read_lesson(tmp_path / name)


def test_handout_command_writes_all_or_some_lessons_without_solutions(monkeypatch, capsys, tmp_path):
    folder = tmp_path / "lessons"
    folder.mkdir()
    for name in ("00_a.ipynb", "01_b.ipynb", "notes.ipynb"):
        nbformat.write(whole(), folder / name)
    monkeypatch.setattr("braintut.dataset.locations.lessons_folder", lambda: folder)
    code, out, _ = run(monkeypatch, capsys, "lessons", "--handout", tmp_path / "class")
    assert code == 0 and "2 lessons" in out
    assert [path.name for path in lesson_paths(tmp_path / "class")] == ["00_a.ipynb", "01_b.ipynb"]
    assert all("Because" not in path.read_text() for path in (tmp_path / "class").iterdir())
    assert run(monkeypatch, capsys, "lessons", "1", "--handout", tmp_path / "one")[0] == 0
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["01_b.ipynb"]


def test_a_handout_brings_the_picture_of_its_badges(tmp_path):
    write_handout(LESSONS[:2], tmp_path)
    assert (tmp_path / BADGE_PICTURE).read_bytes() == (LESSONS[0].parent / BADGE_PICTURE).read_bytes()


def test_a_handout_never_overwrites_the_lessons(tmp_path):
    nbformat.write(whole(), tmp_path / "00_a.ipynb")
    with pytest.raises(DataError, match="choose another folder"):
        write_handout([Path(tmp_path / "00_a.ipynb")], tmp_path / ".")
    assert "Because" in (tmp_path / "00_a.ipynb").read_text()


@pytest.mark.parametrize("text", ["", "no JSON", "{}", "[]", '{"nbformat": 4, "nbformat_minor": 5}'], ids=repr)
def test_what_is_no_notebook_is_refused_in_one_sentence(tmp_path, text):
    path = tmp_path / "01_broken.ipynb"
    path.write_text(text)
    with pytest.raises(DataError, match=r"01_broken\.ipynb cannot be read as a notebook"):
        read_lesson(path)

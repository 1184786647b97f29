"""The class report: who is stuck where, hardest first, on a page that loads nothing and trusts no text."""

import re

import pytest

import class_report
from grade import COLUMNS, write_marks

RIGHT, WRONG, NOTHING = (
    ("right", 1, "Right."),
    ("not yet", 0, "Not yet, because <b>x</b>."),
    ("no verdict", 0, "It ended."),
)


def row(file, exercise, told, lesson="03_dice_loss"):
    return dict(zip(COLUMNS, (file, lesson, exercise, f"title {exercise}", *told), strict=True))


@pytest.fixture
def marks(tmp_path):
    rows = [row("anna", 1, RIGHT), row("anna", 2, WRONG), row("ben", 1, RIGHT), row("ben", 2, WRONG)]
    rows += [row("cem", 1, RIGHT), row("cem", 2, NOTHING), row("dog.ipynb", 0, NOTHING, lesson="")]
    write_marks(rows, tmp_path / "marks.csv")
    return tmp_path / "marks.csv"


def test_the_hardest_exercise_comes_first_with_the_commonest_words(marks):
    second, first = class_report.stuck(class_report.read_marks(marks))
    assert (second["exercise"], second["right"], second["of"]) == (2, 0, 3)
    assert second["told"] == [("Not yet, because <b>x</b>.", ["anna", "ben"]), ("It ended.", ["cem"])]
    assert (first["right"], first["told"]) == (3, [])


def test_the_page_names_all_and_runs_nothing_of_theirs(marks, capsys):
    assert class_report.main([str(marks)]) == 0
    page = marks.with_suffix(".html").read_text(encoding="utf-8")
    assert all(name in page for name in ("anna", "ben", "cem", "dog.ipynb: It ended."))
    assert "<b>x" not in page and "&lt;b&gt;x" in page
    assert not re.search(r"https?:|src=|href=|<script", page)
    assert page.count("✓</span>") == 3 and page.count("✗</span>") == 2 and page.count("!</span>") == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a,b\n1,2\n", "no column file, lesson"),
        ("", "no column"),
        (",".join(COLUMNS) + "\na,03_x,1,t,wonderful,1,s\n", "a verdict 'wonderful'"),
    ],
)
def test_what_is_no_table_of_marks_is_refused(tmp_path, capsys, text, complaint):
    (tmp_path / "m.csv").write_text(text)
    assert class_report.main([str(tmp_path / "m.csv")]) == 1
    assert complaint in capsys.readouterr().err


def test_a_missing_table_is_named(tmp_path, capsys):
    assert class_report.main([str(tmp_path / "m.csv")]) == 1
    assert "m.csv cannot be read" in capsys.readouterr().err

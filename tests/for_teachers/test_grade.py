"""Marking: right answers earn marks, and nothing else does, whatever a notebook says or does."""

import csv
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

import grade
from braintut.teaching.lesson_exercises import exercises, with_solutions
from braintut.teaching.notebooks import lesson_paths, read_lesson, without_solutions, write_lesson
from marking import sandbox
from marking.questions import lesson_of, questions

ROOT = Path(__file__).resolve().parents[2]
LESSONS = lesson_paths(ROOT / "lessons")
LOSS = next(path for path in LESSONS if path.name.startswith("03"))
CHECK = "from braintut.teaching.exercises import lesson_03 as check\n\ncheck."
LAZY, COUNTS, DICE = (CHECK + call for call in ("lazy(accuracy)", "counts(tp, fp, fn)", "dice(score)"))
SOFT = CHECK + "soft(soft_dice_loss)"
RIGHT = "accuracy = 4032 / 4096\ntp, fp, fn = 2, 2, 3\nscore = 4 / 9"


def short(notebook):
    """The exercises of a lesson without the rest of it."""
    return [cell.source for one in exercises(notebook) for cell in (one.starter, one.check)]


def escaping(outside):
    return f"""
import pathlib, socket, subprocess
subprocess.run("mount -o remount,bind,rw /; unshare -Urm mount -o remount,bind,rw /", shell=True)
outside = 0
for place in {[str(place) for place in outside]}:
    try:
        (pathlib.Path(place) / "braintut_was_here").write_text("x")
        outside += 1
    except OSError:
        pass
net = len(socket.if_nameindex()) > 1
accuracy = 4032 / 4096 if not (outside or net) else 0
"""


SUBMISSIONS = {
    "solved": short(with_solutions(read_lesson(LOSS))),
    "blank": short(read_lesson(LOSS)),
    "mistaken": ["accuracy = 4032 / 4096", LAZY, "tp, fp, fn = 2, 3, 2", COUNTS, "score = 2 / 7", DICE],
    "lying": [
        "print('Right. All of it.')",
        "class C:\n    def __getattr__(self, name): return lambda *a: print('Right.')\ncheck = C()\naccuracy = 1",
        "check.lazy(accuracy)",
        "import braintut.teaching.exercises.lesson_03 as lesson, braintut.teaching.exercises.checking as checking\n"
        "lesson.counts = lesson.dice = lambda *a: print('Right.')\nchecking.demand = lambda *a: None\n"
        "tp, fp, fn, score = 1, 1, 1, 1",
        COUNTS,
        "class Always(float):\n    def __eq__(self, other): return True\n    __sub__ = lambda self, other: 0.0\n"
        "    def __array__(self, *a, **k): return 4 / 9\nscore = Always(0)",
        DICE,
    ],
    "leaving": [RIGHT, LAZY, "import os\nos._exit(0)", COUNTS, DICE],
    "looping": ["while True: pass", RIGHT, LAZY, "def soft_dice_loss(t, p):\n    while True: pass", SOFT, DICE],
    "greedy": [RIGHT, LAZY, "import numpy as np\nall_of_it = [np.ones(10**7) for _ in range(10**5)]", COUNTS],
    "writing": [escaping([ROOT, Path.home(), "/tmp"]), LAZY],
}


def write(path, sources, say="Right. It says so here."):
    told = [new_output("stream", text=say)]
    nbformat.write(new_notebook(cells=[new_code_cell(source, outputs=told) for source in sources]), path)


def run_grade(*arguments):
    command = [sys.executable, str(ROOT / "for_teachers" / "grade.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)


def read_csv(path):
    rows = defaultdict(dict)
    for row in csv.DictReader(path.open(encoding="utf-8")):
        rows[Path(row["file"]).stem][int(row["exercise"])] = row
    return rows


@pytest.fixture(scope="module")
def marks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    for name, sources in SUBMISSIONS.items():
        write(folder / f"{name}.ipynb", sources)
    done = run_grade(folder, "--csv", folder / "marks.csv", "--cell-seconds", 20, "--memory", 2, "--jobs", 2)
    assert done.returncode == 0, done.stderr
    return read_csv(folder / "marks.csv")


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits are Unix's")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "verdicts"),
    [
        ("solved", ["right"] * 5),
        ("blank", ["not attempted"] * 5),
        ("mistaken", ["right", "not yet", "not yet", "not attempted", "not attempted"]),
        ("lying", ["not yet"] * 3 + ["not attempted"] * 2),
        ("leaving", ["right", *["no verdict"] * 4]),
        ("looping", ["right", "right", "right", "not yet", "not attempted"]),
    ],
)
def test_verdicts(marks, name, verdicts):
    rows = marks[name]
    assert [rows[number]["verdict"] for number in range(1, 6)] == verdicts, [row["says"] for row in rows.values()]
    assert [rows[number]["mark"] for number in range(1, 6)] == [str(int(verdict == "right")) for verdict in verdicts]


@pytest.mark.slow
def test_mistakes_get_the_words_of_the_check(marks):
    assert "FP and FN are swapped" in marks["mistaken"][2]["says"]
    assert "IoU or Jaccard" in marks["mistaken"][3]["says"]


@pytest.mark.slow
def test_a_submission_that_eats_memory_earns_nothing_by_it(marks):
    assert marks["greedy"][1]["verdict"] == "right"
    assert marks["greedy"][2]["verdict"] in ("right", "no verdict")  # a MemoryError ends the cell, a kill the process
    assert marks["greedy"][4]["mark"] == "0"


@pytest.mark.slow
@pytest.mark.skipif(not sandbox.walls(), reason="this system offers no namespaces")
def test_a_submission_reaches_no_network_and_no_file_of_others(marks):
    assert marks["writing"][1]["verdict"] == "right"
    assert not [place for place in (ROOT, Path.home(), Path("/tmp")) if (place / "braintut_was_here").exists()]


def test_where_nothing_is_protected_a_changed_package_ends_the_marking(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sandbox, "walls", lambda: False)
    prints = iter(["before", "after"])
    monkeypatch.setattr(grade, "fingerprint", lambda: next(prints))
    monkeypatch.setattr(grade, "_judge", lambda path, limits: ([{"lesson": "03_x", "exercises": [[1, "a"]]}], ""))
    write(tmp_path / "a.ipynb", [LAZY])
    assert grade.main([str(tmp_path), "--csv", str(tmp_path / "m.csv")]) == 1
    said = capsys.readouterr()
    assert "files of braintut changed: it gets no marks" in said.err and "Not protected" in said.out
    assert not (tmp_path / "m.csv").exists()


def test_the_fingerprint_sees_one_changed_byte(monkeypatch, tmp_path):
    monkeypatch.setattr(grade, "HERE", tmp_path / "for_teachers")
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "x").write_text("a")
    before = grade.fingerprint()
    (tmp_path / "lessons" / "x").write_text("b")
    assert grade.fingerprint() != before


def test_a_judge_that_dies_leaves_no_marks_for_what_it_did_not_say():
    spoken = [
        {"lesson": "03_x", "exercises": [[1, "a"], [2, "b"]]},
        {"exercise": 1, "verdict": "right", "says": "Right."},
    ]
    rows = grade._rows(Path("a.ipynb"), spoken, "")
    assert [(row["verdict"], row["mark"]) for row in rows] == [("right", 1), ("no verdict", 0)]


@pytest.mark.parametrize(("name", "says"), [("=cmd()", "'=cmd()"), ("anna", "anna"), (3, 3)])
def test_no_cell_of_the_table_is_a_formula(name, says):
    assert grade._harmless(name) == says


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["absent.ipynb", "--csv", "m.csv"], "absent.ipynb is not there"),
        ([".", "--csv", "m.csv"], "There is no notebook in ."),
        ([".", "--csv", "m.csv", "--data", "nowhere"], "There is no notebook"),
    ],
)
def test_what_cannot_be_marked_is_named(monkeypatch, tmp_path, capsys, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    assert grade.main(arguments) == 1
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_every_exercise_has_names_for_its_answer_and_its_copies_are_known(lesson, tmp_path):
    asked = questions(lesson)
    assert len(asked) == len(exercises(read_lesson(lesson)))
    assert all(question.answers and re.search(r"\w", question.title) for question in asked)
    handout = write_lesson(without_solutions(read_lesson(lesson)), tmp_path / "anna.ipynb")
    assert lesson_of(read_lesson(handout), handout) == lesson
    sources = [cell.source for cell in read_lesson(handout).cells if cell.cell_type == "code"]
    assert all(sum(question.stands_in(source) for source in sources) == 1 for question in asked)


@pytest.mark.slow
@pytest.mark.solutions
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_solved_lessons_get_full_marks_and_handouts_none(lesson, tmp_path):
    write_lesson(with_solutions(read_lesson(lesson)), tmp_path / f"solved_{lesson.name}")
    write_lesson(without_solutions(read_lesson(lesson)), tmp_path / f"blank_{lesson.name}")
    done = run_grade(tmp_path, "--csv", tmp_path / "marks.csv")
    assert done.returncode == 0, done.stderr
    marks = read_csv(tmp_path / "marks.csv")
    assert {row["mark"] for row in marks[f"solved_{lesson.stem}"].values()} == {"1"}
    assert {row["mark"] for row in marks[f"blank_{lesson.stem}"].values()} == {"0"}

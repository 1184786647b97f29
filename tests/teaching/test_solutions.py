"""Solutions are run: each lesson once, with every solution in its starter's place, on phantoms and on real heads."""

import os
from pathlib import Path

import nbclient
import pytest

from braintut.teaching.lesson_exercises import exercises, with_solutions
from braintut.teaching.notebooks import lesson_paths, read_lesson

LESSONS = lesson_paths(Path(__file__).resolve().parents[2] / "lessons")


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs if output.get("name") == "stdout")


@pytest.mark.slow
@pytest.mark.solutions
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_check_says_right_where_the_solutions_stand(path):
    run_solved(path)


@pytest.mark.slow
@pytest.mark.real_lessons
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_check_says_right_on_real_heads(path, monkeypatch):
    if not os.environ.get("BRAINTUT_REAL"):
        pytest.skip("BRAINTUT_REAL names no folder of real slices")
    monkeypatch.setenv("BRAINTUT_DATA", os.environ["BRAINTUT_REAL"])
    run_solved(path)


def run_solved(path):
    solved = with_solutions(read_lesson(path))
    nbclient.NotebookClient(
        solved,
        timeout=300,
        startup_timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    verdicts = [printed(one.check) for one in exercises(solved)]
    assert all(verdict.startswith("Right") and verdict.count("\n") == 1 for verdict in verdicts), verdicts

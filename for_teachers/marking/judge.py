"""The judge of one submission: has its cells run elsewhere, and asks the lesson's own checks about its answers.

Started by `grade.py`: `python judge.py NOTEBOOK CELL_SECONDS ALL_SECONDS MEMORY_BYTES`. It prints one JSON a line: the
verdict on one exercise. No code of the learner's runs in this process; what comes from there is plain values.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import io
import json
import sys
import tempfile
import warnings
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from nbformat import NotebookNode

from braintut.teaching.lesson_exercises import with_solutions
from braintut.teaching.notebooks import read_lesson, tags
from marking.questions import Question, lesson_of, questions
from marking.visitor import Gone, Learner

VERDICTS = {"Right": "right", "Not attempted": "not attempted"}
"""How the line that a check prints begins, and what it is called here; all others are "not yet"."""


def judge(path: Path, cell_seconds: float, all_seconds: float, memory: int) -> None:
    """Print the verdict on each exercise of a submission as soon as it is there."""
    submission = read_lesson(path)
    lesson = lesson_of(submission, path)
    if lesson is None:
        raise SystemExit(f"{path.name} is no copy of a lesson: it calls no check, and its name begins with no number.")
    checks = importlib.import_module(f"braintut.teaching.exercises.lesson_{lesson.name[:2]}")
    original = Original(lesson)
    left = questions(lesson)
    _tell({"lesson": lesson.stem, "exercises": [[each.number, each.title] for each in left]})
    with tempfile.TemporaryDirectory(prefix="submission_") as scratch:
        learner = Learner(Path(scratch).resolve(), cell_seconds, all_seconds, memory)
        try:
            _go_through(submission, left, learner, checks, original)
        finally:
            learner.end()


def _go_through(
    submission: NotebookNode, left: list[Question], learner: Learner, checks: ModuleType, original: Original
) -> None:
    sources = [cell.source for cell in submission.cells if cell.cell_type == "code"]
    places = {question: [i for i, source in enumerate(sources) if question.stands_in(source)] for question in left}
    at, why = 0, ""
    try:
        for at, source in enumerate(sources):
            asked = [question for question in left if places[question][:1] == [at]]
            # The check itself need not run there. A cell that holds more than it does run, whatever comes of it.
            if not any(source.strip() == question.source.strip() for question in asked):
                learner.run(source)
            for question in asked:
                left.remove(question)
                _tell(_verdict(question, learner, checks, original))
    except Gone as error:
        why = f"{error} in cell {at + 1}."
    for question in left:  # their check was taken out, or the process has ended before it
        if why:
            _tell({"exercise": question.number, "verdict": "no verdict", "says": why})
        else:
            _tell(_verdict(question, learner, checks, original))


def _verdict(question: Question, learner: Learner, checks: ModuleType, original: Original) -> dict:
    """Ask the lesson's own check, in this process, about what the learner's process tells."""
    given = original.up_to(question)
    answers = learner.values(question.answers)
    missing = [name for name in question.answers if name not in answers]
    if missing:
        says = f"Not attempted: there is no `{missing[0]}`."
    else:
        arguments = [eval(argument, given | answers) for argument in question.arguments]  # noqa: S307  the lesson's own
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), warnings.catch_warnings(action="ignore"):
            getattr(checks, question.check)(*arguments)
        says = " ".join(printed.getvalue().split())
    verdict = next((word for begins, word in VERDICTS.items() if says.startswith(begins)), "not yet")
    return {"exercise": question.number, "verdict": verdict, "says": says}


class Original:
    """The lesson itself, with its solutions, run in this process as far as a check needs what its cells make."""

    def __init__(self, lesson: Path) -> None:
        self._cells = [cell for cell in with_solutions(read_lesson(lesson)).cells if cell.cell_type == "code"]
        self._shell = None

    def up_to(self, question: Question) -> dict:
        """Values of the names that the lesson's own cells make for a question."""
        if not question.given:
            return {}
        if self._shell is None:
            from IPython.core.interactiveshell import InteractiveShell

            self._shell = InteractiveShell.instance()
            self._shell.history_manager.enabled = False
        with contextlib.redirect_stdout(io.StringIO()):
            while self._cells and not question.stands_in((cell := self._cells.pop(0)).source):
                if "check" not in tags(cell):
                    self._shell.run_cell(cell.source, store_history=False).raise_error()
        return {name: self._shell.user_ns[name] for name in question.given}


def _tell(row: dict) -> None:
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(4, 0)  # PR_SET_DUMPABLE: no other process of the same user may look into this one
    judge(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))

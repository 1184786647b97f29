"""Checks of lesson 00: a first report, who does what, which test is honest, and how fast the machine is."""

from types import SimpleNamespace

import numpy as np
import pytest

from braintut.dataset import Scan, load_phantoms
from braintut.report import Report
from braintut.teaching.exercises import lesson_00 as check
from judging import Answers, CheckTests, checks_of


def report(scan="slice 7", seconds=0.25):
    probabilities = {"meningioma": 0.1, "glioma": 0.8, "pituitary": 0.1}
    mask = np.zeros((8, 8), bool)
    mask[2:4, 2:4] = True
    return Report(scan, np.zeros((8, 8)), mask * 0.9, mask, "glioma", probabilities, 2.0, False, seconds)


def scan():
    return Scan("slice 7", np.zeros((8, 8)), 2.0, label=2)


FIRST_REPORT = Answers(
    check.first_report,
    right=[(report(), scan())],
    untouched=[(..., scan())],
    mistakes=[
        (report("slice 8"), scan(), "the report of slice 8, but slice 7"),
        ([report()], scan(), "is a list"),
        (report().figure(), scan(), "is a drawing"),
        (len, scan(), "is the pipeline itself"),
        (load_phantoms()[0], scan(), "is the slice itself"),
        (None, scan(), "is a NoneType; the pipeline returns"),
    ],
)


def halves(*names):
    return dict(zip(("marks pixels", "measures the marked region", "names the type"), names, strict=True))


HALVES = Answers(
    check.halves,
    right=[(halves("U-Net", "classifier", "classifier"),), (halves("u-net", " Classifier", "classifier"),)],
    untouched=[(halves(..., ..., ...),), (halves("U-Net", ..., "classifier"),)],
    mistakes=[
        (halves("classifier", "classifier", "U-Net"), "answers with a picture: a mask"),
        (halves("U-Net", "classifier", "U-Net"), "answers with a word"),
        (halves("U-Net", "U-Net", "classifier"), "before it can be measured"),
        (halves("unet", "classifier", "classifier"), "'unet' is no half"),
        (["U-Net", "classifier", "classifier"], "should be a dictionary"),
        ({"marks pixels": "U-Net"}, "three keys"),
    ],
)


def four_tests():
    patients = {"A": ["P1", "P1"], "B": ["P3", "P1", "P2"], "C": ["P3", "P4", "P4"], "D": ["P4"]}
    return {letter: SimpleNamespace(patients=np.array(names)) for letter, names in patients.items()}


def knows_two():
    return SimpleNamespace(was_fitted_on=lambda patient: patient in ("P1", "P2"))


def believed(*answers):
    return dict(zip("ABCD", answers, strict=True)), four_tests(), knows_two()


HONEST_TESTS = Answers(
    check.honest_tests,
    right=[believed(False, False, True, True), believed(*np.array([False, False, True, True]))],
    untouched=[believed(..., ..., ..., ...), believed(False, ..., True, True)],
    mistakes=[
        (*believed(True, True, True, True), "knows every patient"),
        (*believed(False, True, True, True), "some patients are new and others are not"),
        (*believed(False, False, False, False), "you turn down"),
        (*believed(True, True, False, False), "all four are the wrong way round"),
        (*believed("no", "no", "yes", "yes"), "behind A stands a str"),
        ([False, False, True, True], four_tests(), knows_two(), "should be a dictionary"),
        ({"A": False}, four_tests(), knows_two(), "exactly the keys"),
    ],
)

MACHINE = Answers(
    check.machine,
    right=[(0.25, report()), (np.float32(0.25), report()), (40.0, report(seconds=40.0))],
    untouched=[(..., report())],
    mistakes=[
        (250, report(), "in milliseconds"),
        (16.0, report(), "that is the area"),
        (0.25 / 60, report(), "in minutes"),
        (3.0, report(), "without rounding"),
    ],
)

TABLES = [FIRST_REPORT, HALVES, HONEST_TESTS, MACHINE]


@pytest.mark.parametrize("answers", TABLES, ids=str)
class TestChecks(CheckTests):
    """Of lesson 00."""


def test_every_check_has_its_table():
    assert checks_of(check) == [answers.check for answers in TABLES] and len(TABLES) >= 3

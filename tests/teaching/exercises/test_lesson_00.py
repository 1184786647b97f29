"""Checks of lesson 00: a first report, who does what, which test is honest, and how small a tumour is found."""

from types import SimpleNamespace

import numpy as np
import pytest

from braintut.dataset import Slices, load_phantoms
from braintut.report import Report
from braintut.teaching.exercises import lesson_00 as check
from judging import Answers, CheckTests, checks_of


def report(scan="slice 7", seconds=0.25):
    probabilities = {"meningioma": 0.1, "glioma": 0.8, "pituitary": 0.1}
    mask = np.zeros((8, 8), bool)
    mask[2:4, 2:4] = True
    return Report(scan, np.zeros((8, 8)), mask * 0.9, mask, "glioma", probabilities, 2.0, False, seconds)


def new_patients():
    """Three meningiomas and a glioma, of 4, 1, 9 and 2 pixels of 2 mm."""
    masks = np.zeros((4, 8, 8), bool)
    masks[0, :2, :2] = masks[1, 0, 0] = masks[2, :3, :3] = masks[3, 0, :2] = True
    return Slices(
        np.zeros((4, 8, 8), "f4"), masks, np.array([1, 1, 1, 2]), np.array(["P1", "P1", "P2", "P3"]),
        np.full(4, 5), np.array(["5", "6", "7", "8"]), np.full(4, 2.0),
    )  # fmt: skip


UNSEEN = new_patients()
ASKED = UNSEEN[2]

FIRST_REPORT = Answers(
    check.first_report,
    right=[(report(), ASKED, UNSEEN)],
    untouched=[(..., ASKED, UNSEEN)],
    mistakes=[
        (report("slice 8"), ASKED, UNSEEN, "the report of slice 8, but slice 7"),
        (report("slice 8"), UNSEEN[3], UNSEEN, "`my_scan` was set to slice 7, but is now slice 8"),
        (report(), ASKED.image, UNSEEN, "but is now ndarray"),
        (report("scan"), ASKED, UNSEEN, "hand over `my_scan` itself"),
        ([report()], ASKED, UNSEEN, "is a list"),
        (report().figure(), ASKED, UNSEEN, "is a drawing"),
        (len, ASKED, UNSEEN, "is the pipeline itself"),
        (load_phantoms()[0], ASKED, UNSEEN, "is the slice itself"),
        (None, ASKED, UNSEEN, "is a NoneType; the pipeline returns"),
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

DICES = np.array([0.9, 0.1, 0.8, 0.5])
"""The smallest, of 1 pixel, was missed; the next, of 2, was just found."""

SMALLEST_FOUND = Answers(
    check.smallest_found,
    right=[(UNSEEN[3], UNSEEN, DICES), (UNSEEN[[3]], UNSEEN, DICES), (UNSEEN[1], UNSEEN, DICES + 0.4)],
    untouched=[(..., UNSEEN, DICES)],
    mistakes=[
        (UNSEEN[1], UNSEEN, DICES, "on slice 6 the Dice is 0.10"),
        (UNSEEN[0], UNSEEN, DICES, "so was a smaller one"),
        (np.int64(3), UNSEEN, DICES, "that is a position"),
        (8.0, UNSEEN, DICES, "a size or a score"),
        (UNSEEN[:2], UNSEEN, DICES, "is of type Slices"),
        (load_phantoms()[0], UNSEEN, DICES, "no slice of a new patient"),
    ],
)

TABLES = [FIRST_REPORT, HALVES, HONEST_TESTS, SMALLEST_FOUND]


@pytest.mark.parametrize("answers", TABLES, ids=str)
class TestChecks(CheckTests):
    """Of lesson 00."""


def test_every_check_has_its_table():
    assert checks_of(check) == [answers.check for answers in TABLES] and len(TABLES) >= 3

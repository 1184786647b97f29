"""Checks of lesson 01: an id, a border, planes, patients on both sides, and what ids give away."""

import numpy as np
import pytest

from braintut.teaching.exercises import lesson_01 as check
from judging import Answers, CheckTests, checks_of

PATIENT_ID = Answers(
    check.patient_id,
    right=[("PH001",), (np.str_("PH001"),)],
    untouched=[(...,)],
    mistakes=[
        ([80, 72, 48, 48, 49], "still the codes"),
        (list("PH001"), "join them"),
        ("8072484849", "one behind the other"),
        ("80 72 48 48 49", "still numbers instead of letters"),
        (8072484849, "of type int"),
        ("001", "letters and zeros belong to an id"),
        (b"PH001", "these are bytes"),
        ("100HP", "back to front"),
        ("PH002", "the first code, 80, is a P"),
    ],
)

BORDER_POINTS = Answers(
    check.border_points,
    right=[
        (lambda border: border.reshape(-1, 2) - 1,),
        (lambda border: [(x - 1, y - 1) for x, y in border.reshape(-1, 2)],),
    ],
    untouched=[(lambda border: ...,)],
    mistakes=[
        (lambda border: border.reshape(-1, 2), "still counted from 1"),
        (lambda border: border.reshape(-1, 2) + 1, "you added 1"),
        (lambda border: border.reshape(-1, 2)[:, ::-1] - 1, "x and y are swapped"),
        (lambda border: border.reshape(2, -1).T - 1, "they take turns"),
        (lambda border: border.reshape(2, -1) - 1, "shape (2, 4), but each corner should be a row"),
        (lambda border: border.ravel() - 1, "shape (8,); one row a corner"),
        (lambda border: border[:, :2] - 1, "8 numbers, not 2"),
        (lambda border: border.reshape(-1, 2) - 2, "lie elsewhere"),
    ],
)


def in_planes(*names):
    return dict(zip("ABCD", names, strict=True))


PLANES = Answers(
    check.planes,
    right=[
        (in_planes("coronal", "axial", "sagittal", "coronal"),),
        (in_planes("Coronal", "axial ", "sagittal", "coronal"),),
    ],
    untouched=[(in_planes(..., ..., ..., ...),), (in_planes("coronal", ..., ..., ...),)],
    mistakes=[
        (in_planes("axial", "axial", "sagittal", "coronal"), "A: eyes and teeth"),
        (in_planes("coronal", "coronal", "sagittal", "coronal"), "B: there is an ear on either side"),
        (in_planes("coronal", "axial", "coronal", "coronal"), "C: front and back of this head differ"),
        (in_planes("coronal", "axial", "sagittal", "axial"), "D: the two halves mirror each other"),
        (in_planes("coronal", "axial", "sagital", "coronal"), "'sagital' (at C) is no plane"),
        (["coronal", "axial", "sagittal", "coronal"], "should be a dictionary"),
        ({"A": "coronal"}, "exactly the keys"),
    ],
)


def on_both(train, test):
    return set(train.patients) & set(test.patients)


def on_both_again_and_again(train, test):
    return [patient for patient in test.patients if patient in train.patients]


def slices_of_both(train, test):
    return test.ids[np.isin(test.patients, train.patients)]


BOTH_SIDES = Answers(
    check.both_sides,
    right=[(on_both,), (lambda train, test: np.intersect1d(train.patients, test.patients),)],
    untouched=[(lambda train, test: ...,)],
    mistakes=[
        (lambda train, test: set(train.patients) | set(test.patients), "on one side only"),
        (on_both_again_and_again, "several times"),
        (slices_of_both, "numbers of slices"),
        (lambda train, test: len(on_both(train, test)), "a collection of ids, not a int"),
        (lambda train, test: [1, 2], "ids, which are text"),
        (lambda train, test: set(test.patients) - set(train.patients), "are missing"),
        (lambda train, test: on_both(train, test) or {"PH001"}, "in a split by patient nobody"),
    ],
)


def mr_or(other):
    return lambda patient: "glioma" if patient.startswith("MR") else other


SPELLING = Answers(
    check.spelling,
    right=[(mr_or("pituitary"),), (lambda patient: "pituitary" if patient.isdigit() else "glioma",)],
    untouched=[(lambda patient: ...,)],
    mistakes=[
        (mr_or("glioma"), "whatever the id is"),
        (mr_or("meningioma"), "the type with the most patients"),
        (lambda patient: mr_or("pituitary" if patient < "9" else "meningioma")(patient), "another bet"),
        (lambda patient: "meningioma" if patient.startswith("MR") else "pituitary", "begin with MR all belong"),
        (lambda patient: mr_or("glioma" if patient < "9" else "pituitary")(patient), "seldom gliomas"),
        (lambda patient: patient[:2], "none of the three types"),
    ],
)


def without_last_letter(patient):
    return patient[:-1] if patient[-1].isalpha() else patient


ONE_NAME = Answers(
    check.one_name,
    right=[(without_last_letter,), (lambda patient: patient.rstrip("ABCDEFGHIJ"),)],
    untouched=[(lambda patient: ...,)],
    mistakes=[
        (lambda patient: patient, "still have two names"),
        (lambda patient: patient[:-1], "a last *digit* belongs to the id"),
        (lambda patient: patient[:6] if patient[-1].isalpha() else patient, "is not grouped with"),
        (lambda patient: patient[:7] if patient.startswith("MR") else patient, "'MR052310' and 'MR052311' become one"),
        (lambda patient: patient.strip("MRABCDEFGHIJ"), "gets another name than it needs"),
        (int, "`int` stopped on the id 'MR052310A'"),
        (len, "where ids are text"),
    ],
)

TABLES = [PATIENT_ID, BORDER_POINTS, PLANES, BOTH_SIDES, SPELLING, ONE_NAME]


@pytest.mark.parametrize("answers", TABLES, ids=str)
class TestChecks(CheckTests):
    """Of lesson 01."""


def test_every_check_has_its_table():
    assert checks_of(check) == [answers.check for answers in TABLES] and len(TABLES) >= 3

"""Checks of lesson 01: an id, a border, planes, patients on both sides, and what ids give away."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from braintut.teaching.exercises import lesson_01 as check
from judging import Answers, CheckTests, checks_of

PLANES_BY_EYE = Path(__file__).parents[3] / "experiments" / "planes_by_eye.csv"
REAL = os.environ.get("BRAINTUT_REAL", "")

PH001 = np.array([[80], [72], [48], [48], [49]], "u2")
DIGITS = np.array([[49], [48], [48], [51], [54], [48]], "u2")  # as most ids of the real set

PATIENT_ID = Answers(
    check.patient_id,
    right=[("PH001", PH001), (np.str_("PH001"), PH001), ("100360", DIGITS)],
    untouched=[(..., PH001)],
    mistakes=[
        ([80, 72, 48, 48, 49], PH001, "still the codes"),
        (list("PH001"), PH001, "join them"),
        ("8072484849", PH001, "one behind the other"),
        ("80 72 48 48 49", PH001, "still numbers instead of letters"),
        (8072484849, PH001, "of type int"),
        ("001", PH001, "letters and zeros belong to an id"),
        (b"PH001", PH001, "these are bytes"),
        ("100HP", PH001, "back to front"),
        ("PH002", PH001, "the first code, 80, is a P"),
        (100360, DIGITS, "an id is text"),
        ("100361", DIGITS, "the first code, 49, is a 1"),
    ],
)

BORDER_POINTS = Answers(
    check.border_points,
    right=[
        (lambda border: border.reshape(-1, 2) - 1,),
        (lambda border: [(x - 1, y - 1) for x, y in border.reshape(-1, 2)],),
        (lambda border: zip(border[0, ::2] - 1, border[0, 1::2] - 1, strict=True),),
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
        (lambda border: border.reshape(-1, 2).astype(int) - 1, "the fractions are lost"),
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


LIST = check.register().set_index("patient")["type"]


def by_heart(otherwise):
    """Repeat the list; `otherwise` names the type of ids that are not in it."""
    return lambda patient: LIST[patient] if patient in LIST else otherwise(patient)


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
        (by_heart(lambda patient: None), "an id that is not in the list,"),
        (by_heart(lambda patient: "pituitary"), "which is not in the list"),
        (by_heart(mr_or("pituitary")), "tells ids made of digits apart"),
    ],
)


def without_last_letter(patient):
    return patient[:-1] if patient[-1].isalpha() else patient


ONE_NAME = Answers(
    check.one_name,
    right=[(without_last_letter,), (lambda patient: patient.rstrip("ABCDEFGHIJ"),)],
    untouched=[(lambda patient: ...,)],
    mistakes=[
        (lambda patient: patient, "'MR052310B' still have two names"),
        (lambda patient: patient[:-1], "a last *digit* belongs to the id"),
        (lambda patient: patient[:6] if patient[-1].isalpha() else patient, "is not grouped with"),
        (lambda patient: patient[:7] if patient.startswith("MR") else patient, "'MR052310' and 'MR052311' become one"),
        (lambda patient: patient.strip("MRABCDEFGHIJ"), "gets another name than it needs"),
        (lambda patient: patient.rstrip("AB"), "'MR0412C' and 'MR0412' still have two names"),
        (lambda patient: patient[:8], "'MR0523104D' and 'MR052310' become one"),
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


def test_the_heads_are_phantoms_where_no_real_ones_are():
    known, unknown = check.heads()
    assert known.ids.tolist() == ["75", "49", "133"] and len(unknown) == len(check.PLANES)


@pytest.mark.real
@pytest.mark.skipif(not REAL, reason="set BRAINTUT_REAL to a folder of real slices")
def test_the_heads_are_real_where_they_lie(monkeypatch):
    monkeypatch.setenv("BRAINTUT_DATA", REAL)
    known, unknown = check.heads()
    assert len(known) == 3 and len(unknown) == len(check.PLANES)
    assert known.images.shape[1:] == (256, 256) and not any("phantom" in head.source for head in (known, unknown))


def test_real_heads_are_in_the_sample_and_their_planes_were_named_by_eye():
    table = pd.read_csv(PLANES_BY_EYE, dtype=str).set_index("slice")["plane"]
    numbers = [*check._REAL_HEADS["known"], *check._REAL_HEADS["unknown"]]
    planes = ["axial", "coronal", "sagittal", *check.PLANES.values()]
    seen = [(number, plane) for number, plane in zip(numbers, planes, strict=True) if number in table.index]
    assert seen and all(table[number] == plane for number, plane in seen)

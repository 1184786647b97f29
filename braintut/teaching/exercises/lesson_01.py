"""Checks of lesson 01: an id, a border, planes, patients on both sides, and what ids give away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache

import numpy as np
import pandas as pd

from braintut.dataset.figshare import read_entries
from braintut.dataset.load import load_phantoms, original_mats
from braintut.dataset.scan import TUMOUR_TYPES
from braintut.dataset.slices import Slices, merged_patient
from braintut.dataset.splits import leaky_split_by_slice, split_by_patient
from braintut.teaching.exercises.checking import call, demand, exercise

PLANES = {"A": "coronal", "B": "axial", "C": "sagittal", "D": "coronal"}
"""What the four heads are, real ones and phantoms alike."""
_REAL_HEADS = {"known": ("169", "1161", "895"), "unknown": ("252", "1317", "542", "2700")}
"""Numbers of slices, all of them in the sample: one of each plane to learn from, four to be named."""
_PHANTOM_HEADS = {"known": ("75", "49", "133"), "unknown": ("8", "113", "129", "147")}
_SEE = {
    "A": "A: eyes and teeth face you; which cut shows both eyes and what is below them?",
    "B": "B: there is an ear on either side and no neck below; from where do you look?",
    "C": "C: front and back of this head differ, and there is no left and right in it.",
    "D": "D: the two halves mirror each other, and the neck hangs below the head.",
}


def heads() -> tuple[Slices, Slices]:
    """Pick three heads whose planes the lesson names, and the four of exercise 3.

    Returns
    -------
    (Slices, Slices)
        256 px wide and real where these slices lie on this machine, else phantoms.
    """
    entries = {entry.id: entry for entry in original_mats()}
    if set().union(*_REAL_HEADS.values()) <= set(entries):
        known, unknown = ([entries[number] for number in numbers] for numbers in _REAL_HEADS.values())
        return read_entries(known, np.zeros(len(known), int)), read_entries(unknown, np.zeros(len(unknown), int))
    phantoms = load_phantoms()
    at = {number: i for i, number in enumerate(phantoms.ids.tolist())}
    known, unknown = ([at[number] for number in numbers] for numbers in _PHANTOM_HEADS.values())
    return phantoms[known], phantoms[unknown]


@exercise
def patient_id(patient: object, codes: np.ndarray) -> str:
    """Check the id of a patient, read from its character codes, the field `PID`."""
    numbers = np.ravel(codes).tolist()
    right = "".join(map(chr, numbers))
    if isinstance(patient, bytes):
        patient = patient.decode("ascii", "replace")
        demand(patient != right, "these are bytes, not text; `.decode()` or `chr` makes letters of them.")
    if isinstance(patient, list | tuple | np.ndarray):
        parts = np.ravel(np.asarray(patient, dtype=object)).tolist()
        demand(parts != numbers, "these are still the codes; `chr` turns one of them into its letter.")
        demand(parts != list(right), "these are the right letters, one by one; join them to one word.")
    demand(str(patient) != right or isinstance(patient, str), "an id is text; as a number it may lose zeros.")
    demand(isinstance(patient, str), f"`patient` should be text, but is of type {type(patient).__name__}.")
    demand(patient != "".join(map(str, numbers)), "you wrote the codes one behind the other; which letter is each?")
    demand(patient.split() != list(map(str, numbers)), "there are still numbers instead of letters in it.")
    without_zeros = (right.replace("0", ""), re.sub(r"[\D0]", "", right))
    demand(patient == right or patient.replace("0", "") not in without_zeros, "letters and zeros belong to an id, too.")
    demand(patient != right[::-1], "the letters stand back to front; take the codes in their order.")
    demand(
        patient == right,
        f"these are not the letters of the codes above; the first code, {numbers[0]}, is a {right[0]}.",
    )
    return "An id is text. Whoever reads it as a number loses letters, zeros, and now and then a patient."


@exercise
def border_points(corners: Callable) -> str:
    """Check a function (border) that gives the corners as rows of x and y, counted from 0."""
    border = np.array([[2.0, 1.0, 5.5, 1.0, 5.5, 4.0, 2.0, 3.0]])
    right = border.reshape(-1, 2) - 1
    answer = call(corners, border, what="a border of four corners")
    if isinstance(answer, Iterable) and not isinstance(answer, np.ndarray):
        answer = list(answer)  # a zip, for example
    try:
        points = np.asarray(answer, float)
    except (TypeError, ValueError):
        points = np.zeros(0)
    demand(points.size == 8, f"the border has four corners, so the answer should hold 8 numbers, not {points.size}.")
    demand(points.ndim == 2, f"the answer has shape {points.shape}; one row a corner is wanted, so (4, 2).")
    demand(points.shape == (4, 2), f"the answer has shape {points.shape}, but each corner should be a row: (4, 2).")
    halves = border.reshape(2, -1).T
    demand(
        not _same(points, halves) and not _same(points, halves - 1),
        "you took the first half for x and the second for y, but they take turns: x1 y1 x2 y2 ...",
    )
    demand(not _same(points, right[:, ::-1]), "x and y are swapped: x, the column, comes first.")
    demand(not _same(points, right + 1), "the corners are right, but still counted from 1, as MATLAB does.")
    demand(not _same(points, right + 2), "you added 1; to count from 0 instead of 1, go the other way.")
    demand(
        not (points % 1 == 0).all() or np.abs(points - right).max() >= 1,
        "the fractions are lost: a corner may lie between two pixels, so don't make whole numbers of them.",
    )
    demand(_same(points, right), "the corners lie elsewhere: each row should be an x and the y behind it, less 1.")
    return "The 1 is half a millimetre on a real slice: too little to see, so nobody will find it for you."


@exercise
def planes(plane: object) -> str:
    """Check the planes of the four heads, named by eye."""
    demand(isinstance(plane, Mapping), f"`plane` should be a dictionary, as in the starter, not a {_kind(plane)}.")
    demand(set(plane) == set(PLANES), "`plane` should have exactly the keys A, B, C and D.")
    given = {key: str(value).strip().lower() for key, value in plane.items()}
    for key, word in given.items():
        demand(word in ("axial", "coronal", "sagittal"), f"'{word[:20]}' (at {key}) is no plane; copy their spelling.")
    wrong = [key for key in sorted(given) if given[key] != PLANES[key]]
    demand(not wrong, f"{len(wrong)} of four are wrong. {_SEE[wrong[0]] if wrong else ''}")
    return "No field of the file says so: the plane has to be read off the picture."


@cache
def _small_phantoms() -> Slices:
    """Who lies on which side is all that is asked, so small pictures do."""
    return load_phantoms().resized(8)


@exercise
def both_sides(shared_patients: Callable) -> str:
    """Check a function (train, test) that names the patients who are on both sides."""
    slices = _small_phantoms()
    train, test = leaky_split_by_slice(slices, seed=3)
    right = set(train.patients) & set(test.patients)
    found = _names(call(shared_patients, train, test, what="a split by slice"))
    demand(not set(found) & set(slices.ids), "these are numbers of slices; who *owns* a slice stands in `.patients`.")
    demand(len(set(found)) == len(found), "some patients are named several times; once is enough.")
    demand(
        set(found) >= right,
        f"{len(right - set(found))} patients who are on both sides of a split by slice are missing.",
    )
    demand(set(found) <= right, "there are patients in it who are on one side only.")
    found = _names(call(shared_patients, *split_by_patient(slices, seed=3), what="a split by patient"))
    demand(not found, f"in a split by patient nobody is on both sides, but your function names {len(found)}.")
    return f"In a split by slice it names {len(right)} of {slices.n_patients}, in a split by patient nobody."


def register() -> pd.DataFrame:
    """Make up the patients of a hospital, with ids spelt in the manner of the figshare set's.

    Returns
    -------
    DataFrame
        One row a patient: `patient` (id), `type`, `slices` and `fold`. All of it is invented.
    """
    rng = np.random.default_rng(1)
    digits = iter(rng.permutation(np.arange(81000, 109000))[:29])
    ids = {
        "meningioma": [str(next(digits)) for _ in range(14)],
        "glioma": [
            *("MR031582A", "MR031582B", "MR027715", "MR040318B", "MR035060", "MR038849A", "MR040318C"),
            *("MR022941", "MR036127E", "MR038849D", "MR029403"),
            *(str(next(digits)) for _ in range(4)),
        ],
        "pituitary": [str(next(digits)) for _ in range(11)],
    }
    rows = [(patient, name) for name, patients in ids.items() for patient in patients]
    patients, types = zip(*rows, strict=True)
    typical = np.array([TUMOUR_TYPES.index(name) for name in types])
    slices = rng.poisson(np.array([9, 16, 15])[typical])
    return pd.DataFrame({"patient": patients, "type": types, "slices": slices, "fold": np.arange(len(rows)) % 5 + 1})


@exercise
def spelling(type_from_id: Callable) -> str:
    """Check a function (id) that names the type from the spelling of an invented id."""
    table = register()
    said = [
        str(call(type_from_id, patient, what=f"the id '{patient}'")).strip().lower() for patient in table["patient"]
    ]
    for patient, word in zip(table["patient"], said, strict=True):
        demand(word in TUMOUR_TYPES, f"for '{patient}' it says '{word[:20]}', which is none of the three types.")
    demand(len(set(said)) > 1, f"it says '{said[0]}' whatever the id is; look for something in the ids that differs.")
    said, letters = np.array(said), table["patient"].str.startswith("MR").to_numpy()
    demand(bool(np.all(said[letters] == "glioma")), "ids that begin with MR all belong to one type; it says another.")
    share, always = _share(table, said), _share(table, np.full(len(said), "glioma"))
    if share < _share(table, np.where(letters, "glioma", "pituitary")):
        demand(
            not np.any(said[~letters] == "glioma"),
            "ids made of digits are seldom gliomas here; which of the other two do you name?",
        )
        demand(
            not np.all(said[~letters] == "meningioma"),
            "you bet on the type with the most patients among the ids made of digits; slices count.",
        )
        demand(False, "among the ids made of digits another bet is right on more slices.")
    _demand_a_rule(type_from_id, set(said[~letters]))
    return f"It names {share:.0%} of the slices right and has seen no picture; always saying glioma gets {always:.0%}."


def _demand_a_rule(type_from_id: Callable, said_of_digits: set[str]) -> None:
    """Ask about patients who are not in the list, to tell a rule from a list learnt by heart."""
    for number in (52301, 60418):
        for patient in (f"MR0{number}", f"MR0{number}C"):
            word = _ask_about_stranger(type_from_id, patient)
            demand(
                word == "glioma",
                f"for '{patient}', which is not in the list, it says '{word[:20]}'; what is your rule?",
            )
    words = {_ask_about_stranger(type_from_id, str(number)) for number in range(81001, 109000, 733)}
    demand(
        len(words | said_of_digits) == 1,
        "it tells ids made of digits apart, which fits this list only; their spelling allows one bet for all of them.",
    )


def _ask_about_stranger(type_from_id: Callable, patient: str) -> str:
    return str(call(type_from_id, patient, what=f"'{patient}', an id that is not in the list,")).strip().lower()


@exercise
def one_name(merged: Callable) -> str:
    """Check a function (id) that gives ids the same name if only the last letter differs."""
    ids = ("MR052310A", "MR052310B", "MR052310", "MR052311", "104417", "104418", "10441")
    ids += ("MR0412C", "MR0412", "MR0523104D", "MR0523104")  # other letters, other lengths
    names = {}
    for patient in ids:
        names[patient] = call(merged, patient, what=f"the id '{patient}'")
        demand(
            isinstance(names[patient], str), f"for '{patient}' it gives a {_kind(names[patient])}, where ids are text."
        )
    demand(names["MR052310A"] == names["MR052310B"], "'MR052310A' and 'MR052310B' still have two names.")
    demand(
        len({names["104417"], names["104418"], names["10441"]}) == 3,
        "'104417' and '104418' become one patient; a last *digit* belongs to the id.",
    )
    demand(names["MR052310"] != names["MR052311"], "'MR052310' and 'MR052311' become one; only a last letter may go.")
    demand(names["MR052310"] == names["MR052310A"], "'MR052310' is not grouped with 'MR052310A'; leave it as it is.")
    demand(
        names["MR0523104D"] != names["MR052310"],
        "'MR0523104D' and 'MR052310' become one; ids have several lengths, and only a last letter may go.",
    )
    demand(
        names["MR0412C"] == names["MR0412"], "'MR0412C' and 'MR0412' still have two names; any letter may be the last."
    )
    wrong = [patient for patient in ids if names[patient] != merged_patient(patient)]
    demand(
        not wrong, f"'{wrong[0] if wrong else ''}' gets another name than it needs; take off a last letter, no more."
    )
    return "Nobody knows whether such ids are one person each. Treating them as one person can't leak."


def _same(points: np.ndarray, others: np.ndarray) -> bool:
    return points.shape == others.shape and bool(np.allclose(points, others))


def _share(table: pd.DataFrame, said: np.ndarray) -> float:
    """Share of slices whose type is named right."""
    return float(np.average(said == table["type"].to_numpy(), weights=table["slices"]))


def _names(answer: object) -> list[str]:
    """What a function named, as a list of text."""
    demand(
        isinstance(answer, Iterable) and not isinstance(answer, str | bytes | Mapping),
        f"the answer should be a collection of ids, not a {_kind(answer)}.",
    )
    names = np.ravel(np.asarray(list(answer), dtype=object)).tolist()
    demand(all(isinstance(name, str) for name in names), "the answer should hold ids, which are text.")
    return [str(name) for name in names]


def _kind(value: object) -> str:
    return type(value).__name__

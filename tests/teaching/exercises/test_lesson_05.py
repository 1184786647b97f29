"""Checks of lesson 05: a shared batch, epochs left, a loss scale, curves, patients drawn again, a suspicion."""

import json

import numpy as np
import pytest

from braintut.teaching.exercises import lesson_05 as check
from judging import Answers, CheckTests, checks_of

SHARED_BATCH = Answers(
    check.shared_batch,
    right=[(64, 10), (16 * 4, 640 / 64)],
    untouched=[(..., ...)],
    mistakes=[
        (16, 40, "each GPU gets 4 slices"),
        (4, 160, "a GPU's share of a smaller one"),
        (32, 20, "each of the four should get 16"),
        (64, 40, "after fewer steps"),
        (64, 160, "not more slices than before"),
        (64, 2.5, "not by sixteen"),
        (64, 11, "how many batches of the new size"),
        ("64", 10, "`batch_size` should be one number"),
    ],
)

LOSS_SCALE = Answers(
    check.loss_scale,
    right=[(2**15,), (2**16,), (1000.0,), (np.float32(4096),)],
    untouched=[(...,)],
    mistakes=[
        (1, "the factor is too small"),
        (4, "down there the steps are coarse"),
        (1e6, "the factor is too large"),
        (-1024, "zero or below"),
        ("2**15", "should be one number, but is of type str"),
        (2 ^ 15, "2^15 is 13 in Python; a power is written with `**`"),
        (10 ^ 4, "10^4 is 14 in Python"),
    ],
)


def state_of(folder):
    return json.loads((folder / "state.json").read_text())


def epochs_in_all(folder):
    return state_of(folder)["settings"]["epochs"]


def left_by_history(folder):
    return epochs_in_all(folder) - len(state_of(folder)["history"])


def left_by_last_file(folder):
    return epochs_in_all(folder) - int(state_of(folder)["last"][6:10])


def left_by_newest_file(folder):
    return epochs_in_all(folder) - max(int(file.name[6:10]) for file in folder.glob("*.h5"))


def left_by_counting_files(folder):
    return epochs_in_all(folder) - len(list(folder.glob("*.h5")))


EPOCHS_LEFT = Answers(
    check.epochs_left,
    right=[(left_by_history,), (left_by_last_file,)],
    untouched=[(lambda folder: ...,)],
    mistakes=[
        (lambda folder: len(state_of(folder)["history"]), "how many are done"),
        (epochs_in_all, "how many there are in all"),
        (left_by_newest_file, "is half-written in my example"),
        (left_by_counting_files, "you counted weight files"),
        (lambda folder: left_by_history(folder) + 1, "one too many"),
        (lambda folder: 7, "you say [7.0, 7.0, 7.0] are left"),
        (lambda folder: state_of(folder)["epochs"], "with KeyError: 'epochs'"),
    ],
)


def causes(a, b, c):
    return {"A": a, "B": b, "C": c}


DIAGNOSIS = Answers(
    check.diagnosis,
    right=[
        (causes("learnt by heart", "too high a rate", "not finished"),),
        (causes("Learned by heart ", "too high a rate", "not finished"),),
        (causes("overfitting", "too high a rate", "underfitting"),),
    ],
    untouched=[(causes(..., ..., ...),)],
    mistakes=[
        (causes("not finished", "too high a rate", "learnt by heart"), "the other two are swapped"),
        (causes("too high a rate", "learnt by heart", "not finished"), "A does not show too high a rate"),
        (causes("not finished", "not finished", "not finished"), "one of them twice"),
        (causes("bad", "too high a rate", "not finished"), "because 'bad' is none of the three"),
        (["learnt by heart", "too high a rate", "not finished"], "should be a dictionary"),
        ({"A": "learnt by heart"}, "exactly the keys"),
    ],
)


def mean_of(values, patients, drawn):
    """Mean over all slices of the drawn patients."""
    return np.concatenate([values[patients == patient] for patient in drawn]).mean()


def mean_of_patients(values, patients, rng):
    return mean_of(values, patients, rng.choice(np.unique(patients), len(np.unique(patients))))


def mean_of_slices(values, patients, rng):
    return rng.choice(values, len(values)).mean()


def mean_of_patients_once(values, patients, rng):
    return values[np.isin(patients, rng.choice(np.unique(patients), 4))].mean()


def mean_of_all_patients(values, patients, rng):
    return values[np.isin(patients, rng.choice(np.unique(patients), 4, replace=False))].mean()


def mean_of_means(values, patients, rng):
    return np.mean([values[patients == patient].mean() for patient in rng.choice(np.unique(patients), 4)])


def mean_by_size(values, patients, rng):
    return mean_of(values, patients, rng.choice(patients, len(np.unique(patients))))


def mean_of_mostly_the_first(values, patients, rng):
    return mean_of(values, patients, rng.choice(np.unique(patients), 4, p=[0.7, 0.1, 0.1, 0.1]))


def mean_of_too_many(values, patients, rng):
    return mean_of(values, patients, rng.choice(np.unique(patients), len(patients)))


def median_of_patients(values, patients, rng):
    drawn = rng.choice(np.unique(patients), 4)
    return np.median(np.concatenate([values[patients == patient] for patient in drawn]))


DRAWN_AGAIN = Answers(
    check.drawn_again,
    right=[(mean_of_patients,)],
    untouched=[(lambda values, patients, rng: ...,)],
    mistakes=[
        (mean_of_slices, "you draw single slices"),
        (median_of_patients, "the mean is asked for"),
        (mean_of_patients_once, "counts once in your mean"),
        (mean_of_all_patients, "300 draws gave the same mean"),
        (mean_of_means, "with one value each"),
        (mean_by_size, "patients with many slices are drawn more often"),
        (mean_of_mostly_the_first, "some patients are drawn more often than others"),
        (mean_of_too_many, "as many patients as there are slices"),
    ],
)

MISSED_SHARES = Answers(
    check.missed_shares,
    right=[
        (lambda missed, suspect: (missed[suspect].mean(), missed[~suspect].mean()),),
        (lambda missed, suspect: [np.mean(missed[suspect == s]) for s in (True, False)],),
        (lambda missed, suspect: ((missed & suspect).sum() / suspect.sum(), 0.2),),
    ],
    untouched=[(lambda missed, suspect: ...,), (lambda missed, suspect: (..., ...),)],
    mistakes=[
        (lambda missed, suspect: (missed[~suspect].mean(), missed[suspect].mean()), "the suspects come first"),
        (lambda missed, suspect: (suspect[missed].mean(), 1 - suspect[missed].mean()), "among the missed slices"),
        (lambda missed, suspect: (suspect[missed].mean(), suspect[~missed].mean()), "runs the other way"),
        (lambda missed, suspect: (missed[suspect].sum(), missed[~suspect].sum()), "these are counts"),
        (lambda missed, suspect: ((missed & suspect).mean(), (missed & ~suspect).mean()), "divided by all slices"),
        (lambda missed, suspect: (1 - missed[suspect].mean(), 1 - missed[~suspect].mean()), "how many were found"),
        (lambda missed, suspect: (missed.mean(), missed.mean()), "you say 0.36 and 0.36"),
        (lambda missed, suspect: missed[suspect].mean(), "should hold 2 numbers in brackets"),
    ],
)

TABLES = [SHARED_BATCH, LOSS_SCALE, EPOCHS_LEFT, DIAGNOSIS, DRAWN_AGAIN, MISSED_SHARES]


@pytest.mark.parametrize("answers", TABLES, ids=str)
class TestChecks(CheckTests):
    """Of lesson 05."""


def test_every_check_has_its_table():
    assert checks_of(check) == [answers.check for answers in TABLES] and len(TABLES) >= 3

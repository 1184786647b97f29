"""Checks of lesson 07: steps of a pipeline, an honest split, a confusion matrix, and a vote."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, StratifiedGroupKFold, StratifiedKFold
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from braintut.teaching.exercises import lesson_07 as check
from judging import Answers, CheckTests, checks_of

STEPS = Answers(
    check.steps,
    right=[
        ([SimpleImputer(), StandardScaler(), SVC()],),
        ((MinMaxScaler(), KNNImputer(), RandomForestClassifier()),),
    ],
    untouched=[([..., ..., ...],), ([SimpleImputer(), ..., ...],)],
    mistakes=[
        ([SimpleImputer, StandardScaler, SVC], "`SimpleImputer` is the plan of a step"),
        ([SVC(), SimpleImputer(), StandardScaler()], "the classifier has to come last"),
        ([SimpleImputer(), PCA(), SVC()], "to one scale"),
        ([StandardScaler(), PCA(), SVC()], "nothing fills the gaps"),
        ([SimpleImputer(), StandardScaler(), PCA()], "no step names a type"),
        ([SimpleImputer(), StandardScaler()], "should hold three steps, but holds 2"),
        (["gaps", "scale", "svm"], "a str is no step"),
        ("gaps, scale, svm", "three steps in brackets"),
        ([KNNImputer(n_neighbors=-1), StandardScaler(), SVC()], "do not work together"),
        ([SimpleImputer(), StandardScaler(), DummyClassifier()], "only 33% of its own training rows"),
    ],
)


def split_by_group(labels, patients):
    return list(StratifiedGroupKFold(5, shuffle=True, random_state=0).split(labels, labels, patients))


def split_by_row(labels, patients):
    return list(StratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels))


def split_now_and_then(labels, patients):
    return list(GroupShuffleSplit(3, random_state=0).split(labels, labels, patients))


def split_by_type(labels, patients):
    return [(np.flatnonzero(labels != label), np.flatnonzero(labels == label)) for label in (1, 2, 3)]


def split_into_masks(labels, patients):
    return [rows for pair in split_by_group(labels, patients) for rows in pair]


def split_that_trains_on_all(labels, patients):
    return [(np.arange(len(labels)), test) for _, test in split_by_group(labels, patients)]


HONEST_FOLDS = Answers(
    check.honest_folds,
    right=[(split_by_group,), (lambda labels, patients: GroupKFold(5).split(labels, labels, patients),)],
    untouched=[(lambda labels, patients: ...,)],
    mistakes=[
        (split_by_row, "who decides on the sides"),
        (split_that_trains_on_all, "some rows are on both sides"),
        (split_now_and_then, "56 of 120 slices are never tested"),
        (lambda labels, patients: 2 * split_by_group(labels, patients), "tested more than once"),
        (split_by_type, "a type is missing from the training side"),
        (lambda labels, patients: split_by_group(labels, patients)[:1], "at least two are wanted"),
        (split_into_masks, "each entry should be (training rows, test rows)"),
    ],
)

READING = Answers(
    check.reading,
    right=[(0.785, 0.7, 0.875), (157 / 200, 0.7, 0.88)],
    untouched=[(..., ..., ...), (0.785, ..., ...)],
    mistakes=[
        (0.86, 0.7, 0.875, "they are wrong answers, too"),
        (157, 0.7, 0.875, "divide it by the number of slices"),
        (78.5, 0.7, 0.875, "a share between 0 and 1"),
        (0.8, 0.7, 0.875, "the mean of three recalls"),
        (0.5, 0.7, 0.875, "the sum of the diagonal"),
        (0.785, 0.83, 0.875, "they were missed"),
        (0.785, 0.875, 0.7, "recall goes by the row"),
        (0.785, 0.35, 0.875, "you divided by all slices"),
        (0.785, 0.5, 0.875, "the number of true gliomas"),
        (0.785, 0.7, 0.7, "you divided by the row of the gliomas"),
        (0.785, 0.7, 0.83, "without its last column"),
        (0.785, 0.7, 0.125, "the share of wrong ones"),
        (0.785, 0.7, 0.5, "the precision is 70 divided by"),
    ],
)


def vote_by_mean(probabilities, patients):
    return probabilities.groupby(patients).mean().idxmax(axis=1)


def vote_by_head(probabilities, patients):
    said = probabilities.dropna().idxmax(axis=1)
    return said.groupby(patients[probabilities.notna().all(axis=1)]).agg(lambda types: types.mode()[0])


def vote_by_the_surest(probabilities, patients):
    return probabilities.groupby(patients).max().idxmax(axis=1)


def vote_of_the_last(probabilities, patients):
    return probabilities.groupby(patients).min().idxmin(axis=1)


def vote_slice_by_slice(probabilities, patients):
    return probabilities.dropna().idxmax(axis=1)


VOTE = Answers(
    check.vote,
    right=[(vote_by_mean,), (lambda probabilities, patients: vote_by_mean(probabilities, patients).to_dict(),)],
    untouched=[(lambda probabilities, patients: ...,)],
    mistakes=[
        (vote_by_head, "don't count heads"),
        (vote_by_the_surest, "the surest slice alone decides"),
        (vote_of_the_last, "patient C has one slice"),
        (vote_slice_by_slice, "one entry for each patient"),
        (lambda probabilities, patients: ["meningioma", "pituitary", "glioma"], "a Series or a dictionary"),
        (lambda probabilities, patients: dict.fromkeys("ABC", "tumour"), "the name of a type"),
        (lambda *_: {"A": "pituitary", "B": "meningioma", "C": "glioma"}, "the averages name other types"),
    ],
)

TABLES = [STEPS, HONEST_FOLDS, READING, VOTE]


@pytest.mark.parametrize("answers", TABLES, ids=str)
class TestChecks(CheckTests):
    """Of lesson 07."""


def test_every_check_has_its_table():
    assert checks_of(check) == [answers.check for answers in TABLES] and len(TABLES) >= 3

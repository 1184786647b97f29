"""Checks of lesson 07: steps of a pipeline, an honest split, a confusion matrix, and a vote."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.pipeline import make_pipeline

from braintut.dataset.scan import TUMOUR_TYPES
from braintut.teaching.exercises.checking import NotYet, as_number, call, demand, exercise, expect, say

CONFUSION = np.array([[30, 8, 2, 0], [10, 70, 4, 16], [0, 2, 57, 1]])
"""An invented confusion matrix: rows are true types, the last column is 'not found'."""


@exercise
def steps(my_steps: object) -> str:
    """Check three steps that fill gaps, scale, and name the type."""
    demand(
        isinstance(my_steps, list | tuple), f"`my_steps` should be three steps in brackets, not a {_kind(my_steps)}."
    )
    demand(len(my_steps) == 3, f"`my_steps` should hold three steps, but holds {len(my_steps)}.")
    for step in my_steps:
        if isinstance(step, type):
            raise NotYet(f"`{step.__name__}` is the plan of a step; put brackets behind it to make one.")
        demand(hasattr(step, "fit"), f"a {_kind(step)} is no step: it has no `fit`.")
    jobs = [_job(step) for step in my_steps]
    demand("model" in jobs, "no step names a type.")
    demand(jobs[-1] == "model", "the classifier has to come last: the other two prepare what it reads.")
    demand("gaps" in jobs, "nothing fills the gaps, and a row with a gap stops the SVM.")
    demand("scale" in jobs, "nothing brings the columns to one scale.")
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(60, 3)) * (1, 1, 1000), np.repeat([1, 2, 3], 20)
    rows[:, 0] += labels * 4
    rows[::9, 1] = np.nan
    try:
        share = make_pipeline(*my_steps).fit(rows, labels).score(rows, labels)
    except Exception as error:
        raise NotYet(f"the three do not work together: {say(error)}") from error
    demand(share > 0.8, f"the pipeline runs, but names only {share:.0%} of its own training rows right.")
    return "`fit` and `predict` of the pipeline now take every row through all three."


@exercise
def honest_folds(split: Callable) -> str:
    """Check a function (labels, patients) that deals slices into folds by patient."""
    rng = np.random.default_rng(0)
    patients = rng.permutation(np.repeat([f"P{i:02d}" for i in range(30)], 4))
    labels = np.array([int(patient[1:]) % 3 + 1 for patient in patients])
    pairs = list(call(split, labels, patients, what="120 slices of 30 patients"))
    demand(len(pairs) >= 2, f"the answer holds {len(pairs)} pair of training and test rows; at least two are wanted.")
    tested = np.zeros(len(labels), int)
    for pair in pairs:
        demand(isinstance(pair, tuple | list) and len(pair) == 2, "each entry should be (training rows, test rows).")
        train, test = (np.asarray(rows) for rows in pair)
        demand(not set(train) & set(test), "some rows are on both sides of one split.")
        shared = set(patients[train]) & set(patients[test])
        demand(not shared, f"{len(shared)} patients are on both sides of the first split; who decides on the sides?")
        demand(set(labels[train]) == {1, 2, 3}, "in one split a type is missing from the training side.")
        tested[test] += 1
    demand(tested.min() >= 1, f"{int((tested == 0).sum())} of 120 slices are never tested.")
    demand(tested.max() == 1, "some slices are tested more than once.")
    return "Every slice is tested once, by a classifier that never saw its patient."


@exercise
def reading(accuracy: object, recall: object, precision: object) -> str:
    """Check accuracy, recall and precision of the gliomas, read from `CONFUSION`."""
    found = 157 / 183
    expect(
        as_number(accuracy, "accuracy"),
        157 / 200,
        {
            found: "you left out the slices in which nothing was found; they are wrong answers, too.",
            157: "that is the number of right answers; divide it by the number of slices.",
            78.5: "the accuracy is a share between 0 and 1 here.",
            (30 / 40 + 70 / 100 + 57 / 60)
            / 3: "that is the mean of three recalls; the accuracy counts all slices alike.",
        },
        "the accuracy is the sum of the diagonal divided by the number of all slices.",
        0.0051,
    )
    expect(
        as_number(recall, "recall"),
        70 / 100,
        {
            70 / 84: "the recall leaves out the gliomas in which nothing was found; they were missed.",
            70
            / 80: "you divided by the column of the gliomas, by all that was *called* glioma; recall goes by the row.",
            70 / 200: "you divided by all slices; the recall asks about the gliomas only.",
        },
        "the recall is 70 divided by the number of true gliomas.",
        0.0051,
    )
    expect(
        as_number(precision, "precision"),
        70 / 80,
        {
            70 / 100: "you divided by the row of the gliomas; precision goes by the column, by all called glioma.",
            70 / 84: "you divided by the row without its last column; precision goes by the column.",
            10 / 80: "that is the share of wrong ones among those called glioma; take the right ones.",
        },
        "the precision is 70 divided by all slices that were called glioma.",
        0.0051,
    )
    return "Recall asks 'how many gliomas do I miss?', precision 'can I trust the word glioma?'"


@exercise
def vote(vote_of: Callable) -> str:
    """Check a function (probabilities, patients) that lets the slices of each patient decide together."""
    rows = {
        "A": [(0.4, 0.5, 0.1), (0.35, 0.45, 0.2), (0.95, 0.03, 0.02)],
        "B": [(0.05, 0.9, 0.05), (0.1, 0.2, 0.7), (0.1, 0.15, 0.75), (np.nan,) * 3],
        "C": [(0.2, 0.7, 0.1)],
    }
    patients = np.array([name for name, of_name in rows.items() for _ in of_name])
    table = pd.DataFrame([row for of_name in rows.values() for row in of_name], columns=list(TUMOUR_TYPES))
    answer = call(vote_of, table, patients, what="eight slices of patients A, B and C")
    demand(
        isinstance(answer, Mapping | pd.Series),
        f"the answer should be a Series or a dictionary, not a {_kind(answer)}.",
    )
    said = {str(key): value for key, value in dict(answer).items()}
    demand(
        set(said) == {"A", "B", "C"}, f"the answer should have one entry for each patient, but has {sorted(said)[:4]}."
    )
    named = {key: TUMOUR_TYPES[value - 1] if value in (1, 2, 3) else value for key, value in said.items()}
    demand(all(value in TUMOUR_TYPES for value in named.values()), "each entry should be the name of a type.")
    demand(named["C"] == "glioma", "patient C has one slice, which says glioma; the vote says something else.")
    demand(
        named["A"] != "glioma", "patient A: two slices are in doubt and one is very sure; average, don't count heads."
    )
    demand(named["B"] != "glioma", "patient B: the surest slice alone decides; average over all slices.")
    demand(named == {"A": "meningioma", "B": "pituitary", "C": "glioma"}, "the averages name other types.")
    return "A slice in which nothing was found has no vote, and a slice in doubt has little to say."


def _job(step: object) -> str:
    name = type(step).__name__
    if "Imputer" in name:
        return "gaps"
    if "Scaler" in name or name in ("PowerTransformer", "QuantileTransformer"):
        return "scale"
    return "model" if is_classifier(step) else "other"


def _kind(value: object) -> str:
    return type(value).__name__

"""From the table of slices to the numbers of a model card."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from braintut.dataset.scan import TUMOUR_TYPES
from braintut.segmentation.metrics import MISSED_BELOW, bootstrap_interval

NOT_FOUND = "not_found"

SIZES = ("smallest quarter", "second quarter", "third quarter", "largest quarter")
"""Groups of tumours with equally many slices, by area of the true mask."""

CONFIDENCE = np.linspace(0, 1, 11)
"""Edges of the groups in which the stated probability and the share of right types are compared."""


def summarise(table: pd.DataFrame) -> dict:
    """Turn the table of slices into the numbers of the model card.

    Parameters
    ----------
    table : DataFrame
        Columns patient, twin, type, area_mm2, dice, nsd_2mm, not_found, type_true_mask, type_predicted_mask and one
        probability column a type; type_measured_features and type_network where the network knows types.

    Returns
    -------
    dict
        Dice, surface distance, accuracy, confusion and calibration of all slices; what `numbers_of_group` gives by
        type, by size and without hidden twins (None if all are twins); intervals over patients.
    """
    right = (table["type_predicted_mask"] == table["type"]).to_numpy()
    patients = table["patient"].to_numpy()
    dice = table["dice"].to_numpy()
    vote, sizes = vote_right(table), _size_of(table)
    per_type = {t: numbers_of_group(rows) for t in TUMOUR_TYPES if len(rows := table[table["type"] == t])}
    answers = (*TUMOUR_TYPES, NOT_FOUND)
    confusion = confusion_matrix(table["type"], table["type_predicted_mask"], labels=answers)[: len(TUMOUR_TYPES)]
    return {
        "dice": {
            "mean": _round(dice.mean()),
            "median": _round(np.median(dice)),
            "ci95": _interval(dice, patients),
            "per_type": {t: _round(v) for t, v in table.groupby("type")["dice"].mean().items()},
            "per_patient_mean": _round(table.groupby("patient")["dice"].mean().mean()),
            "missed_fraction": _round((dice < MISSED_BELOW).mean()),
            "not_found_fraction": _round(table["not_found"].mean()),
        },
        "nsd_2mm": {"mean": _round(table["nsd_2mm"].mean())},
        "accuracy": {
            "true_mask": _round((table["type_true_mask"] == table["type"]).mean()),
            "predicted_mask": _round(right.mean()),
            **{
                who: _round((table[f"type_{who}"] == table["type"]).mean())
                for who in ("measured_features", "network")
                if f"type_{who}" in table
            },
            "patient_vote": _round(vote.mean()),
            "ci95_patient_vote": _interval(vote, vote.index),
            "ci95_predicted_mask": _interval(right, patients),
            "recall_predicted_mask": {t: numbers["type_right"]["mean"] for t, numbers in per_type.items()},
        },
        "confusion_predicted_mask": confusion.tolist(),
        "per_type": per_type,
        "per_size": {size: numbers_of_group(rows) for size in SIZES if len(rows := table[sizes == size])},
        "without_hidden_twins": numbers_of_group(table[~table["twin"]]) if not table["twin"].all() else None,
        "calibration": calibration(table),
    }


def numbers_of_group(rows: pd.DataFrame) -> dict:
    """The numbers that matter for some of the slices (rows of the table of `summarise`): Dice, misses and types right.

    Intervals are over patients; areas of the true masks in mm2, smallest and largest.
    """
    patients, dice = rows["patient"].to_numpy(), rows["dice"].to_numpy()
    right = (rows["type_predicted_mask"] == rows["type"]).to_numpy()
    return {
        "n_slices": len(rows),
        "n_patients": int(rows["patient"].nunique()),
        "area_mm2": [_round(rows["area_mm2"].min()), _round(rows["area_mm2"].max())],
        "dice": {"mean": _round(dice.mean()), "ci95": _interval(dice, patients)},
        "missed_fraction": _round((dice < MISSED_BELOW).mean()),
        "type_right": {"mean": _round(right.mean()), "ci95": _interval(right, patients)},
    }


def _size_of(table: pd.DataFrame) -> pd.Series:
    """Name in `SIZES` of each row's quarter, by the area of its true mask; the smallest tumours come first."""
    rank = table["area_mm2"].rank(method="first")
    return (np.ceil(len(SIZES) * rank / len(table)).astype(int) - 1).map(dict(enumerate(SIZES)))


def calibration(table: pd.DataFrame) -> dict | None:
    """How well the stated probability of the type agrees with the share that is right, where a tumour was found.

    Parameters
    ----------
    table : DataFrame
        As `summarise` takes it.

    Returns
    -------
    dict or None
        The expected calibration error (mean distance of the two, 0..1; Guo, Pleiss, Sun and Weinberger, 2017,
        https://proceedings.mlr.press/v70/guo17a.html), and for each tenth of probability how many slices there are,
        what was stated and what share was right. None where nothing was found.
    """
    found = table[~table["not_found"].astype(bool)]
    if found.empty:
        return None
    stated = found[list(TUMOUR_TYPES)].max(axis=1).to_numpy()
    right = (found["type_predicted_mask"] == found["type"]).to_numpy()
    tenth = np.clip(np.digitize(stated, CONFIDENCE) - 1, 0, len(CONFIDENCE) - 2)
    bins = [
        {
            "n_slices": int(np.sum(tenth == i)),
            "stated": _round(stated[tenth == i].mean()),
            "right": _round(right[tenth == i].mean()),
        }
        for i in np.unique(tenth)
    ]
    gaps = [b["n_slices"] * abs(b["stated"] - b["right"]) for b in bins]
    return {"expected_calibration_error": _round(sum(gaps) / len(found)), "bins": bins}


def weak_points(numbers: dict) -> str:
    """Say in a sentence for the model card whom a pair fails for: the type and the size of tumour with the lowest Dice.

    `numbers` are as `summarise` returns them.
    """
    words = []
    for groups, name in ((numbers["per_type"], "{}"), (numbers["per_size"], "the {} of the tumours by area")):
        worst = min(groups, key=lambda key: groups[key]["dice"]["mean"])
        counted = groups[worst]
        words.append(
            f"{name.format(worst)} (mean Dice {counted['dice']['mean']:.2f}, missed on "
            f"{counted['missed_fraction']:.0%} of the slices, type right on {counted['type_right']['mean']:.0%})"
        )
    return f"It does worst on {words[0]} and on {words[1]}."


def vote_right(table: pd.DataFrame) -> pd.Series:
    """Whether each patient's slices, voting with their mean probabilities, name the right type; bool by patient.

    `table` is as `summarise` takes it.
    """
    # A patient where nothing was found on any slice has no vote, which is a wrong answer.
    mean = table.groupby("patient")[list(TUMOUR_TYPES)].mean().dropna(how="all")
    winner = mean.idxmax(axis=1)
    truth = table.groupby("patient")["type"].first()
    return winner.reindex(truth.index) == truth


def _interval(values: np.ndarray | pd.Series, patients: np.ndarray | pd.Index) -> list[float]:
    return [_round(bound) for bound in bootstrap_interval(values, patients)]


def _round(value: float) -> float:
    return round(float(value), 4)

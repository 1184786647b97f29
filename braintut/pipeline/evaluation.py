"""How good is a pair on patients it never saw? Counted slice by slice on the original grid."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from braintut.classification.classifier import predict_types
from braintut.dataset.figshare import FOLDS_FILE, MatEntry, MatSlice, fold_of, list_slices, read_folds
from braintut.dataset.slices import TUMOUR_TYPES, Slices
from braintut.errors import DataError
from braintut.pipeline import Pipeline, join_opinions
from braintut.segmentation.metrics import MISSED_BELOW, bootstrap_interval, dice_score, surface_dice

NOT_FOUND = "not_found"
SIZES = ("smallest quarter", "second quarter", "third quarter", "largest quarter")
"""Groups of tumours with equally many slices, by area of the true mask."""
CONFIDENCE = np.linspace(0, 1, 11)
"""Edges of the groups in which the stated probability and the share of right types are compared."""


@dataclass(frozen=True)
class Evaluation:
    """Numbers as `braintut evaluate --json` writes them, and the table a slice they come from."""

    numbers: dict
    table: pd.DataFrame


def evaluate_folder(
    pipeline: Pipeline,
    folder: str | os.PathLike,
    fold: int | None = None,
    allow_training_patients: bool = False,
    progress: bool = True,
) -> Evaluation:
    """Run a pair over a folder of `.mat` files or zips and count.

    Parameters
    ----------
    pipeline : Pipeline
    folder : path
    fold : int, optional
        Count this official fold only, 1..5.
    allow_training_patients : bool
        Count patients that the pair was fitted on, too. What comes out says
        nothing about new patients.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Evaluation

    Raises
    ------
    DataError
        If a file cannot be read, the fold is unknown, or no patient is left.

    Notes
    -----
    Dice and surface distance are measured on each slice's original grid; an
    empty prediction counts as Dice 0 and as a wrong type. A misplaced mask
    with the right type counts as right. Introduced in lesson 05.
    """
    entries = _of_fold(Path(folder), fold)
    named = ((str(entry), entry.id, entry.read()) for entry in entries)
    return _evaluate(pipeline, named, len(entries), allow_training_patients, progress, str(folder))


def evaluate_slices(
    pipeline: Pipeline, slices: Slices, allow_training_patients: bool = False, progress: bool = True
) -> Evaluation:
    """Count like `evaluate_folder`, on slices in memory: their grid is taken for the original one.

    Parameters, return value and errors as there. Introduced in lesson 05.
    """
    named = (
        (
            f"slice {one.ids[0]}",
            str(one.ids[0]),
            MatSlice(
                one.images[0], one.masks[0], int(one.labels[0]), str(one.patients[0]), np.zeros((0, 2)),
                float(one.pixel_mm[0]),
            ),
        )
        for one in slices
    )  # fmt: skip
    return _evaluate(pipeline, named, len(slices), allow_training_patients, progress, slices.source)


def _evaluate(
    pipeline: Pipeline,
    named: Iterable[tuple[str, str, MatSlice]],
    n: int,
    allow_training_patients: bool,
    progress: bool,
    source: str,
) -> Evaluation:
    start = time.perf_counter()
    rows, excluded = [], []
    for name, number, raw in tqdm(named, total=n, desc="evaluating", unit="slice", disable=not progress):
        if raw.label == 0:
            continue
        if pipeline.was_fitted_on(raw.patient) and not allow_training_patients:
            excluded.append(raw.patient)
        else:
            rows.append({"id": number, **_row(pipeline, name, raw)})
    if not rows and excluded:
        raise DataError(
            f"Nothing is left to count in {source}: the pair '{pipeline.name}' was trained on "
            f"all {len(set(excluded))} patients there."
        )
    if not rows:
        raise DataError(f"{source} holds no slice with a tumour.")
    table = _with_types(pipeline, pd.DataFrame(rows))
    seconds = round(time.perf_counter() - start, 1)
    numbers = {**_counts(table, excluded), **summarise(table), "seconds": seconds}
    return Evaluation(numbers, table.drop(columns=["true_features", "predicted_features", "network_types"]))


def summarise(table: pd.DataFrame) -> dict:
    """Turn the table of slices into the numbers of the model card.

    Parameters
    ----------
    table : DataFrame
        Columns patient, twin, type, area_mm2, dice, nsd_2mm, not_found,
        type_true_mask, type_predicted_mask and one probability column a type; type_measured_features
        and type_network where the network knows types.

    Returns
    -------
    dict
        Dice, surface distance, accuracy, confusion and calibration of all
        slices; what `numbers_of_group` gives by type, by size and without
        hidden twins (None if all are twins); intervals over patients.
    """
    right = (table["type_predicted_mask"] == table["type"]).to_numpy()
    patients = table["patient"].to_numpy()
    dice = table["dice"].to_numpy()
    vote, sizes = vote_right(table), _size_of(table)
    return {
        "dice": {
            "mean": _round(dice.mean()),
            "median": _round(np.median(dice)),
            "ci95": [_round(v) for v in bootstrap_interval(dice, patients)],
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
            "ci95_patient_vote": [_round(v) for v in bootstrap_interval(vote.to_numpy(), vote.index.to_numpy())],
            "ci95_predicted_mask": [_round(v) for v in bootstrap_interval(right, patients)],
            "recall_predicted_mask": {
                t: _round(right[(table["type"] == t).to_numpy()].mean())
                for t in TUMOUR_TYPES
                if (table["type"] == t).any()
            },
        },
        "confusion_predicted_mask": [
            [
                int(((table["type"] == t) & (table["type_predicted_mask"] == said)).sum())
                for said in (*TUMOUR_TYPES, NOT_FOUND)
            ]
            for t in TUMOUR_TYPES
        ],
        "per_type": {
            t: numbers_of_group(table[table["type"] == t]) for t in TUMOUR_TYPES if (table["type"] == t).any()
        },
        "per_size": {size: numbers_of_group(rows) for size in SIZES if len(rows := table[sizes == size])},
        "without_hidden_twins": numbers_of_group(table[~table["twin"]]) if not table["twin"].all() else None,
        "calibration": calibration(table),
    }


def numbers_of_group(rows: pd.DataFrame) -> dict:
    """The numbers that matter for some of the slices: how many, mean Dice, misses and types right.

    Parameters
    ----------
    rows : DataFrame
        Rows of the table that `summarise` takes, at least one.

    Returns
    -------
    dict
        Intervals over patients; areas of the true masks in mm2, smallest and largest.

    Notes
    -----
    Introduced in lesson 05.
    """
    patients, dice = rows["patient"].to_numpy(), rows["dice"].to_numpy()
    right = (rows["type_predicted_mask"] == rows["type"]).to_numpy()
    return {
        "n_slices": len(rows),
        "n_patients": int(rows["patient"].nunique()),
        "area_mm2": [_round(rows["area_mm2"].min()), _round(rows["area_mm2"].max())],
        "dice": {"mean": _round(dice.mean()), "ci95": [_round(v) for v in bootstrap_interval(dice, patients)]},
        "missed_fraction": _round((dice < MISSED_BELOW).mean()),
        "type_right": {"mean": _round(right.mean()), "ci95": [_round(v) for v in bootstrap_interval(right, patients)]},
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
        The expected calibration error (mean distance of the two, 0..1), and
        for each tenth of probability how many slices there are, what was
        stated and what share was right. None where nothing was found.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger, 2017, https://proceedings.mlr.press/v70/guo17a.html

    Notes
    -----
    Introduced in lesson 08.
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
    """Say whom a pair fails for: the type and the size of tumour with the lowest mean Dice.

    Parameters
    ----------
    numbers : dict
        As `summarise` returns it.

    Returns
    -------
    str
        One sentence for the model card.

    Notes
    -----
    Introduced in lesson 08.
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


def _of_fold(folder: Path, fold: int | None) -> list[MatEntry]:
    entries, folds = list_slices(folder), read_folds(folder)
    if fold is None:
        return entries
    if folds is None:
        raise DataError(f"--fold needs the official folds, but {folder / FOLDS_FILE} is not there; download it.")
    chosen = [entry for entry in entries if fold_of(entry, folds) == fold]
    if not chosen:
        here = sorted({fold_of(e, folds) for e in entries} - {0})
        raise DataError(
            f"{folder} holds no slice of fold {fold}; it holds folds {', '.join(map(str, here)) or 'none'}."
        )
    return chosen


def _row(pipeline: Pipeline, name: str, raw: MatSlice) -> dict:
    mm = raw.pixel_mm_or_assumed
    found = pipeline.locate(raw.image, mm, name)
    working, predicted = found.working, found.mask
    if not raw.mask.any():
        raise DataError(f"{name}: the true mask is empty although the label says {TUMOUR_TYPES[raw.label - 1]}.")
    return {
        "patient": raw.patient,
        "twin": pipeline.was_fitted_on_twin(raw.patient),
        "type": TUMOUR_TYPES[raw.label - 1],
        "dice": dice_score(raw.mask, predicted),
        "nsd_2mm": surface_dice(raw.mask, predicted, mm),
        "area_mm2": float(raw.mask.sum() * mm**2),
        "not_found": not predicted.any(),
        "network_types": pipeline.network_types(found, predicted),
        "true_features": pipeline.measure(working, raw.mask, mm),
        "predicted_features": pipeline.measure(working, predicted, mm) if predicted.any() else {},
    }


def _with_types(pipeline: Pipeline, table: pd.DataFrame) -> pd.DataFrame:
    """Add what both classifiers and the network say, all slices in one call."""
    names = np.array((NOT_FOUND, *TUMOUR_TYPES), dtype=object)  # by label; 0 is what predict_types says of nothing
    from_true = predict_types(pipeline.classifier_true_mask, pd.DataFrame(list(table["true_features"])))
    from_predicted = predict_types(pipeline.classifier, pd.DataFrame(list(table["predicted_features"])))
    table["type_true_mask"] = names[from_true["predicted"]]
    table["type_predicted_mask"] = names[from_predicted["predicted"]]
    table[list(TUMOUR_TYPES)] = from_predicted[list(TUMOUR_TYPES)]
    if table["network_types"].notna().any():
        nobody = np.full(len(TUMOUR_TYPES), np.nan)
        network = np.stack([nobody if said is None else said for said in table["network_types"]])
        joint = join_opinions(table[list(TUMOUR_TYPES)].to_numpy(), network)
        table["type_measured_features"] = table["type_predicted_mask"]
        table["type_network"] = names[_likeliest(network)]
        table["type_predicted_mask"] = names[_likeliest(joint)]
        table[list(TUMOUR_TYPES)] = joint
    return table


def _likeliest(probabilities: np.ndarray) -> np.ndarray:
    """Label of the likeliest type in each row, 0 where a row is NaN."""
    return np.where(np.isnan(probabilities).any(axis=1), 0, np.nan_to_num(probabilities).argmax(axis=1) + 1)


def vote_right(table: pd.DataFrame) -> pd.Series:
    """Whether each patient's slices, voting with their mean probabilities, name the right type.

    Parameters
    ----------
    table : DataFrame
        As `summarise` takes it.

    Returns
    -------
    Series of bool, indexed by patient

    Notes
    -----
    Introduced in lesson 07.
    """
    # A patient where nothing was found on any slice has no vote, which is a wrong answer.
    mean = table.groupby("patient")[list(TUMOUR_TYPES)].mean().dropna(how="all")
    winner = mean.idxmax(axis=1)
    truth = table.groupby("patient")["type"].first()
    return winner.reindex(truth.index) == truth


def _counts(table: pd.DataFrame, excluded: list[str]) -> dict:
    return {
        "n_slices": len(table),
        "n_patients": table["patient"].nunique(),
        "n_excluded_slices": len(excluded),
        "n_excluded_patients": len(set(excluded)),
        "n_twin_slices": int(table["twin"].sum()),
    }


def _round(value: float) -> float:
    return round(float(value), 4)

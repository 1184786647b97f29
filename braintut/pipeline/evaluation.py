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
from braintut.dataset.figshare import FOLDS_FILE, MatEntry, fold_of, list_slices, read_folds
from braintut.dataset.scan import TUMOUR_TYPES, Scan
from braintut.dataset.slices import Slices
from braintut.errors import DataError
from braintut.pipeline.pipeline import Pipeline, join_opinions
from braintut.pipeline.scores import NOT_FOUND, summarise
from braintut.segmentation.metrics import mask_scores


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
    fold : int, optional
        Count this official fold only, 1..5.
    allow_training_patients : bool
        Count patients that the pair was fitted on, too. What comes out says nothing about new patients.
    progress : bool
        Show a progress bar.

    Raises
    ------
    DataError
        If a file cannot be read, the fold is unknown, or no patient is left.

    Notes
    -----
    Dice and surface distance are measured on each slice's original grid; an empty prediction counts as Dice 0 and as a
    wrong type. A misplaced mask with the right type counts as right.
    """
    entries = _of_fold(Path(folder), fold)
    scans = ((entry.id, entry.read()) for entry in entries)
    return _evaluate(pipeline, scans, len(entries), allow_training_patients, progress, str(folder))


def evaluate_slices(
    pipeline: Pipeline, slices: Slices, allow_training_patients: bool = False, progress: bool = True
) -> Evaluation:
    """Count like `evaluate_folder`, on slices in memory: their grid is taken for the original one.

    Parameters, return value and errors as there.

    Examples
    --------
    >>> from braintut import load_phantoms, load_pipeline
    >>> slices = load_phantoms()
    >>> three = slices[slices.folds == 5][:3]  # which the pair was not trained on
    >>> numbers = evaluate_slices(load_pipeline("phantom"), three, progress=False).numbers
    >>> numbers["n_slices"], numbers["n_excluded_slices"]
    (3, 0)
    """
    scans = zip(slices.ids.tolist(), slices, strict=True)
    return _evaluate(pipeline, scans, len(slices), allow_training_patients, progress, slices.source)


def _evaluate(
    pipeline: Pipeline,
    scans: Iterable[tuple[str, Scan]],
    n: int,
    allow_training_patients: bool,
    progress: bool,
    source: str,
) -> Evaluation:
    start = time.perf_counter()
    rows, excluded = [], []
    for number, scan in tqdm(scans, total=n, desc="evaluating", unit="slice", disable=not progress):
        if scan.label == 0:
            continue
        if pipeline.was_fitted_on(scan.patient) and not allow_training_patients:
            excluded.append(scan.patient)
        else:
            rows.append({"id": number, **_row(pipeline, scan)})
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


def _row(pipeline: Pipeline, scan: Scan) -> dict:
    found = pipeline.locate(scan)
    true_mask, predicted = scan.true_mask, found.mask
    if not true_mask.any():
        raise DataError(f"{scan.name}: the true mask is empty although the label says {scan.tumour_type}.")
    return {
        "patient": scan.patient,
        "twin": pipeline.was_fitted_on_twin(scan.patient),
        "type": scan.tumour_type,
        **mask_scores(true_mask, predicted, scan.pixel_mm),
        "area_mm2": float(true_mask.sum() * scan.pixel_mm**2),
        "network_types": pipeline.segmenter.types(found, predicted),
        "true_features": pipeline.measure(found, true_mask),
        "predicted_features": pipeline.measure(found, predicted) if predicted.any() else {},
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


def _counts(table: pd.DataFrame, excluded: list[str]) -> dict:
    return {
        "n_slices": len(table),
        "n_patients": table["patient"].nunique(),
        "n_excluded_slices": len(excluded),
        "n_excluded_patients": len(set(excluded)),
        "n_twin_slices": int(table["twin"].sum()),
    }

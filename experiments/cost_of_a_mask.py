"""Experiment 6: what does it cost that the mask is predicted?

Run: python experiments/cost_of_a_mask.py DATA     (DATA: folder of the downloaded set)

Types from true, jittered and predicted masks, by classifiers fitted on each. Predicted masks are those of two
small networks: one trained on folds 1 and 2 draws on folds 3 and 4, the other way round the other.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import typer
from common import (
    REFERENCE_RUN,
    SIZE,
    SMALL_IN_WORDS,
    count_masks,
    load_real,
    of_folds,
    summarise_masks,
    train_small,
    training_minutes,
    with_interval,
    write_result,
)

from braintut.classification.classifier import fit_classifier, make_classifier, predict_types
from braintut.classification.jitter import jitter_mask
from braintut.dataset.scan import TUMOUR_TYPES
from braintut.dataset.slices import Slices
from braintut.features.table import measure_table
from braintut.segmentation.segmenter import Segmenter
from braintut.segmentation.training import TrainingRun

HALVES = ((1, 2), (3, 4))
MIXED = ("true", "jittered", "predicted")


def two_networks(slices: Slices) -> dict[tuple, TrainingRun]:
    """One small network for each half of the folds; the first is the reference of other experiments."""
    return {
        half: train_small(name, of_folds(slices, *half), of_folds(slices, 3) if half == (1, 2) else None)
        for half, name in zip(HALVES, (REFERENCE_RUN, f"{REFERENCE_RUN}_other_half"), strict=True)
    }


def masks_never_seen(fine: Slices, networks: dict[tuple, TrainingRun]) -> np.ndarray:
    """Predicted masks on the fine grid; each slice is drawn by the network that has not seen its fold."""
    masks = np.zeros(fine.masks.shape, bool)
    for half, run in networks.items():
        unseen = ~np.isin(fine.folds, half)
        masks[unseen] = Segmenter(run.model, SIZE).masks(fine[unseen])
    return masks


def cross_validate(slices: Slices, fit_on: list[pd.DataFrame], test_on: dict[str, pd.DataFrame]) -> dict:
    """Fit on the tables of three folds, name the types of the fourth from each of the test tables."""
    answers = {name: [] for name in test_on}
    for fold in np.unique(slices.folds):
        train, test = slices.folds != fold, slices.folds == fold
        labels, patients = (np.tile(v[train], len(fit_on)) for v in (slices.labels, slices.patients))
        fitted = fit_classifier(make_classifier("svm"), pd.concat([t[train] for t in fit_on]), labels, patients)
        for name, table in test_on.items():
            answers[name].append(predict_types(fitted, table[test]))
    return {name: pd.concat(parts).loc[slices.ids] for name, parts in answers.items()}


def numbers_of(slices: Slices, predictions: pd.DataFrame) -> dict:
    """Accuracy by slice and by patient vote; nothing found is a wrong answer."""
    said = predictions["predicted"].to_numpy()
    right, found = (said == slices.labels).astype(float), said > 0
    votes = predictions.groupby(slices.patients)[list(TUMOUR_TYPES)].mean()
    truth = pd.Series(slices.types, slices.patients).groupby(level=0).first()
    vote = votes.dropna(how="all").idxmax(axis=1).reindex(truth.index) == truth
    return {
        "slice": with_interval(right, slices.patients),
        "slice_where_found": right[found].mean(),
        "not_found": 1 - found.mean(),
        "patient_vote": with_interval(vote, truth.index),
        "recall": {t: right[slices.types == t].mean() for t in TUMOUR_TYPES},
    }


def vote_of(n_slices: int, slices: Slices, predictions: pd.DataFrame, rng: np.random.Generator) -> float:
    """Share of patients whose type is right when `n_slices` of them, drawn at random, vote (20 draws)."""
    probabilities, right = predictions[list(TUMOUR_TYPES)].to_numpy(), []
    for patient in np.unique(slices.patients):
        of_patient = np.flatnonzero(slices.patients == patient)
        for _ in range(20):
            drawn = rng.choice(of_patient, min(n_slices, len(of_patient)), replace=False)
            found = drawn[~np.isnan(probabilities[drawn, 0])]
            said = probabilities[found].mean(axis=0).argmax() + 1 if len(found) else 0
            right.append(said == slices.labels[drawn[0]])
    return float(np.mean(right))


def main(data: Path) -> None:
    """Train, measure, classify, and write `cost_of_a_mask.json`."""
    fine = load_real(data, size=256)
    networks = two_networks(fine.resized(SIZE))
    predicted, rng = masks_never_seen(fine, networks), np.random.default_rng(0)
    jittered = np.stack([jitter_mask(mask, rng) for mask in fine.masks])
    tables = {
        "true": measure_table(fine),
        "jittered": measure_table(fine, jittered),
        "predicted": measure_table(fine, predicted),
    }
    fits = {**{name: [table] for name, table in tables.items()}, "mixed": [tables[name] for name in MIXED]}
    answers = {name: cross_validate(fine, fit_on, tables) for name, fit_on in fits.items()}
    in_use = answers["mixed"]["predicted"]
    write_result(
        "cost_of_a_mask",
        "What does it cost that the mask is predicted?",
        f"Predicted masks of two networks, each a {SMALL_IN_WORDS}, each on the half of folds 1-4 that it has "
        "not seen; features at 256 px; SVM fitted on three folds, tested on the fourth. 'Nothing found' is a wrong "
        "type. Small networks miss more than the shipped one, so the cost is larger here than in use.",
        training_minutes(*networks.values()),
        {
            "masks": summarise_masks(count_masks(fine, predicted)),
            "fitted_on": {
                fit: {test: numbers_of(fine, predictions) for test, predictions in by_test.items()}
                for fit, by_test in answers.items()
            },
            "votes": {n: vote_of(n, fine, in_use, np.random.default_rng(0)) for n in (1, 2, 3, 5, 10, 38)},
        },
    )


if __name__ == "__main__":
    typer.run(main)

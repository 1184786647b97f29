"""Experiment 5: which features tell the types apart, and which classifier?

Run: python experiments/feature_ladder.py DATA     (DATA: folder of the downloaded set)

Features of the true masks, added group by group; four classifiers, and votes of them that inner folds choose;
official folds 1 to 4 in turn.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import typer
from common import load_real, with_interval, write_result
from planes import PLANES, accuracy_by_eye, guess_planes
from sklearn.pipeline import Pipeline

from braintut.classification.classifier import KINDS, cross_validate_by_patient, make_classifier
from braintut.classification.insight import backward_elimination
from braintut.dataset.scan import TUMOUR_TYPES
from braintut.dataset.slices import Slices
from braintut.features.table import BASELINE_FEATURES, FEATURES, measure_table


def group(*names: str) -> list[str]:
    """All features whose first word is one of these."""
    return [feature for feature in FEATURES if feature.split("_")[0] in names]


LADDER: dict[str, tuple[str, Sequence[str]]] = {
    "seed_mask": ("the first project's 6 of the mask", BASELINE_FEATURES[:6]),
    "seed": ("+ its 6 of texture", BASELINE_FEATURES),
    "shape": ("+ all of the shape", [*BASELINE_FEATURES, *group("shape")]),
    "place": ("+ place in the head", [*BASELINE_FEATURES, *group("shape", "place", "symmetry")]),
    "plane": ("+ plane of the cut", [*BASELINE_FEATURES, *group("shape", "place", "symmetry", "plane")]),
    "rings": ("+ rim and surroundings", [*BASELINE_FEATURES, *group("shape", "place", "symmetry", "plane", "ring")]),
    "all": ("+ the rest of brightness and texture", list(FEATURES)),
}


def cross_validate(slices: Slices, table: pd.DataFrame, kind: str, features: Sequence[str]) -> pd.DataFrame:
    """Types predicted for each slice by a classifier that never saw its fold."""
    columns = list(dict.fromkeys(features))
    return cross_validate_by_patient(
        make_classifier(kind, columns), table[columns], slices.labels, slices.patients, slices.folds
    )


def numbers_of(slices: Slices, predictions: pd.DataFrame, planes: np.ndarray) -> dict:
    """Accuracy with its interval, recall, confusion, and accuracy by fold and plane."""
    right = (predictions["predicted"].to_numpy() == slices.labels).astype(float)
    confusion = pd.crosstab(slices.labels, predictions["predicted"].to_numpy())
    return {
        "accuracy": with_interval(right, slices.patients),
        "merged_ids": with_interval(right, slices.merged_patients),
        "recall": {t: right[slices.types == t].mean() for t in TUMOUR_TYPES},
        "confusion": confusion.reindex(index=(1, 2, 3), columns=(1, 2, 3), fill_value=0).to_numpy().tolist(),
        "per_fold": {int(f): right[slices.folds == f].mean() for f in np.unique(slices.folds)},
        "per_plane": {plane: right[planes == plane].mean() for plane in PLANES},
    }


def voters() -> dict[str, Pipeline]:
    """Who may take part in a vote: the course's classifiers, and its SVM with narrower kernels."""
    narrower = {f"svm_gamma_{g}": make_classifier("svm").set_params(model__estimator__gamma=g) for g in (0.006, 0.01)}
    return {kind: make_classifier(kind) for kind in KINDS} | narrower


def vote(answers: dict[str, pd.DataFrame], names: Iterable[str]) -> np.ndarray:
    """Types 1..3 by the mean probability of these voters, shape (N,)."""
    return sum(answers[name][list(TUMOUR_TYPES)].to_numpy() for name in names).argmax(axis=1) + 1


def best_vote(answers: dict[str, pd.DataFrame], labels: np.ndarray) -> tuple[str, ...]:
    """The one, two or three voters that together name most types right; the fewest of equally good ones."""
    sets = [names for size in (1, 2, 3) for names in combinations(answers, size)]
    return max(sets, key=lambda names: np.mean(vote(answers, names) == labels))


def choose_voters(slices: Slices, table: pd.DataFrame) -> dict:
    """Count each fold with the voters that did best on the other three, cross-validated among themselves."""

    def answers(of: np.ndarray) -> dict[str, pd.DataFrame]:
        return {
            name: cross_validate_by_patient(voter, table[of], slices.labels[of], slices.patients[of], slices.folds[of])
            for name, voter in voters().items()
        }

    everyone = answers(slices.folds > 0)
    said, chosen = np.zeros(len(slices), int), {}
    for fold in np.unique(slices.folds):
        outside = slices.folds != fold
        chosen[int(fold)] = best_vote(answers(outside), slices.labels[outside])
        said[~outside] = vote(everyone, chosen[int(fold)])[~outside]
    right, svm = said == slices.labels, vote(everyone, ["svm"]) == slices.labels
    return {
        "chosen": chosen,
        "accuracy": with_interval(right.astype(float), slices.patients),
        "gain": with_interval(right.astype(float) - svm, slices.patients),
    }


def eliminate(slices: Slices, table: pd.DataFrame) -> dict:
    """The first project's backward elimination on its twelve features, and what the ten or so give."""
    kept = backward_elimination(table[list(BASELINE_FEATURES)], slices.labels)
    predictions = cross_validate(slices, table, "random_forest", kept)
    right = predictions["predicted"].to_numpy() == slices.labels
    return {"kept": kept, "accuracy_random_forest": with_interval(right, slices.patients)}


def main(data: Path) -> None:
    """Measure, cross-validate each rung with each classifier, and write `feature_ladder.json`."""
    started = time.perf_counter()
    slices = load_real(data, size=256)
    table = measure_table(slices)
    planes = guess_planes(slices)
    rungs = {}
    for key, (label, features) in LADDER.items():
        rungs[key] = {"label": label, "features": len(set(features)), "classifiers": {}}
        for kind in KINDS:
            predictions = cross_validate(slices, table, kind, features)
            rungs[key]["classifiers"][kind] = numbers_of(slices, predictions, planes)
            print(f"{label}, {kind}: {rungs[key]['classifiers'][kind]['accuracy']['mean']:.3f}")
    write_result(
        "feature_ladder",
        "Which features tell the types apart, and which classifier?",
        "Features of the true masks at 256 px; each official fold 1-4 predicted by a classifier fitted on the other "
        "three; settings of the classifiers are braintut's defaults, which were chosen on these folds, so the best "
        "rung is a little optimistic. Voters are chosen on inner folds: each fold is counted with those that did best "
        "on the other three. Planes are guessed from a thumbnail (see experiments/planes.py).",
        (time.perf_counter() - started) / 60,
        {
            "rungs": rungs,
            "vote_chosen_on_inner_folds": choose_voters(slices, table),
            "backward_elimination": eliminate(slices, table),
            "planes": {
                "share": {plane: np.mean(planes == plane) for plane in PLANES},
                "right_by_eye": accuracy_by_eye(slices),
            },
        },
    )


if __name__ == "__main__":
    typer.run(main)

"""Experiment 1: what does a split by slice pretend?

Run: python experiments/leakage.py DATA     (DATA: folder of the downloaded set)

The same network and the same classifiers, tested on half of the set, which was split off slice by slice, by
patient, and by patient with hidden twins merged. A classifier that only repeats the type of the most similar
picture, also of types that were drawn by lot. And one that sees how the patient's id is spelled, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from common import (
    SIZE,
    SMALL_IN_WORDS,
    count_masks,
    load_real,
    predicted_masks,
    summarise_masks,
    train_small,
    training_minutes,
    with_interval,
    write_result,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from braintut.classification.classifier import fit_classifier, make_classifier, predict_types
from braintut.dataset.slices import Slices
from braintut.dataset.splits import leaky_split_by_slice, patient_folds, split_by_merged_patient, split_by_patient
from braintut.features.table import BASELINE_FEATURES, measure_table
from braintut.results import load_result

SPLITS: dict[str, tuple[str, Callable]] = {
    "slice": ("by slice (wrong)", leaky_split_by_slice),
    "patient": ("by patient", split_by_patient),
    "merged": ("by patient, twins merged", split_by_merged_patient),
}
CLASSIFIERS = {
    "seed_forest": ("random forest on the first project's 12 features", "random_forest", BASELINE_FEATURES),
    "svm": ("SVM on all features", "svm", None),
}
N_SPLITS = 10
MEMORY_SIZE = 32
"""Pixels a side: enough to know a picture by."""


def network_on(split: str, slices: Slices) -> tuple[dict, object]:
    """Train the small network on one half and count it on the other."""
    train, test = SPLITS[split][1](slices, test_share=0.5, seed=0)
    run = train_small(f"leakage_{split}", train)
    shared = np.isin(test.patients, train.patients)
    numbers = {
        "label": SPLITS[split][0],
        "train_slices": len(train),
        "test_patients_seen_in_training": float(shared.mean()),
        "test": summarise_masks(count_masks(test, predicted_masks(run, test))),
    }
    return numbers, run


def accuracy_on(split: str, slices: Slices, table: pd.DataFrame, kind: str, features: tuple | None) -> list[float]:
    """Accuracy of a classifier on the other half, for ten splits dealt anew."""
    table = table.set_axis(slices.ids)
    scores = []
    for seed in range(N_SPLITS):
        train, test = SPLITS[split][1](slices, test_share=0.5, seed=seed)
        fitted = fit_classifier(make_classifier(kind, features), table.loc[train.ids], train.labels, train.patients)
        scores.append(float(np.mean(predict_types(fitted, table.loc[test.ids])["predicted"] == test.labels)))
    return scores


def classifiers_on(split: str, slices: Slices, table: pd.DataFrame) -> dict:
    """Mean and spread over ten splits, for each classifier."""
    answer = {}
    for key, (label, kind, features) in CLASSIFIERS.items():
        scores = accuracy_on(split, slices, table, kind, features)
        answer[key] = {"label": label, "mean": np.mean(scores), "lowest": min(scores), "highest": max(scores)}
    return answer


def types_by_lot(slices: Slices, seed: int) -> Slices:
    """Give every patient a type drawn by lot, so that there is nothing to learn."""
    patients, number = np.unique(slices.patients, return_inverse=True)
    return replace(slices, labels=np.random.default_rng(seed).integers(1, 4, len(patients))[number])


def most_similar(train: Slices, test: Slices) -> float:
    """Share of test slices whose type is that of the training slice with the most similar pixels."""
    known, asked = (side.images.reshape(len(side), -1) for side in (train, test))
    return float(KNeighborsClassifier(1).fit(known, train.labels).score(asked, test.labels))


def memory_on(split: str, slices: Slices) -> dict:
    """What the most similar picture gets right, of true types and of lotteries, for ten splits dealt anew."""
    small, answer = slices.resized(MEMORY_SIZE), {}
    for key, types in (("true_types", lambda some, seed: some), ("lottery", types_by_lot)):
        scores = [
            most_similar(*SPLITS[split][1](types(small, seed), test_share=0.25, seed=seed)) for seed in range(N_SPLITS)
        ]
        answer[key] = {"mean": np.mean(scores), "lowest": min(scores), "highest": max(scores)}
    return answer


def spelling(patients: np.ndarray) -> np.ndarray:
    """What can be read off an id without any picture, shape (N, 4)."""
    rows = []
    for patient in patients:
        digits = "".join(c for c in patient if c.isdigit())
        rows.append((patient.startswith("MR"), len(patient), patient[-1].isalpha(), int(digits or 0)))
    return np.array(rows, float)


def type_from_spelling(slices: Slices) -> dict:
    """Cross-validated by patient: a small tree that sees the spelling of the id, no picture."""
    folds, predicted = patient_folds(slices, n_folds=4), np.zeros(len(slices), int)
    values = spelling(slices.patients)
    for fold in np.unique(folds):
        tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=20, random_state=0)
        tree.fit(values[folds != fold], slices.labels[folds != fold])
        predicted[folds == fold] = tree.predict(values[folds == fold])
    most = np.bincount(slices.labels).argmax()
    starts_with_mr = np.char.startswith(slices.patients, "MR")
    return {
        "accuracy": with_interval(predicted == slices.labels, slices.patients),
        "always_the_commonest_type": float(np.mean(slices.labels == most)),
        "mr_slices": int(starts_with_mr.sum()),
        "gliomas_among_mr": float(np.mean(slices.types[starts_with_mr] == "glioma")),
    }


def networks_on(slices: Slices) -> tuple[dict, float]:
    """Numbers of the network under each split, and the minutes of training."""
    done = {split: network_on(split, slices) for split in SPLITS}
    return {split: numbers for split, (numbers, _) in done.items()}, training_minutes(
        *(run for _, run in done.values())
    )


def main(
    data: Path,
    train: Annotated[bool, typer.Option(help="Train the networks anew; without it their stored numbers stay.")] = True,
) -> None:
    """Train, classify, and write `leakage.json`."""
    fine = load_real(data, size=256)
    slices, table = fine.resized(SIZE), measure_table(fine)
    stored = {} if train else load_result("leakage")
    networks, minutes = networks_on(slices) if train else (stored["network"], stored["minutes"])
    write_result(
        "leakage",
        "What does a split by slice pretend?",
        "Half of folds 1-4 for training, half for the test, types shared out evenly. Network: "
        f"{SMALL_IN_WORDS}, all augmentation, one split. Classifiers: features of the true masks at 256 px, ten "
        "splits. Intervals over patients; where patients lie on both sides, they are too narrow. Most similar picture: "
        f"{MEMORY_SIZE} px, a quarter for the test, ten splits.",
        minutes,
        {
            "network": networks,
            "classifiers": {
                split: {"label": label, **classifiers_on(split, fine, table)} for split, (label, _) in SPLITS.items()
            },
            "most_similar_picture": {
                split: {"label": label, **memory_on(split, fine)} for split, (label, _) in SPLITS.items()
            },
            "spelling_of_the_id": type_from_spelling(fine),
        },
    )


if __name__ == "__main__":
    typer.run(main)

"""Experiment 7: do features that the network found by itself add to the measured ones?

Run: python experiments/deep_features.py DATA     (DATA: folder of the downloaded set)

The small network is trained on folds 1 and 2. What it computes at its narrowest place is averaged over the
tumour and over the picture; classifiers are fitted on fold 3 and tested on fold 4, and the other way round.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import typer
from common import (
    REFERENCE_RUN,
    SIZE,
    SMALL_IN_WORDS,
    TRAIN_FOLDS,
    load_real,
    of_folds,
    train_small,
    training_minutes,
    with_interval,
    write_result,
)
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from braintut.dataset.grid import resize
from braintut.dataset.scan import TUMOUR_TYPES
from braintut.dataset.slices import Slices
from braintut.features.table import measure_table

CLASSIFIERS = {
    "svm": lambda: make_pipeline(StandardScaler(), SVC(C=5.0, gamma="scale")),
    "logistic": lambda: make_pipeline(StandardScaler(), PCA(0.99), LogisticRegression(C=0.03, max_iter=1000)),
}


def to_bottleneck(model: keras.Model) -> keras.Model:
    """The first half of a U-Net, as far as its narrowest layer (the one with most channels)."""
    convolutional = [layer for layer in model.layers if isinstance(layer, keras.layers.ReLU)]
    most = max(layer.output.shape[-1] for layer in convolutional)
    narrowest = [layer for layer in convolutional if layer.output.shape[-1] == most][-1]
    return keras.Model(model.inputs, narrowest.output)


def bottleneck(model: keras.Model, slices: Slices) -> np.ndarray:
    """Output of the narrowest layer, shape (N, h, w, channels)."""
    inner = to_bottleneck(model)
    parts = [inner.predict_on_batch(slices.images[i : i + 32][..., None]) for i in range(0, len(slices), 32)]
    return np.concatenate([np.asarray(part, np.float32) for part in parts])


def deep_table(model: keras.Model, slices: Slices) -> np.ndarray:
    """Bottleneck averaged under the true mask and over the whole picture, shape (N, 2 * channels)."""
    values = bottleneck(model, slices)
    weights = np.stack([resize(mask.astype(np.float32), values.shape[1]) for mask in slices.masks])[..., None]
    # A mask so small that nothing is left of it on the coarse grid must not divide by 0.
    inside = (values * weights).sum(axis=(1, 2)) / np.maximum(weights.sum(axis=(1, 2)), 1e-6)
    return np.concatenate([inside, values.mean(axis=(1, 2))], axis=1)


def there_and_back(slices: Slices, values: np.ndarray, classifier: Pipeline) -> np.ndarray:
    """Types of fold 4 from a classifier fitted on fold 3, and of fold 3 from one fitted on fold 4."""
    said = np.zeros(len(slices), int)
    for fold in (3, 4):
        test = slices.folds == fold
        said[test] = classifier.fit(values[~test], slices.labels[~test]).predict(values[test])
    return said


def main(data: Path) -> None:
    """Train, classify, and write `deep_features.json`."""
    fine = load_real(data, size=256)
    slices = fine.resized(SIZE)
    run = train_small(REFERENCE_RUN, of_folds(slices, *TRAIN_FOLDS), of_folds(slices, 3))
    unseen, unseen_fine = of_folds(slices, 3, 4), of_folds(fine, 3, 4)
    measured = measure_table(unseen_fine)
    measured = measured.fillna(measured.median()).to_numpy()
    deep = deep_table(run.model, unseen)
    tables = {"measured": measured, "deep": deep, "joined": np.concatenate([measured, deep], axis=1)}
    results, rows = {}, {}
    for name, values in tables.items():
        results[name] = {"features": values.shape[1]}
        for kind, make in CLASSIFIERS.items():
            right = (there_and_back(unseen, values, make()) == unseen.labels).astype(float)
            rows[name, kind] = right
            results[name][kind] = {
                "accuracy": with_interval(right, unseen.patients),
                "recall": {t: right[unseen.types == t].mean() for t in TUMOUR_TYPES},
            }
    for name in ("deep", "joined"):
        for kind in CLASSIFIERS:
            results[name][kind]["gain"] = with_interval(rows[name, kind] - rows["measured", kind], unseen.patients)
    write_result(
        "deep_features",
        "Do the network's own features add to the measured ones?",
        f"Bottleneck of the {SMALL_IN_WORDS} trained on folds {TRAIN_FOLDS}, averaged under the true mask "
        "and over the picture; classifiers fitted on fold 3 and tested on fold 4, and back; true masks. Half the "
        "training patients of the feature ladder, so compare within this table only.",
        training_minutes(run),
        {"tables": results},
    )


if __name__ == "__main__":
    typer.run(main)

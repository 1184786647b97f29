"""Axial, coronal or sagittal? The files don't say, so 240 slices were labelled by eye and an SVM guesses the rest.

Run: python experiments/planes.py DATA     prints how often it is right on patients it has not seen
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import typer
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from braintut.dataset.grid import resize
from braintut.dataset.slices import Slices

PLANES = ("axial", "coronal", "sagittal")
BY_EYE = Path(__file__).with_name("planes_by_eye.csv")


def guess_planes(slices: Slices) -> np.ndarray:
    """Plane of each slice, shape (N,): guessed by an SVM fitted on the slices that were labelled by eye."""
    seen, planes = _labelled(slices)
    guessed = _classifier().fit(_thumbnails(seen), planes).predict(_thumbnails(slices))
    by_eye = dict(zip(seen.ids, planes, strict=True))
    return np.array([by_eye.get(number, guess) for number, guess in zip(slices.ids, guessed, strict=True)])


def accuracy_by_eye(slices: Slices) -> float:
    """Share of the labelled slices that the SVM names right, cross-validated by patient."""
    seen, planes = _labelled(slices)
    guessed = cross_val_predict(_classifier(), _thumbnails(seen), planes, groups=seen.patients, cv=GroupKFold(8))
    return float(np.mean(guessed == planes))


def _labelled(slices: Slices) -> tuple[Slices, np.ndarray]:
    planes = pd.read_csv(BY_EYE, dtype=str).set_index("slice")["plane"]
    seen = slices[np.isin(slices.ids, planes.index)]
    return seen, planes.loc[seen.ids].to_numpy(str)


def _classifier() -> Pipeline:
    return make_pipeline(StandardScaler(), SVC(C=5))


def _thumbnails(slices: Slices) -> np.ndarray:
    return np.stack([resize(image, 24).ravel() for image in slices.images])


def main(data: Path) -> None:
    """Print the accuracy on the slices labelled by eye."""
    from common import load_real

    print(f"{accuracy_by_eye(load_real(data, size=128)):.1%} of the 240 slices labelled by eye are named right")


if __name__ == "__main__":
    typer.run(main)

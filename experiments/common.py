"""What all experiments share: the data, the small network, how masks are counted, how a result is written."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pandas as pd
import sklearn

from braintut.dataset.figshare import load_figshare
from braintut.dataset.files import write_text
from braintut.dataset.slices import Slices
from braintut.features.head import find_head
from braintut.pipeline.fitting import runs_folder
from braintut.results import RESULTS
from braintut.segmentation.augmentation import Augmentation
from braintut.segmentation.metrics import MISSED_BELOW, bootstrap_interval, score_table
from braintut.segmentation.prediction import predict_probabilities
from braintut.segmentation.training import TrainingRun, train_unet

FOLDS = (1, 2, 3, 4)
TRAIN_FOLDS = (1, 2)
DEVELOPMENT_FOLD, CONFIRMATION_FOLD = 3, 4
SIZE = 64
SMALL_NETWORK = {
    "unet": {"filters": 12, "depth": 4},
    "epochs": 15,
    "batch_size": 16,
    "learning_rate": 2e-3,
    "seed": 0,
    # Recent CPUs compute bfloat16 faster, older ones slower; set BRAINTUT_PRECISION=float32 there.
    "precision": os.environ.get("BRAINTUT_PRECISION", "mixed_bfloat16"),
}
"""A network that trains in minutes and ranks variants well enough. Its Dice is no record."""
SMALL_IN_WORDS = "small plain U-Net (64 px, 12 filters, 4 levels, 15 epochs)"

ALL_CHANGES = Augmentation(noise=0.02)
SHELL_MM = 10.0
"""Scalp and skull together are about this thick."""
SKULL_MM2 = 25.0
"""So much wrong area there counts as 'skull called tumour'."""
REFERENCE_RUN = "reference"
"""Name of the run with nothing changed: all augmentation, Dice per batch + cross-entropy."""


def load_real(folder: Path, size: int = SIZE) -> Slices:
    """Slices of official folds 1 to 4, at the size that the small network sees."""
    slices = load_figshare(folder, 256)
    return slices[np.isin(slices.folds, FOLDS)].resized(size)


def of_folds(slices: Slices, *folds: int) -> Slices:
    """Only the slices of these official folds."""
    return slices[np.isin(slices.folds, folds)]


def train_small(name: str, train: Slices, validation: Slices | None = None, **changes: object) -> TrainingRun:
    """Train the small network with some settings changed; a run that was finished before is only loaded."""
    settings = {**SMALL_NETWORK, "augmentation": ALL_CHANGES, "keep": "last", **changes}
    print(f"-- {name}", file=sys.stderr, flush=True)
    return train_unet(train, validation, folder=runs_folder() / "experiments" / name, **settings)


def predicted_masks(run: TrainingRun, slices: Slices) -> np.ndarray:
    """Masks where the network's probability is at least 0.5, shape (N, H, W)."""
    return predict_probabilities(run.model, slices.images) >= 0.5


def count_masks(slices: Slices, predicted: np.ndarray) -> pd.DataFrame:
    """The table of `score_table`, with the area and how much of scalp and skull was called tumour."""
    table = score_table(slices.masks, predicted, slices.patients, slices.types, slices.pixel_mm)
    each = zip(slices.images, slices.masks, predicted, slices.pixel_mm, strict=True)
    return table.assign(
        area_mm2=slices.masks.sum(axis=(1, 2)) * slices.pixel_mm**2,
        skull_mm2=[_false_alarm_in_shell(*one) for one in each],
    ).set_index(pd.Index(slices.ids, name="slice"))


def _false_alarm_in_shell(image: np.ndarray, true: np.ndarray, mask: np.ndarray, mm: float) -> float:
    """Area in mm2 that was called tumour, is not, and lies in the outermost 10 mm of the head."""
    wrong = mask & ~true
    if not wrong.any():
        return 0.0
    head = find_head(image, mm)
    depth = np.repeat(np.repeat(head.depth_mm, head.step, axis=0), head.step, axis=1)
    height, width = depth.shape
    return float((wrong[:height, :width] & (depth < SHELL_MM)).sum() * mm**2)


def summarise_masks(table: pd.DataFrame, small_below_mm2: float | None = None) -> dict:
    """Numbers of a table of `count_masks`, the mean Dice with its interval over patients."""
    dice, patients = table["dice"].to_numpy(), table["patient"].to_numpy()
    summary = {
        "slices": len(table),
        "patients": int(table["patient"].nunique()),
        "dice": with_interval(dice, patients),
        "missed": with_interval(dice < MISSED_BELOW, patients),
        "per_type": rounded(table.groupby("type")["dice"].mean().to_dict()),
        "skull_share": with_interval(table["skull_mm2"].to_numpy() >= SKULL_MM2, patients),
    }
    if small_below_mm2 is not None:
        small = (table["area_mm2"] < small_below_mm2).to_numpy()
        summary["small_tumours"] = {
            "slices": int(small.sum()),
            "dice": with_interval(dice[small], patients[small]),
            "missed": with_interval(dice[small] < MISSED_BELOW, patients[small]),
        }
    return summary


def with_interval(values: np.ndarray, patients: np.ndarray) -> dict:
    """Mean over slices and its 95 % interval, bootstrapped over patients."""
    values = np.asarray(values, float)
    return rounded({"mean": values.mean(), "ci95": list(bootstrap_interval(values, np.asarray(patients)))})


def small_tumour_limit(train: Slices) -> float:
    """A quarter of the training tumours is smaller than this, in mm2."""
    return float(np.quantile(train.masks.sum(axis=(1, 2)) * train.pixel_mm**2, 0.25))


def compare_variants(
    experiment: str, slices: Slices, variants: dict[str, tuple[str, dict]], reference: str
) -> tuple[dict, list[TrainingRun]]:
    """Train one small network for each variant and count it on both unseen folds.

    `variants` maps a key to a label and to the changed arguments of `train_small` (none: the reference run).
    Differences to the reference variant are paired: the same slices, the same draws of patients.
    """
    train = of_folds(slices, *TRAIN_FOLDS)
    unseen = {"development": of_folds(slices, DEVELOPMENT_FOLD), "confirmation": of_folds(slices, CONFIRMATION_FOLD)}
    tables, runs, results = {}, [], {}
    for key, (label, changes) in variants.items():
        settings = {"train": train, "validation": unseen["development"], **changes}
        # A variant that changes nothing is the same network in several experiments: train it once.
        run = train_small(f"{experiment}_{key}" if changes else REFERENCE_RUN, **settings)
        runs.append(run)
        tables[key] = {fold: count_masks(part, predicted_masks(run, part)) for fold, part in unseen.items()}
        results[key] = {
            "label": label,
            "train_patients": settings["train"].n_patients,
            **{f: summarise_masks(t, small_tumour_limit(train)) for f, t in tables[key].items()},
            "curve": [entry["val_dice"] for entry in run.history],
            "loss_curve": [entry["loss"] for entry in run.history],
        }
    for key, result in results.items():
        for fold in unseen if key != reference else ():
            ours, theirs = tables[key][fold], tables[reference][fold]
            result[fold]["gain"] = with_interval(ours["dice"] - theirs["dice"], ours["patient"])
            on_skull = (ours["skull_mm2"] >= SKULL_MM2) * 1.0 - (theirs["skull_mm2"] >= SKULL_MM2)
            result[fold]["skull_change"] = with_interval(on_skull, ours["patient"])
    return results, runs


def training_minutes(*runs: TrainingRun) -> float:
    """Minutes that these trainings took, breaks not counted."""
    return sum(entry["seconds"] for run in runs for entry in run.history) / 60


def write_result(name: str, question: str, protocol: str, minutes: float, numbers: dict) -> Path:
    """Write `braintut/assets/results/NAME.json`; what was there stays until the new file is whole."""
    result = {
        "name": name,
        "question": question,
        "protocol": protocol,
        "command": f"python experiments/{name}.py DATA",
        "data": "figshare brain tumor dataset, official folds 1-4, 2421 slices of 186 patients",
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
        },
        "machine": f"{len(os.sched_getaffinity(0))} core(s) of a server CPU, no GPU",
        "minutes": round(minutes, 1),
        **rounded(numbers),
    }
    path = write_text(RESULTS / f"{name}.json", json.dumps(result, indent=1) + "\n")
    print(f"wrote {path.name}", file=sys.stderr)
    return path


def rounded(value: object, digits: int = 4) -> object:
    """Round every float in nested dicts and lists, so that a JSON stays readable."""
    if isinstance(value, dict):
        return {str(key): rounded(v, digits) for key, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [rounded(v, digits) for v in value]
    if isinstance(value, float | np.floating):
        return round(float(value), digits)
    return value.item() if isinstance(value, np.generic) else value

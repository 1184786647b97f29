"""Experiment 2: which loss finds small objects?

Run: python experiments/losses.py DATA     (DATA: folder of the downloaded set)

The same small network, trained seven times with nothing changed but the loss.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import typer
from common import (
    CONFIRMATION_FOLD,
    DEVELOPMENT_FOLD,
    SMALL_IN_WORDS,
    TRAIN_FOLDS,
    compare_variants,
    load_real,
    of_folds,
    training_minutes,
    write_result,
)

from braintut.dataset.slices import Slices
from braintut.segmentation.losses import DiceLoss, TverskyLoss

# None is the default of `train_unet`.
LOSSES = {
    "mse": ("mean squared error", keras.losses.MeanSquaredError()),
    "cross_entropy": ("cross-entropy", keras.losses.BinaryCrossentropy()),
    "dice_image": ("Dice per image", DiceLoss("image")),
    "dice_batch": ("Dice per batch", DiceLoss("batch")),
    "dice_cross_entropy": ("Dice per batch + cross-entropy", None),
    "tversky": ("Tversky per batch (a miss counts 0.7)", TverskyLoss(0.3, 0.7)),
    "focal_tversky": ("focal Tversky per batch", TverskyLoss(0.3, 0.7, gamma=0.75)),
}


def empty_mask(slices: Slices) -> dict:
    """What pixel accuracy and Dice say of a network that never finds anything."""
    tumour_share = slices.masks.mean(axis=(1, 2))
    return {
        "pixel_accuracy": float(1 - tumour_share.mean()),
        "dice": 0.0,
        "median_share": float(np.median(tumour_share)),
    }


def main(data: Path) -> None:
    """Train with each loss and write `losses.json`."""
    slices = load_real(data)
    variants, runs = compare_variants(
        "losses",
        slices,
        {key: (label, {"loss": loss} if loss else {}) for key, (label, loss) in LOSSES.items()},
        reference="cross_entropy",
    )
    write_result(
        "losses",
        "Which loss finds small objects?",
        f"{SMALL_IN_WORDS}, all augmentation, trained on folds {TRAIN_FOLDS}, "
        f"last epoch; development fold {DEVELOPMENT_FOLD}, confirmation fold {CONFIRMATION_FOLD}; threshold 0.5; "
        "a ranking of losses, no record.",
        training_minutes(*runs),
        {
            "empty_mask": empty_mask(of_folds(slices, DEVELOPMENT_FOLD, CONFIRMATION_FOLD)),
            "reference": "cross_entropy",
            "variants": variants,
        },
    )


if __name__ == "__main__":
    typer.run(main)

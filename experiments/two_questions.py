"""Experiment 8: does a network find tumours better if it has to name their type as well?

Run: python experiments/two_questions.py DATA     (DATA: folder of the downloaded set)

The same small network twice: with one output (tumour or not) and with four (none and three types).
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
    SMALL_NETWORK,
    TRAIN_FOLDS,
    compare_variants,
    load_real,
    of_folds,
    training_minutes,
    with_interval,
    write_result,
)

from braintut.dataset.slices import Slices
from braintut.segmentation.losses import DiceLoss, DiceTypeLoss
from braintut.segmentation.mask import THRESHOLD
from braintut.segmentation.prediction import predict_classes, tumour_probability, types_inside

# The first is the network of experiment 2, so that it is trained once only.
QUESTIONS = {
    "dice_image": ("one question: tumour or not", {"loss": DiceLoss("image")}),
    "dice_type": (
        "two questions: tumour or not, and which type",
        {"loss": DiceTypeLoss(), "unet": {**SMALL_NETWORK["unet"], "classes": 4}},
    ),
}


def types_named(model: keras.Model, slices: Slices) -> np.ndarray:
    """Label of the type that the network names inside its own mask, 0 where it finds nothing, shape (N,)."""
    named = []
    for classes in predict_classes(model, slices.images):
        types = types_inside(classes, tumour_probability(classes) >= THRESHOLD)
        named.append(0 if types is None else int(types.argmax()) + 1)
    return np.array(named)


def main(data: Path) -> None:
    """Train both and write `two_questions.json`."""
    slices = load_real(data)
    variants, runs = compare_variants("losses", slices, QUESTIONS, reference="dice_image")
    types = {}
    for name, fold in {"development": DEVELOPMENT_FOLD, "confirmation": CONFIRMATION_FOLD}.items():
        part = of_folds(slices, fold)
        types[name] = with_interval(types_named(runs[1].model, part) == part.labels, part.patients)
    write_result(
        "two_questions",
        "Does a network find tumours better if it has to name their type as well?",
        f"{SMALL_IN_WORDS}, all augmentation, Dice loss per image, with four classes plus 0.3 times the cross-entropy "
        f"of the type inside the true mask; trained on folds {TRAIN_FOLDS}, last epoch; development fold "
        f"{DEVELOPMENT_FOLD}, confirmation fold {CONFIRMATION_FOLD}; threshold 0.5. The type is the network's own, "
        "without measured features; nothing found counts as a wrong type.",
        training_minutes(*runs),
        {"reference": "dice_image", "variants": variants, "type_named_by_the_network": types},
    )


if __name__ == "__main__":
    typer.run(main)

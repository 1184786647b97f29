"""Experiment 3: the first training against augmented trainings. Which change cures what?

Run: python experiments/augmentation.py DATA     (DATA: folder of the downloaded set)

The same small network, trained with nothing changed but what happens to its pictures.
"""

from __future__ import annotations

from pathlib import Path

import typer
from common import (
    CONFIRMATION_FOLD,
    DEVELOPMENT_FOLD,
    SMALL_IN_WORDS,
    TRAIN_FOLDS,
    compare_variants,
    load_real,
    training_minutes,
    write_result,
)

from braintut.segmentation.augmentation import Augmentation

NOTHING = {"flip": False, "rotation": 0.0, "zoom": 0.0, "shift": 0.0, "holes": 0.0, "contrast": 0.0, "noise": 0.0}


def only(**changes: object) -> Augmentation:
    """An augmentation that does these changes and no others."""
    return Augmentation(**{**NOTHING, **changes})


AUGMENTATIONS = {
    "none": ("none (the first training)", None),
    "flips": ("+ flips", only(flip=True)),
    "rotation": ("+ rotation", only(rotation=15.0)),
    "zoom_shift": ("+ zoom and shift", only(zoom=0.15, shift=0.08)),
    "holes_kept": ("+ holes, mask kept", only(holes=0.5)),
    "holes_cut": ("+ holes, mask cut", only(holes=0.5, cut_mask=True)),
    "contrast": ("+ contrast", only(contrast=0.2)),
    "seed": ("the seed's: rotation, zoom, holes cut", only(rotation=15.0, zoom=0.15, holes=0.5, cut_mask=True)),
}


def main(data: Path) -> None:
    """Train with each augmentation and write `augmentation.json`."""
    changes = {key: (label, {"augmentation": augmentation}) for key, (label, augmentation) in AUGMENTATIONS.items()}
    changes["all"] = ("all but holes", {})
    variants, runs = compare_variants("augmentation", load_real(data), changes, reference="none")
    write_result(
        "augmentation",
        "What does augmentation buy, and what does it cure?",
        f"{SMALL_IN_WORDS}, Dice per batch + cross-entropy, trained on folds {TRAIN_FOLDS}, last epoch; "
        f"development fold {DEVELOPMENT_FOLD}, confirmation fold {CONFIRMATION_FOLD}; "
        "skull_share: slices on which at least 25 mm2 of the outermost 10 mm of the head was wrongly called tumour; "
        "a ranking of changes, no record.",
        training_minutes(*runs),
        {"reference": "none", "variants": variants},
    )


if __name__ == "__main__":
    typer.run(main)

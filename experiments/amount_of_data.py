"""Experiment 4: how much data does it take, and how long?

Run: python experiments/amount_of_data.py DATA     (DATA: folder of the downloaded set)

The same small network and the same number of steps, from a quarter, a half and all of the training patients.
"""

from __future__ import annotations

from pathlib import Path

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
    write_result,
)

from braintut.dataset.slices import Slices
from braintut.dataset.splits import split_by_patient

SHARES = {"quarter": 0.25, "half": 0.5, "all": 1.0}


def fewer_patients(train: Slices, share: float) -> dict:
    """A share of the patients of each type, seen more often: as many steps for each share."""
    return {
        "train": split_by_patient(train, test_share=share, seed=0)[1],
        "epochs": int(np.ceil(SMALL_NETWORK["epochs"] / share)),
    }


def first_reached(history: list[dict], dice: float) -> dict | None:
    """Epoch and minutes after which the development Dice was first reached."""
    for number, entry in enumerate(history, start=1):
        if entry["val_dice"] >= dice:
            return {"epoch": number, "minutes": sum(e["seconds"] for e in history[:number]) / 60}
    return None


def main(data: Path) -> None:
    """Train on each share and write `amount_of_data.json`."""
    slices = load_real(data)
    train = of_folds(slices, *TRAIN_FOLDS)
    changes = {
        key: (f"{share:.0%} of the patients", fewer_patients(train, share) if share < 1 else {})
        for key, share in SHARES.items()
    }
    variants, runs = compare_variants("amount_of_data", slices, changes, reference="all")
    for variant, run in zip(variants.values(), runs, strict=True):
        variant["reached"] = {f"{dice:.1f}": first_reached(run.history, dice) for dice in (0.3, 0.4, 0.5, 0.6)}
        variant["train_minutes"] = training_minutes(run)
    write_result(
        "amount_of_data",
        "How many patients does it take, and how many minutes?",
        f"{SMALL_IN_WORDS} for all patients, all augmentation, Dice per batch + cross-entropy; about "
        f"1100 steps of 16 slices whatever the share of the patients of folds {TRAIN_FOLDS}, last epoch; development "
        f"fold {DEVELOPMENT_FOLD}, confirmation fold {CONFIRMATION_FOLD}; minutes include the development fold "
        "after each epoch and vary with what else the machine does.",
        training_minutes(*runs),
        {"reference": "all", "variants": variants},
    )


if __name__ == "__main__":
    typer.run(main)

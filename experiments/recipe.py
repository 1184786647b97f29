"""Experiment 10: what did each step towards the shipped recipe buy, and how long did it take?

Run: python experiments/recipe.py DATA     (DATA: folder of the downloaded set; about forty minutes on two cores)

The network of the shipped pairs, trained on two folds only, so that two others are left to look at. Each rung of
the ladder keeps what the rungs before it brought. What the loss and the second question bought is measured with
small networks, by `losses.py` and `two_questions.py`.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pandas as pd
import typer
from common import (
    CONFIRMATION_FOLD,
    DEVELOPMENT_FOLD,
    TRAIN_FOLDS,
    count_masks,
    load_real,
    of_folds,
    summarise_masks,
    training_minutes,
    with_interval,
    write_result,
)
from records import FIRST, RECIPE, SECOND

from braintut.dataset.slices import Slices
from braintut.pipeline.fitting import runs_folder
from braintut.segmentation.segmenter import Segmenter
from braintut.segmentation.training import TrainingRun, train_unet

SIZE = RECIPE.unet_size
UNET = asdict(RECIPE.unet)
LOOK = {name: value for name, value in RECIPE.looking.items() if name != "unet_size"}
FOLDS_LOOKED_AT = {"development": DEVELOPMENT_FOLD, "confirmation": CONFIRMATION_FOLD}


def train(name: str, slices: Slices, **settings: object) -> TrainingRun:
    """Train the network of the shipped pairs; a run that was finished before is only loaded."""
    return train_unet(
        slices,
        folder=runs_folder() / "experiments" / f"recipe_{name}",
        precision=RECIPE.precision,
        unet=UNET,
        augmentation=RECIPE.make_augmentation(),
        keep="last",
        **settings,
    )


def ladder(slices: Slices) -> list[tuple[str, str, TrainingRun, dict]]:
    """Key, words, network and way of looking of each rung."""
    first = train("first_cycle", slices, **asdict(FIRST))
    second = train("second_cycle", slices, start_from=first.model, **asdict(SECOND))
    return [
        ("first", "one cycle", first, {}),
        ("second", "a second cycle, weights averaged", second, {}),
        ("mirror", "sees the mirror image as well", second, {"mirror": True}),
        ("threshold", f"threshold {RECIPE.threshold}, else {RECIPE.faint_threshold}", second, LOOK),
    ]


def climb(tables: dict[str, dict[str, pd.DataFrame]], words: dict[str, str]) -> dict:
    """Numbers of each rung on both folds, and what it gained over the rung before, slice against slice."""
    variants, before = {}, None
    for key, table in tables.items():
        variants[key] = {"label": words[key], **{fold: summarise_masks(rows) for fold, rows in table.items()}}
        for fold, rows in table.items() if before else ():
            variants[key][fold]["gain"] = with_interval(rows["dice"] - before[fold]["dice"], rows["patient"])
        before = table
    return variants


def main(data: Path) -> None:
    """Train what is missing and write `recipe.json`."""
    slices = load_real(data, SIZE)
    looked_at = {name: of_folds(slices, fold) for name, fold in FOLDS_LOOKED_AT.items()}
    rungs = ladder(of_folds(slices, *TRAIN_FOLDS))
    tables = {
        key: {
            fold: count_masks(part, Segmenter(run.model, SIZE, **look).masks(part)) for fold, part in looked_at.items()
        }
        for key, _, run, look in rungs
    }
    variants = climb(tables, {key: words for key, words, _, _ in rungs})
    for key, _, run, look in rungs:
        variants[key]["minutes"] = 0.0 if look else training_minutes(run)
    write_result(
        "recipe",
        "What did each step towards the shipped recipe buy?",
        f"U-Net of the shipped pairs ({SIZE} px, {RECIPE.unet.filters} filters, {RECIPE.unet.depth} levels, stem of 2, "
        f"names types), all augmentation, trained on folds {TRAIN_FOLDS}, last epoch, one seed: {FIRST.epochs} epochs, "
        f"then {SECOND.epochs}. Steps were chosen on fold {DEVELOPMENT_FOLD}; fold {CONFIRMATION_FOLD} confirms or "
        f"doesn't. Largest piece of each mask, counted at {SIZE} px. Gains are over the rung before, paired by slice.",
        sum(variant["minutes"] for variant in variants.values()),
        {"variants": variants},
    )


if __name__ == "__main__":
    typer.run(main)

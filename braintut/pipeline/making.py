"""From a folder of slices to a pair in a folder, checked before hours are spent on it: `braintut train`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from braintut.dataset.figshare import load_figshare
from braintut.dataset.files import check_writable_folder
from braintut.dataset.load import WORKING_SIZE, load_phantoms
from braintut.dataset.slices import Slices
from braintut.dataset.splits import split_by_fold
from braintut.errors import CheckpointError, DataError, brief
from braintut.pipeline import evaluation, fitting
from braintut.pipeline.card import check_numbers, load_card
from braintut.pipeline.pipeline import Pipeline, load_pipeline
from braintut.pipeline.presence import calibrate_presence, train_presence, with_presence
from braintut.pipeline.recipe import Recipe
from braintut.pipeline.scores import weak_points
from braintut.segmentation.presence import Presence


def make_pair(
    data: str,
    out: Path,
    log: Callable[[str], None],
    *,
    recipe: Recipe,
    name: str | None = None,
    hold_out: int | None = None,
    folds: str | None = None,
    start_from: str | None = None,
    masks_from: Sequence[str] = (),
    numbers_from: Path | None = None,
) -> Pipeline:
    """Train a pair, write it to a folder, and measure it on the fold that was held out; `log` gets a line a step.

    `data` is a folder of the figshare set, or "phantoms"; pairs are given by name or folder. For the other arguments
    see `braintut train --help` and `fit_pipeline`. What would stop it is said before hours are spent, where it can be
    known.
    """
    wanted = None if folds is None else fold_numbers(folds)
    borrowed = numbers_of(numbers_from) if numbers_from else None
    start = load_pipeline(start_from) if start_from else None
    strangers = [load_pipeline(pair) for pair in masks_from]
    slices, test = load_training_slices(data, folds, wanted), None
    if hold_out:
        slices, test = split_by_fold(slices, hold_out)
    name = name or out.resolve().name or "pair"
    checkpoints = fitting.run_folder(name, out)
    check_writable_folder(out)
    log(
        f"braintut: checkpoints of this training: {checkpoints} (another --out or --name has a folder of its own, and "
        f"BRAINTUT_RUNS names the place of all)"
    )
    try:
        pipeline = fitting.fit_pipeline(
            slices, name=name, recipe=recipe, start_from=start, masks_from=strangers, folder=checkpoints, log=log
        )
    except CheckpointError as error:
        raise CheckpointError(
            f"{error} Another --name or --out does that; BRAINTUT_RUNS names the place of all such folders."
        ) from error
    if recipe.presence:
        pipeline = _add_presence(pipeline, slices, test, numbers_from, recipe, checkpoints, log)
    _save(pipeline, out, checkpoints)  # before it is measured, so that no fault in the test slices costs the pair
    if test is not None:
        pipeline.card["numbers"] = (
            evaluation.evaluate_slices(pipeline, test)
            if data == "phantoms"
            else evaluation.evaluate_folder(pipeline, data, hold_out)
        ).numbers
    if borrowed:
        pipeline.card["numbers"], pipeline.card["numbers_from"] = borrowed
    if pipeline.card["numbers"]:
        pipeline.card["fails_for"] = weak_points(pipeline.card["numbers"])
        _save(pipeline, out, checkpoints)
    return pipeline


def _add_presence(
    pipeline: Pipeline,
    slices: Slices,
    test: Slices | None,
    numbers_from: Path | None,
    recipe: Recipe,
    checkpoints: Path,
    log: Callable[[str], None],
) -> Pipeline:
    """Train the network that says whether there is a tumour; calibrate it on the fold held out, or as another pair."""
    is_pair = test is None and numbers_from is not None and numbers_from.suffix != ".json"
    stored = load_card(numbers_from)["settings"].get("presence") if is_pair else None
    if test is None and not stored:
        log("no network for presence: only patients left out (--hold-out), or a pair of --numbers-from, calibrate it")
        return pipeline
    log("training the network that says whether there is a tumour at all")
    network = train_presence(
        slices, recipe.unet_size, folder=checkpoints / "presence", seed=recipe.seed, precision=recipe.precision, log=log
    )
    presence = Presence(**stored) if stored else calibrate_presence(pipeline, network, test)
    return with_presence(pipeline, network, presence)


def fold_numbers(text: str) -> list[int]:
    """Numbers of folds as people write them: `1,2,4`, or `1,2-4` with a range."""
    folds: set[int] = set()
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        last = last if dash else first
        if not all(re.fullmatch("[1-5]", word) for word in (first, last)) or first > last:
            raise DataError(
                f"--folds '{text}': '{part.strip()}' is none of the folds 1, 2, 3, 4, 5; put commas between them, "
                f"or give ranges, for example 1,2-4."
            )
        folds |= set(range(int(first), int(last) + 1))
    return sorted(folds)


def load_training_slices(data: str | os.PathLike, folds: str | None, wanted: list[int] | None) -> Slices:
    """Slices of these folds at working size; `folds` is how they were asked for."""
    slices = load_phantoms() if data == "phantoms" else load_figshare(data, WORKING_SIZE)
    if wanted is None:
        return slices
    here = set(slices.folds.tolist()) - {0}
    if not set(wanted) <= here:
        raise DataError(
            f"--folds '{folds}' should name folds of {data}, which are {', '.join(map(str, sorted(here)))}."
        )
    return slices[np.isin(slices.folds, wanted)]


def _save(pipeline: Pipeline, out: Path, checkpoints: Path) -> None:
    try:
        pipeline.save(out)
    except OSError as error:
        raise DataError(
            f"The pair could not be written to {out} ({error.strerror or error}). The training is not lost: it is kept "
            f"in {checkpoints}, and the same command goes on from there once there is room, or rights."
        ) from error


def numbers_of(source: Path) -> tuple[dict, str]:
    """Numbers of another pair's card or of `experiments/records.py`, and how they were counted."""
    if source.suffix == ".json":
        try:
            records = json.loads(source.read_text(encoding="utf-8"))
            numbers, folds = records["card_numbers"], records["folds"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            reason = f"{type(error).__name__}: {brief(error)}"
            raise DataError(f"{source} is not the records.json of experiments/records.py ({reason}).") from error
        check_numbers(numbers, source, complete=True)
        return numbers, f"the same recipe, each fold counted by a pair fitted on the others (folds {folds})"
    numbers = load_card(source)["numbers"]
    if not numbers or "per_type" not in numbers:
        raise DataError(f"The card of {source} holds no such numbers; train that pair again with --hold-out.")
    check_numbers(numbers, source, complete=True)
    return numbers, f"the same recipe fitted without the fold it was counted on ({source.name})"

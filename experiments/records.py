"""Experiment 9: how good is the whole recipe, cross-validated by patient?

Run: python experiments/records.py DATA     (DATA: folder of the downloaded set)
     python experiments/records.py DATA --folds 4     counts one fold only (its pair ships, nothing is trained)

Each official fold is counted by a pair that was fitted on the other three of folds 1 to 4, in two cycles, as the
README's commands do. The settings were chosen by looking at fold 3, so what is claimed leaves it out; its numbers
stand beside. A pair that ships (`figshare_without_fold_4`) or was fitted before is taken as it is.

Then the classifier is fitted again, on masks that pairs drew on patients they had never seen, and compared.
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from common import DEVELOPMENT_FOLD, FOLDS, SMALL_NETWORK, load_real, with_interval, write_result
from planes import PLANES, guess_planes

from braintut.classification.classifier import predict_types
from braintut.dataset.slices import Slices
from braintut.errors import ModelError
from braintut.features.table import measure_table
from braintut.pipeline.card import shipped_pairs
from braintut.pipeline.evaluation import evaluate_folder
from braintut.pipeline.fitting import fit_on_mixed_masks, fit_pipeline, runs_folder
from braintut.pipeline.pipeline import Pipeline, load_pipeline
from braintut.pipeline.recipe import Recipe
from braintut.pipeline.scores import numbers_of_group, summarise, vote_right
from braintut.segmentation.metrics import MISSED_BELOW

RECIPE = replace(Recipe.load(Path(__file__).with_name("shipped_recipe.toml")), precision=SMALL_NETWORK["precision"])
FIRST, SECOND = RECIPE.cycles


def pair_without(fold: int, slices: Slices) -> Pipeline:
    """The pair fitted on all folds but this one: shipped, kept from an earlier run, or fitted now and kept."""
    name = f"figshare_without_fold_{fold}"
    folder = runs_folder() / "pairs" / name
    if name in shipped_pairs():
        pair = load_pipeline(name)
    else:
        if not (folder / "card.json").exists():
            fit_pipeline(slices[slices.folds != fold], name=name, recipe=RECIPE, folder=runs_folder() / name).save(
                folder
            )
        pair = load_pipeline(folder)
    demand_recipe(pair)
    return pair


def demand_recipe(pair: Pipeline) -> None:
    """Refuse a pair that was fitted otherwise than the protocol says."""
    last, before = pair.card["settings"], pair.card["settings"].get("start_from") or {}
    looking = ((last, setting, wanted) for setting, wanted in RECIPE.looking.items())
    cycles = zip((before, last), RECIPE.cycles, strict=True)
    learning = ((of, setting, wanted) for of, cycle in cycles for setting, wanted in asdict(cycle).items())
    for of, setting, wanted in (*looking, *learning):
        if (found := of.get(setting)) != wanted:
            raise ModelError(f"The pair '{pair.name}' was fitted with {setting} {found}, not {wanted}; fit it again.")


def with_intervals(table: pd.DataFrame) -> dict:
    """What the README claims, of a table of `evaluate_folder`, with intervals over patients."""
    patients, vote = table["patient"].to_numpy(), vote_right(table)
    return {
        "slices": len(table),
        "patients": int(table["patient"].nunique()),
        "dice": with_interval(table["dice"].to_numpy(), patients),
        "missed": with_interval((table["dice"] < MISSED_BELOW).to_numpy(), patients),
        "not_found": with_interval(table["not_found"].to_numpy(), patients),
        "type": {
            who: with_interval((table[column] == table["type"]).to_numpy(), patients)
            for who, column in {
                "true_mask": "type_true_mask",
                "measured_features": "type_measured_features",
                "network": "type_network",
                "both": "type_predicted_mask",
            }.items()
        },
        "patient_vote": with_interval(vote.to_numpy(), vote.index.to_numpy()),
    }


def card_numbers(table: pd.DataFrame) -> dict:
    """What stands in the model card: the same numbers as for a single fold, and by plane."""
    return {
        "n_slices": len(table),
        "n_patients": int(table["patient"].nunique()),
        "n_excluded_slices": 0,
        "n_excluded_patients": 0,
        "n_twin_slices": int(table["twin"].sum()),
        **summarise(table),
        "per_plane": {plane: numbers_of_group(rows) for plane in PLANES if len(rows := table[table["plane"] == plane])},
    }


def own_or_strangers_masks(pairs: dict[int, Pipeline], slices: Slices) -> dict:
    """Types right when the classifier is fitted on its own network's masks, or on those of a stranger.

    A pair knows the patients it was fitted on, so its masks of them are better than in use. The masks of a fold by the
    pair without that fold are like those in use. Both classifiers are tested on the same masks: of the fold that
    their pair has not seen, at the size that features are measured at. (A stranger to one training fold has learnt
    from the tested one, so this ranks the two ways; what is claimed comes from the first.)
    """
    strangers = np.zeros(slices.masks.shape, bool)
    for fold, pair in pairs.items():
        of_fold = slices.folds == fold
        strangers[of_fold] = pair.segmenter.masks(slices[of_fold])
    rows = []
    for fold, pair in pairs.items():
        train, test = slices.folds != fold, slices.folds == fold
        table = measure_table(slices[test], strangers[test])
        classifiers = {
            "own_masks": pair.classifier,
            "strangers_masks": fit_on_mixed_masks(slices[train], strangers[train]),
        }
        rows.append(pd.DataFrame({"patient": slices.patients[test], "fold": fold}))
        for name, classifier in classifiers.items():
            rows[-1][name] = predict_types(classifier, table)["predicted"].to_numpy() == slices.labels[test]
    right = pd.concat(rows, ignore_index=True)
    answers = {name: with_interval(right[name], right["patient"]) for name in classifiers}
    gain = right["strangers_masks"] * 1.0 - right["own_masks"]
    per_fold = {str(fold): group.mean() for fold, group in gain.groupby(right["fold"])}
    return {**answers, "gain": with_interval(gain, right["patient"]), "gain_per_fold": per_fold}


def main(data: Path, folds: Annotated[str, typer.Option(help="Folds to count, for example 1,4.")] = "1,2,3,4") -> None:
    """Fit where needed, count each fold, and write `records.json`."""
    started = time.perf_counter()
    slices = load_real(data, size=256)
    planes = dict(zip(slices.ids.astype(str), guess_planes(slices), strict=True))
    chosen = [int(fold) for fold in folds.split(",")]
    pairs = {fold: pair_without(fold, slices) for fold in chosen}
    tables = []
    for fold, pair in pairs.items():
        table = evaluate_folder(pair, data, fold).table
        tables.append(table.assign(fold=fold))
        print(f"fold {fold}: Dice {table['dice'].mean():.3f}", file=sys.stderr, flush=True)
    every = pd.concat(tables, ignore_index=True)
    every["plane"] = every["id"].astype(str).map(planes)
    table = every[every["fold"] != DEVELOPMENT_FOLD] if len(chosen) > 1 else every
    claimed = ", ".join(str(fold) for fold in table["fold"].unique())
    compared = own_or_strangers_masks(pairs, slices) if len(pairs) == len(FOLDS) else None
    write_result(
        "records",
        "How good is the whole recipe on patients it never saw?",
        f"Official folds {claimed}, each counted by a pair fitted on the other three of folds 1 to "
        f"4: {FIRST.epochs} epochs, then {SECOND.epochs} more with a running average of the weights; mirrored slices "
        f"averaged, threshold {RECIPE.threshold}, second look at {RECIPE.faint_threshold}. Settings were chosen with "
        f"networks trained on folds 1 and 2 and looked at on fold {DEVELOPMENT_FOLD}, which stands beside and in no "
        "claim. Counted on the original grid; planes are guessed from a thumbnail. A pair that was fitted before costs "
        "no minutes.",
        (time.perf_counter() - started) / 60,
        {
            "folds": claimed,
            "official_ids": with_intervals(table),
            "without_hidden_twins": with_intervals(table[~table["twin"]]),
            "with_development_fold": with_intervals(every),
            "per_fold": {str(fold): with_intervals(rows) for fold, rows in every.groupby("fold")},
            "card_numbers": card_numbers(table),
            "classifier_fitted_on": compared,
        },
    )


if __name__ == "__main__":
    typer.run(main)

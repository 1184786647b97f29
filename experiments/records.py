"""Experiment 9: how good is the whole recipe, cross-validated by patient?

Run: python experiments/records.py DATA     (DATA: folder of the downloaded set)
     python experiments/records.py DATA --folds 4     trains and counts one fold only

Each official fold is counted by a pair that was fitted on the other three, with the settings of `braintut train`.
A pair that ships (`figshare_without_fold_4`) or was fitted before is taken as it is.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from common import FOLDS, load_real, of_folds, with_interval, write_result
from planes import PLANES, guess_planes

from braintut.dataset.slices import TUMOUR_TYPES, Slices
from braintut.evaluation import evaluate_folder, summarise
from braintut.fitting import fit_pipeline, runs_folder
from braintut.pipeline import Pipeline, load_pipeline, shipped_pairs
from braintut.segmentation.metrics import MISSED_BELOW

EPOCHS = 45
FAINT_THRESHOLD = 0.02
BINS = np.linspace(0, 1, 11)
"""Edges of the groups in which stated and true share of right types are compared."""


def pair_without(fold: int, slices: Slices) -> Pipeline:
    """The pair fitted on all folds but this one: shipped, kept from an earlier run, or fitted now."""
    name = f"figshare_without_fold_{fold}"
    kept = runs_folder() / "pairs" / name
    if name in shipped_pairs():
        return load_pipeline(name)
    if not (kept / "card.json").exists():
        train = slices[slices.folds != fold]
        fit_pipeline(
            train,
            name=name,
            epochs=EPOCHS,
            faint_threshold=FAINT_THRESHOLD,
            folder=runs_folder() / name,
            precision="mixed_bfloat16",
        ).save(kept)
    return load_pipeline(kept)


def numbers_of(table: pd.DataFrame) -> dict:
    """All that the model card says, of a table of `evaluate_folder`, with intervals over patients."""
    patients, summary = table["patient"].to_numpy(), summarise(table)
    quarter = pd.qcut(table["area_mm2"], 4, labels=["smallest quarter", "second", "third", "largest quarter"])
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
        "patient_vote": summary["accuracy"]["patient_vote"],
        "confusion": summary["confusion_predicted_mask"],
        "per_type": {name: _short(table[table["type"] == name]) for name in TUMOUR_TYPES},
        "per_plane": {plane: _short(table[table["plane"] == plane]) for plane in PLANES},
        "per_size": {str(name): _short(rows) for name, rows in table.groupby(quarter, observed=True)},
    }


def calibration(table: pd.DataFrame) -> dict:
    """How well the stated probability of the type agrees with the share that is right, where a tumour was found."""
    found = table[~table["not_found"]]
    stated = found[list(TUMOUR_TYPES)].max(axis=1).to_numpy()
    right = (found["type_predicted_mask"] == found["type"]).to_numpy()
    group = np.clip(np.digitize(stated, BINS) - 1, 0, len(BINS) - 2)
    bins = [
        {"slices": int(np.sum(group == g)), "stated": stated[group == g].mean(), "right": right[group == g].mean()}
        for g in np.unique(group)
    ]
    gaps = [b["slices"] * abs(b["stated"] - b["right"]) for b in bins]
    return {"expected_calibration_error": sum(gaps) / len(found), "bins": bins}


def _short(rows: pd.DataFrame) -> dict | None:
    if rows.empty:
        return None
    right = rows["type_predicted_mask"] == rows["type"]
    return {
        "slices": len(rows),
        "patients": int(rows["patient"].nunique()),
        "dice": with_interval(rows["dice"].to_numpy(), rows["patient"].to_numpy()),
        "missed": float((rows["dice"] < MISSED_BELOW).mean()),
        "type": float(right.mean()),
        "area_mm2": [float(rows["area_mm2"].min()), float(rows["area_mm2"].max())],
    }


def main(
    data: Path, folds: Annotated[str, typer.Option(help="Folds to count, for example 3,4.")] = ",".join(map(str, FOLDS))
) -> None:
    """Fit where needed, count each fold, and write `records.json`."""
    started = time.perf_counter()
    slices = load_real(data, size=256)
    planes = dict(zip(slices.ids.astype(str), guess_planes(slices), strict=True))
    tables = []
    for fold in map(int, folds.split(",")):
        pair = pair_without(fold, of_folds(slices, *FOLDS))
        table = evaluate_folder(pair, data, fold).table
        tables.append(table.assign(fold=fold))
        print(f"fold {fold}: Dice {table['dice'].mean():.3f}", file=sys.stderr, flush=True)
    table = pd.concat(tables, ignore_index=True)
    table["plane"] = table["id"].astype(str).map(planes)
    write_result(
        "records",
        "How good is the whole recipe on patients it never saw?",
        f"Official folds {folds}, each counted by a pair fitted on the other folds of 1 to 4: {EPOCHS} epochs, the "
        f"last one's weights, second look at {FAINT_THRESHOLD}; settings chosen with networks trained on folds 1 and 2 "
        "and looked at on fold 3. Counted on the original grid; planes are guessed from a thumbnail.",
        (time.perf_counter() - started) / 60,
        {
            "official_ids": numbers_of(table),
            "without_hidden_twins": numbers_of(table[~table["twin"]]),
            "per_fold": {str(fold): _short(rows) for fold, rows in table.groupby("fold")},
            "calibration": calibration(table),
        },
    )


if __name__ == "__main__":
    typer.run(main)

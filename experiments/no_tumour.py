"""Experiment 11: can the pair say that there is no tumour?

Run: python experiments/presence.py DATA      (DATA: folder of the downloaded set; trains the network that is asked)
     python experiments/no_tumour.py DATA

The set holds no healthy head, so heads are emptied: the tumour of each slice of fold 4 is cut out and other tissue put
in its place. The pair knows none of these patients. The network that it asks learnt to say no from heads that were
filled with tissue of their own (other half, another place, a smoothed rim); the way that counts here, tissue of another
patient's head, it has never met. Tumour-free phantoms and a standard head (MNI, without contrast agent) are further
worlds. Emptied is not healthy, and none of the three is a hospital's healthy head.

The point from which on a tumour is reported is chosen on four fifths of the patients and counted on the rest, five
times round.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from common import CONFIRMATION_FOLD, with_interval, write_result
from deep_features import bottleneck
from planes import guess_planes
from presence import SAYS_NO
from scipy.ndimage import binary_dilation, uniform_filter
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score, roc_curve
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from braintut.dataset.figshare import load_figshare
from braintut.dataset.grid import bounding_box, head_mask, normalise, resize, to_square
from braintut.dataset.slices import Slices, concatenate
from braintut.phantom.make import make_phantom_slices
from braintut.pipeline.pipeline import Pipeline, load_pipeline
from braintut.segmentation.emptied import RING, WAYS, blend, empty_slices, patch_slices, widened
from braintut.segmentation.metrics import dice_score
from braintut.segmentation.presence import Presence, fit_presence
from braintut.segmentation.segmenter import Segmenter

PARTS = 5
DONORS = 24
"""So many other heads are tried for tissue that fits round the hole."""
AIM = 0.95
TRACES_TOLD = 0.6


def fill_from_others(slices: Slices, planes: np.ndarray, seed: int = 0) -> Slices:
    """Take the tumour out of each slice; the new tissue comes from another patient's head in the same plane."""
    rng = np.random.default_rng(seed)
    images = []
    for image, mask, mm, patient, plane in zip(
        slices.images, slices.masks, slices.pixel_mm, slices.patients, planes, strict=True
    ):
        others = np.flatnonzero((planes == plane) & (slices.patients != patient))
        donors = slices[rng.choice(others, min(DONORS, len(others)), replace=False)]
        images.append(_with_tissue_of(donors, image, widened(mask, mm)))
    return replace(
        slices, images=np.stack(images), masks=np.zeros_like(slices.masks), labels=np.zeros_like(slices.labels)
    )


def _with_tissue_of(donors: Slices, image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """The donor's head is brought to the same box; the one that differs least round the hole is taken."""
    box = bounding_box(head_mask(image))
    ring = binary_dilation(hole, RING) & ~hole
    best, least = None, np.inf
    for other, mask in zip(donors.images, donors.masks, strict=True):
        own = bounding_box(head_mask(other))
        if (_into(box, mask[own].astype(np.float32), image.shape) > 0.01)[hole].any():
            continue  # its own tumour would come along
        donor = _into(box, other[own], image.shape)
        if (differs := np.abs(donor - image)[ring].mean()) < least:
            best, least = donor, differs
    return blend(image, np.zeros_like(image) if best is None else best, hole)


def _into(box: tuple[slice, slice], picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    canvas = np.zeros(shape, np.float32)
    canvas[box] = resize(picture, (box[0].stop - box[0].start, box[1].stop - box[1].start))
    return canvas


def standard_head(size: int) -> np.ndarray:
    """Slices of the MNI standard head in three planes, (N, size, size): no tumour, no contrast agent."""
    from importlib.resources import files

    import nibabel

    place = files("nilearn") / "datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
    head = nibabel.as_closest_canonical(nibabel.load(str(place))).get_fdata()
    cuts = [head[:, :, z] for z in range(30, 150, 4)]
    cuts += [head[:, y] for y in range(40, 190, 6)] + [head[x] for x in range(40, 150, 6)]
    return np.stack([to_square(normalise(np.rot90(cut)), size) for cut in cuts])


def look(segmenter: Segmenter, slices: Slices) -> pd.DataFrame:
    """What a segmenter that takes a tumour for granted says of each slice."""
    rows = []
    for image, true_mask, mm in zip(slices.images, slices.masks, slices.pixel_mm, strict=True):
        found = segmenter(image, mm)
        touches = bool((found.mask & true_mask).any())
        dice = dice_score(true_mask, found.mask) if true_mask.any() else np.nan
        rows.append({"score": found.score, "touches": touches, "dice": dice})
    return pd.DataFrame(rows).assign(patient=slices.patients, type=slices.types)


def chosen_apart(real: pd.DataFrame, free: pd.DataFrame) -> list[tuple[np.ndarray, Presence]]:
    """Five parts of the patients, each with what was fitted on the other four parts: real slices and emptied ones."""
    parts = []
    for others, part in GroupKFold(PARTS, shuffle=True, random_state=0).split(real, groups=real["patient"]):
        emptied = free[free["patient"].isin(real["patient"].iloc[others])]["score"].to_numpy()
        scores = real["score"].to_numpy()[others]
        there = np.repeat([True, False], [len(scores), len(emptied)])
        parts.append((real["patient"].iloc[part].unique(), fit_presence(np.r_[scores, emptied], there, AIM)))
    return parts


def judge(table: pd.DataFrame, parts: list[tuple[np.ndarray, Presence]]) -> pd.DataFrame:
    """Probability and alarm of each slice, by what was fitted without its patient."""
    judged = []
    for patients, presence in parts:
        rows = table[table["patient"].isin(patients)]
        judged.append(
            rows.assign(
                presence=[presence.probability(score) for score in rows["score"]],
                alarm=[presence.alarm(score) for score in rows["score"]],
            )
        )
    return pd.concat(judged).sort_index()


def share(table: pd.DataFrame, column: str = "alarm") -> dict:
    """Share of slices with an interval over patients."""
    return {"slices": len(table), **with_interval(table[column].to_numpy(), table["patient"].to_numpy())}


def by_group(table: pd.DataFrame, *columns: str) -> dict:
    """Alarms by type and by plane."""
    return {column: {name: share(rows) for name, rows in table.groupby(column)} for column in columns}


def trace(pair: Pipeline, slices: Slices) -> dict:
    """Can a classifier tell slices that were operated beside their tumour from untouched ones? AUROC by patient."""
    patched = patch_slices(slices, 5)
    both = concatenate([slices, patched])
    operated = np.repeat([False, True], len(slices))
    small = both.resized(pair.unet_size)
    tables = {
        "network's own features": bottleneck(pair.unet, small).mean(axis=(1, 2)),
        "local statistics": np.stack([_local_statistics(image) for image in both.images]),
    }
    models = {
        "network's own features": make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000)),
        "local statistics": HistGradientBoostingClassifier(random_state=0),
    }
    return {
        name: float(
            roc_auc_score(
                operated,
                cross_val_predict(
                    models[name], table, operated, groups=both.patients, cv=GroupKFold(PARTS), method="predict_proba"
                )[:, 1],
            )
        )
        for name, table in tables.items()
    }


def _local_statistics(image: np.ndarray) -> np.ndarray:
    """Quantiles of grey, of local spread and of steps between pixels inside the head."""
    head = head_mask(image)
    mean = uniform_filter(image, 5)
    spread = np.sqrt(np.maximum(uniform_filter(image**2, 5) - mean**2, 0))
    steps = np.hypot(*np.gradient(image))
    levels = np.linspace(0.02, 0.98, 17)
    return np.concatenate([np.quantile(values[head], levels) for values in (image, spread, steps)])


def main(
    data: Annotated[Path, typer.Argument(help="Folder of the downloaded set.")],
    model: Annotated[Path, typer.Option(help="Pair that knows nobody of fold 4 and may say no.")] = SAYS_NO,
) -> None:
    """Count alarms on slices of fold 4, on the same heads emptied, on phantoms and on the standard head."""
    start = time.perf_counter()
    pair = load_pipeline(model)
    segmenter = replace(pair.segmenter, presence=None)  # all is marked; who would raise no alarm is decided here
    slices = load_figshare(data, pair.working_size)
    slices = slices[slices.folds == CONFIRMATION_FOLD]
    planes = guess_planes(slices)
    real = look(segmenter, slices).assign(plane=planes)
    worlds = {way: look(segmenter, empty_slices(slices, 7, [way])) for way in WAYS}
    worlds["other head"] = look(segmenter, fill_from_others(slices, planes))
    worlds = {name: table.assign(type=real["type"], plane=planes) for name, table in worlds.items()}
    fitted_on = pd.concat([worlds[way] for way in WAYS], ignore_index=True)
    parts = chosen_apart(real, fitted_on)
    kept = judge(real, parts)
    alarms = {name: judge(table, parts) for name, table in worlds.items()}
    overall = fit_presence(
        np.r_[real["score"], fitted_on["score"]], np.repeat([True, False], [len(real), len(fitted_on)]), AIM
    )
    phantoms = look(segmenter, make_phantom_slices(14, pair.working_size, tumour_free=True))
    head = np.array([segmenter(image, 1.0).score for image in standard_head(pair.working_size)])
    told = pd.concat([kept.assign(there=1), alarms["other head"].assign(there=0)])
    gated = np.where(kept["alarm"], kept["dice"], 0.0)
    patients = kept["patient"].to_numpy()
    numbers = {
        "pair": f"{pair.name}, with a network that was asked for presence",
        "chosen": overall.to_dict(),
        "kept": share(kept),
        "kept_by": by_group(kept, "type", "plane"),
        "alarms_that_touch_the_tumour": share(kept[kept["alarm"]], "touches"),
        "false_alarms": {name: share(table) for name, table in alarms.items()},
        "false_alarms_by": by_group(alarms["other head"], "type", "plane"),
        "false_alarms_on_phantoms": share(phantoms.assign(alarm=[overall.alarm(score) for score in phantoms["score"]])),
        "alarms_on_the_standard_head": {
            "slices": len(head), "share": float(np.mean([overall.alarm(score) for score in head])),
        },
        "auroc": {
            name: float(roc_auc_score(np.repeat([1, 0], [len(real), len(table)]), np.r_[real["score"], table["score"]]))
            for name, table in {**worlds, "phantoms": phantoms, "standard head": pd.DataFrame({"score": head})}.items()
        },
        "brier": float(brier_score_loss(told["there"], told["presence"])),
        "calibration": calibration(told),
        "dice": {
            "every slice has a tumour": with_interval(kept["dice"].to_numpy(), patients),
            "with no allowed": with_interval(gated, patients),
            "change": with_interval(gated - kept["dice"].to_numpy(), patients),
        },
        "trace": trace(pair, slices),
        "roc": {
            name: roc_points(real["score"], table["score"])
            for name, table in {"emptied heads": worlds["other head"], "phantoms": phantoms}.items()
        },
    }  # fmt: skip
    for name, value in numbers.items():
        if name not in ("roc", "calibration"):
            print(f"{name}: {value}")
    write_result(
        "no_tumour",
        "Can the pair say that there is no tumour?",
        "fold 4 (47 patients), unknown to the pair; heads emptied with other patients' tissue, which it never "
        "learnt from; operating point chosen on four fifths of the patients, counted on the rest, five times round",
        (time.perf_counter() - start) / 60,
        numbers,
    )


def calibration(told: pd.DataFrame) -> list[dict]:
    """For each tenth of the stated probability: slices, mean stated, share with a tumour; at one in two."""
    tenth = np.minimum((told["presence"] * 10).astype(int), 9)
    return [
        {"slices": len(rows), "stated": rows["presence"].mean(), "tumour": rows["there"].mean()}
        for _, rows in told.groupby(tenth)
    ]


def roc_points(there: pd.Series, free: pd.Series, n: int = 60) -> dict:
    """The ROC curve at so many points: share of false alarms, share of tumours kept."""
    false_alarms, kept, _ = roc_curve(np.repeat([1, 0], [len(there), len(free)]), np.r_[there, free])
    at = np.unique(np.r_[np.linspace(0, 1, n), np.linspace(0, 0.2, n)])
    return {"false_alarms": at.tolist(), "kept": np.interp(at, false_alarms, kept).tolist()}


if __name__ == "__main__":
    typer.run(main)

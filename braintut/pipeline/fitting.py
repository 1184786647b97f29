"""Fitting the whole way: a U-Net on the true masks, classifiers on what masks look like in use."""

from __future__ import annotations

import hashlib
import inspect
import os
import platform
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import sklearn
from sklearn.pipeline import Pipeline as SklearnPipeline

from braintut.classification.classifier import check_patients, fit_classifier, make_classifier
from braintut.classification.jitter import jitter_mask
from braintut.dataset.scan import TUMOUR_TYPES
from braintut.dataset.slices import Slices
from braintut.errors import DataError, ModelError
from braintut.features.table import measure_table
from braintut.pipeline.card import FORMAT, fingerprints
from braintut.pipeline.familiarity import fit_familiarity
from braintut.pipeline.pipeline import Pipeline
from braintut.pipeline.recipe import Recipe
from braintut.pipeline.storage import as_stored
from braintut.report.words import NOT_FOR_CLINICAL_USE
from braintut.segmentation.segmenter import Segmenter
from braintut.segmentation.training import train_unet
from braintut.segmentation.unet import build_unet

REFERENCE_ROWS = 100
UNET_DEFAULTS = {
    name: parameter.default for name, parameter in inspect.signature(build_unet).parameters.items() if name != "size"
}


def runs_folder() -> Path:
    """Where long trainings keep their checkpoints: `BRAINTUT_RUNS`, by default in the user's cache."""
    chosen = os.environ.get("BRAINTUT_RUNS") or "~/.cache/braintut/runs"
    return Path(os.path.expanduser(chosen))  # noqa: PTH111 - a user without a home gets a folder called ~, where Path.home() gives up


def run_folder(name: str, out: str | os.PathLike) -> Path:
    """Where the checkpoints of one `braintut train` lie: a folder for each name and whole path of a pair."""
    place = hashlib.sha256(f"{name}\n{Path(out).resolve()}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
    readable = re.sub(r"[^\w-]+", "_", name)[:40]
    return runs_folder() / f"{readable}_{place}"


def fit_pipeline(
    slices: Slices,
    *,
    name: str,
    recipe: Recipe | None = None,
    start_from: Pipeline | None = None,
    masks_from: Sequence[Pipeline] = (),
    folder: str | os.PathLike | None = None,
    log: Callable[[str], None] | None = None,
) -> Pipeline:
    """Train a U-Net and two classifiers on one set of slices and join them.

    Parameters
    ----------
    slices : Slices
        Training slices on the working grid (the size features are measured at). From those without a tumour (label 0)
        the U-Net learns, the classifiers don't.
    name : str
        What the pair is called in its card.
    recipe : Recipe, optional
        How; default: `Recipe()`.
    start_from : Pipeline, optional
        Go on with the U-Net of this pair: the recipe's cycles follow its own. Its training patients count as patients
        of the new pair, too.
    masks_from : sequence of Pipeline
        Pairs of the same size that were fitted without some of these patients. The classifier gets those patients'
        predicted masks from them: what a network draws on patients it never saw, as in use. Others get theirs from the
        U-Net that was trained on them.
    folder : path, optional
        Where each cycle keeps its epochs, in a folder of its own. A broken training resumes from there, see
        `train_unet`.
    log : callable, optional
        Gets one line a step; default: standard error.

    Raises
    ------
    DataError
        If a true mask is empty, or only one type is there.
    SplitError
        If a type has a single patient: too few to calibrate the classifier.
    ModelError
        As `train_unet`; or if `start_from` was trained at another size or with another U-Net.
    """
    log = log or (lambda line: print(line, file=sys.stderr, flush=True))
    recipe = recipe or Recipe()
    slices = slices.resized(max(slices.images.shape[1:]))  # pictures that are no squares get black margins
    with_tumour = slices if (slices.labels > 0).all() else slices[slices.labels > 0]
    _check_types(with_tumour, recipe.classifier)
    if start_from:
        _check_start(start_from, recipe)
    general = asdict(recipe) | {
        "working_size": slices.images.shape[1],
        "augmentation": recipe.make_augmentation().settings,
        "masks_from": [pair.name for pair in masks_from],
    }
    del general["cycles"], general["presence"]  # they have settings of their own
    trained, settings = _train_cycles(slices.resized(recipe.unet_size), recipe, general, start_from, folder, log)
    log("measuring features on true, jittered and predicted masks")
    segmenter = Segmenter(trained, working_size=slices.images.shape[1], **recipe.looking)
    predicted = segmenter.masks(with_tumour)
    for pair in reversed(masks_from):  # where several pairs don't know a patient, the first one has the last word
        unknown = np.array([not pair.was_fitted_on(str(patient)) for patient in with_tumour.patients])
        if unknown.any():
            predicted[unknown] = replace(segmenter, unet=pair.unet).masks(with_tumour[unknown])
    true_table = measure_table(with_tumour)
    log(f"fitting classifiers on true masks, and on true, predicted and {recipe.jitters} times jittered ones")
    kind, seed = recipe.classifier, recipe.seed
    reference = true_table.sample(min(REFERENCE_ROWS, len(true_table)), random_state=seed)
    return Pipeline(
        unet=trained,
        classifier=fit_on_mixed_masks(with_tumour, predicted, true_table, kind=kind, jitters=recipe.jitters, seed=seed),
        classifier_true_mask=fit_classifier(
            make_classifier(kind, seed=seed), true_table, with_tumour.labels, with_tumour.patients
        ),
        reference=reference.reset_index(drop=True),
        card=_card(name, slices, start_from, settings),
        familiarity=fit_familiarity(slices),
    )


def _train_cycles(
    slices: Slices,
    recipe: Recipe,
    general: dict,
    start_from: Pipeline | None,
    folder: str | os.PathLike | None,
    log: Callable[[str], None],
) -> tuple[keras.Model, dict]:
    """Train cycle after cycle; give the U-Net as it will be stored, and the settings, which hold those before."""
    unet, settings = (start_from.unet, start_from.card["settings"]) if start_from else (None, None)
    for number, cycle in enumerate(recipe.cycles, 1):
        if len(recipe.cycles) > 1:
            log(f"cycle {number} of {len(recipe.cycles)}")
        run = train_unet(
            slices,
            **asdict(cycle),
            augmentation=recipe.make_augmentation(),
            unet=general["unet"],
            start_from=unet,
            folder=folder and Path(folder) / f"cycle_{number}",
            seed=recipe.seed,
            precision=recipe.precision,
            log=log,
        )
        unet = as_stored(run.model, recipe.unet_size, general["unet"])
        before = {"start_from": settings} if settings else {}
        losses = [round(entry["loss"], 4) for entry in run.history]
        settings = {**general, **asdict(cycle), "loss_per_epoch": losses, **before}
    return unet, settings


def _check_types(slices: Slices, kind: str) -> None:
    """Find out before hours of training what would stop the classifiers after them."""
    empty = slices.ids[~slices.masks.any(axis=(1, 2))]
    if len(empty):
        raise DataError(f"The true mask of slice {empty[0]} is empty although its label names a tumour; correct it.")
    if len(np.unique(slices.labels)) < 2:
        raise DataError(
            "A classifier needs tumours of at least two types to learn from; the slices show "
            f"{' and '.join(np.unique(slices.types)) or 'none'} only."
        )
    if "model__cv" in make_classifier(kind).get_params():
        check_patients(slices.labels, slices.patients)


def _check_start(start: Pipeline, recipe: Recipe) -> None:
    """Refuse to go on with a U-Net that is built otherwise than the new one."""
    before, now = (
        {"size": size, **UNET_DEFAULTS, **how}
        for size, how in ((start.unet_size, start.card["settings"]["unet"]), (recipe.unet_size, asdict(recipe.unet)))
    )
    different = [f"{name} {before[name]}, not {now[name]}" for name in now if before.get(name) != now[name]]
    if different:
        raise ModelError(
            f"The pair '{start.name}' to start from has a U-Net of {' and '.join(different)}; "
            "give the new one the same, or start afresh."
        )


def fit_on_mixed_masks(
    slices: Slices,
    predicted: np.ndarray,
    true_table: pd.DataFrame | None = None,
    *,
    kind: str = "svm",
    jitters: int = 3,
    seed: int = 0,
) -> SklearnPipeline:
    """Fit a classifier on true, predicted and jittered masks, so that it knows what masks in use look like.

    Parameters
    ----------
    slices : Slices
        Training slices, each with a tumour.
    predicted : ndarray of bool, shape (N, H, W)
        From `Segmenter.masks`.
    true_table : DataFrame, optional
        Features of the true masks, if they were measured already.
    kind : str
        As in `make_classifier`.
    jitters : int
        Jittered copies of each true mask.
    seed : int
        Fixes the jitter and the classifier.

    Raises
    ------
    DataError
        If the slices hold only one type.
    """
    rng = np.random.default_rng(seed)
    tables = [measure_table(slices) if true_table is None else true_table, measure_table(slices, predicted)]
    tables += [measure_table(slices, np.stack([jitter_mask(m, rng) for m in slices.masks])) for _ in range(jitters)]
    labels, patients = (np.tile(values, len(tables)) for values in (slices.labels, slices.patients))
    mixed = pd.concat(tables, ignore_index=True)
    return fit_classifier(make_classifier(kind, seed=seed), mixed, labels, patients)


def _card(name: str, slices: Slices, start_from: Pipeline | None, settings: dict) -> dict:
    # One salt along a chain of pairs, so that the hashes of all their patients can stand in one list.
    salt = start_from.card["salt"] if start_from else f"braintut-{name}"
    hashes = fingerprints(salt, slices.patients)
    if start_from:
        hashes = {key: sorted({*hashes[key], *start_from.card[key]}) for key in hashes}
    per_type = {
        tumour_type: {"slices": len(of_type), "patients": of_type.n_patients}
        for tumour_type in TUMOUR_TYPES
        if len(of_type := slices.of_type(tumour_type))
    }
    free = slices[slices.labels == 0]
    return {
        "format": FORMAT,
        "name": name,
        "use": NOT_FOR_CLINICAL_USE,
        "data": {
            "summary": f"{len(slices)} slices of {slices.n_patients} patients ({slices.source})",
            "folds": sorted({int(f) for f in slices.folds}),
            "per_type": per_type,
            **({"without_tumour": {"slices": len(free), "patients": free.n_patients}} if len(free) else {}),
        },
        "settings": settings,
        "versions": {
            "keras": keras.__version__,
            "scikit-learn": sklearn.__version__,
            "python": platform.python_version(),
        },
        "numbers": None,
        "about_the_hashes": "SHA-256 of salt + patient id. It hides how an id is spelled, not who took part.",
        "salt": salt,
        **hashes,
    }

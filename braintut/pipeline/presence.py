"""A second, small network that answers one question: does this slice show a tumour at all?"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np

from braintut.dataset.slices import Slices, concatenate
from braintut.errors import DataError
from braintut.pipeline.pipeline import Pipeline
from braintut.pipeline.storage import as_stored
from braintut.segmentation.augmentation import Augmentation
from braintut.segmentation.emptied import empty_slices, with_emptied
from braintut.segmentation.losses import DiceTypeLoss
from braintut.segmentation.prediction import predict_classes, tumour_probability
from braintut.segmentation.presence import Presence, fit_presence, presence_score
from braintut.segmentation.training import train_unet

NETWORK = {"filters": 12, "depth": 4, "stem": 2, "classes": 4}
TRAINING = {"epochs": 36, "batch_size": 16, "learning_rate": 2e-3, "ema_momentum": 0.998}
CHANGES = {"rotation": 20.0, "zoom": 0.2, "shift": 0.1, "contrast": 0.3, "noise": 0.03}
"""How the network is built and trained. It forgets less of its patients than it should, hence the stronger changes."""

KEEP = 0.95
"""Share of the tumours on unknown patients that shall still be reported."""


def train_presence(
    slices: Slices,
    size: int,
    *,
    folder: str | os.PathLike | None = None,
    seed: int = 0,
    precision: str = "auto",
    log: Callable[[str], None] | None = None,
) -> keras.Model:
    """Train a U-Net on heads with their tumour and without it; its surest pixels say whether there is one.

    The network that outlines was trained on slices that all show a tumour, and teaching it to say no costs it Dice. So
    another, smaller one is asked.

    Parameters
    ----------
    slices : Slices
        On the working grid, each with a tumour.
    size : int
        Side of the picture that the network sees, in pixels.
    folder, seed, precision, log
        As in `train_unet`.

    Returns
    -------
    keras.Model
        As it will be stored.
    """
    run = train_unet(
        with_emptied(slices[slices.labels > 0], seed).resized(size),
        **TRAINING,
        loss=DiceTypeLoss(presence_weight=1.0),
        augmentation=Augmentation(**CHANGES),
        unet=NETWORK,
        folder=folder,
        seed=seed,
        precision=precision,
        log=log,
    )
    return as_stored(run.model, size, NETWORK)


def with_presence(pipeline: Pipeline, network: keras.Model, presence: Presence) -> Pipeline:
    """The pair with a network that is asked whether there is a tumour, and the calibration of its answer."""
    settings = {**pipeline.card["settings"], "presence": presence.to_dict(), "presence_unet": NETWORK}
    return replace(pipeline, presence_unet=network, card={**pipeline.card, "settings": settings})


def calibrate_presence(pipeline: Pipeline, network: keras.Model, slices: Slices, seed: int = 0) -> Presence:
    """Find how likely a tumour is by a network's answer, and the point that keeps 95 % of the tumours.

    Parameters
    ----------
    pipeline : Pipeline
        The pair that the network belongs to: both know the same patients.
    network : keras.Model
        From `train_presence`.
    slices : Slices
        On the working grid, with tumours; each is looked at as it is and with its tumour taken out, see
        `empty_slices`. Slices without a tumour (label 0) count as such.
    seed : int
        Decides how the tumours are taken out.

    Returns
    -------
    Presence

    Raises
    ------
    DataError
        If the pair was fitted on one of the patients: of them it remembers where the tumour is.
    """
    known = [patient for patient in np.unique(slices.patients).tolist() if pipeline.was_fitted_on(patient)]
    if known:
        raise DataError(
            f"The pair '{pipeline.name}' was fitted on patient {known[0]}; calibrate it on patients it does not know."
        )
    both = concatenate([slices, empty_slices(slices[slices.labels > 0], seed)])
    mirror = pipeline.card["settings"]["mirror"]
    seen = predict_classes(network, both.resized(pipeline.unet_size).images, mirror)
    return fit_presence(presence_score(tumour_probability(seen)), both.labels > 0, KEEP)

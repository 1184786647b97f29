"""Calibrating a pair's answer whether there is a tumour at all, on patients whom it does not know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from braintut.dataset.slices import Slices, concatenate
from braintut.errors import DataError
from braintut.pipeline.pipeline import Pipeline
from braintut.segmentation.emptied import empty_slices
from braintut.segmentation.prediction import predict_classes, tumour_probability
from braintut.segmentation.presence import fit_presence, presence_score

KEEP = 0.95
"""Share of the tumours on unknown patients that shall still be reported."""


def calibrate_presence(pipeline: Pipeline, slices: Slices, seed: int = 0) -> Pipeline:
    """Let a pair say how likely a tumour is there, and report none below the point that keeps 95 % of the tumours.

    Parameters
    ----------
    slices : Slices
        On the working grid, with tumours; each is looked at as it is and with its tumour taken out, see
        `empty_slices`. Slices without a tumour (label 0) count as such.
    seed : int
        Decides how the tumours are taken out.

    Returns
    -------
    Pipeline
        The same pair; the calibration stands in its card, under `settings.presence`.

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
    with_tumour = slices[slices.labels > 0]
    both = concatenate([slices, empty_slices(with_tumour, seed)])
    segmenter = pipeline.without_presence().segmenter
    seen = predict_classes(segmenter.unet, both.resized(pipeline.unet_size).images, segmenter.mirror)
    presence = fit_presence(presence_score(tumour_probability(seen)), both.labels > 0, KEEP)
    settings = {**pipeline.card["settings"], "presence": presence.to_dict()}
    return replace(pipeline, card={**pipeline.card, "settings": settings})

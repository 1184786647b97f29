"""The whole way as one thing: preprocessing, U-Net and classifier. A scan goes in, a report comes out."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline as SklearnPipeline

from braintut.classification.classifier import predict_types
from braintut.classification.insight import explain
from braintut.dataset.arrays import as_pixel_mm
from braintut.dataset.head import check_head
from braintut.dataset.preprocessing import crop_from_square, normalise, pad_to_square, resize, resize_mask
from braintut.dataset.scans import Scan, read_scan
from braintut.dataset.slices import FIELD_OF_VIEW_MM, TUMOUR_TYPES, Slices, assumed_pixel_mm
from braintut.errors import DataError, ModelError, brief
from braintut.features.table import measure_features
from braintut.pipeline.card import ASSETS, pair_folder, training_losses, was_fitted_on, was_fitted_on_twin
from braintut.pipeline.storage import StoredPair, load_pair, save_pair
from braintut.report.report import Report
from braintut.segmentation.mask import THRESHOLD, mark_tumour
from braintut.segmentation.prediction import predict_classes, tumour_probability, types_inside
from braintut.segmentation.unet import build_unet, fold_normalisation

FIELD_OF_VIEW_LIMITS_MM = (20.0, 2000.0)
"""A picture that is smaller or larger across shows no head: its pixel size was stated in another unit."""


@dataclass(frozen=True)
class Found:
    """What the first half of the way leaves: the picture on two grids, probability and mask on its own.

    `classes` is all that the U-Net says of each pixel, on the grid that it sees, shape (S, S, C).
    """

    normalised: np.ndarray
    working: np.ndarray
    classes: np.ndarray
    probability: np.ndarray
    mask: np.ndarray


@dataclass
class Pipeline:
    """Preprocessing, U-Net and classifiers, fitted together, saved together, called together.

    Parameters
    ----------
    unet : keras.Model
    classifier : sklearn Pipeline
        Fitted on jittered and predicted masks; says what it thinks of the type, from a predicted mask.
    classifier_true_mask : sklearn Pipeline
        Fitted on true masks; `evaluate` uses it to tell what the mask costs.
    reference : DataFrame
        A few rows of features of training slices; `explain` takes its medians from them.
    card : dict
        The model card: name, data, settings, numbers, hashes of the training patients.

    Examples
    --------
    >>> pipeline = load_pipeline("phantom")
    >>> report = pipeline("scan.png")
    >>> report.tumour_type
    """

    unet: keras.Model
    classifier: SklearnPipeline
    classifier_true_mask: SklearnPipeline
    reference: pd.DataFrame
    card: dict = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of this pair."""
        return self.card["name"]

    @property
    def unet_size(self) -> int:
        """Side of the picture that the U-Net sees, in pixels."""
        return self.card["settings"]["unet_size"]

    @property
    def working_size(self) -> int:
        """Side of the picture that features are measured on, in pixels."""
        return self.card["settings"]["working_size"]

    @property
    def threshold(self) -> float:
        """Probability from which on this pair calls a pixel tumour."""
        return self.card["settings"].get("threshold", THRESHOLD)

    @property
    def names_types(self) -> bool:
        """Whether the U-Net itself tells the types apart."""
        return self.card["settings"]["unet"].get("classes", 1) > 1

    @property
    def training_losses(self) -> list[float]:
        """Mean training loss of every epoch that its U-Net went through, those of the pair it started from first."""
        return training_losses(self.card)

    def __call__(self, scan: Scan | Slices | np.ndarray | str | os.PathLike, pixel_mm: float | None = None) -> Report:
        """Look at one scan.

        Parameters
        ----------
        scan : path, Scan, Slices of length 1, or ndarray of shape (H, W)
        pixel_mm : float, optional
            Side of a pixel in mm, if you know better than the file.

        Returns
        -------
        Report

        Raises
        ------
        DataError
            If the scan cannot be read, or the pixel size is no number above 0
            or gives no head; if a file shows no head (see `check_head`).

        Notes
        -----
        A path or a `Scan` can be anything, so it is looked at first. An array
        or a slice in memory is taken at its word.
        """
        from_file = isinstance(scan, Scan | str | os.PathLike)
        scan = _as_scan(scan)
        pixel_mm, assumed = (scan.pixel_mm, scan.pixel_mm_assumed) if pixel_mm is None else (pixel_mm, False)
        pixel_mm = as_pixel_mm(pixel_mm, scan.name)
        start = time.perf_counter()
        found = self.locate(scan.image, pixel_mm, scan.name, must_be_head=from_file)
        mask = found.mask
        features: dict[str, float] = {}
        tumour_type, probabilities, opinions, reasons = None, None, {}, []
        if mask.any():
            features = self.measure(found.working, mask, pixel_mm)
            said = self.opinions(found, mask, features)
            joint = join_opinions(said["features"], said.get("network"))
            tumour_type, probabilities = TUMOUR_TYPES[joint.argmax()], by_name(joint)
            opinions = {who: by_name(types) for who, types in said.items()}
            reasons = explain(self.classifier, pd.DataFrame([features]), self._average, label=int(joint.argmax()) + 1)
        return Report(
            scan=scan.name, image=found.normalised, probability=found.probability, predicted_mask=mask,
            tumour_type=tumour_type,
            probabilities=probabilities, opinions=opinions, pixel_mm=float(pixel_mm), pixel_mm_assumed=assumed,
            seconds=time.perf_counter() - start, features=features, reasons=reasons, model=self.name,
            card=self.card, threshold=self.threshold,
            trained_on_patient=self.was_fitted_on_twin(scan.patient) if scan.patient else None,
        )  # fmt: skip

    def locate(self, image: np.ndarray, pixel_mm: float, name: str = "scan", must_be_head: bool = False) -> Found:
        """Normalise a raw picture of any shape and mark the tumour on it; errors call it by `name`."""
        _check_field_of_view(as_pixel_mm(pixel_mm, name), image.shape, name)
        try:
            normalised = normalise(image)
            if must_be_head:
                check_head(normalised)
        except DataError as error:
            raise DataError(f"{name}: {error}") from error
        working = self.prepare(normalised)
        classes = self.look(working)
        probability = on_own_grid(tumour_probability(classes), image.shape)
        mask = mark_tumour(probability, pixel_mm, self.threshold, self.card["settings"].get("faint_threshold"))
        return Found(normalised, working, classes, probability, mask)

    @cached_property
    def _quick_unet(self) -> keras.Model:
        """The U-Net for use, not for training: its normalisation is worked into its convolutions."""
        settings = self.card["settings"]["unet"]
        if settings.get("normalisation", "batch") != "batch" or not isinstance(self.unet, keras.Model):
            return self.unet  # nothing to fold: no normalisation that stands still, or a stand-in that only predicts
        return fold_normalisation(self.unet, build_unet(self.unet_size, **{**settings, "normalisation": "none"}))

    @cached_property
    def _average(self) -> pd.DataFrame:
        """Medians of the reference table, one row: what `explain` calls average."""
        return self.reference.median().to_frame().T

    def opinions(self, found: Found, mask: np.ndarray, features: dict[str, float]) -> dict[str, np.ndarray]:
        """What the classifier and, if it knows types, the U-Net say of the type in a mask.

        Parameters
        ----------
        found : Found
            Of the same scan.
        mask : ndarray of bool, shape (H, W)
            On the scan's own grid, not empty.
        features : dict
            Of this mask, see `measure`.

        Returns
        -------
        dict of str to ndarray, shape (3,)
            "features" and "network"; each adds up to 1.
        """
        measured = predict_types(self.classifier, pd.DataFrame([features]))[list(TUMOUR_TYPES)].to_numpy()[0]
        network = self.network_types(found, mask)
        return {"features": measured} if network is None else {"features": measured, "network": network}

    def network_types(self, found: Found, mask: np.ndarray) -> np.ndarray | None:
        """What the U-Net itself says of the type in a mask, shape (3,); None if it knows none or the mask is empty."""
        if not self.names_types:
            return None
        share = resize(pad_to_square(mask).astype(np.float32), self.unet_size)
        return types_inside(found.classes, share)

    def prepare(self, normalised: np.ndarray) -> np.ndarray:
        """Bring a normalised picture of any shape to the square working grid, shape (S, S)."""
        return resize(pad_to_square(normalised), self.working_size)

    def look(self, working: np.ndarray) -> np.ndarray:
        """What the U-Net says of each pixel of a working picture, on the grid that it sees, shape (S, S, C)."""
        seen = resize(working, self.unet_size)
        return predict_classes(self._quick_unet, seen[None], mirror=self.card["settings"]["mirror"])[0]

    def find(self, working: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Probability of tumour on a grid of the given shape, from a picture on the working grid."""
        return on_own_grid(tumour_probability(self.look(working)), shape)

    def measure(self, working: np.ndarray, mask: np.ndarray, pixel_mm: float) -> dict[str, float]:
        """Features of a mask that lies on the scan's own grid."""
        size = self.working_size
        return measure_features(working, resize_mask(pad_to_square(mask), size), pixel_mm * max(mask.shape) / size)

    def vote(self, reports: Iterable[Report]) -> dict[str, float] | None:
        """Let several slices of one patient decide together.

        Parameters
        ----------
        reports : iterable of Report
            Of slices of one patient.

        Returns
        -------
        dict or None
            Mean probability of each type over the slices where a tumour was
            found; None if there is none.
        """
        found = [report.probabilities for report in reports if report.tumour_found]
        return {name: float(np.mean([p[name] for p in found])) for name in found[0]} if found else None

    def was_fitted_on(self, patient: str) -> bool:
        """Whether this pair was fitted on slices of this patient (the exact id decides)."""
        return was_fitted_on(self.card, patient)

    def was_fitted_on_twin(self, patient: str) -> bool:
        """Whether this pair was fitted on this patient or one whose merged id is the same."""
        return was_fitted_on_twin(self.card, patient)

    def save(self, folder: str | os.PathLike) -> Path:
        """Write the pair to a folder: plain arrays, skops files and a JSON card.

        A pair that was there before stays until the new one is whole: the new files wait beside the old ones, and
        only then the new card takes the old one's place. Whenever a save is broken off, one of the two pairs loads.
        """
        pair = StoredPair(self.unet, self.classifier, self.classifier_true_mask, self.reference, self.card)
        return save_pair(folder, pair)


def load_pipeline(name: str | os.PathLike | None = None, slices: Slices | None = None) -> Pipeline:
    """Load a trained pair, and say which.

    Parameters
    ----------
    name : str or path, optional
        `"phantom"`, `"figshare"`, or a folder that `Pipeline.save` wrote. A
        folder of yours wins over a shipped pair of the same name.
    slices : Slices, optional
        Without a name the pair is chosen to fit these: `phantom` for phantoms,
        `figshare` for everything else.

    Returns
    -------
    Pipeline

    Raises
    ------
    ModelError
        If there is no such pair, or its files are damaged. No pickle is loaded.
    """
    folder = _fitting_pair(slices) if name is None else pair_folder(name)
    pair = load_pair(folder)
    card = pair.card
    summary = re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", f"pair '{card['name']}', trained on {card['data']['summary']}")
    print(f"braintut: {summary}", file=sys.stderr)
    pipeline = Pipeline(pair.unet, pair.classifier, pair.classifier_true_mask, pair.reference, card)
    try:
        _warm_up(pipeline)
    except Exception as error:  # parts that don't belong together can fail in any way
        reason = f"{type(error).__name__}: {brief(error)}"
        raise ModelError(f"The parts of the pair {folder} don't work together ({reason}); train it again.") from error
    return pipeline


def _fitting_pair(slices: Slices | None) -> Path:
    return ASSETS / ("phantom" if slices is not None and slices.source.startswith("phantom") else "figshare")


def _warm_up(pipeline: Pipeline) -> None:
    # The first call builds the network's graph and loads libraries; that belongs to loading, not to the first scan.
    size = pipeline.working_size
    disc = np.hypot(*(np.mgrid[:size, :size] - size / 2)) < size / 3
    head = disc.astype(np.float32)
    pipeline.find(head, head.shape)
    pipeline.measure(head, disc, FIELD_OF_VIEW_MM / size)
    explain(pipeline.classifier, pipeline.reference.iloc[:1], pipeline._average)


def join_opinions(measured: np.ndarray, network: np.ndarray | None) -> np.ndarray:
    """Let the classifier of the measured features and the network decide together: the mean of both.

    Parameters
    ----------
    measured, network : ndarray of float, shape (..., 3)
        Probability of each type; `network` is None where it knows no types.

    Returns
    -------
    ndarray of float, shape (..., 3)
    """
    return measured if network is None else (measured + network) / 2


def by_name(probabilities: np.ndarray) -> dict[str, float]:
    """Three probabilities as a dictionary by type."""
    return {name: float(p) for name, p in zip(TUMOUR_TYPES, probabilities, strict=True)}


def on_own_grid(probability: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Bring what a network saw as a square back to the grid of a picture of this shape."""
    return crop_from_square(resize(probability, max(shape)), shape)


def _check_field_of_view(pixel_mm: float, shape: tuple[int, ...], name: str) -> None:
    across = pixel_mm * max(shape)
    if not FIELD_OF_VIEW_LIMITS_MM[0] <= across <= FIELD_OF_VIEW_LIMITS_MM[1]:
        raise DataError(
            f"{name}: with pixels of {pixel_mm:g} mm the picture is {across:.3g} mm across, "
            f"and no head is seen at that size; state the pixel size in mm."
        )


def _as_scan(scan: Scan | Slices | np.ndarray | str | os.PathLike) -> Scan:
    if isinstance(scan, Scan):
        return scan
    if isinstance(scan, str | os.PathLike):
        return read_scan(scan)
    if isinstance(scan, Slices):
        if len(scan) != 1:
            raise DataError(f"The pipeline looks at one slice at a time, but got {len(scan)}; write slices[0].")
        return Scan(f"slice {scan.ids[0]}", scan.images[0], float(scan.pixel_mm[0]), False, str(scan.patients[0]))
    image = np.asarray(scan)
    if image.ndim != 2:
        raise DataError(f"A scan is one grey picture of shape (H, W), but this array has shape {image.shape}.")
    return Scan("scan", image, assumed_pixel_mm(image.shape), True)

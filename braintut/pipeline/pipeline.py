"""The whole way as one thing: preprocessing, U-Net and classifier. A scan goes in, a report comes out."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from braintut.classification.classifier import predict_types
from braintut.classification.insight import explain
from braintut.dataset.arrays import as_pixel_mm
from braintut.dataset.grid import mask_to_square, normalise, square_pixel_mm
from braintut.dataset.head import check_head, shows_head
from braintut.dataset.scan import TUMOUR_TYPES, Scan
from braintut.dataset.scan_files import read_scan
from braintut.dataset.slices import Slices
from braintut.errors import DataError, ModelError, brief
from braintut.features.head import Head, find_head
from braintut.features.table import measure_features
from braintut.pipeline.card import (
    ASSETS,
    pair_folder,
    read_card,
    shipped_pairs,
    training_losses,
    was_fitted_on,
    was_fitted_on_twin,
)
from braintut.pipeline.storage import StoredPair, load_pair, save_pair
from braintut.quiet import say
from braintut.report.report import Report
from braintut.report.series import SeriesReport, SliceAnswer
from braintut.segmentation.mask import THRESHOLD
from braintut.segmentation.presence import Presence
from braintut.segmentation.segmenter import Segmentation, Segmenter
from braintut.segmentation.unet import build_unet, fold_normalisation

FIELD_OF_VIEW_LIMITS_MM = (20.0, 2000.0)
"""A picture that is smaller or larger across shows no head: its pixel size was stated in another unit."""


@dataclass(frozen=True, eq=False)
class Found(Segmentation):
    """What the first half of the way leaves of a scan: pictures, probability and mask, and the head, found once."""

    pixel_mm: float

    @cached_property
    def head(self) -> Head:
        """The head on the working grid."""
        return find_head(self.square, self.square_mm)

    @property
    def square_mm(self) -> float:
        """Side of a pixel of the working grid in mm."""
        return square_pixel_mm(self.pixel_mm, self.normalised.shape, len(self.square))


@dataclass
class Pipeline(StoredPair):
    """Preprocessing, U-Net and classifiers, fitted together, saved together, called together.

    Parameters
    ----------
    classifier : sklearn Pipeline
        Fitted on jittered and predicted masks; says what it thinks of the type, from a predicted mask.
    classifier_true_mask : sklearn Pipeline
        Fitted on true masks; `evaluate` uses it to tell what the mask costs.
    reference : DataFrame
        A few rows of features of training slices; `explain` takes its medians from them.
    card : dict
        The model card: name, data, settings, numbers, hashes of the training patients.
    familiarity : Familiarity, optional
        How the training slices look; without it reports say nothing of how unlike them a scan is.
    presence_unet : keras.Model, optional
        A second, small network that is asked whether there is a tumour at all, see `train_presence`.
    prevalence : float
        Share of the slices that you look at which show a tumour, between 0 and 1. It moves the stated probability that
        there is one, not the point from which on one is reported.

    Examples
    --------
    >>> from braintut.dataset.locations import phantom_folder
    >>> pipeline = load_pipeline("phantom")
    >>> pipeline(phantom_folder() / "figshare_layout" / "1.mat").tumour_type
    'glioma'
    """

    prevalence: float = 0.5

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
    def presence(self) -> Presence | None:
        """How this pair decides whether there is a tumour at all; None if it always looks for the likeliest place."""
        stored = self.card["settings"].get("presence")
        return Presence(**stored) if stored else None

    def without_presence(self) -> Pipeline:
        """The same pair, taking for granted that every slice shows a tumour, as most published numbers do."""
        settings = {name: value for name, value in self.card["settings"].items() if name != "presence"}
        return replace(self, presence_unet=None, card={**self.card, "settings": settings})

    @property
    def names_types(self) -> bool:
        """Whether the U-Net itself tells the types apart."""
        return self.card["settings"]["unet"].get("classes", 1) > 1

    @property
    def training_losses(self) -> list[float]:
        """Mean training loss of every epoch that its U-Net went through, those of the pair it started from first."""
        return training_losses(self.card)

    @cached_property
    def segmenter(self) -> Segmenter:
        """The U-Net as it is used: its normalisation is worked into its convolutions, its thresholds beside it."""
        settings = self.card["settings"]
        return Segmenter(
            unet=self._folded(self.unet, settings["unet"]),
            unet_size=self.unet_size,
            working_size=self.working_size,
            mirror=settings["mirror"],
            threshold=self.threshold,
            faint_threshold=settings.get("faint_threshold"),
            presence=self.presence,
            presence_unet=self._folded(self.presence_unet, settings.get("presence_unet", {})),
        )

    def _folded(self, network: keras.Model | None, built: dict) -> keras.Model | None:
        if built.get("normalisation", "batch") != "batch" or not isinstance(network, keras.Model):
            return network  # nothing to fold: no normalisation that stands still, or a stand-in that only predicts
        return fold_normalisation(network, build_unet(self.unet_size, **{**built, "normalisation": "none"}))

    @cached_property
    def _average(self) -> pd.DataFrame:
        """Medians of the reference table, one row: what `explain` calls average."""
        return self.reference.median().to_frame().T

    def __call__(self, scan: Scan | np.ndarray | str | os.PathLike, pixel_mm: float | None = None) -> Report:
        """Look at one scan.

        Parameters
        ----------
        scan : path, Scan, or ndarray of shape (H, W)
            A slice of a set is a `Scan`, too: `slices[0]`.
        pixel_mm : float, optional
            Side of a pixel in mm, if you know better than the file.

        Raises
        ------
        DataError
            If the scan cannot be read, or the pixel size is no number above 0 or gives no head; if it shows no head
            (see `check_head`).

        Notes
        -----
        A path or a `Scan` can be anything, so what shows no head is refused. An array in memory is never refused, but
        its report says that it is unlike the slices that the pair learnt from, as for a head that looks otherwise than
        they do (`Report.familiar`).
        """
        must_be_head = not isinstance(scan, np.ndarray)
        scan = _as_scan(scan, pixel_mm)
        start = time.perf_counter()
        found = self.locate(scan, must_be_head)
        unlike = self.unlike(found)
        familiar = None if unlike is None else unlike <= 1 and (must_be_head or shows_head(found.normalised))
        features: dict[str, float] = {}
        tumour_type, probabilities, opinions, reasons = None, None, {}, []
        if found.mask.any():
            features = self.measure(found, found.mask)
            said = self.opinions(found, found.mask, features)
            joint = join_opinions(said["features"], said.get("network"))
            tumour_type, probabilities = TUMOUR_TYPES[joint.argmax()], by_name(joint)
            opinions = {who: by_name(types) for who, types in said.items()}
            reasons = explain(self.classifier, pd.DataFrame([features]), self._average, label=int(joint.argmax()) + 1)
        return Report(
            scan=scan.name, image=found.normalised, probability=found.probability, predicted_mask=found.mask,
            tumour_type=tumour_type, probabilities=probabilities, opinions=opinions, pixel_mm=found.pixel_mm,
            pixel_mm_assumed=scan.pixel_mm_assumed, seconds=time.perf_counter() - start, features=features,
            reasons=reasons, model=self.name, card=self.card, threshold=self.threshold,
            trained_on_patient=self.was_fitted_on_twin(scan.patient) if scan.patient else None, warnings=scan.warnings,
            familiar=familiar, unlike=unlike,
            presence=self.presence.probability(found.score, self.prevalence) if self.presence else None,
        )  # fmt: skip

    def series(self, scans: Sequence[Scan] | str | os.PathLike, progress: bool = True) -> SeriesReport:
        """Look at all slices of one patient, and let them answer together.

        Parameters
        ----------
        scans : path or sequence of Scan
            A folder of one DICOM series or of pictures of one patient, a multi-frame DICOM file, a NIfTI volume (cut
            into axial slices), or scans in order, such as `slices.of_patient("p1")`.
        progress : bool
            Show a progress bar.

        Returns
        -------
        SeriesReport
            A slice that cannot be looked at is an entry with its error. Of each slice only numbers and a small picture
            are kept, so that a thousand fit into memory.

        Raises
        ------
        DataError
            If the place cannot be read or holds several series, or no slice can be looked at.
        """
        from braintut.pipeline.series import look_at_series

        return look_at_series(self, self.vote, scans, progress)

    def locate(self, scan: Scan, must_be_head: bool = False) -> Found:
        """Mark the tumour on a scan, whose picture may have any shape and scale."""
        pixel_mm = as_pixel_mm(scan.pixel_mm, scan.name)
        _check_field_of_view(pixel_mm, scan.image.shape, scan.name)
        try:
            normalised = normalise(scan.image)
            if must_be_head:
                check_head(normalised)
        except DataError as error:
            raise DataError(f"{scan.name}: {error}") from error
        return Found(**vars(self.segmenter(normalised, pixel_mm)), pixel_mm=float(pixel_mm))

    def unlike(self, found: Found) -> float | None:
        """How unlike the training slices a scan is, in multiples of the limit (see `Familiarity`); None if unknown."""
        return None if self.familiarity is None else self.familiarity.unlike(found.square)

    def measure(self, found: Found, mask: np.ndarray) -> dict[str, float]:
        """Features of a mask that lies on the scan's own grid, shape (H, W)."""
        return measure_features(found.square, mask_to_square(mask, self.working_size), found.square_mm, found.head)

    def opinions(self, found: Found, mask: np.ndarray, features: dict[str, float]) -> dict[str, np.ndarray]:
        """What the classifier ("features") and, if it knows types, the U-Net ("network") say of the type in a mask.

        The mask lies on the scan's own grid, ndarray of bool, shape (H, W), not empty; `measure` gives its features.
        Each opinion is an ndarray, shape (3,), that adds up to 1.
        """
        measured = predict_types(self.classifier, pd.DataFrame([features]))[list(TUMOUR_TYPES)].to_numpy()[0]
        network = self.segmenter.types(found, mask)
        return {"features": measured} if network is None else {"features": measured, "network": network}

    def vote(self, reports: Iterable[Report | SliceAnswer]) -> dict[str, float] | None:
        """Let slices of one patient decide: mean probability of each type where a tumour was found; None if nowhere."""
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

        A pair that was there before stays until the new one is whole: the new files wait beside the old ones, and only
        then the new card takes the old one's place. Whenever a save is broken off, one of the two pairs loads.
        """
        return save_pair(folder, self)


def load_pipeline(name: str | os.PathLike | None = None, slices: Slices | None = None) -> Pipeline:
    """Load a trained pair, and say which.

    Parameters
    ----------
    name : str or path, optional
        `"phantom"`, `"figshare"`, or a folder that `Pipeline.save` wrote, which wins over a shipped pair of the same
        name.
    slices : Slices, optional
        Without a name the pair is chosen to fit these: `phantom` for phantoms; for real slices the shipped pair that
        was fitted on the fewest of their patients, and `figshare` if several were.

    Raises
    ------
    ModelError
        If there is no such pair, or its files are damaged. No pickle is loaded.

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> slices = load_phantoms()
    >>> load_pipeline(slices=slices).name
    'phantom'
    """
    folder = _fitting_pair(slices) if name is None else pair_folder(name)
    pipeline = Pipeline(**vars(load_pair(folder)))
    summary = f"pair '{pipeline.name}', trained on {pipeline.card['data']['summary']}"
    say(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", summary))
    try:
        _warm_up(pipeline)
    except Exception as error:  # parts that don't belong together can fail in any way
        reason = f"{type(error).__name__}: {brief(error)}"
        raise ModelError(f"The parts of the pair {folder} don't work together ({reason}); train it again.") from error
    return pipeline


def _fitting_pair(slices: Slices | None) -> Path:
    if slices is None:
        return ASSETS / "figshare"
    if slices.source.startswith("phantom"):
        return ASSETS / "phantom"
    patients = set(slices.patients.tolist())

    def met(name: str) -> tuple[int, bool]:
        card = read_card(ASSETS / name)
        return sum(was_fitted_on(card, patient) for patient in patients), name != "figshare"

    return ASSETS / min((name for name in shipped_pairs() if name != "phantom"), key=met)


def _warm_up(pipeline: Pipeline) -> None:
    # The first call builds the network's graph and loads libraries; that belongs to loading, not to the first scan.
    size = pipeline.working_size
    disc = np.hypot(*(np.mgrid[:size, :size] - size / 2)) < size / 3
    found = pipeline.locate(Scan("a disc", disc))
    pipeline.measure(found, disc)
    pipeline.unlike(found)
    explain(pipeline.classifier, pipeline.reference.iloc[:1], pipeline._average)


def join_opinions(measured: np.ndarray, network: np.ndarray | None) -> np.ndarray:
    """The mean of what the classifier of measured features and the network (if it knows types) say, shape (..., 3)."""
    return measured if network is None else (measured + network) / 2


def by_name(probabilities: np.ndarray) -> dict[str, float]:
    """Three probabilities as a dictionary by type."""
    return {name: float(p) for name, p in zip(TUMOUR_TYPES, probabilities, strict=True)}


def _check_field_of_view(pixel_mm: float, shape: tuple[int, ...], name: str) -> None:
    across = pixel_mm * max(shape)
    if not FIELD_OF_VIEW_LIMITS_MM[0] <= across <= FIELD_OF_VIEW_LIMITS_MM[1]:
        raise DataError(
            f"{name}: with pixels of {pixel_mm:g} mm the picture is {across:.3g} mm across, "
            f"and no head is seen at that size; state the pixel size in mm."
        )


def _as_scan(scan: Scan | np.ndarray | str | os.PathLike, pixel_mm: float | None) -> Scan:
    """Whatever the pipeline was given as a `Scan`, with the pixel size that the caller knows better."""
    if isinstance(scan, Slices):
        raise DataError(f"The pipeline looks at one slice at a time, but got {len(scan)}; write slices[0].")
    if isinstance(scan, str | os.PathLike):
        scan = read_scan(scan)
    elif not isinstance(scan, Scan):
        image = np.asarray(scan)
        if image.ndim != 2:
            raise DataError(f"A scan is one grey picture of shape (H, W), but this array has shape {image.shape}.")
        scan = Scan("scan", image)
    return scan if pixel_mm is None else replace(scan, stated_mm=as_pixel_mm(pixel_mm, scan.name))

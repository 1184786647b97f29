"""The whole way as one thing: preprocessing, U-Net and classifier. A scan goes in, a report comes out."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
import time
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from scipy.ndimage import label as connected_components
from sklearn.pipeline import Pipeline as SklearnPipeline

from braintut.card import CARD_FILE, read_card
from braintut.classification.classifier import predict_types
from braintut.classification.features import measure_features
from braintut.classification.insight import explain
from braintut.classification.storing import load_classifier, save_classifier
from braintut.dataset.files import whole_file, write_text
from braintut.dataset.preprocessing import crop_from_square, normalise, pad_to_square, resize, resize_mask
from braintut.dataset.scans import Scan, read_scan
from braintut.dataset.slices import FIELD_OF_VIEW_MM, TUMOUR_TYPES, Slices, merged_patient
from braintut.errors import DataError, ModelError
from braintut.report import Report
from braintut.segmentation.checkpoints import all_finite
from braintut.segmentation.prediction import predict_classes, tumour_probability, types_inside
from braintut.segmentation.unet import build_unet, fold_normalisation

ASSETS = Path(__file__).parent / "assets"
MIN_AREA_MM2 = 10.0
"""Smaller spots are noise: the smallest tumour that radiologists outlined has about four times this area."""

THRESHOLD = 0.5
"""A pixel belongs to the tumour from this probability on, unless the card of a pair names another."""


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

    Notes
    -----
    Introduced in lesson 00, opened up in lesson 08.
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
        settings, losses = self.card["settings"], []
        while settings:
            losses = settings["loss_per_epoch"] + losses
            settings = settings.get("start_from")
        return losses

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
            If the scan cannot be read or is no picture of a head.
        """
        scan = _as_scan(scan)
        pixel_mm, assumed = (pixel_mm, False) if pixel_mm else (scan.pixel_mm, scan.pixel_mm_assumed)
        start = time.perf_counter()
        found = self.locate(scan.image, pixel_mm, scan.name)
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

    def locate(self, image: np.ndarray, pixel_mm: float, name: str = "scan") -> Found:
        """Normalise a raw picture of any shape and mark the tumour on it; errors call it by `name`."""
        try:
            normalised = normalise(image)
        except DataError as error:
            raise DataError(f"{name}: {error}") from error
        working = self.prepare(normalised)
        classes = self.look(working)
        probability = _on_own_grid(tumour_probability(classes), image.shape)
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

        Notes
        -----
        Introduced in lesson 08.
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
        return _on_own_grid(tumour_probability(self.look(working)), shape)

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
        return _fingerprint(self.card["salt"], patient) in self.card["patients"]

    def was_fitted_on_twin(self, patient: str) -> bool:
        """Whether this pair was fitted on this patient or one whose merged id is the same."""
        return _fingerprint(self.card["salt"], merged_patient(patient)) in self.card["merged_patients"]

    def save(self, folder: str | os.PathLike) -> Path:
        """Write the pair to a folder: plain arrays, skops files and a JSON card.

        A pair that was there before stays until the new one is whole: the new files wait beside the old ones, and
        only then the new card takes the old one's place. Whenever a save is broken off, one of the two pairs loads.
        """
        folder = Path(folder)
        _finish_save(folder)
        save_weights(folder / f"unet.npz{NEW}", self.unet)
        save_classifier(folder / f"classifier.skops{NEW}", self.classifier)
        save_classifier(folder / f"classifier_true_mask.skops{NEW}", self.classifier_true_mask)
        with whole_file(folder / f"reference.csv{NEW}") as part:
            self.reference.to_csv(part, index=False, float_format="%.4g", lineterminator="\n")
        self.card["files"] = {name: _sha256(folder / f"{name}{NEW}") for name in FILES}
        write_text(folder / CARD_FILE, json.dumps(self.card, indent=1) + "\n")
        _finish_save(folder)
        return folder


FILES = ("unet.npz", "classifier.skops", "classifier_true_mask.skops", "reference.csv")
NEW = ".new"
"""Ending of the files of a pair until the card names them."""


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

    Notes
    -----
    Introduced in lesson 00.
    """
    folder = _fitting_pair(slices) if name is None else _pair_folder(name)
    card = _read_card(folder)
    files = {file: _stored(folder, file, card) for file in FILES}
    unet = _build(folder, card)
    load_weights(files["unet.npz"], unet)
    summary = re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", f"pair '{card['name']}', trained on {card['data']['summary']}")
    print(f"braintut: {summary}", file=sys.stderr)
    pipeline = Pipeline(
        unet,
        load_classifier(files["classifier.skops"]),
        load_classifier(files["classifier_true_mask.skops"]),
        read_reference(files["reference.csv"]),
        card,
    )
    try:
        _warm_up(pipeline)
    except Exception as error:  # parts that don't belong together can fail in any way
        raise ModelError(f"The parts of the pair {folder} don't work together ({error!r}); train it again.") from error
    return pipeline


def _fitting_pair(slices: Slices | None) -> Path:
    return ASSETS / ("phantom" if slices is not None and slices.source.startswith("phantom") else "figshare")


def _pair_folder(name: str | os.PathLike) -> Path:
    """The folder that a name means: one's own where it holds a pair, even a damaged one; a shipped pair's otherwise."""
    own = Path(name)
    if any((own / file).exists() for file in ("card.json", *FILES)):
        return own
    return ASSETS / name if name in shipped_pairs() else own


def _warm_up(pipeline: Pipeline) -> None:
    # The first call builds the network's graph and loads libraries; that belongs to loading, not to the first scan.
    size = pipeline.working_size
    disc = np.hypot(*(np.mgrid[:size, :size] - size / 2)) < size / 3
    head = disc.astype(np.float32)
    pipeline.find(head, head.shape)
    pipeline.measure(head, disc, FIELD_OF_VIEW_MM / size)
    explain(pipeline.classifier, pipeline.reference.iloc[:1], pipeline._average)


def shipped_pairs() -> list[str]:
    """Names of the pairs that come with braintut."""
    return sorted(path.parent.name for path in ASSETS.glob("*/card.json"))


def keep_tumour(mask: np.ndarray, pixel_mm: float) -> np.ndarray:
    """Keep the largest connected piece of a mask; nothing if it is smaller than 10 mm2.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
    pixel_mm : float

    Returns
    -------
    ndarray of bool, shape (H, W)

    Notes
    -----
    All but 4 of the 3064 true masks have one piece. Introduced in lesson 08.
    """
    pieces, n = connected_components(mask)
    if n == 0:
        return mask
    areas = np.bincount(pieces.ravel())[1:]
    if areas.max() * pixel_mm**2 < MIN_AREA_MM2:
        return np.zeros_like(mask)
    return pieces == 1 + areas.argmax()


def mark_tumour(
    probability: np.ndarray, pixel_mm: float, threshold: float = THRESHOLD, faint_threshold: float | None = None
) -> np.ndarray:
    """Turn probabilities into the mask of one tumour; look a second time where the first look finds nothing.

    Parameters
    ----------
    probability : ndarray of float, shape (H, W)
        0..1.
    pixel_mm : float
    threshold : float
        A pixel belongs to the tumour from this probability on.
    faint_threshold : float, optional
        Where no piece reaches that, take the largest piece that reaches this.
        It finds faint tumours, and on healthy heads it finds false ones.

    Returns
    -------
    ndarray of bool, shape (H, W)

    Notes
    -----
    Introduced in lesson 08.
    """
    mask = keep_tumour(probability >= threshold, pixel_mm)
    if faint_threshold is None or mask.any():
        return mask
    return keep_tumour(probability >= faint_threshold, pixel_mm)


def join_opinions(measured: np.ndarray, network: np.ndarray | None) -> np.ndarray:
    """Let the classifier of the measured features and the network decide together: the mean of both.

    Parameters
    ----------
    measured, network : ndarray of float, shape (..., 3)
        Probability of each type; `network` is None where it knows no types.

    Returns
    -------
    ndarray of float, shape (..., 3)

    Notes
    -----
    Introduced in lesson 08.
    """
    return measured if network is None else (measured + network) / 2


def fingerprints(salt: str, patients: Iterable[str]) -> dict[str, list[str]]:
    """Salted SHA-256 of patient ids and of merged ids, for the model card.

    It hides how an id is spelled, not who took part: whoever has the dataset
    can compute the same hashes.
    """
    patients = sorted(set(patients))
    merged = sorted({merged_patient(p) for p in patients})
    return {
        "patients": sorted(_fingerprint(salt, p) for p in patients),
        "merged_patients": sorted(_fingerprint(salt, p) for p in merged),
    }


def _fingerprint(salt: str, patient: str) -> str:
    return hashlib.sha256((salt + patient).encode(errors="surrogatepass")).hexdigest()


def by_name(probabilities: np.ndarray) -> dict[str, float]:
    """Three probabilities as a dictionary by type."""
    return {name: float(p) for name, p in zip(TUMOUR_TYPES, probabilities, strict=True)}


def _on_own_grid(probability: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return crop_from_square(resize(probability, max(shape)), shape)


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
    return Scan("scan", image, FIELD_OF_VIEW_MM / image.shape[1], True)


def as_stored(model: keras.Model, size: int, unet: dict) -> keras.Model:
    """Rebuild a U-Net as `load_pipeline` will: float32, from the weights that `Pipeline.save` keeps.

    So a pair gives the same answers before it is saved and after.
    """
    return _rebuild(_stored_weights(model), size, unet)


def _rebuild(weights: list[np.ndarray], size: int, unet: dict) -> keras.Model:
    _check_weights(weights)
    model = build_unet(size, **unet)
    model.set_weights([w.astype(np.float32) for w in weights])
    return model


def _stored_weights(model: keras.Model) -> list[np.ndarray]:
    # Kernels as float16 halve the file; short vectors stay exact, because a variance can be tiny.
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
        return [w.astype(np.float16) if w.ndim > 1 else w for w in model.get_weights()]


def save_weights(path: Path, model: keras.Model) -> None:
    """Write the weights of a U-Net as plain arrays, in their order; refused if they are no numbers."""
    weights = _stored_weights(model)
    _check_weights(weights)
    with whole_file(path) as part, open(part, "wb") as file:
        np.savez(file, **{f"{i:03d}": w for i, w in enumerate(weights)})


def _check_weights(weights: list[np.ndarray]) -> None:
    if not all_finite(weights):
        raise ModelError(
            "The U-Net holds weights that are no numbers, or too large for 16 bits (65504): its training diverged; "
            "train again with a smaller learning rate."
        )


def load_weights(path: Path, model: keras.Model) -> None:
    """Give a U-Net the weights that `save_weights` wrote; a file that doesn't fit it is refused before it is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(archive.namelist())
            if len(names) != len(model.weights):
                raise ModelError(f"{path} holds {len(names)} arrays, but this U-Net has {len(model.weights)}.")
            weights = [_read_array(archive, name, w.shape) for name, w in zip(names, model.weights, strict=True)]
    except ModelError:
        raise
    except Exception as error:  # a damaged archive can fail in any way: zip, zlib, or NumPy's headers
        raise ModelError(f"{path} cannot be read as weights ({error}); train or install again.") from error
    model.set_weights(weights)


def _read_array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """One array of an archive as float32. Its header is looked at first, so that none is made that fills the memory."""
    with archive.open(name) as file:
        np.lib.format.read_magic(file)
        found, _, dtype = np.lib.format.read_array_header_1_0(file)
    if found != tuple(shape) or dtype.kind != "f":
        raise ModelError(
            f"{archive.filename}: the array '{name}' is {dtype} {found}, but this U-Net needs float {tuple(shape)}."
        )
    with archive.open(name) as file:
        array = np.lib.format.read_array(file, allow_pickle=False).astype(np.float32)
    if not np.isfinite(array).all():
        raise ModelError(f"{archive.filename}: the array '{name}' holds NaN or infinite weights; train again.")
    return array


def read_reference(path: Path) -> pd.DataFrame:
    """Read the rows of features that a pair compares with; columns of numbers, at least one row."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise ModelError(f"{path} is no table of features ({' '.join(str(error).split())}); train again.") from error
    numbers = table.select_dtypes("number")
    if table.empty or numbers.shape != table.shape or np.isinf(numbers).any(axis=None):
        raise ModelError(f"{path} is no table of features: it must have rows, and numbers only; train again.")
    return table


def _build(folder: Path, card: dict) -> keras.Model:
    try:
        return build_unet(card["settings"]["unet_size"], **card["settings"]["unet"])
    except ModelError as error:
        raise ModelError(f"{folder / CARD_FILE}: {error}") from error


def _read_card(folder: Path) -> dict:
    try:
        return read_card(folder)
    except FileNotFoundError as error:
        raise ModelError(
            f"There is no trained pair '{folder}'; give one of {', '.join(shipped_pairs()) or '(none shipped)'} "
            f"or a folder that `braintut train` wrote."
        ) from error


def _stored(folder: Path, file: str, card: dict) -> Path:
    """The file that the card names, under its name or, where a save was broken off, still waiting for it."""
    for path in (folder / file, folder / f"{file}{NEW}"):
        if path.is_file() and _sha256(path) == card["files"].get(file):
            return path
    raise ModelError(f"{folder / file} is missing or not the one that its card names; install or train again.")


def _finish_save(folder: Path) -> None:
    """Give the waiting files that the card names their own names."""
    with contextlib.suppress(FileNotFoundError, ModelError):  # no card, or none to be kept
        card = read_card(folder)
        for file in FILES:
            waiting = folder / f"{file}{NEW}"
            if waiting.is_file() and _sha256(waiting) == card["files"].get(file):
                waiting.replace(folder / file)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

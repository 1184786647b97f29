"""Slices with all that a network said of them, packed for a script in a web page: no kernel, and no rounding."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from braintut.dataset.grid import resize
from braintut.dataset.load import load_phantoms
from braintut.dataset.slices import Slices, to_grey_levels
from braintut.errors import DataError
from braintut.results import load_result
from braintut.teaching.film import Film, load_films

if TYPE_CHECKING:
    from braintut.pipeline.pipeline import Pipeline

HUNDREDTHS = np.arange(1, 101, dtype=np.float32) / 100
"""The thresholds of the page's slider, and 1."""
MAX_BYTES = 64 * 2**20
"""A page or a notebook cell takes no more, unpacked: some 300 slices of 256 x 256 pixels."""


class Stack(NamedTuple):
    """What the script `page/explorer.js` takes.

    Parameters
    ----------
    about : dict
        Plain values for JSON: `network` (its name or None), `threshold` (1..99, in hundredths) and `pictures`: one
        entry for each slice and film, with `id`, `patient`, `type`, `width`, `height`, `pixel_mm`, `known` (the network
        was trained on this patient), `film`, and `moments`, the title of each picture of probabilities.
    planes : bytes
        Of each entry in turn: head (256 greys), true mask (0 and 1), and each moment's probabilities in hundredths,
        all row by row, one byte a pixel. Each byte is stored as its difference from the one before it, modulo 256,
        because that packs better, and the whole is compressed by zlib.
    """

    about: dict
    planes: bytes


def make_stack(slices: Slices, pipeline: Pipeline | None = None, films: Mapping[str, Film] | None = None) -> Stack:
    """Ask a network about slices, and pack slices and answers.

    Parameters
    ----------
    slices : Slices
        At least one.
    pipeline : Pipeline, optional
        Without one there is no predicted outline.
    films : dict of str to Film, optional
        Trainings to watch, from `load_films`.

    Returns
    -------
    Stack

    Raises
    ------
    DataError
        If there are no slices, or too many for a page.

    Examples
    --------
    >>> stack = make_stack(load_phantoms()[:2])
    >>> [picture["type"] for picture in stack.about["pictures"]]
    ['glioma', 'glioma']
    """
    if not len(slices):
        raise DataError("The explorer needs at least one slice, but there are none.")
    needs = slices.images.size * (3 if pipeline else 2)
    if needs > MAX_BYTES:
        most = MAX_BYTES * len(slices) // needs
        raise DataError(f"{len(slices)} slices are too many for a page: give at most {most}, or `slices.resized(128)`.")
    pictures, planes = [], []
    for entry, arrays in (*_of_slices(slices, pipeline), *_of_films(films or {})):
        pictures.append(entry)
        planes += arrays
    about = {
        "network": pipeline.name if pipeline else None,
        "threshold": round(100 * pipeline.threshold) if pipeline else 50,
        "pictures": pictures,
    }
    return Stack(about, pack(planes))


def in_hundredths(probability: np.ndarray) -> np.ndarray:
    """Count how many of the thresholds 0.01, 0.02, ... 1 a probability reaches.

    Parameters
    ----------
    probability : ndarray of float32, any shape
        0..1.

    Returns
    -------
    ndarray of uint8, same shape
        0..100. `in_hundredths(p) >= 37` is exactly `p >= 0.37`: a mask made of it is the very mask that Python makes.

    Examples
    --------
    >>> in_hundredths(np.float32([0.0, 0.3699, 0.37, 1.0])).tolist()
    [0, 36, 37, 100]
    """
    return np.digitize(np.asarray(probability, np.float32), HUNDREDTHS).astype(np.uint8)


def pack(planes: list[np.ndarray]) -> bytes:
    """Pack arrays of uint8 one after another, as `Stack` says."""
    flat = np.concatenate([plane.ravel() for plane in planes])
    return zlib.compress(np.diff(flat, prepend=np.uint8(0)).tobytes(), 9)


def unpack(planes: bytes) -> np.ndarray:
    """Undo `pack`: all bytes in a row, ndarray of uint8, shape (n,)."""
    return np.cumsum(np.frombuffer(zlib.decompress(planes), np.uint8), dtype=np.uint8)


Part = tuple[dict, list[np.ndarray]]


def _of_slices(slices: Slices, pipeline: Pipeline | None) -> Iterator[Part]:
    for i, scan in enumerate(slices):
        patient = str(slices.patients[i])
        entry = {
            "id": str(slices.ids[i]), "patient": patient, "type": str(slices.types[i]), "film": False,
            "pixel_mm": float(slices.pixel_mm[i]), "known": pipeline is not None and pipeline.was_fitted_on(patient),
        }  # fmt: skip
        moments = {"": pipeline.locate(scan).probability} if pipeline else {}
        yield _part(entry, slices.images[i], slices.masks[i], moments)


def _of_films(films: Mapping[str, Film]) -> Iterator[Part]:
    stored = load_result("growth")["films"] if films else {}
    phantoms = load_phantoms() if films else None
    for name, film in films.items():
        number = stored[name]["slice"]
        entry = {
            "id": number, "patient": stored[name]["patient"], "type": name, "film": True, "known": False,
            "pixel_mm": float(phantoms.pixel_mm[phantoms.ids == number][0]),
        }  # fmt: skip
        # Enlarged as probabilities, not as masks: the outline is smoother, and the same as in `OutlineFilm`.
        frames = {title: resize(frame, film.image.shape) for title, frame in film.frames.items()}
        yield _part(entry, film.image, film.true_mask, frames)


def _part(entry: dict, image: np.ndarray, true_mask: np.ndarray, moments: dict[str, np.ndarray]) -> Part:
    height, width = image.shape
    entry |= {"width": width, "height": height, "moments": list(moments)}
    return entry, [to_grey_levels(image), true_mask.astype(np.uint8), *map(in_hundredths, moments.values())]


def phantom_stack() -> Stack:
    """Pack what the course's web page shows: phantoms that the pair `phantom` never saw, and the filmed training."""
    from braintut.pipeline.pipeline import load_pipeline

    pipeline = load_pipeline("phantom")
    phantoms = load_phantoms()
    strangers = phantoms[[not pipeline.was_fitted_on(str(patient)) for patient in phantoms.patients]]
    return make_stack(strangers, pipeline, load_films())

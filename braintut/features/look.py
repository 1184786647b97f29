"""How a slice looks as a whole: numbers that tell one head from another only a little, and a head from a page a lot."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_fill_holes

from braintut.dataset.grid import bounding_box, largest_piece, resize

SIZE = 64
"""The picture is looked at on a square grid of this many pixels a side."""
TISSUE = 0.1
"""From this grey on a pixel may be tissue."""
THUMBNAIL = 6
LOOK_LENGTH = 65
"""How many numbers a look has."""

_BRIGHTNESS = (5, 10, 25, 50, 75, 90, 95, 99)
_STEEPNESS = (25, 50, 75, 95)
_RINGS = (0.5, 1.5, 2.5, 4, 6, 9, 13, 18, 25, 33)
"""Borders of nine rings of the spectrum, in cycles over the box."""


def measure_look(square: np.ndarray) -> np.ndarray:
    """Measure how a slice looks: the size and form of the head, its greys, edges and texture, and where they lie.

    Parameters
    ----------
    square : ndarray of float32, shape (S, S)
        A normalised slice, 0..1, on a square grid (see `to_square`).

    Returns
    -------
    ndarray of float32, shape (65,)
        Of the largest light piece and the box around it: 8 numbers on its form, 8 quantiles of its greys, 4 of its
        gradients (logarithms), 9 rings of its power spectrum (logarithms), and a thumbnail of 6 x 6 greys.

    Notes
    -----
    All is measured on a grid of 64 x 64, where the noise of a scanner and the traces of a JPEG are averaged away.

    Examples
    --------
    >>> disc = np.hypot(*np.mgrid[-32:32, -32:32]) < 20  # a disc 39 pixels across
    >>> measure_look(disc.astype(np.float32))[:2].round(2)  # its height and width, as shares of the side
    array([0.61, 0.61], dtype=float32)
    """
    small = resize(square, SIZE)
    light = small > TISSUE
    piece = largest_piece(light) if light.any() else np.ones_like(light)
    filled = binary_fill_holes(piece)
    box = bounding_box(piece)
    parts = [
        _form(small, light, piece, filled, box),
        np.percentile(small[piece], _BRIGHTNESS),
        _edges(small, piece),
        _texture(small[box]),
        resize(small[box], THUMBNAIL).ravel(),
    ]
    return np.concatenate(parts).astype(np.float32)


def _form(
    small: np.ndarray, light: np.ndarray, piece: np.ndarray, filled: np.ndarray, box: tuple[slice, slice]
) -> np.ndarray:
    """Height, width and their ratio, how full box and piece are, what lies beside it, and what touches the box."""
    inside, (height, width) = filled[box], filled[box].shape
    sides = (inside[0], inside[-1], inside[:, 0], inside[:, -1])
    outside = small[~filled]
    return np.array([
        height / SIZE,
        width / SIZE,
        np.log(height / width),
        inside.mean(),
        piece.sum() / filled.sum(),
        piece.sum() / max(light.sum(), 1),
        np.mean([side.mean() for side in sides]),
        outside.mean() if outside.size else 0,
    ])  # fmt: skip


def _edges(small: np.ndarray, piece: np.ndarray) -> np.ndarray:
    steepness = np.hypot(*np.gradient(small))[piece]
    return np.log(np.percentile(steepness, _STEEPNESS) + 1e-3)


def _texture(crop: np.ndarray) -> np.ndarray:
    """Logarithm of the mean power in rings of frequency; the window keeps the box's border out of it."""
    whole = resize(crop, SIZE)
    power = np.abs(np.fft.fft2((whole - whole.mean()) * _WINDOW)) ** 2
    rings = np.bincount(_RING.ravel(), power.ravel()) / np.bincount(_RING.ravel())
    return np.log(rings[1:-1] + 1e-4)


_WINDOW = np.outer(np.hanning(SIZE), np.hanning(SIZE))
_CYCLES = np.abs(np.fft.fftfreq(SIZE, 1 / SIZE))
_RING = np.digitize(np.hypot(_CYCLES[:, None], _CYCLES), _RINGS)

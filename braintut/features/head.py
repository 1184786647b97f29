"""The head in a slice: where it begins, how deep a pixel lies in it, how bright it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, label

from braintut.dataset.grid import bounding_box, head_mask, largest_piece, resize

HEAD_GRID_MM = 2.0
"""The head is looked at on a grid of about this size: enough for place, and fast."""


@dataclass(frozen=True)
class Head:
    """The head in one slice, on a grid of about 2 mm.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        The slice on the coarse grid.
    filled : ndarray of bool, shape (h, w)
        The head with its air spaces filled.
    depth_mm : ndarray of float, shape (h, w)
        Distance from the surface, 0 outside.
    box : (int, int, int, int)
        First row, row after the last, first column, column after the last.
    step : int
        Pixels of the slice per pixel of the coarse grid.
    pixel_mm, median : float
        Side of a coarse pixel in mm; median grey of the tissue, above 0.
    """

    image: np.ndarray
    filled: np.ndarray
    depth_mm: np.ndarray
    box: tuple[int, int, int, int]
    step: int
    pixel_mm: float
    median: float


def find_head(image: np.ndarray, pixel_mm: float) -> Head:
    """Find the head in a slice: the largest bright piece, air spaces filled.

    Parameters
    ----------
    image : ndarray of float, shape (H, W)
        Normalised slice, 0..1.
    pixel_mm : float
        Side of a pixel in mm.

    Returns
    -------
    Head
        The whole picture counts as head where nothing stands out.

    Examples
    --------
    >>> disc = np.hypot(*np.mgrid[-32:32, -32:32]) < 20  # 39 pixels across
    >>> find_head(disc.astype(float), pixel_mm=2.0).box
    (13, 52, 13, 52)
    """
    step = max(1, round(HEAD_GRID_MM / pixel_mm))
    height, width = max(1, image.shape[0] // step), max(1, image.shape[1] // step)
    small = resize(image[: height * step, : width * step], (height, width))
    tissue = largest_piece(head_mask(small))
    tissue = tissue if tissue.any() else np.ones_like(tissue)
    filled = _fill(tissue)
    down, across = bounding_box(filled)
    depth = distance_transform_edt(np.pad(filled, 1))[1:-1, 1:-1] * step * pixel_mm
    box = (down.start, down.stop, across.start, across.stop)
    return Head(small, filled, depth, box, step, step * pixel_mm, max(float(np.median(small[tissue])), 1e-3))


def _fill(tissue: np.ndarray) -> np.ndarray:
    # With a dark frame around, everything that is not tied to the first corner is head or enclosed by it.
    dark, _ = label(~np.pad(tissue, 1))
    return (dark != dark[0, 0])[1:-1, 1:-1]

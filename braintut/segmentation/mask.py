"""From probabilities to the mask of one tumour."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import label as connected_components

MIN_AREA_MM2 = 10.0
"""Smaller spots are noise: the smallest tumour that radiologists outlined has about four times this area."""

THRESHOLD = 0.5
"""A pixel belongs to the tumour from this probability on, unless the card of a pair names another."""


def largest_component(mask: np.ndarray, pixel_mm: float) -> np.ndarray:
    """Keep the largest connected piece of a mask; nothing if it is smaller than 10 mm2.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)

    Returns
    -------
    ndarray of bool, shape (H, W)

    Notes
    -----
    All but 4 of the 3064 true masks have one piece.
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
    threshold : float
        A pixel belongs to the tumour from this probability on.
    faint_threshold : float, optional
        Where no piece reaches that, take the largest piece that reaches this. It finds faint tumours, and on healthy
        heads it finds false ones.

    Returns
    -------
    ndarray of bool, shape (H, W)
    """
    mask = largest_component(probability >= threshold, pixel_mm)
    if faint_threshold is None or mask.any():
        return mask
    return largest_component(probability >= faint_threshold, pixel_mm)

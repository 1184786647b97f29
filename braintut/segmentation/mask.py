"""From probabilities to the mask of one tumour."""

from __future__ import annotations

import numpy as np

from braintut.dataset.grid import largest_piece

MIN_AREA_MM2 = 10.0
"""Smaller spots are noise: the smallest tumour that radiologists outlined has about four times this area."""

THRESHOLD = 0.5
"""A pixel belongs to the tumour from this probability on, unless the card of a pair names another."""


def largest_component(mask: np.ndarray, pixel_mm: float) -> np.ndarray:
    """Keep the largest connected piece of a mask; nothing if it is smaller than 10 mm2.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
        All but 4 of the 3064 true masks have one piece.
    pixel_mm : float
        Side of a pixel in mm.

    Examples
    --------
    >>> mask = np.array([[1, 0, 1, 1], [0, 0, 0, 1]], bool)
    >>> largest_component(mask, pixel_mm=2.0).astype(int).tolist()  # 3 pixels of 4 mm2 each
    [[0, 0, 1, 1], [0, 0, 0, 1]]
    >>> int(largest_component(mask, pixel_mm=1.0).sum())
    0
    """
    piece = largest_piece(mask)
    return piece if piece.sum() * pixel_mm**2 >= MIN_AREA_MM2 else np.zeros_like(mask)


def mark_tumour(
    probability: np.ndarray, pixel_mm: float, threshold: float = THRESHOLD, faint_threshold: float | None = None
) -> np.ndarray:
    """Turn probabilities, 0..1, shape (H, W), into the mask of one tumour: the largest piece that reaches a threshold.

    Where there is none, the largest piece that reaches the faint threshold is taken. It finds faint tumours, and on
    healthy heads it finds false ones.
    """
    mask = largest_component(probability >= threshold, pixel_mm)
    if faint_threshold is None or mask.any():
        return mask
    return largest_component(probability >= faint_threshold, pixel_mm)

"""How good is a predicted mask? Overlap, border distance, misses, and their spread over patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.ndimage import binary_erosion, distance_transform_edt

from braintut.dataset.arrays import as_mask, as_pixel_mm
from braintut.dataset.grid import bounding_box
from braintut.errors import DataError

MISSED_BELOW = 0.1
"""A slice whose Dice is below this counts as missed."""


def dice_score(true_mask: np.ndarray, predicted_mask: np.ndarray) -> float:
    """Twice the common area over the sum of both, 2 TP / (2 TP + FP + FN), 0..1; 1 where both masks are empty.

    Parameters
    ----------
    true_mask, predicted_mask : ndarray of bool, same shape
        Masks of 0 and 1, or of 0 and 255, of any type count as bool.

    Raises
    ------
    DataError
        If the shapes differ, or a mask holds other values, such as probabilities.

    See Also
    --------
    sklearn.metrics.f1_score, keras.metrics.F1Score : The same of flattened masks.

    References
    ----------
    Dice, 1945, doi:10.2307/1932409.

    Examples
    --------
    >>> dice_score(np.array([1, 1, 0, 0]), np.array([0, 1, 1, 0]))  # 2 x 1 / (2 + 2)
    0.5
    """
    tp, fp, fn = _counts(true_mask, predicted_mask)
    return 1.0 if tp + fp + fn == 0 else 2 * tp / (2 * tp + fp + fn)


def iou_score(true_mask: np.ndarray, predicted_mask: np.ndarray) -> float:
    """Common area over joint area, TP / (TP + FP + FN), 0..1; 1 where both masks are empty.

    Parameters and errors as in `dice_score`. Jaccard, 1912, doi:10.1111/j.1469-8137.1912.tb05611.x.

    See Also
    --------
    sklearn.metrics.jaccard_score, keras.metrics.BinaryIoU
    """
    tp, fp, fn = _counts(true_mask, predicted_mask)
    return 1.0 if tp + fp + fn == 0 else tp / (tp + fp + fn)


def sensitivity(true_mask: np.ndarray, predicted_mask: np.ndarray) -> float:
    """Share of the tumour that was found, TP / (TP + FN), 0..1; NaN where there is no tumour.

    Parameters and errors as in `dice_score`.

    See Also
    --------
    sklearn.metrics.recall_score, keras.metrics.Recall
    """
    tp, _, fn = _counts(true_mask, predicted_mask)
    return float("nan") if tp + fn == 0 else tp / (tp + fn)


def surface_dice(
    true_mask: np.ndarray, predicted_mask: np.ndarray, pixel_mm: float, tolerance_mm: float = 2.0
) -> float:
    """Normalised surface distance (NSD): share of both borders that lies within a tolerance of the other.

    Parameters
    ----------
    true_mask, predicted_mask : ndarray of bool, shape (H, W)
        As in `dice_score`.
    pixel_mm : float
        Side of a pixel in mm.
    tolerance_mm : float
        Distance that counts as agreement, in mm.

    Returns
    -------
    float
        0..1; 1 where both masks are empty, 0 where only one is.

    Raises
    ------
    DataError
        As in `dice_score`, or if the pixel size is no number above 0.

    Notes
    -----
    The edge-pixel variant (Seidlitz et al., 2022, arXiv:2111.05408): a border is made of the mask's pixels that touch
    the outside with a side, and distances run from centre to centre. MONAI's `compute_surface_dice` gives the same
    numbers, to 3e-8. The original (Nikolov et al., 2021, doi:10.2196/26151) weighs pieces of surface between pixels
    and differs from this by about 0.01.

    Examples
    --------
    >>> square = np.pad(np.ones((3, 3)), 4)
    >>> surface_dice(square, np.roll(square, 3), pixel_mm=1.0, tolerance_mm=2)  # 5 of 8 border pixels
    0.625
    """
    true_mask, predicted_mask = _two_masks(true_mask, predicted_mask)
    pixel_mm = as_pixel_mm(pixel_mm, "surface_dice")
    tp, fp, fn = _counts(true_mask, predicted_mask)
    if tp + fp + fn == 0:
        return 1.0
    if tp + fp == 0 or tp + fn == 0:
        return 0.0
    box = bounding_box(true_mask | predicted_mask, margin=1)  # so that a border at the edge keeps its outside
    true_border, predicted_border = _border(true_mask[box]), _border(predicted_mask[box])
    to_true = distance_transform_edt(~true_border)[predicted_border] * pixel_mm
    to_predicted = distance_transform_edt(~predicted_border)[true_border] * pixel_mm
    near = (to_true <= tolerance_mm).sum() + (to_predicted <= tolerance_mm).sum()
    return float(near / (to_true.size + to_predicted.size))


def score_table(
    true_masks: np.ndarray, predicted_masks: np.ndarray, patients: np.ndarray, types: np.ndarray, pixel_mm: np.ndarray
) -> pd.DataFrame:
    """Every metric of every slice, in one table.

    Parameters
    ----------
    true_masks, predicted_masks : ndarray of bool, shape (N, H, W)
    patients, types : ndarray of str, shape (N,)
    pixel_mm : ndarray of float, shape (N,)

    Returns
    -------
    DataFrame
        Columns patient, type, dice, iou, sensitivity, nsd_2mm, missed (Dice below 0.1), not_found (empty prediction).

    Examples
    --------
    >>> masks = np.ones((2, 4, 4), bool)
    >>> found = masks * np.array([1, 0]).reshape(2, 1, 1)  # nothing on the second slice
    >>> score_table(masks, found, ["a", "b"], ["glioma"] * 2, [1.0, 1.0])[["dice", "missed"]].values.tolist()
    [[1.0, False], [0.0, True]]
    """
    each = zip(patients, types, true_masks, predicted_masks, pixel_mm, strict=True)
    return pd.DataFrame([{"patient": p, "type": t, **mask_scores(*masks_and_mm)} for p, t, *masks_and_mm in each])


def mask_scores(true_mask: np.ndarray, predicted_mask: np.ndarray, pixel_mm: float) -> dict[str, float | bool]:
    """Every metric of one slice; parameters and errors as in `surface_dice`, names as in `score_table`."""
    dice = dice_score(true_mask, predicted_mask)
    return {
        "dice": dice,
        "iou": iou_score(true_mask, predicted_mask),
        "sensitivity": sensitivity(true_mask, predicted_mask),
        "nsd_2mm": surface_dice(true_mask, predicted_mask, pixel_mm),
        "missed": dice < MISSED_BELOW,
        "not_found": not np.any(predicted_mask),
    }


def bootstrap_interval(
    values: np.ndarray, patients: np.ndarray, n_draws: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the mean when other patients had come: whole patients are drawn again.

    Parameters
    ----------
    values : ndarray, shape (N,)
        One value a slice.
    patients : ndarray of str, shape (N,)

    Returns
    -------
    (float, float)
        The 2.5th and 97.5th percentile over the draws.

    See Also
    --------
    scipy.stats.bootstrap : Draws single values, here slices, as if they were strangers.

    References
    ----------
    Efron and Tibshirani, 1993, doi:10.1201/9780429246593.

    Examples
    --------
    >>> bootstrap_interval(np.repeat([0.0, 1.0], 100), np.repeat(["a", "b"], 100))  # two patients, not 200 values
    (0.0, 1.0)
    """
    values, patients = np.asarray(values), np.asarray(patients)
    of_patient = [values[patients == p] for p in np.unique(patients)]
    rng = np.random.default_rng(seed)
    draws = [
        np.concatenate([of_patient[i] for i in rng.integers(0, len(of_patient), len(of_patient))]).mean()
        for _ in range(n_draws)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def _counts(true_mask: np.ndarray, predicted_mask: np.ndarray) -> tuple[int, int, int]:
    true, predicted = _two_masks(true_mask, predicted_mask)
    return int((true & predicted).sum()), int((~true & predicted).sum()), int((true & ~predicted).sum())


def _two_masks(true_mask: np.ndarray, predicted_mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    true, predicted = as_mask(true_mask, "The true mask"), as_mask(predicted_mask, "The predicted mask")
    if true.shape != predicted.shape:
        raise DataError(f"The true mask has shape {true.shape}, the predicted one {predicted.shape}; make them equal.")
    return true, predicted


def _border(mask: np.ndarray) -> np.ndarray:
    return mask & ~binary_erosion(mask)

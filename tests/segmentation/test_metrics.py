"""Metrics on masks small enough to check by eye, and against scikit-learn, scikit-image and SciPy."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from skimage.filters import gaussian
from skimage.segmentation import find_boundaries
from sklearn.metrics import f1_score, jaccard_score, recall_score

from braintut.errors import DataError
from braintut.segmentation.metrics import (
    bootstrap_interval,
    dice_score,
    iou_score,
    score_table,
    sensitivity,
    surface_dice,
)
from making import CORNER, EMPTY, SHIFTED, SQUARE, WHOLE

CASES = [
    # truth, prediction, Dice, IoU, sensitivity
    (SQUARE, SQUARE, 1.0, 1.0, 1.0),
    (SQUARE, SHIFTED, 0.5, 1 / 3, 0.5),
    (SQUARE, WHOLE, 8 / 20, 4 / 16, 1.0),
    (SQUARE, CORNER, 0.0, 0.0, 0.0),
    (SQUARE, EMPTY, 0.0, 0.0, 0.0),
    (EMPTY, SQUARE, 0.0, 0.0, np.nan),
    (EMPTY, EMPTY, 1.0, 1.0, np.nan),
]


@pytest.mark.parametrize(("true", "predicted", "dice", "iou", "found"), CASES)
def test_overlap_of_hand_drawn_masks(true, predicted, dice, iou, found):
    assert dice_score(true, predicted) == pytest.approx(dice)
    assert iou_score(true, predicted) == pytest.approx(iou)
    assert sensitivity(true, predicted) == pytest.approx(found, nan_ok=True)


@pytest.mark.parametrize("seed", range(3))
def test_overlap_equals_scikit_learns(seed):
    true, predicted = blob(seed), blob(seed + 10)
    pixels = true.ravel(), predicted.ravel()
    assert dice_score(true, predicted) == pytest.approx(f1_score(*pixels))
    assert iou_score(true, predicted) == pytest.approx(jaccard_score(*pixels))
    assert sensitivity(true, predicted) == pytest.approx(recall_score(*pixels))


def block(left: int) -> np.ndarray:
    mask = np.zeros((32, 32), bool)
    mask[8:20, left : left + 12] = True
    return mask


@pytest.mark.parametrize(
    ("true", "predicted", "pixel_mm", "expected"),
    [
        (block(8), block(8), 1.0, 1.0),
        (block(8), block(10), 1.0, 1.0),  # shifted by 2 mm: all within the tolerance
        (block(8), block(10), 0.5, 1.0),
        (block(8), np.zeros((32, 32), bool), 1.0, 0.0),
        (np.zeros((32, 32), bool), np.zeros((32, 32), bool), 1.0, 1.0),
    ],
)
def test_surface_dice_of_shifted_blocks(true, predicted, pixel_mm, expected):
    assert surface_dice(true, predicted, pixel_mm) == pytest.approx(expected)


def test_surface_dice_by_hand():
    # Each border has 44 pixels. Of the left block's, 12 on the left side and 6 amid the right side lie more than
    # 2 mm from the border of the other, and the other way round: 26 of 44 are near.
    assert surface_dice(block(8), block(11), 1.0) == pytest.approx(26 / 44)
    assert surface_dice(block(8), block(16), 1.0) < 26 / 44


def blob(seed: int) -> np.ndarray:
    """A mask with a ragged outline, away from the picture's edge."""
    mask = np.zeros((40, 40), bool)
    mask[4:-4, 4:-4] = gaussian(np.random.default_rng(seed).random((32, 32)), 3) > 0.5
    return mask


@pytest.mark.parametrize("pixel_mm", [0.5, 1.0, 1.7])
@pytest.mark.parametrize("seed", range(3))
def test_surface_dice_equals_all_pairs_of_border_pixels(seed, pixel_mm):
    """scikit-image finds the borders, SciPy measures every pair: no distance transform, no box."""
    true, predicted = blob(seed), blob(seed + 10)
    borders = [np.argwhere(find_boundaries(mask, connectivity=1, mode="inner")) for mask in (true, predicted)]
    near = cdist(*borders) * pixel_mm <= 2.0
    expected = (near.any(axis=1).sum() + near.any(axis=0).sum()) / sum(near.shape)
    assert 0.05 < expected < 1 and surface_dice(true, predicted, pixel_mm) == pytest.approx(expected)


def test_surface_dice_equals_monais():
    """Computed by `monai.metrics.compute_surface_dice` of MONAI 1.6.1 on PyTorch 2.14.1, in single precision."""
    y, x = np.ogrid[:64, :64]
    disc = np.hypot(y - 30, x - 30) <= 18
    ellipse = ((y - 33) / 14) ** 2 + ((x - 36) / 22) ** 2 <= 1
    by_monai = {0.5: 0.5343137383460999, 0.9: 0.3970588147640228, 1.7: 0.18627451360225677}
    ours = {mm: surface_dice(disc, ellipse, mm) for mm in by_monai}
    assert ours == pytest.approx(by_monai, abs=3e-8)


def test_masks_of_two_shapes_are_refused():
    with pytest.raises(DataError, match=r"\(4, 4\).*\(8, 8\)"):
        dice_score(SQUARE, np.zeros((8, 8), bool))


def test_score_table_counts_misses():
    table = score_table(
        np.stack([SQUARE, SQUARE]),
        np.stack([SQUARE, EMPTY]),
        np.array(["a", "b"]),
        np.array(["glioma"] * 2),
        np.ones(2),
    )
    assert table["dice"].tolist() == [1.0, 0.0]
    assert table["missed"].tolist() == [False, True]
    assert table["not_found"].tolist() == [False, True]


def test_bootstrap_draws_patients_not_slices():
    # One patient with 100 good slices, one with 100 bad ones: slices would give a narrow interval.
    values = np.repeat([0.0, 1.0], 100)
    low, high = bootstrap_interval(values, np.repeat(["a", "b"], 100))
    assert (low, high) == (0.0, 1.0)
    assert bootstrap_interval(values, np.repeat(["a", "b"], 100)) == (low, high)

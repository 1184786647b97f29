"""Metrics and losses on masks small enough to check by eye."""

import numpy as np
import pytest
from keras import ops

from braintut.errors import DataError, ModelError
from braintut.segmentation.losses import DiceCrossEntropyLoss, DiceLoss, TverskyLoss
from braintut.segmentation.metrics import (
    bootstrap_interval,
    dice_score,
    iou_score,
    score_table,
    sensitivity,
    surface_dice,
)

EMPTY = np.zeros((4, 4), bool)
SQUARE = EMPTY.copy()
SQUARE[1:3, 1:3] = True  # four pixels
SHIFTED = EMPTY.copy()
SHIFTED[1:3, 2:4] = True  # four pixels, two in common with SQUARE
CORNER = EMPTY.copy()
CORNER[3, 3] = True  # one pixel, none in common with SQUARE
WHOLE = np.ones((4, 4), bool)

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


@pytest.mark.parametrize(("true", "predicted", "dice", "iou", "found"), CASES)
def test_dice_loss_of_a_hard_mask_is_one_minus_dice(true, predicted, dice, iou, found):
    loss = DiceLoss(smooth=1e-6)(true[None, ..., None].astype("f4"), predicted[None, ..., None].astype("f4"))
    assert float(loss) == pytest.approx(1 - dice, abs=1e-5)


def test_dice_loss_counts_soft_predictions():
    half = np.full((1, 4, 4, 1), 0.5, "f4")
    # TP = 4 x 0.5 = 2, FP = 12 x 0.5 = 6, FN = 4 x 0.5 = 2, so Dice is 4 / 12.
    assert float(DiceLoss(smooth=0.0)(SQUARE[None, ..., None], half)) == pytest.approx(1 - 4 / 12)


def test_dice_per_image_and_per_batch_differ_as_computed_by_hand():
    true = np.stack([SQUARE, CORNER])[..., None].astype("f4")
    predicted = np.stack([SQUARE, EMPTY])[..., None].astype("f4")
    assert float(DiceLoss("image", smooth=0.0)(true, predicted)) == pytest.approx((0 + 1) / 2)
    # Over the batch: TP = 4, FN = 1, so Dice is 8 / 9.
    assert float(DiceLoss("batch", smooth=0.0)(true, predicted)) == pytest.approx(1 - 8 / 9)


def test_empty_mask_predicted_empty_costs_nothing():
    nothing = np.zeros((2, 4, 4, 1), "f4")
    for per in ("image", "batch"):
        assert float(DiceLoss(per)(nothing, nothing)) == pytest.approx(0.0)


def test_dice_cross_entropy_is_the_sum_of_both():
    true, half = SQUARE[None, ..., None].astype("f4"), np.full((1, 4, 4, 1), 0.5, "f4")
    both = float(DiceCrossEntropyLoss("image")(true, half))
    assert both == pytest.approx(float(DiceLoss("image")(true, half)) + np.log(2), abs=1e-5)


def test_losses_rebuild_from_their_config():
    loss = DiceCrossEntropyLoss.from_config(DiceCrossEntropyLoss("batch", 0.5).get_config())
    assert loss.dice.per == "batch"
    assert loss.cross_entropy_weight == 0.5
    with pytest.raises(ModelError, match="per 'pixel'"):
        DiceLoss("pixel")


def test_loss_accepts_tensors_of_booleans():
    assert (
        float(DiceLoss(smooth=0.0)(ops.convert_to_tensor(SQUARE[None, ..., None]), SQUARE[None, ..., None] * 1.0)) == 0
    )


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


def test_surface_dice_falls_as_the_shift_outgrows_the_tolerance():
    near, far = surface_dice(block(8), block(11), 1.0), surface_dice(block(8), block(16), 1.0)
    assert far < near < 1
    assert near == pytest.approx(brute_force_surface_dice(block(8), block(11), 2.0))


def brute_force_surface_dice(true, predicted, tolerance):
    def border(mask):
        inside = mask.copy()
        for axis in (0, 1):
            for step in (-1, 1):
                inside &= np.roll(mask, step, axis)
        return np.argwhere(mask & ~inside)

    a, b = border(true), border(predicted)
    distances = np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1))
    return ((distances.min(1) <= tolerance).sum() + (distances.min(0) <= tolerance).sum()) / (len(a) + len(b))


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


@pytest.mark.parametrize(
    ("false_positive_weight", "false_negative_weight", "gamma", "expected"),
    [
        # TP = 4 x 0.5 = 2, FP = 12 x 0.5 = 6, FN = 4 x 0.5 = 2, as above.
        (0.5, 0.5, 1.0, 1 - 2 / 6),  # Dice
        (1.0, 1.0, 1.0, 1 - 2 / 10),  # intersection over union
        (0.0, 1.0, 1.0, 1 - 2 / 4),  # only misses count
        (1.0, 0.0, 1.0, 1 - 2 / 8),  # only false alarms count
        (0.5, 0.5, 0.5, (1 - 2 / 6) ** 0.5),
    ],
)
def test_tversky_by_hand(false_positive_weight, false_negative_weight, gamma, expected):
    half = np.full((1, 4, 4, 1), 0.5, "f4")
    loss = TverskyLoss(false_positive_weight, false_negative_weight, gamma, smooth=0.0)
    assert float(loss(SQUARE[None, ..., None], half)) == pytest.approx(expected)


def test_tversky_counts_per_image_or_batch():
    true = np.stack([SQUARE, CORNER])[..., None].astype("f4")
    predicted = np.stack([SQUARE, EMPTY])[..., None].astype("f4")
    for per, expected in (("image", (0 + 1) / 2), ("batch", 1 - 8 / 9)):
        assert float(TverskyLoss(0.5, 0.5, per=per, smooth=0.0)(true, predicted)) == pytest.approx(expected, abs=1e-5)
    with pytest.raises(ModelError, match="not per 'pixel'"):
        TverskyLoss(per="pixel")

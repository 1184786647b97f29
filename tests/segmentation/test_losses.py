"""Losses on masks small enough to check by eye, and against those of Keras."""

import keras
import numpy as np
import pytest
from keras import ops

from braintut.errors import ModelError
from braintut.segmentation.losses import DiceCrossEntropyLoss, DiceLoss, DiceTypeLoss, TverskyLoss
from making import CORNER, EMPTY, SHIFTED, SQUARE, WHOLE

CASES = [
    # truth, prediction, Dice
    (SQUARE, SQUARE, 1.0),
    (SQUARE, SHIFTED, 0.5),
    (SQUARE, WHOLE, 8 / 20),
    (SQUARE, CORNER, 0.0),
    (SQUARE, EMPTY, 0.0),
    (EMPTY, SQUARE, 0.0),
    (EMPTY, EMPTY, 1.0),
]


@pytest.mark.parametrize(("true", "predicted", "dice"), CASES)
def test_dice_loss_of_a_hard_mask_is_one_minus_dice(true, predicted, dice):
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


def test_dice_cross_entropy_by_hand():
    true, half = SQUARE[None, ..., None].astype("f4"), np.full((1, 4, 4, 1), 0.5, "f4")
    # TP = 2, FP = 6, FN = 2 and 1 for smoothness: Dice is 5 / 13. Each pixel's cross-entropy is log 2.
    assert float(DiceCrossEntropyLoss("image")(true, half)) == pytest.approx(1 - 5 / 13 + np.log(2), abs=1e-5)
    assert float(DiceCrossEntropyLoss("image", 0.5)(true, half)) == pytest.approx(
        1 - 5 / 13 + 0.5 * np.log(2), abs=1e-5
    )


def random_pair():
    """Three slices of truth and probabilities, shape (3, 8, 8, 1)."""
    rng = np.random.default_rng(0)
    return (rng.random((3, 8, 8, 1)) < 0.3).astype("f4"), rng.random((3, 8, 8, 1), dtype="f4")


@pytest.mark.parametrize(("per", "axes"), [("image", (1, 2, 3)), ("batch", None)])
def test_losses_equal_those_of_keras(per, axes):
    pair = random_pair()
    dice = float(keras.losses.Dice(axis=axes)(*pair))
    assert float(DiceLoss(per, smooth=0.0)(*pair)) == pytest.approx(dice, rel=1e-5)
    # Of equal weights, because Keras has had false positives and false negatives the other way round.
    tversky = float(keras.losses.Tversky(alpha=0.3, beta=0.3, axis=axes)(*pair))
    assert float(TverskyLoss(0.3, 0.3, per=per, smooth=0.0)(*pair)) == pytest.approx(tversky, rel=1e-5)


def test_cross_entropy_equals_that_of_keras():
    pair = random_pair()
    cross_entropy = float(keras.losses.BinaryCrossentropy()(*pair))
    with_it, without = (float(DiceCrossEntropyLoss("image", weight)(*pair)) for weight in (1.0, 0.0))
    assert with_it - without == pytest.approx(cross_entropy, rel=1e-5)


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


SURE, HALF = [0.0, 0, 1, 0], [0.0, 0.5, 0.5, 0]
TYPE_LOSS_CASES = [
    # truth of four pixels, prediction, loss with smooth 0 and type weight 1
    ([2, 2, 0, 0], [SURE, SURE, [1, 0, 0, 0], [1, 0, 0, 0]], 0),
    ([2, 2, 0, 0], [SURE, [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]], 1 - 2 / 3 + np.log(1e6) / 3),
    ([2, 2, 0, 0], [HALF, HALF, [1, 0, 0, 0], [1, 0, 0, 0]], 2 * np.log(2) / 3),
    ([2, 2, 0, 0], [SURE, SURE, SURE, SURE], 1 - 4 / 6),  # types outside the tumour don't count
]


@pytest.mark.parametrize(("truth", "predicted", "loss"), TYPE_LOSS_CASES)
def test_loss_of_place_and_type(truth, predicted, loss):
    truth = np.array(truth, "f4").reshape(1, 2, 2, 1)
    predicted = np.array(predicted, "f4").reshape(1, 2, 2, 4)
    counted = keras.ops.convert_to_numpy(DiceTypeLoss(type_weight=1.0, smooth=0.0)(truth, predicted))
    assert counted == pytest.approx(loss, abs=2e-5)
    again = DiceTypeLoss.from_config(DiceTypeLoss(0.7, 2.0).get_config())
    assert (again.type_weight, again.smooth) == (0.7, 2.0)

"""Checks of lesson 03: lazy answers, counting pixels, Dice, the soft loss, and whom an average forgets."""

import keras
import numpy as np
import pytest

from braintut.teaching.exercises import lesson_03 as check
from judging import Answers, CheckTests, checks_of, verdict

LAZY = Answers(
    check.lazy,
    right=[(1 - 64 / 4096,), (0.984,), (0.98,)],
    untouched=[(...,)],
    mistakes=[
        (1.0, "does get some pixels wrong"),
        (0.0, "most pixels are not tumour"),
        (0.5, "nothing is left to chance"),
        (64 / 4096, "the share of wrong pixels"),
        (98.4375, "is a percentage"),
        (4032, "divide it by the number of all"),
        (0.9, "not the share of pixels that an empty prediction gets right"),
    ],
)

COUNTS = Answers(
    check.counts,
    right=[(2, 2, 3), (np.int64(2), 2.0, 3)],
    untouched=[(..., ..., ...), (2, ..., ...)],
    mistakes=[
        (2, 3, 2, "FP and FN are swapped"),
        (2, 4, 5, "both whole areas"),
        (7, 2, 3, "in either mask"),
        (9, 2, 3, "twice or more"),
        (3, 2, 3, "tumour in both masks"),
        (2, 1, 3, "tumour in the prediction only"),
        (2, 2, 9, "tumour in the truth only"),
    ],
)

DICE = Answers(
    check.dice,
    right=[(4 / 9,), (0.44,)],
    untouched=[(...,)],
    mistakes=[
        (2 / 9, "so twice"),
        (2 / 7, "IoU or Jaccard"),
        (11 / 16, "that is the accuracy"),
        (0.5, "(precision)"),
        (0.4, "(sensitivity)"),
        (5 / 9, "a loss"),
        (44.4, "is a percentage"),
        (0.9, "into the formula again"),
    ],
)


def counted(truth, probability):
    """Soft TP, FP and FN."""
    return (truth * probability).sum(), ((1 - truth) * probability).sum(), (truth * (1 - probability)).sum()


def soft(truth, probability, smooth=0.0):
    tp, fp, fn = counted(truth, probability)
    return 1 - (2 * tp + smooth) / (2 * tp + fp + fn + smooth)


def soft_in_keras(truth, probability):
    return keras.ops.convert_to_tensor(soft(truth, probability, smooth=1.0))


def soft_score(truth, probability):
    return 1 - soft(truth, probability)


def soft_with_tp_once(truth, probability):
    tp, fp, fn = counted(truth, probability)
    return 1 - tp / (2 * tp + fp + fn)


def soft_iou(truth, probability):
    return 1 - (truth * probability).sum() / np.maximum(truth, probability).sum()


def soft_squared(truth, probability):
    return 1 - 2 * (truth * probability).sum() / ((truth**2).sum() + (probability**2).sum())


def hard(truth, probability):
    return soft(truth, (probability >= 0.5) * 1.0)


def without_false_positives(truth, probability):
    tp, _, fn = counted(truth, probability)
    return 1 - 2 * tp / (2 * tp + fn)


SOFT = Answers(
    check.soft,
    right=[(soft,), (lambda t, p: soft(t, p, 1.0),), (lambda t, p: soft(t, p, 1e-7),), (soft_in_keras,)],
    untouched=[(lambda truth, probability: ...,)],
    mistakes=[
        (soft_score, "that is the score, not the loss"),
        (soft_with_tp_once, "is 0.50; it should be 0"),
        (soft_iou, "that of IoU"),
        (soft_squared, "probabilities are squared"),
        (hard, "that leaves no slope"),
        (lambda truth, probability: np.abs(truth - probability).mean(), "your loss is 0.12; count TP, FP and FN"),
        (without_false_positives, "false alarms cost nothing"),
        (lambda truth, probability: min(soft(truth, probability), 0.7), "get the loss 0.70; it should be close to 1"),
        (lambda truth, probability: truth * probability, "should be one number, but is of type ndarray"),
    ],
)

BATCH_OR_IMAGE = Answers(
    check.batch_or_image,
    right=[(0.5, 1 / 9), (0.5, 0.11)],
    untouched=[(..., ...), (0.5, ...)],
    mistakes=[
        (1 / 9, 0.5, "the two are swapped"),
        (1.0, 1 / 9, "the first slice is right"),
        (0.0, 1 / 9, "the second slice is missed altogether"),
        (0.3, 1 / 9, "what does each of them get"),
        (0.5, 8 / 9, "`per_batch` is the score"),
        (0.5, 0.5, "`per_batch` is the mean again"),
        (0.5, 0.2, "Dice counts TP twice"),
        (0.5, 0.3, "add up TP, FP and FN"),
        (50, 11, "`per_image` is a percentage"),
        (0.5, 11.1, "`per_batch` is a percentage"),
        (0.5, 0.1, "`per_batch` is close; give more digits"),
    ],
)


@pytest.mark.parametrize(
    ("check", "answers"),
    [
        *((check.lazy, (percent,)) for percent in (98.4375, 98.4, 98, 1.6)),
        *((check.dice, (percent,)) for percent in (44.44, 44.4, 44, 50)),
        *((check.batch_or_image, pair) for pair in ((50, 11), (50, 11.1), (0.5, 11), (50, 1 / 9))),
    ],
    ids=str,
)
def test_percentages_are_recognised_however_they_are_rounded(capsys, check, answers):
    assert "is a percentage" in verdict(capsys, check, answers)


@pytest.mark.parametrize(
    ("check", "answers", "said"),
    [
        (check.lazy, (0.98,), "Right"),
        (check.lazy, (0.97,), "not the share of pixels"),
        (check.dice, (0.45,), "into the formula again"),
        (check.dice, (0.22,), "so twice"),
        (check.batch_or_image, (0.5, 0.11), "Right"),
        (check.batch_or_image, (0.5, 0.12), "add up TP, FP and FN"),
        (check.batch_or_image, (0.5, 0.1), "more digits"),
        (check.batch_or_image, (11, 50), "the two are swapped"),
    ],
    ids=str,
)
def test_shares_are_right_to_two_decimals(capsys, check, answers, said):
    assert said in verdict(capsys, check, answers)


TABLES = [LAZY, COUNTS, DICE, SOFT, BATCH_OR_IMAGE]


@pytest.mark.parametrize("answers", TABLES, ids=str)
class TestChecks(CheckTests):
    """Of lesson 03."""


def test_every_check_has_its_table():
    assert checks_of(check) == [answers.check for answers in TABLES] and len(TABLES) >= 3

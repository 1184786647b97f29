"""Checks of lesson 08: one piece of a mask, what a report says, answers that are held back, and right alarms."""

import numpy as np
import pytest
from skimage.measure import label, regionprops

from braintut.segmentation.mask import largest_component
from braintut.teaching.exercises import lesson_08 as check
from judging import Answers, CheckTests, checks_of


def sizes_of_pieces(mask):
    pieces = label(mask)
    return pieces, np.bincount(pieces.ravel())


def largest_piece(mask):
    pieces, areas = sizes_of_pieces(mask)
    areas[0] = 0
    return mask & (pieces == areas.argmax())


def largest_by_region(mask):
    regions = sorted(regionprops(label(mask)), key=lambda region: region.area)
    return label(mask) == regions[-1].label if regions else mask


def largest_with_background(mask):
    pieces, areas = sizes_of_pieces(mask)
    return pieces == areas.argmax()


def largest_or_background(mask):
    pieces, areas = sizes_of_pieces(mask)
    areas[0] = 0
    return pieces == areas.argmax()


def largest_not_of_nothing(mask):
    pieces, areas = sizes_of_pieces(mask)
    return pieces == 1 + areas[1:].argmax()


def larger_than(limit):
    def largest(mask):
        pieces, areas = sizes_of_pieces(mask)
        return mask & (areas >= limit)[pieces]

    return largest


def last_of_the_large(mask):
    pieces, areas = sizes_of_pieces(mask)
    return mask & (pieces == max(np.flatnonzero(areas >= 10)))


def largest_of_several(mask):
    return largest_piece(mask) if label(mask).max() > 1 else mask & False


ONE_PIECE = Answers(
    check.one_piece,
    right=[(largest_piece,), (largest_by_region,), (lambda mask: largest_component(mask, 10.0),)],
    untouched=[(lambda mask: ...,)],
    mistakes=[
        (lambda mask: mask, "all three pieces of the example are still there"),
        (lambda mask: mask & False, "of three pieces none is left"),
        (largest_with_background, "is it the background?"),
        (lambda mask: label(mask) == 1, "but 4 pixels are"),
        (larger_than(10), "5941 are left: compare the pieces with each other"),
        (last_of_the_large, "3025 and 2916 pixels, 2916 are left"),
        (largest_of_several, "should stay as it is"),
        (largest_or_background, "an empty mask should stay empty"),
        (largest_not_of_nothing, "`largest_not_of_nothing` stopped on an empty mask"),
        (label, "numbers of pieces?"),
        (lambda mask: sizes_of_pieces(mask)[1][1:].max(), "a mask of shape (16, 20) should come back"),
        (lambda mask: mask.astype(str), "a mask of True and False should come back"),
    ],
)


def readings(wrong=None):
    """The right reading of each line, but for the one with this number."""
    return {line: right != (number == wrong) for number, (line, right) in enumerate(check.SAYS.items())}


READING = Answers(
    check.reading,
    right=[(check.SAYS,), (readings(),)],
    untouched=[(dict.fromkeys(check.SAYS, ...),)],
    mistakes=[
        (readings(wrong=0), "takes the tumour for granted"),
        (readings(wrong=1), "add up to 1"),
        (readings(wrong=2), "the first belongs to the stricter cut"),
        (readings(wrong=3), "it gives reasons for wrong answers as well"),
        (readings(wrong=4), "a U-Net report that has overlooked a tumour"),
        (dict.fromkeys(check.SAYS, "no"), "should be True or False, without quotation marks"),
        (dict.fromkeys(check.SAYS, 0), "should be True or False, not a number"),
        (dict.fromkeys(check.SAYS, None), "should be True or False, but is None"),
        ({"healthy": False}, "exactly the keys"),
        (list(check.SAYS.values()), "should be a dictionary"),
    ],
)


def answered(probability, right, limit):
    kept = probability >= limit
    return kept.mean(), right[kept].mean()


def answered_in_numbers(probability, right, limit):
    kept = probability >= limit
    return kept.sum(), right[kept].sum()


def answered_of_all(probability, right, limit):
    kept = probability >= limit
    return kept.mean(), (right & kept).mean()


def answered_with_nan(probability, right, limit):
    kept = ~(probability < limit)
    return kept.mean(), right[kept].mean()


def answered_above(probability, right, limit):
    kept = probability > limit
    return kept.mean(), right[kept].mean()


def answered_below(probability, right, limit):
    kept = probability < limit
    return kept.mean(), right[kept].mean()


def answered_where_doubtful(probability, right, limit):
    kept = ~(probability >= limit)
    return kept.mean(), right[kept].mean()


HELD_BACK = Answers(
    check.held_back,
    right=[(answered,), (lambda *given: np.array(answered(*given)),)],
    untouched=[(lambda probability, right, limit: ...,), (lambda probability, right, limit: (..., ...),)],
    mistakes=[
        (lambda *given: answered(*given)[::-1], "the wrong way round"),
        (answered_in_numbers, "these are numbers of slices"),
        (answered_of_all, "you divided the right answers by all slices"),
        (answered_with_nan, "`nan` is not below any limit"),
        (answered_above, "write >= instead of >"),
        (answered_below, "you kept the answers below the limit"),
        (answered_where_doubtful, "you kept the doubtful slices"),
        (lambda probability, right, limit: ((probability >= limit).mean(), right.mean()), "is that of all slices"),
        (lambda *given: (answered(*given)[0], 1 - answered(*given)[1]), "the share of wrong answers"),
        (lambda *given: answered(*given)[0], "should hold 2 numbers in brackets, but is of type float64"),
        (lambda *given: (answered(*given)[0], 1.0), "the second share is 1 here"),
        (lambda *given: (0.3, 0.3), "three of these four are right"),
        (lambda *given: (0.4, 0.75 if given[2] == 0.7 else 0.5), "with a limit of 0.75"),
    ],
)

RIGHT_ALARMS = Answers(
    check.right_alarms,
    right=[(9 / (9 + 0.3 * 90),), (0.25,), (np.float32(0.25),)],
    untouched=[(...,)],
    mistakes=[
        (0.9, "the share of tumours that are found"),
        (0.7, "that stay quiet"),
        (0.3, "how many heads are that?"),
        (9 / 39, "only the 90 tumour-free heads"),
        (9 / 27, "you divided by the false alarms"),
        (10 / 37, "one of the ten tumours was missed"),
        (0.1, "the share of heads with a tumour"),
        (0.75, "the share of the alarms that are false"),
        (0.09, "you divided by all heads"),
        (25, "in per cent"),
        (36, "the number of alarms"),
        (0.5, "count the alarms first"),
    ],
)

TABLES = [ONE_PIECE, READING, HELD_BACK, RIGHT_ALARMS]


@pytest.mark.parametrize("answers", TABLES, ids=str)
class TestChecks(CheckTests):
    """Of lesson 08."""


def test_every_check_has_its_table():
    assert checks_of(check) == [answers.check for answers in TABLES] and len(TABLES) >= 3

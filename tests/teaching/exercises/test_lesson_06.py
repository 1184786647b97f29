"""Checks of lesson 06: six numbers of a mask, pairs of greys, a ring, and three features that beat twelve."""

from dataclasses import replace

import numpy as np
import pytest

from braintut.dataset import load_phantoms
from braintut.features import measure_table
from braintut.teaching.exercises import lesson_06 as check
from judging import Answers, CheckTests, checks_of

SIX_NUMBERS = Answers(
    check.six_numbers,
    right=[((3, 4, 1.75, 3, 4 / 3, 8),), ([3, 4, 1.75, 3.0, 1.33, 8],)],
    untouched=[((..., ..., ..., ..., ..., ...),), ((3, 4, ..., ..., ..., ...),)],
    mistakes=[
        ((4, 3, 1.75, 3, 4 / 3, 8), "width and height are swapped"),
        ((2, 3, 1.75, 3, 1.5, 8), "the width is one too small"),
        ((5, 4, 1.75, 3, 4 / 3, 8), "the width is off"),
        ((3, 3, 1.75, 3, 1, 8), "the height is one too small"),
        ((3, 6, 1.75, 3, 2, 8), "the height is off"),
        ((3, 4, 3, 1.75, 4 / 3, 8), "mean x and mean y are swapped"),
        ((3, 4, 2, 2.5, 4 / 3, 8), "mean x is the middle of the box"),
        ((3, 4, 2.75, 4, 4 / 3, 8), "mean x counts columns from 1"),
        ((3, 4, 1.5, 3, 4 / 3, 8), "mean x is not the mean"),
        ((3, 4, 1.75, 2.5, 4 / 3, 8), "mean y is the middle of the box"),
        ((3, 4, 1.75, 4, 4 / 3, 8), "mean y counts rows from 1"),
        ((3, 4, 1.75, 1.5, 4 / 3, 8), "mean y is not the mean"),
        ((3, 4, 1.75, 3, 0.75, 8), "the roundness is upside down"),
        ((3, 4, 1.75, 3, 1, 8), "the roundness is not height / width"),
        ((3, 4, 1.75, 3, 4 / 3, 12), "the area is that of the box"),
        ((3, 4, 1.75, 3, 4 / 3, 9), "the area is not the number of pixels"),
        ((3, 4, 8), "should hold 6 numbers, but holds 3"),
    ],
)


def six(mask):
    rows, columns = np.nonzero(mask)
    width, height = np.ptp(columns) + 1, np.ptp(rows) + 1
    return width, height, columns.mean(), rows.mean(), height / width, rows.size


def six_in_a_list(mask):
    return [float(number) for number in six(mask)]


def six_swapped(mask):
    width, height, x, y, *others = six(mask)
    return width, height, y, x, *others


def six_one_too_small(mask):
    width, *others = six(mask)
    return width - 1, *others


def six_upside_down(mask):
    *others, roundness, area = six(mask)
    return *others, 1 / roundness, area


def six_by_pixels(mask):
    found = [(y, x) for y in range(mask.shape[0]) for x in range(mask.shape[1]) if mask[y, x]]
    ys, xs = zip(*found, strict=True)
    width, height = max(xs) - min(xs) + 1, max(ys) - min(ys) + 1
    return width, height, sum(xs) / len(xs), sum(ys) / len(ys), height / width, len(xs)


SIX_AT_ONCE = Answers(
    check.six_at_once,
    right=[(six,), (six_in_a_list,)],
    untouched=[(lambda mask: ...,)],
    mistakes=[
        (six_swapped, "gives rows first"),
        (six_one_too_small, "the width is one too small"),
        (six_upside_down, "the roundness is wrong"),
        (six_by_pixels, "visits pixel after pixel"),
        (lambda mask: mask.sum(), "should hold 6 numbers in brackets"),
    ],
)

RIGHT_PAIRS = [[3, 0, 2], [0, 2, 2], [1, 1, 1]]

PAIRS_BELOW = Answers(
    check.pairs_below,
    right=[(RIGHT_PAIRS,), (np.array(RIGHT_PAIRS),)],
    untouched=[([[..., ..., ...], [..., ..., ...], [..., ..., ...]],), ([[3, 0, 2], [0, 2, 2], [..., ..., ...]],)],
    mistakes=[
        ([[2, 2, 1], [1, 2, 0], [0, 1, 3]], "the pixel to the right"),
        ([[3, 0, 1], [0, 2, 1], [2, 2, 1]], "rows and columns are swapped"),
        ([[6, 0, 3], [0, 4, 3], [3, 3, 2]], "each pair is in there twice"),
        ([[0.25, 0, 0.17], [0, 0.17, 0.17], [0.08, 0.08, 0.08]], "these are shares"),
        ([[3, 0, 2], [0, 2, 2], [1, 1, 2]], "you counted 13 pairs"),
        ([[3, 1, 1], [0, 2, 2], [1, 1, 1]], "2 of the nine counts are off"),
        ([3, 0, 2, 0, 2, 2, 1, 1, 1], "but holds 9"),
        ("302 022 111", "three rows of three numbers"),
    ],
)


def in_ring(distance, low, high):
    return (distance > low) & (distance <= high)


def ring_mean(image, distance, low, high):
    return image[in_ring(distance, low, high)].mean()


def ring_outside_only(image, distance, low, high):
    return ring_mean(image, distance, max(low, 0), max(high, 1))


RING = Answers(
    check.ring,
    right=[(ring_mean,)],
    untouched=[(lambda image, distance, low, high: ...,)],
    mistakes=[
        (lambda image, distance, low, high: image[distance <= high].mean(), "the tumour too"),
        (lambda image, distance, low, high: image[distance > low].mean(), "up to the edge of the picture"),
        (lambda image, distance, low, high: image[(distance > low) | (distance <= high)].mean(), "so use `&`"),
        (lambda image, *limits: (image * in_ring(*limits)).mean(), "all the pixels of the picture"),
        (lambda image, *limits: image[in_ring(*limits)].sum(), "the sum of the ring"),
        (lambda image, *limits: in_ring(*limits).mean(), "how much of the picture the ring covers"),
        (lambda image, *limits: limits[0][in_ring(*limits)].mean(), "the mean distance in the ring"),
        (lambda image, *limits: np.median(image[in_ring(*limits)]), "pixels with low < distance <= high"),
        (ring_outside_only, "but for the rim, from -4 to 0 mm"),
    ],
)

PHANTOMS = load_phantoms()
TABLE = measure_table(PHANTOMS)

THREE_FEATURES = Answers(
    check.three_features,
    right=[(["place_midline", "firstorder_p10", "ring_near_std"], TABLE, PHANTOMS)],
    untouched=[([..., ..., ...], TABLE, PHANTOMS)],
    mistakes=[
        (["shape_area_mm2", "shape_aspect_ratio", "shape_tilt"], TABLE, PHANTOMS, "take three that measure"),
        (["place_midline", "firstorder_p10", "ring_near"], TABLE, PHANTOMS, "there is no feature 'ring_near'"),
        (["place_midline", "place_midline", "ring_near_std"], TABLE, PHANTOMS, "one name is there twice"),
        (["place_midline", "firstorder_p10"], TABLE, PHANTOMS, "should hold three names, but holds 2"),
        ([1, 2, 3], TABLE, PHANTOMS, "put it in quotation marks"),
        ("place_midline", TABLE, PHANTOMS, "three names in brackets"),
    ],
)

TABLES = [SIX_NUMBERS, SIX_AT_ONCE, PAIRS_BELOW, RING, THREE_FEATURES]


@pytest.mark.parametrize("answers", TABLES, ids=str)
class TestChecks(CheckTests):
    """Of lesson 06."""


def test_every_check_has_its_table():
    assert checks_of(check) == [answers.check for answers in TABLES] and len(TABLES) >= 3


def test_the_riddle_holds_one_clear_case_of_each_type():
    three = check.riddle(load_phantoms())
    assert sorted(three.types) == ["glioma", "meningioma", "pituitary"]
    glioma = measure_table(three.of_type("glioma")).iloc[0]
    assert glioma["ring_core_to_rim"] < 0 and 300 <= glioma["shape_area_mm2"] <= 2500
    assert measure_table(three.of_type("pituitary")).iloc[0]["place_midline_mm"] < 5


def test_the_riddle_takes_what_is_there_where_no_case_is_clear():
    slices = load_phantoms()
    tiny = np.zeros_like(slices.masks)
    tiny[:, 60:62, 60:62] = True
    assert len(set(check.riddle(replace(slices, masks=tiny)).types)) == 3

"""Checks of lesson 06: six numbers of a mask, pairs of greys, a ring, and three features that beat twelve."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from braintut.classification import cross_validate_by_patient, make_classifier
from braintut.dataset.slices import Slices, concatenate
from braintut.features import BASELINE_FEATURES, measure_table
from braintut.teaching.exercises.checking import NotYet, as_number, as_numbers, call, demand, exercise, expect

SIX = ("width", "height", "mean x", "mean y", "roundness", "area")
TRAITS = {"glioma": "ring_core_to_rim", "pituitary": "place_midline_mm", "meningioma": "place_depth_mm"}
"""What is smallest in a clear case: a core darker than its rim, the way to the midline, the way to the skull."""

MOST_READS = 200
"""A function that reads a 64 x 64 mask more often than this visits its pixels one by one."""


def corner_mask() -> np.ndarray:
    """A small mask that differs in width and height, and whose middle is not the middle of its box.

    Returns
    -------
    ndarray of bool, shape (6, 6)
    """
    mask = np.zeros((6, 6), bool)
    mask[1:5, 1] = True
    mask[3:5, 1:4] = True
    return mask


def riddle(slices: Slices) -> Slices:
    """Pick a clear case of each type: neither tiny nor huge, of a plain outline, its type's trait at its strongest.

    Returns
    -------
    Slices
        Three, in an order of their own.
    """
    table = measure_table(slices)
    plain = table["shape_area_mm2"].between(300, 2500) & (table["shape_solidity"] > 0.9)
    picked = []
    for name, trait in TRAITS.items():
        rows = np.flatnonzero(slices.types == name)
        rows = rows[plain.to_numpy()[rows]] if plain.to_numpy()[rows].any() else rows
        picked.append(slices[[rows[table[trait].to_numpy()[rows].argmin()]]])
    return concatenate(picked)


@exercise
def six_numbers(six: object) -> str:
    """Check width, height, mean x, mean y, roundness and area of `corner_mask`."""
    numbers = as_numbers(six, "six", 6)
    width, height, mean_x, mean_y, roundness, area = numbers
    demand((width, height) != (4, 3), "width and height are swapped: width counts columns, height counts rows.")
    ends = "count the {}, first and last included."
    expect(width, 3, {2: "the width is one too small: " + ends.format("columns")}, "the width is off: count columns.")
    expect(height, 4, {3: "the height is one too small: " + ends.format("rows")}, "the height is off: count rows.")
    demand((mean_x, mean_y) != (3, 1.75), "mean x and mean y are swapped: x is a column, y is a row.")
    expect(
        mean_x,
        1.75,
        {
            2: "mean x is the middle of the box; the mean counts every pixel, and more of them lie on one side.",
            2.75: "mean x counts columns from 1; here they start at 0, as in NumPy.",
        },
        "mean x is not the mean of the eight column numbers.",
    )
    expect(
        mean_y,
        3,
        {
            2.5: "mean y is the middle of the box; the mean counts every pixel, and more of them lie low.",
            4: "mean y counts rows from 1; here they start at 0, as in NumPy.",
        },
        "mean y is not the mean of the eight row numbers.",
    )
    box = "the area is that of the box; count the pixels of the mask."
    expect(area, 8, {12: box}, "the area is not the number of pixels.")
    upside_down = "the roundness is upside down: it is height / width."
    expect(roundness, 4 / 3, {0.75: upside_down}, "the roundness is not height / width.", 0.01)
    return "Low and to the left of its box's middle: that is what the two means tell and the box does not."


@exercise
def six_at_once(measure: Callable) -> str:
    """Check a function (mask) that gives the six numbers without visiting pixels one by one."""
    rng = np.random.default_rng(0)
    blob = np.zeros((64, 64), bool)
    blob[10:40, 25:41] = rng.random((30, 16)) < 0.7
    single = np.zeros((5, 9), bool)
    single[2, 7] = True
    for mask, what in ((corner_mask(), "the mask of exercise 1"), (blob, "a larger mask"), (single, "one pixel")):
        numbers = as_numbers(call(measure, mask.copy(), what=what), "the answer", 6)
        right = _six(mask)
        if numbers[2:4] == right[3:1:-1] and right[2] != right[3]:
            raise NotYet("mean x and mean y are swapped: `np.nonzero` gives rows first, and rows are y.")
        for name, number, wanted in zip(SIX, numbers, right, strict=True):
            if name in ("width", "height") and number == wanted - 1:
                raise NotYet(f"for {what} the {name} is one too small: last - first leaves out one end.")
            demand(abs(number - wanted) < 1e-6, f"for {what} the {name} is wrong.")
    demand(
        _reads(measure, blob) <= MOST_READS, "the numbers are right, but the function still visits pixel after pixel."
    )
    return "The loop has not gone away: NumPy runs it, in compiled code."


@exercise
def pairs_below(below: object) -> str:
    """Check the co-occurrence matrix of the lesson's 4 x 4 picture, for pairs with the pixel below."""
    demand(isinstance(below, list | tuple | np.ndarray), "`below` should hold three rows of three numbers.")
    demand(len(below) == 3, f"`below` should hold three rows, but holds {len(below)}.")
    matrix = np.array([as_numbers(row, f"below[{i}]", 3) for i, row in enumerate(below)])
    right = np.array([[3, 0, 2], [0, 2, 2], [1, 1, 1]])
    mistakes = (
        ([[2, 2, 1], [1, 2, 0], [0, 1, 3]], "these are the pairs with the pixel to the right; look downwards."),
        (right.T, "rows and columns are swapped: the row is the grey of the upper pixel."),
        (right + right.T, "each pair is in there twice, once downwards and once upwards; count downwards only."),
        (right / 12, "these are shares; count the pairs."),
    )
    for mistake, message in mistakes:
        demand(not np.allclose(matrix, mistake, atol=0.01), message)
    total = matrix.sum()
    demand(abs(total - 12) < 0.01, f"you counted {total:g} pairs; three steps down in each of four columns are 12.")
    demand(np.allclose(matrix, right), f"12 pairs, but {int((matrix != right).sum())} of the nine counts are off.")
    return "Its contrast is 15/12: looked at downwards, the picture changes more than from left to right."


@exercise
def ring(ring_mean: Callable) -> str:
    """Check a function (image, distance, low, high) that gives the mean grey of a ring."""
    y, x = np.mgrid[:41, :41] - 20
    distance = np.hypot(y, x) - 6.3
    image = np.select([distance <= 0, distance <= 4, distance <= 8], [0.9, 0.5, 0.2], 0.7)
    image = image + 0.01 * (x > 0)
    chosen = (distance > 4) & (distance <= 8)
    mean = as_number(call(ring_mean, image, distance, 4, 8, what="a disc"), "the answer")
    expect(
        mean,
        image[chosen].mean(),
        {
            image[distance <= 8].mean(): "everything nearer than `high` is in it, the tumour too; what about `low`?",
            image[distance > 4].mean(): "everything beyond `low` is in it, up to the edge of the picture.",
            image[
                (distance > 4) | (distance <= 8)
            ].mean(): "every pixel is in it: both conditions must hold, so use `&`.",
            (image * chosen).mean(): "you divided by all the pixels of the picture; only those of the ring count.",
            image[chosen].sum(): "that is the sum of the ring; its mean is wanted.",
            chosen.mean(): "that is how much of the picture the ring covers; its grey is wanted.",
            distance[chosen].mean(): "that is the mean distance in the ring; its mean grey is wanted.",
        },
        "that is not the mean grey of the pixels with low < distance <= high.",
        1e-4,
    )
    inside = as_number(call(ring_mean, image, distance, -4, 0, what="the rim of a disc"), "the answer")
    rim = image[(distance > -4) & (distance <= 0)].mean()
    demand(abs(inside - rim) < 1e-4, "outside it works, but for the rim, from -4 to 0 mm, it gives something else.")
    return "With low = -4 and high = 0 the same function measures the rim of the tumour itself."


@exercise
def three_features(names: object, table: pd.DataFrame, slices: Slices) -> str:
    """Check three features: a forest that reads them must name more types right than with the seed's twelve."""
    demand(isinstance(names, list | tuple), f"`names` should be three names in brackets, not a {type(names).__name__}.")
    demand(len(names) == 3, f"`names` should hold three names, but holds {len(names)}.")
    demand(all(isinstance(name, str) for name in names), "a feature's name is text: put it in quotation marks.")
    for name in names:
        demand(name in table.columns, f"there is no feature '{name}' in the table; copy its spelling.")
    demand(len(set(names)) == 3, "one name is there twice; take three different ones.")
    yours, twelve = (_share_right(columns, table, slices) for columns in (list(names), None))
    demand(
        yours > twelve,
        f"{' '.join(names)} name {yours:.0%} of the slices right, the twelve name {twelve:.0%}; "
        "take three that measure different things.",
    )
    return (
        f"Your three name {yours:.0%} of the slices right, the twelve {twelve:.0%}. But read on before you believe it."
    )


def _share_right(columns: list[str] | None, table: pd.DataFrame, slices: Slices) -> float:
    columns = columns or list(BASELINE_FEATURES)
    forest = make_classifier("random_forest", columns)
    said = cross_validate_by_patient(forest, table[columns], slices.labels, slices.patients)
    return float(np.mean(said["predicted"].to_numpy() == slices.labels))


def _six(mask: np.ndarray) -> tuple[float, ...]:
    rows, columns = np.nonzero(mask)
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    return tuple(float(v) for v in (width, height, columns.mean(), rows.mean(), height / width, mask.sum()))


def _reads(measure: Callable, mask: np.ndarray) -> int:
    """How often a function takes something out of a mask by its index."""
    reads = []

    class Counted(np.ndarray):
        def __getitem__(self, key: object) -> object:
            reads.append(1)
            return super().__getitem__(key)

    call(measure, mask.view(Counted), what="a mask that counts how often it is read")
    return len(reads)

"""Checks of lesson 04: changes that leave the answer right, image and mask moved alike, holes, skull called tumour."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from braintut.quiet import quietly
from braintut.teaching.exercises.checking import NotYet, as_number, call, demand, demand_true_or_false, exercise, expect

STILL_RIGHT = {
    "mirror slice and mask": True,
    "turn the slice by 10 degrees, leave the mask as it was": False,
    "turn slice and mask upside down": True,
    "make the slice darker, leave the mask as it was": True,
    "mirror slice and mask, keep the note 'left side'": False,
    "shrink slice and mask by 10 %, keep the old area in mm²": False,
}
"""Each change, and whether the answer that goes with the slice is still true of it."""

_WHY_NOT = {
    "mirror slice and mask": "the outline has crossed over together with its tumour",
    "turn the slice by 10 degrees, leave the mask as it was": "lay the old outline on the new picture: does it fit?",
    "turn slice and mask upside down": "odd as it looks, what does the outline enclose?",
    "make the slice darker, leave the mask as it was": "has any pixel of the tumour gone elsewhere?",
    "mirror slice and mask, keep the note 'left side'": "read the note again and look where the tumour lies now",
    "shrink slice and mask by 10 %, keep the old area in mm²": "count the pixels of the mask again, at the same mm",
}


@exercise
def answer_still_right(still_right: object) -> str:
    """Check which changes leave the answer right that goes with a slice (dictionary of True and False)."""
    demand_true_or_false(still_right, STILL_RIGHT, _WHY_NOT)
    return "Ask this of every change before you train with it. Whether it also helps, only a measurement tells."


@exercise
def move(function: Callable) -> str:
    """Check a function (layer, image, mask) that moves both alike and gives back a mask of zeros and ones."""
    with quietly():
        from keras import layers
    black = {"fill_mode": "constant", "fill_value": 0.0}
    mask = np.zeros((1, 32, 32, 1), np.float32)
    mask[:, 6:16, 14:26] = 1
    image = 0.8 * mask
    results = []
    for seed in range(3):
        layer = layers.RandomRotation(0.25, seed=seed, **black)
        results.append(call(function, layer, image.copy(), mask.copy(), what="a bright box and its mask"))
    pairs = [_as_pair(result) for result in results]
    demand(any(not np.allclose(p, image) for p, _ in pairs), "the picture comes back as it was: nothing moved it.")
    demand(any(not np.allclose(m, mask) for _, m in pairs), "the picture was turned, but its mask stayed where it was.")
    for picture, moved in pairs:
        apart = np.mean((picture >= 0.4) != (moved >= 0.5))
        demand(
            apart < 0.02,
            "picture and mask were turned by different angles: a random layer draws anew each time it is called.",
        )
    grey = max(np.mean((m > 0) & (m < 1)) for _, m in pairs)
    demand(grey == 0, "picture and mask moved alike, but some pixels of the mask are grey: neither 0 nor 1.")
    return "One draw for both, and a mask that is still a mask."


def _as_pair(result: object) -> tuple[np.ndarray, np.ndarray]:
    with quietly():
        from keras import ops
    demand(not isinstance(result, Mapping), "the function returned the dictionary; take picture and mask out of it.")
    demand(isinstance(result, tuple | list) and len(result) == 2, "the function should return two things: image, mask.")
    arrays = []
    for part, name in zip(result, ("image", "mask"), strict=True):
        try:
            array = np.asarray(ops.convert_to_numpy(part), np.float32)
        except Exception as error:
            raise NotYet(f"the {name} that came back is a {type(part).__name__}, not a picture.") from error
        demand(array.size == 32 * 32, f"the {name} has shape {array.shape}, but one of shape (1, 32, 32, 1) went in.")
        arrays.append(array.reshape(1, 32, 32, 1))
    return arrays[0], arrays[1]


@exercise
def hole(function: Callable) -> str:
    """Check a function (image, mask, row, column, side) that cuts a black square out of both."""
    image, mask = np.full((16, 16), 0.6, np.float32), np.zeros((16, 16), bool)
    mask[2:12, 4:8] = True
    given = image.copy(), mask.copy()
    result = call(function, *given, 1, 5, 6, what="a grey slice with a hole at row 1, column 5")
    demand(isinstance(result, tuple | list) and len(result) == 2, "the function should return two things: image, mask.")
    cut, left = (np.asarray(part) for part in result)
    demand(cut.shape == left.shape == (16, 16), "image or mask came back with another shape than it went in.")
    demand(
        np.array_equal(given[0], image) and np.array_equal(given[1], mask),
        "the slice that you were given has a hole now, too; the next epoch would find it there. Change a copy.",
    )
    black = np.zeros((16, 16), bool)
    black[1:7, 5:11] = True
    holed = np.asarray(cut, float) == 0
    demand(holed.any(), "there is no black pixel in the image.")
    demand(not np.array_equal(holed, black.T), "your hole has rows and columns swapped.")
    demand(
        np.array_equal(holed, black), f"the hole should have 36 pixels from row 1, column 5; yours has {holed.sum()}."
    )
    demand(np.allclose(np.asarray(cut, float)[~black], 0.6), "the image has changed outside the hole, too.")
    demand(not np.array_equal(left, mask), "the image has its hole, but the mask still claims tumour under it.")
    demand(np.array_equal(left.astype(bool), mask & ~black), "the mask should lose what lies under the hole, no more.")
    return "A copy, one black square, and a mask that knows of it."


@exercise
def skull_share(function: Callable) -> str:
    """Check a function of areas in mm², one for each slice, that gives the share of slices with 25 mm² or more."""
    areas = np.array([0.0, 25.0, 400.0, 10.0, 0.0, 30.0, 0.0, 0.0])
    share = as_number(call(function, areas.copy(), what="eight slices"), "the share")
    expect(
        share,
        3 / 8,
        {
            3.0: "that is the number of slices, not their share.",
            37.5: "that is a percentage; a share lies between 0 and 1.",
            2 / 8: "a slice with exactly 25 mm² counts, too.",
            4 / 8: "you count every slice with any skull at all; a single pixel at the border should not count.",
            5 / 8: "that is the share of slices without skull called tumour.",
            float(areas.mean()): "that is the mean area; one slice with a lot of skull decides it.",
            455 / 465: "that is a share of the area; each slice should count once.",
        },
        "for eight slices of which three have 25 mm² or more, it gives something else than their share.",
    )
    return "Each slice counts once, however much of its skull was taken for tumour."

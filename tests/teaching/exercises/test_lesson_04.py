"""Checks of lesson 04: changes that leave the answer right, image and mask moved alike, holes, skull called tumour."""

import keras
import numpy as np
import pytest

from braintut.teaching.exercises import lesson_04 as check
from judging import Answers, CheckTests, checks_of


def all_right_but(change, answer):
    return {**check.STILL_RIGHT, change: answer}


MIRROR, TURN, UPSIDE_DOWN, DARKER, NOTE, SHRINK = check.STILL_RIGHT

ANSWER_STILL_RIGHT = Answers(
    check.answer_still_right,
    right=[(check.STILL_RIGHT,)],
    untouched=[(dict.fromkeys(check.STILL_RIGHT, ...),), (all_right_but(UPSIDE_DOWN, ...),)],
    mistakes=[
        (all_right_but(MIRROR, False), "crossed over together"),
        (all_right_but(TURN, True), "lay the old outline"),
        (all_right_but(UPSIDE_DOWN, False), "odd as it looks"),
        (all_right_but(DARKER, False), "gone elsewhere"),
        (all_right_but(NOTE, True), "read the note again"),
        (all_right_but(SHRINK, True), "count the pixels"),
        (all_right_but(UPSIDE_DOWN, "yes"), "'turn slice and mask upside down' should be True or False"),
        ({MIRROR: True}, "exactly the keys"),
        ([True, False, True, True, False, False], "should be a dictionary"),
    ],
)


def moves(layer, image, mask):
    batch = layer({"images": image, "segmentation_masks": mask}, training=True)
    return batch["images"], np.array(batch["segmentation_masks"]) >= 0.5


def moves_twice(layer, image, mask):
    return layer(image, training=True), np.array(layer(mask, training=True)) >= 0.5


def moves_to_grey(layer, image, mask):
    both = layer(keras.ops.concatenate([image, mask], axis=-1), training=True)
    return both[..., :1], both[..., 1:]


def moves_into_a_dictionary(layer, image, mask):
    return layer({"images": image, "segmentation_masks": mask}, training=True)


MOVE = Answers(
    check.move,
    right=[(moves,)],
    untouched=[(lambda layer, image, mask: ...,)],
    mistakes=[
        (moves_twice, "turned by different angles"),
        (moves_to_grey, "some pixels of the mask are grey"),
        (lambda layer, image, mask: (layer(image, training=True), mask), "its mask stayed where it was"),
        (lambda layer, image, mask: (image, mask), "nothing moved it"),
        (moves_into_a_dictionary, "returned the dictionary"),
        (lambda layer, image, mask: image, "should return two things"),
        (lambda layer, image, mask: ("image", "mask"), "is a str, not a picture"),
        (lambda layer, image, mask: (image[:, :16], mask), "the image has shape (1, 16, 32, 1)"),
    ],
)


def cut_hole(image, mask, row, column, side, keep=False, turned=False):
    image, left = image.copy(), mask.copy()
    square = np.s_[row : row + side, column : column + side][:: -1 if turned else 1]
    image[square], left[square] = 0, False
    return image, mask if keep else left


def cut_hole_for_ever(image, mask, row, column, side):
    image[row : row + side, column : column + side] = 0
    mask[row : row + side, column : column + side] = False
    return image, mask


def cut_hole_and_darken(image, mask, *where):
    return cut_hole(image / 2, mask, *where)


HOLE = Answers(
    check.hole,
    right=[(cut_hole,)],
    untouched=[(lambda image, mask, row, column, side: ...,)],
    mistakes=[
        (cut_hole_for_ever, "Change a copy"),
        (lambda *given: cut_hole(*given, keep=True), "still claims tumour under it"),
        (lambda *given: cut_hole(*given, turned=True), "rows and columns swapped"),
        (lambda image, mask, row, column, side: cut_hole(image, mask, row, column, side - 1), "yours has 25"),
        (lambda image, *rest: cut_hole(image, *rest)[0], "should return two things"),
        (lambda image, mask, *where: (image, cut_hole(image, mask, *where)[1]), "no black pixel"),
        (cut_hole_and_darken, "changed outside the hole"),
        (lambda image, mask, *where: (cut_hole(image, mask, *where)[0], mask & False), "no more"),
        (lambda *given: tuple(part[:8] for part in cut_hole(*given)), "another shape"),
    ],
)

SKULL_SHARE = Answers(
    check.skull_share,
    right=[(lambda areas: np.mean(areas >= 25),), (lambda areas: (areas >= 25).sum() / len(areas),)],
    untouched=[(lambda areas: ...,)],
    mistakes=[
        (lambda areas: (areas >= 25).sum(), "the number of slices"),
        (lambda areas: 100 * np.mean(areas >= 25), "is a percentage"),
        (lambda areas: np.mean(areas > 25), "with exactly 25 mm²"),
        (lambda areas: np.mean(areas > 0), "any skull at all"),
        (lambda areas: np.mean(areas < 25), "slices without skull"),
        (lambda areas: areas.mean(), "the mean area"),
        (lambda areas: areas[areas >= 25].sum() / areas.sum(), "a share of the area"),
        (lambda areas: 0.2, "something else than their share"),
        (lambda areas: areas >= 25, "should be one number, but is of type ndarray"),
    ],
)

TABLES = [ANSWER_STILL_RIGHT, MOVE, HOLE, SKULL_SHARE]


@pytest.mark.parametrize("answers", TABLES, ids=str)
class TestChecks(CheckTests):
    """Of lesson 04."""


def test_every_check_has_its_table():
    assert checks_of(check) == [answers.check for answers in TABLES] and len(TABLES) >= 3

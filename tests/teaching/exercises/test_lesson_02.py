"""Checks of lesson 02: shapes, parameters, one step of the decoder, and what overfitting a slice tells."""

import numpy as np
import pytest
from keras import layers

from braintut.teaching.exercises import lesson_02 as check
from judging import Answers, CheckTests, checks_of

SECOND_CONVOLUTION = Answers(
    check.second_convolution,
    right=[(4640,), (np.int64(4640),), (4640.0,)],
    untouched=[(...,)],
    mistakes=[
        (3 * 3 * 16 * 32, "also has a bias"),
        (3 * 3 * 16 * 32 + 16, "not for each channel that is read"),
        (3 * 3 * 32 + 32, "one channel only in your count"),
        (3 * 3 * 16 + 16, "how many filters are there"),
        (16 * 32 + 32, "one pixel only in your count"),
        (3 * 16 * 32 + 32, "is a line"),
        (7, "window x window x channels in"),
    ],
)

BOTTOM = Answers(
    check.bottom,
    right=[((16, 16, 128),), ([16, 16, 128],), (np.array([16, 16, 128]),)],
    untouched=[((..., ..., ...),), ((16, 16, ...),)],
    mistakes=[
        ((32, 32, 64), "halved the picture three times"),
        ((8, 8, 256), "halved the picture once too often"),
        ((256, 256, 128), "its full size"),
        ((64, 64, 128), "a quarter of its side"),
        ((12, 12, 128), "repeated halving of 256"),
        ((16, 8, 128), "height and width differ"),
        ((16, 16), "should hold 3 numbers, but holds 2"),
        ((16, 16, 64), "double once more"),
        ((16, 16, 256), "doubled once too often"),
        ((16, 16, 8), "right, but the channels double at each level down"),
        ((16, 16, 32), "or stopped early"),
        ((16, 16, 40), "right; you added 8"),
        ((16, 16, 100), "the channels are not: 8 at the top"),
    ],
)


def mix(x, filters):
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return x


def larger(x, filters, times=2):
    return layers.Conv2DTranspose(filters, times, strides=times)(x)


def up(x, bridge, filters):
    return mix(layers.Concatenate()([larger(x, filters), bridge]), filters)


def up_by_repeating(x, bridge, filters):
    return mix(layers.Concatenate()([bridge, layers.UpSampling2D()(x)]), filters)


def up_without_bridge(x, bridge, filters):
    return mix(larger(x, filters), filters)


def up_unmixed(x, bridge, filters):
    return layers.Concatenate()([larger(x, filters), bridge])


def up_added(x, bridge, filters):
    return mix(layers.Add()([larger(x, 12), bridge]), filters)


def up_multiplied(x, bridge, filters):
    return mix(layers.Multiply()([larger(x, 12), bridge]), filters)


def up_wrong_channels(x, bridge, filters):
    return up(x, bridge, 2 * filters)


def up_mixed_once(x, bridge, filters):
    return layers.Conv2D(filters, 3, padding="same")(layers.Concatenate()([larger(x, filters), bridge]))


def not_up(x, bridge, filters):
    return mix(layers.Concatenate()([x, bridge]), filters)


DECODER_STEP = Answers(
    check.decoder_step,
    right=[(up,), (up_by_repeating,)],
    untouched=[(lambda x, bridge, filters: ...,)],
    mistakes=[
        (up_without_bridge, "the bridge goes in, but"),
        (lambda x, bridge, filters: mix(bridge, filters), "what comes from below goes in, but"),
        (up_unmixed, "no convolution mixes them"),
        (up_added, "the bridge is added"),
        (up_multiplied, "the bridge is not put beside the picture"),
        (up_wrong_channels, "20 channels, but `filters` was 10"),
        (up_mixed_once, "only one convolution"),
        (not_up, "`not_up` stopped on"),
        (lambda x, bridge, filters: mix(x, filters), "nothing made it larger"),
        (lambda x, bridge, filters: larger(x, filters, times=4), "32 x 32, not as large as the bridge"),
        (lambda x, bridge, filters: layers.Flatten()(x), "should have height, width and channels"),
        (lambda x, bridge, filters: "larger", "returned a str"),
    ],
)


def causes(a, b, c):
    return {"A": a, "B": b, "C": c}


DIAGNOSIS = Answers(
    check.diagnosis,
    right=[(causes("learning rate", "healthy", "wrong mask"),)],
    untouched=[(causes(..., ..., ...),)],
    mistakes=[
        (causes("wrong mask", "healthy", "learning rate"), "the other two are swapped"),
        (causes("healthy", "learning rate", "wrong mask"), "curve A is not the healthy one"),
        (causes("healthy", "healthy", "healthy"), "one cause twice"),
        (causes("bad", "healthy", "wrong mask"), "['bad'] is none of the three causes"),
        (["learning rate", "healthy", "wrong mask"], "should be a dictionary"),
        ({"A": "learning rate"}, "exactly the keys"),
    ],
)

TABLES = [SECOND_CONVOLUTION, BOTTOM, DECODER_STEP, DIAGNOSIS]


@pytest.mark.parametrize("answers", TABLES, ids=str)
class TestChecks(CheckTests):
    """Of lesson 02."""


def test_every_check_has_its_table():
    assert checks_of(check) == [answers.check for answers in TABLES] and len(TABLES) >= 3

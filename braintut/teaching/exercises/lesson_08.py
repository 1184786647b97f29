"""Checks of lesson 08: one piece of a mask, what a report says, answers that are held back, and right alarms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from braintut.teaching.exercises.checking import (
    as_number,
    as_numbers,
    call,
    demand,
    demand_true_or_false,
    exercise,
    expect,
)

SAYS = {
    "'Glioma 78 %': the chance that there is a tumour at all is 78 %": False,
    "'Glioma 78 %': 22 % are left for the other two types": True,
    "'0 to 146 mm²': with a stricter cut nothing would be left": True,
    "'Surroundings spoke for it': so the type is probably right": False,
    "'No tumour found': the head is healthy": False,
}
"""A line of a report with somebody's reading of it, and whether that reading holds."""

_BUT = dict(
    zip(
        SAYS,
        (
            "the classifier only ever chooses among three types, and takes the tumour for granted",
            "the probabilities of the three types add up to 1",
            "of the two areas, the first belongs to the stricter cut",
            "the reasons explain the classifier's answer, and it gives reasons for wrong answers as well",
            "what does a U-Net report that has overlooked a tumour",
        ),
        strict=True,
    )
)


@exercise
def one_piece(largest: Callable) -> str:
    """Check a function that keeps the largest connected piece of a mask."""
    mask = np.zeros((16, 20), bool)
    mask[1:3, 1:3] = mask[5:9, 10:14] = mask[12:14, 2:5] = True  # 4, 16 and 6 pixels
    answer = _as_mask(call(largest, mask.copy(), what="a mask with three pieces"), mask.shape)
    demand(not np.array_equal(answer, mask), "all three pieces of the example are still there.")
    demand(bool(answer.any()), "of three pieces none is left.")
    demand(not (answer & ~mask).any(), "your piece holds pixels that were no tumour: is it the background?")
    size = int(answer.sum())
    demand(size == 16, f"a piece of 16 pixels should be left, but {size} pixels are.")
    for first, second in ((55, 54), (54, 55)):  # both far above any limit that somebody would write down
        two = np.zeros((60, 130), bool)
        two[2 : 2 + first, 3 : 3 + first] = two[2 : 2 + second, 70 : 70 + second] = True
        large = _as_mask(call(largest, two.copy(), what="a mask with two large pieces"), two.shape)
        demand(
            int(large.sum()) == 55 * 55,
            f"of two large pieces, {first**2} and {second**2} pixels, {int(large.sum())} are left: "
            "compare the pieces with each other, not with a fixed size.",
        )
    one = mask & answer
    same = _as_mask(call(largest, one.copy(), what="a mask with one piece"), one.shape)
    demand(np.array_equal(same, one), "a mask with one single piece should stay as it is.")
    empty = np.zeros((16, 20), bool)
    nothing = _as_mask(call(largest, empty.copy(), what="an empty mask"), empty.shape)
    demand(not nothing.any(), "an empty mask should stay empty, but yours marks something.")
    return "`largest_component` of braintut does the same, and drops what is smaller than 10 mm²."


@exercise
def reading(holds: object) -> str:
    """Check which readings of a report hold (dictionary of True and False)."""
    demand_true_or_false(holds, SAYS, _BUT)
    return "A report answers three questions, each with a doubt of its own: is there one, where, and which."


@exercise
def held_back(answered: Callable) -> str:
    """Check a function (probability, right, limit): share of slices answered, share of these that are right."""
    probability = np.array([0.95, 0.9, 0.8, 0.75, 0.6, 0.55, 0.5, 0.45, np.nan, 0.4])
    right = np.array([1, 1, 1, 0, 1, 0, 0, 0, 0, 0], bool)
    given = as_numbers(
        call(answered, probability.copy(), right.copy(), 0.7, what="ten slices and a limit of 0.7"), "answer", 2
    )
    expect(
        given,
        (0.4, 0.75),
        {
            (
                0.75,
                0.4,
            ): "the two shares are the wrong way round: the answered ones come first.",
            (4, 3): "these are numbers of slices; divide them.",
            (0.4, 0.3): "you divided the right answers by all slices; divide by those that were answered.",
            (0.4, 0.4): "your second share is that of all slices; look at the answered ones only.",
            (0.5, 0.2): "you kept the answers below the limit; turn the comparison round.",
            (0.5, 0.6): "slices in which nothing was found are counted as answered; `nan` is not below any limit.",
            (0.4, 0.25): "the second number is the share of wrong answers.",
            (0.6, 1 / 6): "you kept the doubtful slices and held the sure ones back.",
            (0.4, 1.0): "the second share is 1 here, but one of the four answers is wrong.",
        },
        "of ten slices, four have a probability of 0.7 or more, and three of these four are right.",
        0.0051,
    )
    at_limit = as_numbers(
        call(answered, probability.copy(), right.copy(), 0.75, what="ten slices and a limit of 0.75"), "answer", 2
    )
    demand(abs(at_limit[0] - 0.4) < 0.0051, "a slice exactly at the limit should be answered: write >= instead of >.")
    demand(abs(at_limit[1] - 0.75) < 0.0051, "with a limit of 0.75 the second share is not right any more.")
    return "Who may stay silent is more often right. The price is the first number."


@exercise
def right_alarms(share: object) -> str:
    """Check which share of the alarms is right: 100 heads, 10 tumours, 9 found, 30 % of the others alarm."""
    expect(
        as_number(share, "share"),
        9 / 36,
        {
            0.9: "that is the share of tumours that are found; the question is about the alarms.",
            0.7: "that is the share of tumour-free heads that stay quiet.",
            0.3: "that is the share of tumour-free heads that raise an alarm; how many heads are that?",
            9 / 39: "only the 90 tumour-free heads can raise a false alarm, not all 100.",
            9 / 27: "you divided by the false alarms; divide by all alarms, right and false.",
            10 / 37: "one of the ten tumours was missed, so it raises no alarm.",
            0.1: "that is the share of heads with a tumour.",
            0.75: "that is the share of the alarms that are false.",
            0.09: "you divided by all heads; divide by those that raise an alarm.",
            25: "a share lies between 0 and 1; this one is in per cent.",
            36: "that is the number of alarms; which share of them is right?",
        },
        "count the alarms first: those from heads with a tumour, and those from heads without.",
        0.0051,
    )
    return "Three of four alarms are false, although nine of ten tumours are found."


def _as_mask(answer: object, shape: tuple[int, int]) -> np.ndarray:
    given = np.asarray(answer)
    demand(given.shape == shape, f"a mask of shape {shape} should come back, but the answer has shape {given.shape}.")
    demand(given.dtype.kind in "biuf", "a mask of True and False should come back.")
    demand(bool(np.isin(given, (0, 1)).all()), "the answer holds other values than True and False: numbers of pieces?")
    return given.astype(bool)

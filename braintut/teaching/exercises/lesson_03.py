"""Checks of lesson 03: lazy answers, counting pixels, Dice, the soft loss, and whom an average forgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from braintut.teaching.exercises.checking import as_number, call, demand, exercise, expect


@exercise
def lazy(accuracy: object) -> str:
    """Check the accuracy of an empty prediction: 64 tumour pixels on a slice of 64 x 64."""
    share = 64 / 64**2
    _expect_share(
        as_number(accuracy, "accuracy"),
        1 - share,
        {
            1.0: "an empty prediction does get some pixels wrong: all those of the tumour.",
            0.0: "most pixels are not tumour, and those are predicted correctly.",
            share: "that is the share of wrong pixels; accuracy is the share of right ones.",
            0.5: "nothing is left to chance here: count the pixels that are predicted correctly.",
            64**2 - 64: "that is the number of right pixels; divide it by the number of all.",
        },
        "it is not the share of pixels that an empty prediction gets right.",
    )
    return "More than 98 points of 100, for doing nothing."


@exercise
def counts(tp: object, fp: object, fn: object) -> str:
    """Check TP, FP and FN of the pair of 4 x 4 masks of exercise 2."""
    given = as_number(tp, "tp"), as_number(fp, "fp"), as_number(fn, "fn")
    expect(
        given,
        (2, 2, 3),
        {
            (2, 3, 2): "FP and FN are swapped: false *positive* means that the prediction says tumour.",
            (2, 4, 5): "you took both whole areas; pixels in common are neither false positives nor false negatives.",
            (7, 2, 3): "TP holds all pixels that are in either mask; it should hold those in both.",
            (9, 2, 3): "TP counts the pixels in common twice or more; each pixel counts once.",
        },
        _first_wrong_count(given),
    )
    return "TP + FP is the area of the prediction, TP + FN that of the truth."


@exercise
def dice(score: object) -> str:
    """Check the Dice score of the same pair."""
    _expect_share(
        as_number(score, "score"),
        4 / 9,
        {
            2 / 9: "the pixels in common are counted once above the bar; both areas below it hold them, so twice.",
            2 / 7: "that is TP / (TP + FP + FN), called IoU or Jaccard; Dice compares with the sum of both areas.",
            11 / 16: "that is the accuracy, which counts the empty pixels as well.",
            1
            / 2: "that is the share of the prediction that is right (precision); the missed pixels play no part in it.",
            2 / 5: "that is the share of the tumour that was found (sensitivity); false alarms play no part in it.",
            5 / 9: "that is one minus the score: a loss.",
        },
        "the number is something else: put your three counts into the formula again.",
    )
    return "Now you can do on paper what `dice_score` does."


@exercise
def soft(soft_dice_loss: Callable) -> str:
    """Check a function (truth, probability) that gives the soft Dice loss of one slice."""
    truth = np.zeros((4, 4), np.float32)
    truth[1:3, 1:3] = 1
    same = _loss(soft_dice_loss, truth, truth, "a prediction that is exactly right")
    apart = _loss(soft_dice_loss, truth, np.roll(truth, 2, axis=1), "two masks without a pixel in common")
    demand(
        not (same > 0.9 and apart < 0.5), "a perfect prediction gets a high number: that is the score, not the loss."
    )
    demand(abs(same) < 0.02, f"the loss of a perfect prediction is {same:.2f}; it should be 0.")
    half = _loss(soft_dice_loss, truth, truth * 0.5, "probabilities of 0.5 on the whole tumour")
    more = _loss(soft_dice_loss, truth, truth * 0.6, "probabilities of 0.6 on the whole tumour")
    demand(
        abs(half - more) > 1e-6,
        "0.5 and 0.6 give the same loss: something rounds or compares the probabilities, and that leaves no slope.",
    )
    expect(
        half,
        1 / 3,
        {
            1 / 5: "probabilities are squared somewhere; that variant exists too, but here plain sums are asked for.",
            1 / 2: "with 0.5 everywhere on the tumour your loss is that of IoU: is 2 TP above *and* below the bar?",
            2
            / 3: "with 0.5 everywhere on the tumour you get one minus the right value, or count TP once above the bar.",
        },
        f"with 0.5 everywhere on a tumour of 4 pixels your loss is {half:.2f}; count TP, FP and FN for it by hand.",
        tolerance=0.05,
    )
    wrong = _loss(soft_dice_loss, truth, truth * 0.5 + 0.25, "probabilities that are also above 0 beside the tumour")
    demand(wrong > half + 0.05, "false alarms cost nothing: FP is missing below the bar.")
    demand(apart > 0.75, f"two masks without a common pixel get the loss {apart:.2f}; it should be close to 1.")
    return "Every pixel now has a slope, and your function is a loss that a network can learn from."


@exercise
def batch_or_image(per_image: object, per_batch: object) -> str:
    """Check the Dice loss of two slices, as a mean per image and over the whole batch."""
    image, batch = as_number(per_image, "per_image"), as_number(per_batch, "per_batch")
    swapped = all(
        min(abs(given - right), abs(given - 100 * right) / 100) <= TOLERANCE
        for given, right in ((image, 1 / 9), (batch, 1 / 2))
    )
    demand(not swapped, "the two are swapped.")
    _expect_share(
        image,
        1 / 2,
        {
            1.0: "`per_image`: the first slice is right and the second one missed; take the mean of both losses.",
            0.0: "`per_image`: the second slice is missed altogether, which can't cost nothing.",
        },
        "`per_image` is not the mean of the two slices' losses: what does each of them get?",
        name="`per_image`",
    )
    _expect_share(
        batch,
        1 / 9,
        {
            8 / 9: "`per_batch` is the score; the loss is one minus it.",
            1 / 2: "`per_batch` is the mean again; here all pixels of both slices go into *one* fraction.",
            2
            / 10: "`per_batch` is the share of tumour pixels that were missed, or one minus IoU; Dice counts TP twice.",
        },
        "`per_batch` is not right: add up TP, FP and FN over both slices first.",
        name="`per_batch`",
    )
    return "The same predictions, and the missed small tumour costs 0.50 or 0.11."


TOLERANCE = 0.005
"""A share is right if it is right to two decimals."""


def _expect_share(
    answer: float, right: float, mistakes: Mapping[float, str], otherwise: str, name: str = "that"
) -> None:
    """Compare a share, 0..1, with the right one and typical mistakes, as they are, as percentages, or cut too short."""
    if abs(answer - right) <= TOLERANCE:
        return
    # Typical mistakes first: rounded hard, some look like the right answer.
    for mistake, message in mistakes.items():
        demand(abs(answer - mistake) > 1e-9, message)
    percentage = any(abs(answer / 100 - share) <= TOLERANCE for share in (right, *mistakes) if share > 0)
    demand(not (answer > 1 and percentage), f"{name} is a percentage; give a share, a number between 0 and 1.")
    demand(
        abs(answer - right) > 0.05 or not _is_short(answer),
        f"{name} is close; give more digits, or the fraction itself.",
    )
    expect(answer, right, mistakes, otherwise, TOLERANCE)


def _is_short(answer: float) -> bool:
    """Whether it has one decimal at most."""
    return abs(answer - round(answer, 1)) < 1e-9


def _first_wrong_count(given: tuple[float, float, float]) -> str:
    meant = {
        "tp": "tumour in both masks",
        "fp": "tumour in the prediction only",
        "fn": "tumour in the truth only",
    }
    for (name, words), answer, right in zip(meant.items(), given, (2, 2, 3), strict=True):
        if answer != right:
            return f"`{name}` is not the number of pixels that are {words}."
    return ""


def _loss(function: Callable, truth: np.ndarray, probability: np.ndarray, what: str) -> float:
    return as_number(call(function, truth, probability, what=what), f"the loss of {what}")

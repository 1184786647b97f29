"""Draw it yourself: points, masks, and the comparison."""

import numpy as np
import pytest

from braintut.errors import DataError
from braintut.plotting.png import mask_outlines
from braintut.segmentation import dice_score
from braintut.teaching.outline import OutlineDrawer, mask_of_points, parse_points


@pytest.mark.parametrize("text", ["60 40, 72 41.5, 70 55", "60 40; 72 41.5;70 55;", "60 40\n72  41.5\n\n70 55"])
def test_points_may_be_typed_in_any_manner(text):
    assert parse_points(text) == [(60, 40), (72, 41.5), (70, 55)]


@pytest.mark.parametrize("text", ["60", "60 40, 72", "60 40 50", "a b", "60,40"])
def test_what_is_no_point_is_named(text):
    with pytest.raises(DataError, match="is no point; write two numbers"):
        parse_points(text)


def test_points_are_filled():
    mask = mask_of_points([(10, 20), (30, 20), (30, 50), (10, 50)], (64, 64))
    assert mask[35, 20] and not mask[20, 35]  # across first, then down
    assert mask.sum() == pytest.approx(20 * 30, rel=0.1)
    assert not mask_of_points([(10, 20), (30, 20)], (64, 64)).any()


@pytest.fixture
def drawer(few, blurred):
    return OutlineDrawer(few, blurred)


def corners(mask: np.ndarray) -> str:
    (line,) = mask_outlines(mask)[:1]
    return ", ".join(f"{x:.1f} {y:.1f}" for y, x in line)


def test_a_perfect_outline_gets_dice_one(drawer, few):
    drawer.typed.value = corners(few.masks[0])
    assert drawer.scores.value == ""  # the answer stays hidden until it is asked for
    drawer.compare.value = True
    assert dice_score(few.masks[0], drawer.mask) > 0.97
    assert f"{dice_score(few.masks[0], drawer.mask):.2f}" in drawer.scores.value
    network = drawer.findings.mask(0)
    for pair in ((network, drawer.mask), (few.masks[0], network)):
        assert f"{dice_score(*pair):.2f}" in drawer.scores.value


def test_points_are_added_and_taken_back_by_buttons(drawer):
    for x, y in ((20, 20), (40, 20), (40, 40)):
        drawer.across.value, drawer.down.value = x, y
        drawer.add.click()
    assert drawer.typed.value == "20 20, 40 20, 40 40" and drawer.mask.any()
    drawer.undo.click()
    assert drawer.typed.value == "20 20, 40 20" and not drawer.mask.any()
    drawer.clear.click()
    assert drawer.typed.value == "" and "0 of at least 3" in drawer.message.value


def test_drawing_shows_points_and_hides_the_answer(drawer):
    before = drawer.picture.value
    drawer.typed.value = "20 20, 40 20, 40 40"
    assert drawer.picture.value != before and "your 3 points" in drawer.picture.value
    hidden = drawer.picture.value
    drawer.compare.value = True
    assert drawer.picture.value != hidden
    drawer.position.value = 2
    assert not drawer.compare.value and drawer.typed.value == "" and drawer.scores.value == ""


def test_a_slip_of_the_pen_is_explained_and_nothing_lost(drawer):
    drawer.typed.value = "20 20, 40 <b>"
    assert "is no point" in drawer.message.value and "<b>" not in drawer.message.value
    for button in (drawer.add, drawer.undo):
        button.click()
    assert drawer.typed.value == "20 20, 40 <b>"


SHORT = "2 of at least 3 points."
SLIPS = {
    "none": ("", "0 of at least 3 points."),
    "too few": ("20 20, 40 20", SHORT),
    "on one line": ("20 20, 30 20, 40 20", "Nothing lies inside these 3 points"),
    "one spot": ("20 20, 20 20, 20 20, 20 20", "Nothing lies inside these 4 points"),
    "outside": ("20 20, 40 20, 40 900", "The point 40 900 lies outside the picture"),
    "left of it": ("20 20, -3 20, 40 40", "The point -3 20 lies outside"),
    "no number": ("20 20, nan 20, 40 40", "The point nan 20 lies outside"),
    "no point": ("20 20, 40", "is no point"),
}


@pytest.mark.parametrize(("text", "reason"), SLIPS.values(), ids=SLIPS)
def test_compare_stays_off_and_says_why(drawer, few, text, reason):
    drawer.typed.value = text
    hidden = drawer.picture.value
    assert reason in drawer.message.value and not drawer.mask.any()
    drawer.compare.value = True
    assert not drawer.compare.value and drawer.scores.value == "" and drawer.picture.value == hidden
    assert reason in drawer.message.value and "Then press Compare" in drawer.message.value
    drawer.typed.value = corners(few.masks[0])  # the answer does not come before it is asked for
    assert drawer.scores.value == "" and "Ready? Press Compare." in drawer.message.value
    drawer.compare.value = True
    assert "true outline" in drawer.scores.value


def test_the_answer_goes_when_the_outline_does(drawer, few):
    drawer.typed.value = corners(few.masks[0])
    drawer.compare.value = True
    drawer.typed.value = "20 20, 40 20"
    assert not drawer.compare.value and drawer.scores.value == "" and SHORT in drawer.message.value


def test_buttons_say_what_they_do(drawer):
    buttons = (drawer.add, drawer.undo, drawer.clear, drawer.compare)
    assert all(len(button.tooltip) > 10 for button in buttons)
    assert len({button.tooltip for button in buttons}) == len(buttons)


def test_without_a_network_only_the_truth_is_compared(few):
    drawer = OutlineDrawer(few)
    drawer.typed.value = corners(few.masks[0])
    drawer.compare.value = True
    assert "true outline" in drawer.scores.value and "network" not in drawer.scores.value

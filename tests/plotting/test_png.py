"""Slices as PNG bytes: what is drawn where."""

import numpy as np
import pytest

from braintut.plotting.png import box_around, mask_outlines, picture_in_words, slice_png
from making import ORANGE, SKY_BLUE, count, pixels


def test_contours_are_told_apart_by_colour_and_can_be_left_out():
    image, mask = np.full((64, 64), 0.5), np.zeros((64, 64), bool)
    mask[20:40, 20:40] = True
    for true_mask, predicted in ((None, None), (mask, None), (None, mask), (mask, np.roll(mask, 9))):
        png = slice_png(image, true_mask, predicted)
        assert (count(png, SKY_BLUE) > 100) == (true_mask is not None)
        assert (count(png, ORANGE) > 100) == (predicted is not None)
    # The dashes leave gaps: fewer pixels than the same line drawn solid.
    assert count(slice_png(image, None, mask), ORANGE) < 0.8 * count(slice_png(image, mask), SKY_BLUE)


def test_the_outline_runs_between_inside_and_outside():
    mask = np.zeros((10, 12), bool)
    mask[3:6, 4:9] = True
    (line,) = mask_outlines(mask)
    assert line.min(axis=0).tolist() == [2.5, 3.5] and line.max(axis=0).tolist() == [5.5, 8.5]
    assert mask_outlines(np.zeros((5, 5), bool)) == []


def test_contrast_window_decides_what_is_black_and_white():
    image = np.tile(np.linspace(0, 1, 64), (64, 1))
    grey = pixels(slice_png(image, window=(0.25, 0.75)))[0, :, 0]
    assert grey[: 512 // 5].max() == 0 and grey[-512 // 5 :].min() == 255
    assert 100 < grey[256] < 155


@pytest.mark.parametrize("shape", [(64, 64), (48, 96), (96, 48), (700, 900)])
def test_pictures_keep_their_proportions(shape):
    height, width = pixels(slice_png(np.zeros(shape))).shape[:2]
    assert max(height, width) == 512 and height / width == pytest.approx(shape[0] / shape[1], abs=0.01)


def test_zoom_keeps_the_tumour_in_sight_and_stays_inside_the_picture():
    mask = np.zeros((100, 200), bool)
    mask[0:10, 180:200] = True
    left, top, right, bottom = box_around(mask, 4, mask.shape)
    assert (left, top, right, bottom) == (150, 0, 200, 25)
    assert box_around(None, 2, (100, 200)) == (50, 25, 150, 75)
    assert box_around(mask, 1, mask.shape) == (0, 0, 200, 100)


def test_the_place_of_a_mask_in_words():
    mask = np.zeros((90, 90), bool)
    assert "no tumour" in picture_in_words(mask)
    mask[5:15, 70:80] = True
    assert "upper right" in picture_in_words(mask)

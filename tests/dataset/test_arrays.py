"""Masks and pictures of another type or range: the same answer as bool and 0..1, or refused by name."""

import warnings

import numpy as np
import pytest
from keras import ops

from braintut.dataset.arrays import as_mask, as_pictures, as_pixel_mm, as_text, as_whole_numbers
from braintut.dataset.grid import normalise, resize_mask
from braintut.errors import DataError
from braintut.features.table import measure_features
from braintut.segmentation.augmentation import Augmentation
from braintut.segmentation.losses import DiceCrossEntropyLoss, DiceLoss, TverskyLoss
from braintut.segmentation.metrics import dice_score, iou_score, score_table, sensitivity, surface_dice
from making import block_mask, head

TRUE = block_mask(64).astype(bool)
FOUND = np.roll(TRUE, 3, axis=1)
FORMS = {
    "uint8 0/1": lambda m: m.astype(np.uint8),
    "uint8 0/255": lambda m: m.astype(np.uint8) * 255,
    "int16": lambda m: m.astype(np.int16),
    "float32": lambda m: m.astype(np.float32),
    "float64 0/255": lambda m: m * 255.0,
    "float16": lambda m: m.astype(np.float16),
    "big-endian": lambda m: m.astype(">i4"),
    "a list": lambda m: m.tolist(),
}
NO_MASKS = {
    "probabilities": np.linspace(0, 1, 4096, dtype=np.float32).reshape(64, 64),
    "labels 0..3": np.arange(4096).reshape(64, 64) % 4,
    "0, 1 and 255": np.where(FOUND, 255, TRUE.astype(int)),
    "0 and 2": TRUE * 2,
    "-1 and 1": TRUE * 2 - 1,
    "NaN": np.where(TRUE, np.nan, 0),
    "text": np.where(TRUE, "yes", "no"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_masks_of_every_form_are_masks(form):
    for mask in (TRUE, np.zeros_like(TRUE), np.ones_like(TRUE)):
        again = as_mask(form(mask))
        assert again.dtype == bool
        np.testing.assert_array_equal(again, mask)


@pytest.mark.parametrize("mask", NO_MASKS.values(), ids=NO_MASKS)
def test_what_is_no_mask_is_refused_with_what_it_holds(mask):
    with pytest.raises(DataError, match=r"The mask must hold True and False.* but holds .*values"):
        as_mask(mask)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_metrics_give_the_same_answer_for_every_form(form):
    true, found = form(TRUE), form(FOUND)
    for metric in (dice_score, iou_score, sensitivity):
        assert metric(true, found) == metric(TRUE, FOUND)
    assert surface_dice(true, found, 1.0) == surface_dice(TRUE, FOUND, 1.0) < 1
    one = {"patients": ["a"], "types": ["glioma"], "pixel_mm": [1.0]}
    assert score_table([true], [found], **one).equals(score_table(TRUE[None], FOUND[None], **one))


@pytest.mark.parametrize("mask", NO_MASKS.values(), ids=NO_MASKS)
def test_metrics_refuse_what_is_no_mask(mask):
    for metric in (dice_score, iou_score, sensitivity, lambda t, p: surface_dice(t, p, 1.0)):
        with pytest.raises(DataError, match="The predicted mask must hold"):
            metric(TRUE, mask)


@pytest.mark.parametrize("pixel_mm", [np.nan, 0, -1, np.inf])
def test_surface_dice_needs_a_pixel_size(pixel_mm):
    with pytest.raises(DataError, match="pixel size"):
        surface_dice(TRUE, FOUND, pixel_mm)


@pytest.mark.parametrize("loss", [DiceLoss(), DiceLoss("batch"), DiceCrossEntropyLoss(), TverskyLoss()], ids=str)
def test_losses_take_255_for_1(loss):
    predicted = np.full((1, 64, 64, 1), 0.3, np.float32)
    expected = float(loss(TRUE[None, ..., None].astype(np.float32), predicted))
    for truth in (FORMS["uint8 0/255"](TRUE), FORMS["uint8 0/1"](TRUE), FORMS["float64 0/255"](TRUE), TRUE):
        assert float(loss(ops.convert_to_tensor(truth[None, ..., None]), predicted)) == pytest.approx(expected)
    assert expected > 0


@pytest.mark.parametrize("form", [FORMS["uint8 0/255"], FORMS["float32"]], ids=["uint8 0/255", "float32"])
def test_features_sizes_and_augmentation_give_the_same_answer(form):
    image = normalise(head())
    assert measure_features(image, form(TRUE), 2.0) == measure_features(image, TRUE, 2.0)
    np.testing.assert_array_equal(resize_mask(form(TRUE), 40), resize_mask(TRUE, 40))
    stacks = [np.asarray(m, np.float32)[None, ..., None] for m in (form(TRUE), TRUE)]
    moved = [Augmentation(noise=0.0)(image[None, ..., None], stack, 7)[1] for stack in stacks]
    np.testing.assert_array_equal(*moved)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (head(), "float in 0..1, but are int16"),
        (normalise(head()) * 255, "must lie in 0..1, but hold float32 values from 0 to 255"),
        (np.where(TRUE, np.nan, 0.5), "NaN"),
        (normalise(head()) - 0.5, "from -0.5 to 0.5"),
    ],
    ids=["int16", "0..255", "NaN", "below 0"],
)
def test_pictures_outside_0_to_1_are_refused(image, message):
    with pytest.raises(DataError, match=message):
        as_pictures(image)
    with pytest.raises(DataError, match=message):
        measure_features(image, TRUE, 2.0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_pictures_of_every_float_type_become_float32(dtype):
    image = np.array([[0, 0.25, 1]], dtype)
    assert as_pictures(image).dtype == np.float32 and as_pictures(image).tolist() == [[0, 0.25, 1]]


@pytest.mark.parametrize("array", [np.full((20, 20), "a"), np.full((20, 20), 1j), np.full((20, 20), None)], ids=str)
def test_normalise_needs_numbers(array):
    with pytest.raises(DataError, match="must hold numbers"):
        normalise(array)


@pytest.mark.parametrize("value", [0.5, "0.5", np.float32(0.5), np.array([[0.5]]), b"0.5"], ids=str)
def test_pixel_size_of_every_form(value):
    assert as_pixel_mm(value, "scan") == 0.5


@pytest.mark.parametrize("value", [np.nan, 0, -1, np.inf, "", "half", None, True, [0.5, 0.5], [], {}], ids=str)
def test_what_is_no_pixel_size_is_refused(value):
    with pytest.raises(DataError, match="scan: the pixel size must be one number above 0"):
        as_pixel_mm(value, "scan")


@pytest.mark.parametrize("values", [[1, 2], [1.0, 2.0], np.array([1, 2], np.uint8)])
def test_whole_numbers(values):
    assert as_whole_numbers(values, "Labels").tolist() == [1, 2]


@pytest.mark.parametrize("values", [[1.5, 2], ["1", "2"], [np.nan, 1], [True, False], [-1, 1], [None, 1], [np.inf, 1]])
def test_what_is_no_whole_number_is_refused(values):
    with warnings.catch_warnings(), pytest.raises(DataError, match="Labels must be whole numbers"):
        warnings.simplefilter("error")
        as_whole_numbers(values, "Labels")


def test_text_and_numbers_that_are_written_out():
    assert as_text(["a", "b"], "Ids").tolist() == ["a", "b"]
    assert as_text([1, 20], "Ids").tolist() == ["1", "20"]
    assert as_text(np.array(["a", 7], object), "Ids").tolist() == ["a", "7"]
    for wrong in ([1.5, 2], [b"a"], [None, "a"], np.array([np.nan, "a"], object)):
        with pytest.raises(DataError, match="Ids must be text"):
            as_text(wrong, "Ids")

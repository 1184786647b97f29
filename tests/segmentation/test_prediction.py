"""Probabilities of a U-Net, and the types inside a mask."""

import numpy as np
import pytest

from braintut.segmentation.prediction import (
    predict_classes,
    predict_probabilities,
    tumour_probability,
    types_inside,
)
from braintut.segmentation.unet import build_unet

TINY = {"filters": 4, "depth": 2}


def test_four_classes_share_each_pixel():
    images = np.random.default_rng(0).random((2, 32, 32))
    classes = predict_classes(build_unet(32, **TINY, classes=4), images)
    assert classes.shape == (2, 32, 32, 4)
    np.testing.assert_allclose(classes.sum(axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(tumour_probability(classes), classes[..., 1:].sum(axis=-1), atol=1e-5)


TYPES_CASES = [
    # none, meningioma, glioma, pituitary of two pixels; how much of each lies in the mask; mean types
    ([[0.0, 1, 0, 0], [0.5, 0, 0.5, 0]], [1, 0], [1, 0, 0]),
    ([[0.0, 1, 0, 0], [0.5, 0, 0.5, 0]], [1, 1], [2 / 3, 1 / 3, 0]),
    ([[0.0, 1, 0, 0], [0.5, 0, 0.5, 0]], [0.5, 1], [1 / 2, 1 / 2, 0]),
    ([[0.9, 0, 0, 0.1], [1.0, 0, 0, 0]], [1, 1], [0, 0, 1]),
]


@pytest.mark.parametrize(("pixels", "mask", "types"), TYPES_CASES)
def test_types_inside_a_mask(pixels, mask, types):
    np.testing.assert_allclose(types_inside(np.array([pixels]), np.array([mask])), types, atol=1e-6)


def test_who_knows_no_types_names_none():
    assert types_inside(np.ones((2, 2, 1)), np.ones((2, 2))) is None
    assert types_inside(np.full((2, 2, 4), 0.25), np.zeros((2, 2))) is None


def test_mirror_averaging_does_not_care_which_way_round(few):
    model = build_unet(32, **TINY)
    straight = predict_probabilities(model, few.resized(32).images[:3], mirror=True)
    mirrored = predict_probabilities(model, few.resized(32).images[:3, :, ::-1], mirror=True)
    np.testing.assert_allclose(straight, mirrored[:, :, ::-1], atol=1e-5)
    assert straight.shape == (3, 32, 32)

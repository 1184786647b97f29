"""Heads whose tumour is taken out: nothing of it is left, and nothing else is touched."""

import numpy as np
import pytest

from braintut.dataset.load import load_phantoms
from braintut.segmentation.emptied import (
    WAYS,
    blend,
    empty_slices,
    patch_slices,
    refill,
    widened,
    with_emptied,
)


@pytest.fixture(scope="module")
def few():
    return load_phantoms()[:6]


@pytest.mark.parametrize("way", WAYS)
def test_the_tumour_is_gone_and_the_rest_stays(few, way):
    emptied = empty_slices(few, seed=1, ways=[way])
    assert not emptied.masks.any() and not emptied.labels.any()
    assert emptied.patients.tolist() == few.patients.tolist()
    for before, after, mask, mm in zip(few.images, emptied.images, few.masks, few.pixel_mm, strict=True):
        hole = widened(mask, mm)
        assert np.array_equal(before[~hole], after[~hole])
        assert not np.array_equal(before[mask], after[mask])
        assert after.min() >= 0 and after.max() <= 1


def test_a_light_tumour_becomes_as_dark_as_the_tissue_round_it():
    y, x = np.mgrid[:64, :64]
    image = np.where(np.hypot(y - 32, x - 32) < 28, 0.4, 0).astype(np.float32)
    mask = np.hypot(y - 32, x - 22) < 5
    image[mask] = 0.9
    for way in WAYS:
        after = refill(image, widened(mask, 4.0), [way], np.random.default_rng(0))
        assert after[mask] == pytest.approx(0.4, abs=0.02), way


def test_a_seam_is_no_step():
    ramp = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (40, 1))
    hole = np.zeros((40, 40), bool)
    hole[15:25, 15:25] = True
    # A donor that is darker everywhere fits after the difference at the rim is carried through the hole.
    assert blend(ramp, ramp - 0.3, hole) == pytest.approx(ramp, abs=1e-3)


def test_tissue_never_comes_from_the_tumour_that_stays():
    y, x = np.mgrid[:96, :96]
    image = np.where(np.hypot(y - 48, x - 48) < 44, 0.3, 0).astype(np.float32)
    tumour = np.hypot(y - 48, x - 30) < 8
    image[tumour] = 1.0
    hole = np.hypot(y - 48, x - 66) < 8  # where its mirror image lies
    for way in WAYS:
        after = refill(image, hole, [way], np.random.default_rng(0), widened(tumour, 1.0))
        assert after[hole].max() < 0.5, way


def test_patches_leave_tumour_and_mask(few):
    patched = patch_slices(few, seed=2)
    assert np.array_equal(patched.masks, few.masks) and np.array_equal(patched.labels, few.labels)
    assert np.array_equal(patched.images[few.masks], few.images[few.masks])
    changed = (patched.images != few.images).any(axis=(1, 2))
    assert changed.sum() >= 4  # a tumour of a large size finds no second place now and then


def test_a_seed_repeats_and_another_does_not(few):
    first, again, other = (empty_slices(few, seed).images for seed in (3, 3, 4))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_training_slices_are_each_there_with_and_without_tumour(few):
    both = with_emptied(few, patched=0.0)
    assert len(both) == 12 and (both.labels > 0).tolist() == [True] * 6 + [False] * 6
    assert np.array_equal(both.images[:6], few.images)
    assert not np.array_equal(with_emptied(few, patched=1.0).images[:6], few.images)

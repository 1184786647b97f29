"""A slice and its mask, changed alike."""

import numpy as np
import pytest

from braintut.segmentation.augmentation import Augmentation


def batch(n=8, size=64):
    images, masks = np.zeros((n, size, size, 1), "f4"), np.zeros((n, size, size, 1), "f4")
    images[:, 20:40, 16:30] = 0.8
    masks[:, 20:40, 16:30] = 1
    return images, masks


@pytest.mark.parametrize(
    "settings", [{"flip": True}, {"rotation": 20}, {"zoom": 0.2}, {"shift": 0.1}], ids=lambda s: next(iter(s))
)
def test_mask_follows_each_move_and_stays_a_mask(settings):
    off = {"flip": False, "rotation": 0, "zoom": 0, "shift": 0, "contrast": 0}
    images, masks = Augmentation(**{**off, **settings})(*batch(), seed=3)
    assert set(np.unique(masks)) == {0, 1}
    assert not np.array_equal(masks, batch()[1])
    # The bright block is the mask, so moving both alike keeps them together but for blurred edges.
    overlap = 2 * ((images > 0.4) * masks).sum() / ((images > 0.4).sum() + masks.sum())
    assert overlap > 0.97


def test_holes_cut_the_picture_and_the_mask_only_if_asked():
    off = {"flip": False, "rotation": 0, "zoom": 0, "shift": 0, "contrast": 0, "holes": 1.0, "hole_size": 0.3}
    images, masks = np.full((8, 64, 64, 1), 0.5, "f4"), np.ones((8, 64, 64, 1), "f4")
    kept_images, kept = Augmentation(**off)(images, masks, seed=1)
    cut_images, cut = Augmentation(**off, cut_mask=True)(images, masks, seed=1)
    assert (kept == 1).all()
    assert ((kept_images == 0).sum(axis=(1, 2, 3)) > 0).all()
    np.testing.assert_array_equal(cut_images == 0, cut == 0)


def test_intensities_stay_in_range_and_leave_the_mask_alone():
    images, masks = Augmentation(flip=False, rotation=0, zoom=0, shift=0, contrast=0.5, noise=0.1)(*batch(), seed=0)
    assert images.min() >= 0 and images.max() <= 1
    np.testing.assert_array_equal(masks, batch()[1])


def test_augmentation_repeats_with_its_seed():
    augmentation = Augmentation(holes=0.5, noise=0.02)
    first, again, other = (augmentation(*batch(), seed=s)[0] for s in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)

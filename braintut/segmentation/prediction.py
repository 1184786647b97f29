"""From a trained U-Net and slices to probabilities."""

from __future__ import annotations

import keras
import numpy as np

from braintut.dataset.arrays import as_pictures


def predict_probabilities(
    model: keras.Model, images: np.ndarray, mirror: bool = False, batch_size: int = 16
) -> np.ndarray:
    """Probability of tumour for each pixel.

    Parameters
    ----------
    model : keras.Model
        From `build_unet`.
    images : ndarray of float32, shape (N, H, W)
        Normalised slices in 0..1, at the size the model was trained with.
    mirror : bool
        Also predict the mirrored slice, mirror that back, and average both. Slower, a little better.

    Returns
    -------
    ndarray of float32, shape (N, H, W)
        0..1.

    Raises
    ------
    DataError
        If the images are whole numbers, hold NaN, or leave 0..1.

    Examples
    --------
    >>> from braintut.segmentation import build_unet
    >>> predict_probabilities(build_unet(filters=1, depth=1), np.zeros((2, 16, 16))).shape
    (2, 16, 16)
    """
    return tumour_probability(predict_classes(model, images, mirror, batch_size))


def predict_classes(model: keras.Model, images: np.ndarray, mirror: bool = False, batch_size: int = 16) -> np.ndarray:
    """All that the network says about each pixel, shape (N, H, W, classes), 0..1.

    Parameters as in `predict_probabilities`; what the classes are, `build_unet` tells.
    """
    images = as_pictures(images)
    if not len(images):
        return np.zeros((*images.shape, 1), np.float32)
    parts = []
    for start in range(0, len(images), batch_size):
        batch = images[start : start + batch_size, ..., None]
        if mirror:  # one call for both is quicker than two
            seen, turned = np.split(_answer(model, np.concatenate([batch, batch[:, :, ::-1]])), 2)
            parts.append((seen + turned[:, :, ::-1]) / 2)
        else:
            parts.append(_answer(model, batch))
    return np.concatenate(parts)


def _answer(model: keras.Model, batch: np.ndarray) -> np.ndarray:
    # A network that was trained on several devices gives the answers of each, one after the other.
    return model.predict_on_batch(batch)[: len(batch)]


def tumour_probability(classes: np.ndarray) -> np.ndarray:
    """Probability of tumour, whatever its type, shape (..., H, W), from what `predict_classes` gives."""
    return classes[..., 0] if classes.shape[-1] == 1 else 1 - classes[..., 0]


def types_inside(classes: np.ndarray, mask: np.ndarray) -> np.ndarray | None:
    """Which type the network itself thinks of inside a mask, given all that `predict_classes` says of one slice.

    Parameters
    ----------
    classes : ndarray of float, shape (H, W, classes)
    mask : ndarray of float, shape (H, W)
        How much of each pixel lies in the mask, 0..1.

    Returns
    -------
    ndarray of float, shape (3,), or None
        Probability of each type, adding up to 1: the mean over the pixels of the mask, each weighed by its probability
        of tumour. None if the network knows no types, or the mask is empty.
    """
    if classes.shape[-1] == 1:
        return None
    sums = (classes[..., 1:] * mask[..., None]).sum(axis=(0, 1), dtype=float)
    return sums / sums.sum() if sums.sum() > 0 else None

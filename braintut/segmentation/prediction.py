"""From a trained U-Net and slices to probabilities."""

from __future__ import annotations

import keras
import numpy as np


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
        Also predict the mirrored slice, mirror that back, and average both.
        Slower by half to twice, a little better.
    batch_size : int

    Returns
    -------
    ndarray of float32, shape (N, H, W)
        0..1.

    Notes
    -----
    Introduced in lesson 05.
    """
    parts = [np.zeros((0, *images.shape[1:]), np.float32)]
    for start in range(0, len(images), batch_size):
        batch = np.asarray(images[start : start + batch_size], np.float32)[..., None]
        probabilities = model.predict_on_batch(batch)
        if mirror:
            probabilities = (probabilities + model.predict_on_batch(batch[:, :, ::-1])[:, :, ::-1]) / 2
        parts.append(probabilities[..., 0])
    return np.concatenate(parts)

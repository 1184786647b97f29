"""A U-Net with all that belongs to its use: from a normalised picture to the mask of one tumour."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from braintut.dataset.grid import from_square, resize, to_square
from braintut.dataset.slices import Slices
from braintut.segmentation.mask import THRESHOLD, mark_tumour
from braintut.segmentation.prediction import predict_classes, tumour_probability, types_inside
from braintut.segmentation.presence import Presence, presence_score


@dataclass(frozen=True, eq=False)
class Segmentation:
    """What a `Segmenter` makes of one picture.

    Parameters
    ----------
    normalised : ndarray of float32, shape (H, W)
        The picture, 0..1.
    square : ndarray of float32, shape (S, S)
        The picture on the working grid, on which features are measured.
    classes : ndarray of float32, shape (s, s, C)
        All that the U-Net says of each pixel, on the grid that it sees.
    probability : ndarray of float32, shape (H, W)
        Probability of tumour, 0..1.
    mask : ndarray of bool, shape (H, W)
        The tumour; empty if none was found.
    score : float
        How sure the network that was asked is that there is a tumour, see `presence_score`.
    """

    normalised: np.ndarray
    square: np.ndarray
    classes: np.ndarray
    probability: np.ndarray
    mask: np.ndarray
    score: float


@dataclass(frozen=True, eq=False)
class Segmenter:
    """A U-Net, the size of picture that it sees, and how its probabilities become a mask.

    Parameters
    ----------
    unet : keras.Model
        From `build_unet`.
    unet_size : int
        Side of the picture that the U-Net sees, in pixels.
    working_size : int
        Side of the square grid that a picture is brought to first, in pixels.
    mirror : bool
        Average each prediction with that of the mirrored picture.
    threshold : float
        A pixel belongs to the tumour from this probability on.
    faint_threshold : float, optional
        Second threshold where nothing reaches the first, see `mark_tumour`.
    presence : Presence, optional
        Decides whether there is a tumour at all; without it one is marked wherever the thresholds allow.
    presence_unet : keras.Model, optional
        Is asked whether there is one, see `presence_score`; without it the U-Net itself.
    """

    unet: keras.Model
    unet_size: int
    working_size: int = 256
    mirror: bool = False
    threshold: float = THRESHOLD
    faint_threshold: float | None = None
    presence: Presence | None = None
    presence_unet: keras.Model | None = None

    def __call__(self, normalised: np.ndarray, pixel_mm: float) -> Segmentation:
        """Segment one normalised picture of any shape (H, W), 0..1."""
        square = to_square(normalised, self.working_size)
        seen = resize(square, self.unet_size)[None]
        classes = predict_classes(self.unet, seen, self.mirror)[0]
        probability, mask = self._mark(classes, normalised.shape, pixel_mm)
        asked = classes if self.presence_unet is None else predict_classes(self.presence_unet, seen, self.mirror)[0]
        score = float(presence_score(tumour_probability(asked)))
        if self.presence and not self.presence.alarm(score):
            mask = np.zeros_like(mask)
        return Segmentation(normalised, square, classes, probability, mask, score)

    def masks(self, slices: Slices) -> np.ndarray:
        """Masks of many slices that show a tumour each, on their own grid, ndarray of bool, shape (N, H, W)."""
        classes = predict_classes(self.unet, slices.resized(self.unet_size).images, self.mirror)
        shape = slices.images.shape[1:]
        return np.stack([self._mark(c, shape, mm)[1] for c, mm in zip(classes, slices.pixel_mm, strict=True)])

    def types(self, found: Segmentation, mask: np.ndarray) -> np.ndarray | None:
        """What the U-Net itself says of the type in a mask (H, W), shape (3,); None if it knows none or it is empty."""
        return types_inside(found.classes, to_square(mask.astype(np.float32), self.unet_size))

    def _mark(self, classes: np.ndarray, shape: tuple[int, int], pixel_mm: float) -> tuple[np.ndarray, np.ndarray]:
        probability = from_square(tumour_probability(classes), shape)
        return probability, mark_tumour(probability, pixel_mm, self.threshold, self.faint_threshold)

"""Greys in 0..1 and one square grid: what happens to a scan before anything looks at it, and the way back."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from PIL import Image
from scipy.ndimage import label as connected_components

from braintut.dataset.arrays import as_mask
from braintut.errors import DataError

Number = TypeVar("Number", float, np.ndarray)

LARGEST = 1e30
"""No scanner writes such values, and the difference of two larger ones is infinite in 32 bits."""


def head_mask(image: np.ndarray) -> np.ndarray:
    """Pixels that belong to the head: brighter than a tenth of the bright end, the 99.5th percentile.

    Parameters
    ----------
    image : ndarray, shape (H, W)
        A slice on any intensity scale, background dark.

    Returns
    -------
    ndarray of bool, shape (H, W)
        True where there is tissue. Air inside the head stays False.
    """
    _, edge = _air_and_edge(image)
    return image > edge


def normalise(image: np.ndarray) -> np.ndarray:
    """Bring one slice to 0..1, whatever scale it was stored on: MRI's differs from slice to slice.

    Parameters
    ----------
    image : ndarray, shape (H, W)
        Raw intensities of any numeric type.

    Returns
    -------
    ndarray of float32, shape (H, W)
        0 is the 1st percentile of the picture (air), 1 the 99.5th percentile of the head; values beyond are clipped.

    Raises
    ------
    DataError
        If the array is not a picture: no numbers, wrong shape, NaN, infinite or constant.

    Examples
    --------
    >>> picture = np.zeros((20, 20))
    >>> picture[5:15, 5:15], picture[10, 10] = 700, 350  # a head of 700, and half as bright in one place
    >>> normalise(picture)[[0, 5, 10], [0, 5, 10]].tolist()
    [0.0, 1.0, 0.5]
    """
    image = np.asarray(image)
    if image.ndim != 2 or min(image.shape) < 16:
        raise DataError(
            f"A slice must be one grey picture of at least 16 x 16 pixels, but this array has shape {image.shape}."
        )
    if image.dtype.kind not in "biuf":
        raise DataError(f"A slice must hold numbers, but this array holds {image.dtype} values.")
    with np.errstate(over="ignore"):
        image = image.astype(np.float32)
    if not (np.abs(image) < LARGEST).all():  # NaN is not below anything either
        raise DataError(
            f"The picture holds NaN or infinite values, or some beyond {LARGEST:g}; export the slice again."
        )
    low, edge = _air_and_edge(image)
    head = image[image > edge]
    high = np.percentile(head, 99.5) if head.size else low
    if high <= low:
        raise DataError("The picture is (nearly) one single grey; a slice of a head is expected.")
    return np.clip((image - low) / (high - low), 0, 1)


def _air_and_edge(image: np.ndarray) -> tuple[float, float]:
    """Grey of the air, and the grey above which the head begins."""
    low, bright = np.percentile(image, [1, 99.5]).tolist()
    return low, low + 0.1 * (bright - low)


def resize(image: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """Resize a float picture bilinearly, without aliasing when it shrinks: pixels are averaged, not dropped.

    Parameters
    ----------
    image : ndarray of float, shape (H, W)
    size : int or (int, int)
        New side, or new (height, width), in pixels.

    Examples
    --------
    >>> resize(np.array([[0.0, 1.0], [1.0, 0.0]]), 1).tolist()  # the mean
    [[0.5]]
    """
    height, width = np.broadcast_to(size, 2).tolist()
    image = np.asarray(image, np.float32)
    if image.shape == (height, width):
        return image
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))


def resize_mask(mask: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """Resize a mask and keep it a mask: a pixel is in if at least half of it is.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
    size : int or (int, int)
        New side, or new (height, width), in pixels.

    Raises
    ------
    DataError
        If the mask holds other values than 0 and 1, or 0 and 255.

    Examples
    --------
    >>> resize_mask(np.array([[True, True], [True, False]]), 1).tolist()  # three of four
    [[True]]
    """
    return resize(as_mask(mask).astype(np.float32), size) >= 0.5


def to_square(image: np.ndarray, size: int) -> np.ndarray:
    """Bring a picture (H, W) to a square grid, float32: black margins first, so that nothing is squeezed.

    `from_square` is the way back, `mask_to_square` does it to a mask, `square_pixel_mm` tells the pixel size that
    follows.
    """
    return resize(_pad_to_square(image), size)


def mask_to_square(mask: np.ndarray, size: int) -> np.ndarray:
    """Bring a mask to the square grid of `to_square`; it stays bool, shape (size, size)."""
    return resize_mask(_pad_to_square(mask), size)


def square_pixel_mm(pixel_mm: Number, shape: tuple[int, ...], size: int) -> Number:
    """Side of a pixel in mm, once `to_square` brought a picture of this shape to `size` pixels."""
    return pixel_mm * max(shape) / size


def from_square(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Bring what lies on a square grid back to the grid of a picture of shape (H, W)."""
    height, width = shape
    side = max(shape)
    top, left = (side - height) // 2, (side - width) // 2
    return resize(image, side)[top : top + height, left : left + width]


def _pad_to_square(image: np.ndarray) -> np.ndarray:
    height, width = image.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    return np.pad(image, ((top, side - height - top), (left, side - width - left)))


def largest_piece(mask: np.ndarray) -> np.ndarray:
    """The largest piece of a mask whose pixels touch each other with their sides; an empty mask stays as it is."""
    pieces, n = connected_components(mask)
    return pieces == 1 + np.bincount(pieces.ravel())[1:].argmax() if n else mask


def bounding_box(mask: np.ndarray, margin: int = 0) -> tuple[slice, slice]:
    """Rows and columns of the smallest box that holds a mask, and of a margin in pixels as far as the picture goes.

    Examples
    --------
    >>> bounding_box(np.array([[0, 0, 0], [0, 1, 1]], bool))
    (slice(1, 2, None), slice(1, 3, None))
    """
    ends = (np.flatnonzero(mask.any(axis=axis))[[0, -1]].tolist() for axis in (1, 0))
    down, across = (slice(max(first - margin, 0), last + margin + 1) for first, last in ends)
    return down, across

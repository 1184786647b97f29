"""What happens to a slice before anything looks at it, in training and in use alike."""

from __future__ import annotations

import numpy as np
from PIL import Image

from braintut.dataset.arrays import as_mask
from braintut.errors import DataError

LARGEST = 1e30
"""No scanner writes such values, and the difference of two larger ones is infinite in 32 bits."""


def head_mask(image: np.ndarray) -> np.ndarray:
    """Pixels that belong to the head: brighter than a tenth of the bright end.

    Parameters
    ----------
    image : ndarray, shape (H, W)
        A slice on any intensity scale, background dark.

    Returns
    -------
    ndarray of bool, shape (H, W)
        True where there is tissue. Air inside the head stays False.

    Notes
    -----
    The bright end is the 99.5th percentile, so a few white pixels do not
    decide.
    """
    _, edge = _air_and_edge(image)
    return image > edge


def normalise(image: np.ndarray) -> np.ndarray:
    """Bring one slice to 0..1, whatever scale it was stored on.

    Parameters
    ----------
    image : ndarray, shape (H, W)
        Raw intensities of any numeric type.

    Returns
    -------
    ndarray of float32, shape (H, W)
        0 is the 1st percentile of the picture (air), 1 the 99.5th percentile
        of the head; values beyond are clipped.

    Raises
    ------
    DataError
        If the array is not a picture: no numbers, wrong shape, NaN, infinite or constant.

    Notes
    -----
    The MRI scale differs from slice to slice, so no fixed maximum can serve.
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
    """Resize a float picture bilinearly, without aliasing when it shrinks.

    Parameters
    ----------
    image : ndarray of float, shape (H, W)
    size : int or (int, int)
        New side, or new (height, width), in pixels.

    Returns
    -------
    ndarray of float32

    Notes
    -----
    Pillow widens its bilinear filter when it shrinks, which averages instead
    of dropping pixels.
    """
    height, width = (size, size) if np.ndim(size) == 0 else size
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

    Returns
    -------
    ndarray of bool

    Raises
    ------
    DataError
        If the mask holds other values than 0 and 1, or 0 and 255.
    """
    return resize(as_mask(mask).astype(np.float32), size) >= 0.5


def pad_to_square(image: np.ndarray) -> np.ndarray:
    """Put a picture in the middle of a black square, so that resizing never distorts it.

    Parameters
    ----------
    image : ndarray, shape (H, W)

    Returns
    -------
    ndarray, shape (max(H, W), max(H, W))

    Notes
    -----
    `crop_from_square` is the way back.
    """
    height, width = image.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    return np.pad(image, ((top, side - height - top), (left, side - width - left)))


def crop_from_square(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Undo `pad_to_square`: cut the middle (H, W) out of a square picture.

    Parameters
    ----------
    image : ndarray, shape (S, S)
    shape : (int, int)
        Height and width that the picture had before it was padded.

    Returns
    -------
    ndarray, shape (H, W)
    """
    height, width = shape
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]

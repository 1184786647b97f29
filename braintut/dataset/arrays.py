"""Arrays as people have them, checked at the door: masks, grey pictures, whole numbers, text, pixel sizes."""

from __future__ import annotations

import math
import numbers
from typing import TypeGuard

import numpy as np

from braintut.errors import DataError

MASK_TOPS = (1, 255)
ROUNDING = 1e-5
"""How far a grey may lie outside 0..1: resizing in float32 leaves that much."""


def is_number(value: object) -> TypeGuard[float]:
    """Whether this is a plain finite number: no True or False, and no whole number that no float holds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300


def as_mask(mask: object, name: str = "The mask") -> np.ndarray:
    """Turn a mask into booleans of the same shape: of bool, or of any numbers that are all 0 and 1 or all 0 and 255.

    Anything else, such as probabilities or labels, is a `DataError` that calls the mask by `name`.
    """
    mask = _array(mask, name)
    if mask.dtype == bool:
        return mask
    top = mask.max(initial=0) if mask.dtype.kind in "iuf" else None
    if top == 0 and not mask.any():
        return np.zeros(mask.shape, bool)
    inside = mask == top
    if top not in MASK_TOPS or mask[~inside].any():
        raise DataError(
            f"{name} must hold True and False, 0 and 1, or 0 and 255, but holds {_sample(mask)}; "
            f"compare probabilities with a threshold, and labels with the one you mean."
        )
    return inside


def as_pictures(images: object, name: str = "Images") -> np.ndarray:
    """Turn grey pictures in 0..1 of any float type into float32 of the same shape.

    Whole numbers, NaN, and what leaves 0..1 are a `DataError` that calls the pictures by `name`.
    """
    images = _array(images, name)
    if images.dtype.kind != "f":
        raise DataError(f"{name} must be float in 0..1, but are {images.dtype}; bring each to 0..1 with `normalise`.")
    low, high = images.min(initial=0), images.max(initial=0)
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):  # written so that NaN fails, too
        raise DataError(f"{name} must lie in 0..1, but hold {_sample(images)}; bring each to 0..1 with `normalise`.")
    return images.astype(np.float32, copy=False)


def as_whole_numbers(values: object, name: str) -> np.ndarray:
    """Turn labels or folds into int64; floats will do. A `DataError` if one is no whole number, or below 0."""
    values = _array(values, name)
    whole = values.dtype.kind in "iu" or (values.dtype.kind == "f" and (values == np.trunc(values)).all())
    if values.size and not (whole and (values >= 0).all() and (values < 2**31).all()):
        raise DataError(f"{name} must be whole numbers from 0 on, but hold {_sample(values)}.")
    return values.astype(np.int64)


def as_text(values: object, name: str) -> np.ndarray:
    """Turn patient ids or slice ids into text, whole numbers written out; anything else is a `DataError`."""
    values = _array(values, name)
    if values.dtype.kind == "O" and all(isinstance(v, str | numbers.Integral) for v in values.ravel()):
        return np.array([str(v) for v in values.ravel()], dtype=str).reshape(values.shape)
    if values.size and values.dtype.kind not in "Uiu":
        raise DataError(f"{name} must be text, but hold {_sample(values)}; write them out as text.")
    return values.astype(str)


def as_pixel_mm(value: object, name: str) -> float:
    """Turn a pixel size, a number or a text as a file or a caller states it, into mm.

    A `DataError` that begins with `name` (the file, or the argument) if it is no single finite number above 0.
    """
    try:
        single = np.asarray(value).reshape(-1)
        pixel_mm = float(single[0]) if single.size == 1 and single.dtype.kind in "iufUOS" else math.nan
    except (TypeError, ValueError):
        pixel_mm = math.nan
    if not 0 < pixel_mm < math.inf:
        raise DataError(
            f"{name}: the pixel size must be one number above 0, in mm, such as 0.49, but is '{_short(value)}'."
        )
    return pixel_mm


def _array(values: object, name: str) -> np.ndarray:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise DataError(f"{name} must be one array, but its parts differ in shape.") from error


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 40 else f"{text[:40]}..."


def _sample(values: np.ndarray) -> str:
    """What stands in an array, in a few words for an error."""
    if values.dtype.kind in "iuf":
        finite = values[np.isfinite(values)]
        odd = "NaN or infinite values, " if finite.size < values.size else ""
        span = f" from {finite.min():g} to {finite.max():g}" if finite.size else ""
        return f"{odd}{values.dtype} values{span}"
    return f"{values.dtype} values such as {values.ravel()[0]!r}" if values.size else f"{values.dtype} values"

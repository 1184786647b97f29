"""How a plane of a volume becomes a picture as it usually hangs: upright, the patient's left on the right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from braintut.dataset.grid import resize
from braintut.dataset.pictures import MOST_PIXELS
from braintut.errors import DataError

HANGING = (1, 1, -1)
"""The ways to the patient's left, back and head (DICOM's axes): 1 runs to the right or down, -1 to the left or up."""


def upright(image: np.ndarray, across: Sequence[float], down: Sequence[float]) -> np.ndarray:
    """Turn and mirror a plane (H, W) so that it hangs as usual: face or crown up, the patient's left on the right.

    `across` and `down` say where a step along a row, and along a column, leads in the patient: to the left, to the
    back, to the head.

    Examples
    --------
    >>> upright(np.array([[1, 2], [3, 4]]), (-1, 0, 0), (0, 1, 0))
    array([[2, 1],
           [4, 3]])
    """
    x, y = (int(np.argmax(np.abs(way))) for way in (across, down))
    if x == y:  # neither plane nor oblique plane: nothing says how it hangs
        return image
    if x > y:
        image, across, down, x, y = image.T, down, across, y, x
    image = image[:, ::-1] if across[x] * HANGING[x] < 0 else image
    return image[::-1] if down[y] * HANGING[y] < 0 else image


def square_pixels(image: np.ndarray, sides: tuple[float, float], name: str) -> tuple[np.ndarray, float]:
    """Resize a picture whose pixels are not square to the smaller of their sides, which is returned, too.

    `sides` are the distances of rows and of columns in mm. A `DataError` if it would become larger than `MOST_PIXELS`.
    """
    high, wide = sides
    if abs(high - wide) <= 0.01 * max(high, wide):
        return image, (high + wide) / 2
    side = min(high, wide)
    shape = [count * mm / side for count, mm in zip(image.shape, sides, strict=True)]
    if shape[0] * shape[1] > MOST_PIXELS:
        raise DataError(f"{name} has pixels of {high:g} x {wide:g} mm, which make no picture; export the slice again.")
    return resize(image.astype(np.float32), (max(round(shape[0]), 1), max(round(shape[1]), 1))), side

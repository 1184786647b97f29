"""Make a true mask look like one that a network predicted, to train a classifier for real life."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from braintut.dataset.grid import bounding_box
from braintut.errors import DataError
from braintut.features.rings import border_distance_mm


def jitter_mask(mask: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Spoil a true mask in the ways in which a network does.

    It is shifted, made larger or smaller, its border bulges, and now and then a part is missing. A classifier that
    only ever saw true masks trusts their outline too much; one that saw spoilt ones does not.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
        A true mask, at least one pixel.
    rng : numpy.random.Generator
        Source of chance; the same seed spoils in the same way.
    strength : float
        0 leaves the mask as it is; 1 gives a Dice of about 0.8 on average; 2 is a poor network.

    Returns
    -------
    ndarray of bool, shape (H, W)
        Never empty.

    Raises
    ------
    DataError
        If the mask is empty or the strength is below 0.

    Notes
    -----
    All steps are measured in tumour radii r = sqrt(area / pi), so the grid size does not matter.

    Examples
    --------
    >>> mask = np.hypot(*np.mgrid[-16:16, -16:16]) < 8
    >>> [bool((jitter_mask(mask, np.random.default_rng(0), strength) == mask).all()) for strength in (0, 1)]
    [True, False]
    """
    mask = np.asarray(mask, bool)
    if not mask.any() or strength < 0:
        raise DataError("Only a mask that is not empty can be jittered, with a strength of 0 or more.")
    if strength == 0:
        return mask.copy()
    radius = np.sqrt(mask.sum() / np.pi)
    box = bounding_box(mask, margin=int(radius * min(strength, 3)) + 2)  # nothing happens further away
    spoilt = np.zeros_like(mask)
    spoilt[box] = _spoil(mask[box], radius, rng, strength)
    return spoilt


def _spoil(mask: np.ndarray, radius: float, rng: np.random.Generator, strength: float) -> np.ndarray:
    height = -border_distance_mm(mask, pixel_mm=1.0)  # in pixels, above 0 inside
    height = _shift(height, rng.normal(0, 0.1 * strength * radius, 2))
    height = height + rng.normal(0, 0.1 * strength * radius)  # all over larger or smaller
    height = height + 0.15 * strength * radius * _smooth_noise(mask.shape, radius / 2, rng)
    if rng.random() < 0.2 * strength:
        height = np.minimum(height, _half_plane(mask, radius, rng))
    # Where nothing is left, the deepest pixel stays.
    return height > min(0.0, np.nextafter(height.max(), -np.inf))


def _shift(height: np.ndarray, by: np.ndarray) -> np.ndarray:
    rows, columns = (np.clip(np.arange(n) - round(step), 0, n - 1) for n, step in zip(height.shape, by, strict=True))
    return height[np.ix_(rows, columns)]


def _smooth_noise(shape: tuple[int, int], size: float, rng: np.random.Generator) -> np.ndarray:
    noise = gaussian_filter(rng.normal(size=shape), max(size, 0.5), mode="wrap", truncate=3)
    return noise / max(noise.std(), 1e-9)


def _half_plane(mask: np.ndarray, radius: float, rng: np.random.Generator) -> np.ndarray:
    """Height of a slope that cuts off the part beyond 0.2 to 0.8 radii in a random direction."""
    rows, columns = np.nonzero(mask)
    angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.8) * radius
    y, x = np.ogrid[: mask.shape[0], : mask.shape[1]]
    return reach - (y - rows.mean()) * np.sin(angle) - (x - columns.mean()) * np.cos(angle)

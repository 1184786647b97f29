"""Features of what lies around the tumour, in rings, and of the tumour's own rim and core."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt

RINGS_MM = {"rim": (-4, 0), "near": (0, 4), "middle": (4, 8), "far": (8, 16)}
"""Rings by distance from the tumour's border in mm; negative is inside."""

MARGIN_MM = 18.0
"""How much around the tumour's box is looked at."""

SECTORS = ("right", "down_right", "down", "down_left", "left", "up_left", "up", "up_right")
"""Directions as seen in the picture, an eighth of a turn each."""

_IN_A_RING = {
    "mean": "mean grey",
    "std": "standard deviation",
    "p10": "10th percentile",
    "p50": "median grey",
    "p90": "90th percentile",
    "dark_share": "share of pixels below half the head's median (air, bone, fluid)",
    "bright_share": "share of pixels above 1.5 * the head's median (fat, vessels, contrast agent)",
    "contrast": "mean grey inside the tumour - mean grey here",
}

RING_FEATURES = {
    **{
        f"ring_{ring}_{what}": f"{meaning}, {low} to {high} mm from the border"
        for ring, (low, high) in RINGS_MM.items()
        for what, meaning in _IN_A_RING.items()
    },
    "ring_core_to_rim": "mean grey deeper than 4 mm - mean of the rim: below 0 for a bright rim round a dark core",
    "ring_edge_sharpness": "mean grey 0-2 mm inside - mean grey 0-2 mm outside: how sharply it stands out",
    **{f"ring_{s}_mean": f"mean grey 0 to 16 mm outside, towards {s.replace('_', ' ')}" for s in SECTORS},
}
"""Name -> formula and meaning, one row a feature."""


def ring_features(image: np.ndarray, mask: np.ndarray, pixel_mm: float, head_median: float) -> dict[str, float]:
    """Measure greys in rings around the tumour's border: one number for each row of `RING_FEATURES`.

    Image (0..1, best cropped to the tumour and `MARGIN_MM` around it) and mask (not empty) are of shape (h, w);
    'bright' and 'dark' are said by the median grey of the head. NaN stands where a ring lies wholly outside the
    picture. The surroundings tell more about the type than the tumour itself (Cheng 2015,
    doi:10.1371/journal.pone.0140381).
    """
    distance = border_distance_mm(mask, pixel_mm)
    inside_mean = image[mask].mean()
    measured: dict[str, float] = {}
    for name, (low, high) in RINGS_MM.items():
        greys = image[(distance > low) & (distance <= high)]
        measured |= {f"ring_{name}_{k}": v for k, v in _describe(greys, head_median, inside_mean).items()}
    core, rim = image[distance <= -4], image[mask & (distance > -4)]
    measured["ring_core_to_rim"] = _mean(core) - _mean(rim) if core.size else 0.0
    measured["ring_edge_sharpness"] = _mean(image[mask & (distance > -2)]) - _mean(image[~mask & (distance <= 2)])
    return measured | _sector_means(image, mask, distance)


def border_distance_mm(mask: np.ndarray, pixel_mm: float) -> np.ndarray:
    """Distance of each pixel's centre from the border in mm, shape (H, W): positive outside, negative inside.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
        Not empty. The picture's edge is no border.
    pixel_mm : float
        Side of a pixel in mm.

    See Also
    --------
    scipy.ndimage.distance_transform_edt : Distance from pixel centre to pixel centre.

    Notes
    -----
    The border runs half a pixel away from the outermost tumour pixels.

    Examples
    --------
    >>> border_distance_mm(np.array([[False, True, True, True, False]]), pixel_mm=2.0)
    array([[ 1., -1., -3., -1.,  1.]])
    """
    outside = distance_transform_edt(~mask)
    # An all-true mask has no border; distance_transform_edt would then measure from nowhere.
    inside = distance_transform_edt(mask) if not mask.all() else np.full(mask.shape, max(mask.shape) / 2)
    return np.where(mask, 0.5 - inside, outside - 0.5) * pixel_mm


def _describe(greys: np.ndarray, head_median: float, inside_mean: float) -> dict[str, float]:
    if not greys.size:
        return dict.fromkeys(_IN_A_RING, np.nan)
    p10, p50, p90 = np.percentile(greys, [10, 50, 90])
    return {
        "mean": greys.mean(),
        "std": greys.std(),
        "p10": p10,
        "p50": p50,
        "p90": p90,
        "dark_share": np.mean(greys < 0.5 * head_median),
        "bright_share": np.mean(greys > 1.5 * head_median),
        "contrast": inside_mean - greys.mean(),
    }


def _sector_means(image: np.ndarray, mask: np.ndarray, distance: np.ndarray) -> dict[str, float]:
    y, x = (axis.mean() for axis in np.nonzero(mask))
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    sector = np.round(np.arctan2(rows - y, columns - x) / (np.pi / 4)).astype(int) % 8
    ring = ~mask & (distance <= 16)
    count = np.bincount(sector[ring], minlength=8)
    total = np.bincount(sector[ring], image[ring], minlength=8)
    means = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return {f"ring_{name}_mean": mean for name, mean in zip(SECTORS, means, strict=True)}


def _mean(greys: np.ndarray) -> float:
    return float(greys.mean()) if greys.size else np.nan

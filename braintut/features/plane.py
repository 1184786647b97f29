"""Features of the head itself: in which plane it was cut, and how high."""

from __future__ import annotations

import numpy as np

from braintut.dataset.grid import resize
from braintut.features.head import Head

PLANE_FEATURES = {
    "plane_width_mm": "width of the head's box",
    "plane_height_mm": "height of the head's box",
    "plane_aspect": "height / width of the head's box: axial, coronal and sagittal cuts differ",
    "plane_head_share": "share of the picture that is head",
    "plane_box_share": "area of the head / area of its box",
    "plane_air_share": "share of the head that is dark (air, bone): much in the face and skull base",
    "plane_left_right": "correlation of the head with its left-right mirror image: high in axial and coronal cuts",
    "plane_up_down": "correlation of the head with its up-down mirror image: highest in axial cuts",
    "plane_median": "median grey of the head, 0..1",
    "plane_std": "standard deviation of the head's grey",
}
"""Name -> formula and meaning, one row a feature."""


def plane_features(head: Head) -> dict[str, float]:
    """Describe the head in which a tumour lies: one number for each row of `PLANE_FEATURES`.

    They tell axial, coronal and sagittal cuts apart: the same tumour shows up elsewhere in another plane.
    """
    top, bottom, left, right = head.box
    box = head.image[top:bottom, left:right]
    tissue = head.image[head.filled]
    square = resize(box, 32)
    return {
        "plane_width_mm": (right - left) * head.pixel_mm,
        "plane_height_mm": (bottom - top) * head.pixel_mm,
        "plane_aspect": (bottom - top) / (right - left),
        "plane_head_share": head.filled.mean(),
        "plane_box_share": tissue.size / box.size,
        "plane_air_share": np.mean(tissue < 0.5 * head.median),
        "plane_left_right": _correlation(square, square[:, ::-1]),
        "plane_up_down": _correlation(square, square[::-1]),
        "plane_median": head.median,
        "plane_std": tissue.std(),
    }


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    if first.std() < 1e-6:
        return 1.0  # one single grey equals its mirror image
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])

"""Features of the mask alone: how large the tumour is and what outline it has."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from skimage.measure import regionprops

SHAPE_FEATURES = {
    "shape_width_mm": "columns of the mask's box * pixel: width",
    "shape_height_mm": "rows of the mask's box * pixel: height",
    "shape_aspect_ratio": "height / width: 1 for a circle or square (the seed's roundness)",
    "shape_area_mm2": "pixels * pixel^2: size",
    "shape_perimeter_mm": "length of the outline (four-neighbour estimate): long where the border is ragged",
    "shape_circularity": "4 pi area / perimeter^2: about 1 for a disc, small for a ragged border",
    "shape_solidity": "area / area of the convex hull: below 1 where the outline has bays",
    "shape_extent": "area / area of the box: pi/4 for a disc, 1 for a box",
    "shape_eccentricity": "sqrt(1 - minor^2 / major^2) of the ellipse with the same moments: 0 for a disc",
    "shape_major_mm": "long axis of that ellipse",
    "shape_minor_mm": "short axis of that ellipse",
    "shape_elongation": "minor / major: 1 for a disc, near 0 for a band",
    "shape_tilt": "|sin| of the long axis' angle to the horizontal: 0 lies flat, 1 stands upright",
    "shape_upper_share": "share of the pixels above the middle of the box: top-heavy or bottom-heavy",
}
"""Name -> formula and meaning, one row a feature."""


def shape_features(mask: np.ndarray, pixel_mm: float) -> dict[str, float]:
    """Measure size and outline of a mask: one number for each row of `SHAPE_FEATURES`.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
        The tumour, not empty. Several pieces count as one object.
    pixel_mm : float
        Side of a pixel in mm.

    See Also
    --------
    skimage.measure.regionprops : Where area, perimeter, solidity and axes come from, in pixels.

    Examples
    --------
    >>> shape = shape_features(np.ones((10, 20), bool), pixel_mm=0.5)
    >>> float(shape["shape_area_mm2"]), shape["shape_aspect_ratio"]  # 5 mm x 10 mm
    (50.0, 0.5)
    """
    region = regionprops(mask.astype(np.uint8))[0]
    top, left, bottom, right = region.bbox
    height, width = bottom - top, right - left
    # A pixel counts as a small square here, so even one single pixel has axes above 0.
    major, minor = (max(axis, 1.0) for axis in (region.axis_major_length, region.axis_minor_length))
    perimeter = max(region.perimeter, 1.0)
    return {
        "shape_width_mm": width * pixel_mm,
        "shape_height_mm": height * pixel_mm,
        "shape_aspect_ratio": height / width,
        "shape_area_mm2": region.area * pixel_mm**2,
        "shape_perimeter_mm": perimeter * pixel_mm,
        "shape_circularity": 4 * np.pi * region.area / perimeter**2,
        "shape_solidity": _solidity(region),
        "shape_extent": region.extent,
        "shape_eccentricity": float(np.sqrt(1 - min(minor / major, 1) ** 2)),
        "shape_major_mm": major * pixel_mm,
        "shape_minor_mm": minor * pixel_mm,
        "shape_elongation": minor / major,
        "shape_tilt": abs(np.cos(region.orientation)),
        "shape_upper_share": region.image[: max(height // 2, 1)].sum() / region.area,
    }


def _solidity(region: Any) -> float:
    if region.area < 4:
        return 1.0  # too few pixels for a hull
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pixels in one line have no hull; scikit-image then answers with a warning
        hull = region.area_convex
    return min(region.area / hull, 1.0) if hull else 1.0

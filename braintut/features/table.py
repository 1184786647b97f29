"""What is measured on a slice: numbers with names, one row a slice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from braintut.dataset.arrays import as_mask, as_pictures, as_pixel_mm
from braintut.dataset.grid import bounding_box
from braintut.dataset.slices import Slices
from braintut.errors import DataError
from braintut.features.head import Head, find_head
from braintut.features.place import PLACE_FEATURES, SYMMETRY_FEATURES, place_features, symmetry_features
from braintut.features.plane import PLANE_FEATURES, plane_features
from braintut.features.rings import MARGIN_MM, RING_FEATURES, ring_features
from braintut.features.shape import SHAPE_FEATURES, shape_features
from braintut.features.texture import TEXTURE_FEATURES, firstorder_features, glcm_features

FEATURES = {
    **SHAPE_FEATURES,
    **PLACE_FEATURES,
    **SYMMETRY_FEATURES,
    **TEXTURE_FEATURES,
    **RING_FEATURES,
    **PLANE_FEATURES,
}
"""Every feature: name -> formula and meaning. The first word of a name is its group."""

BASELINE_FEATURES = (
    "shape_width_mm",
    "shape_height_mm",
    "place_mean_x",
    "place_mean_y",
    "shape_aspect_ratio",
    "shape_area_mm2",
    "glcm_entropy",
    "glcm_homogeneity",
    "glcm_contrast",
    "glcm_dissimilarity",
    "glcm_energy",
    "glcm_correlation",
)
"""The twelve features of the project that started this course: six of the mask, six of texture."""


def measure_features(
    image: np.ndarray, mask: np.ndarray, pixel_mm: float, head: Head | None = None
) -> dict[str, float]:
    """Measure all features of one tumour.

    Parameters
    ----------
    image : ndarray of float, shape (H, W)
        Slice, normalised to 0..1 (see `normalise`).
    mask : ndarray of bool, shape (H, W)
        The tumour, at least one pixel.
    pixel_mm : float
        Side of a pixel in mm, above 0.
    head : Head, optional
        From `find_head`, where the head of this slice was found before.

    Returns
    -------
    dict of str to float
        One number for each row of `FEATURES`, in that order. Lengths are in mm, places relative to the head: the grid
        size hardly matters.

    Raises
    ------
    DataError
        If the image leaves 0..1, the mask is empty or none, the shapes differ or the pixel size is not above 0.

    Notes
    -----
    Names follow the IBSI groups (doi:10.1148/radiol.2020191145).

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> one = load_phantoms()[0]
    >>> round(measure_features(one.image, one.true_mask, one.pixel_mm)["shape_area_mm2"])  # 1580 pixels
    1517
    """
    image, mask = as_pictures(image, "The image"), as_mask(mask)
    _check(image, mask, pixel_mm)
    head = find_head(image, pixel_mm) if head is None else head
    # What looks at each pixel only needs the tumour and a margin: that is what makes it fast.
    box = bounding_box(mask, margin=int(np.ceil(MARGIN_MM / pixel_mm)))
    near_image, near_mask = image[box], mask[box]
    return {
        **shape_features(near_mask, pixel_mm),
        **place_features(mask, head),
        **symmetry_features(image, mask, head),
        **firstorder_features(image[mask], head.median),
        **glcm_features(near_image, near_mask, pixel_mm),
        **ring_features(near_image, near_mask, pixel_mm, head.median),
        **plane_features(head),
    }


def measure_table(slices: Slices, masks: np.ndarray | None = None) -> pd.DataFrame:
    """Measure all features of many slices.

    Parameters
    ----------
    masks : ndarray of bool, shape (N, H, W), optional
        Where the tumours are; the true masks if left out. Give predicted masks to see what a classifier will meet in
        use.

    Returns
    -------
    DataFrame, N rows
        Index: the slices' ids. Columns: `FEATURES`. A row whose mask is empty is all NaN: nothing was found, so
        nothing can be measured.

    Raises
    ------
    DataError
        If the masks do not have the shape of the images.

    See Also
    --------
    skimage.measure.regionprops_table : One row for each object of one picture.

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> measure_table(load_phantoms()[:3])[list(BASELINE_FEATURES)].shape  # of 106 FEATURES
    (3, 12)
    """
    masks = slices.masks if masks is None else as_mask(masks, "Masks")
    if masks.shape != slices.images.shape:
        raise DataError(f"Masks have shape {masks.shape}, images {slices.images.shape}; they must be equal.")
    nothing = dict.fromkeys(FEATURES, np.nan)
    rows = [
        measure_features(image, mask, float(pixel)) if mask.any() else nothing
        for image, mask, pixel in zip(slices.images, masks, slices.pixel_mm, strict=True)
    ]
    return pd.DataFrame(rows, index=pd.Index(slices.ids, name="slice"), columns=list(FEATURES), dtype=np.float32)


def _check(image: np.ndarray, mask: np.ndarray, pixel_mm: float) -> None:
    if image.ndim != 2 or image.shape != mask.shape:
        raise DataError(f"Image and mask must be two pictures of one shape, but are {image.shape} and {mask.shape}.")
    if not mask.any():
        raise DataError("The mask is empty: there is no tumour to measure.")
    as_pixel_mm(pixel_mm, "measure_features")

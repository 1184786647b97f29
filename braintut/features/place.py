"""Features of where the tumour lies in the head."""

from __future__ import annotations

import numpy as np

from braintut.features.head import Head

PLACE_FEATURES = {
    "place_mean_x": "mean column / picture width, 0..1 (the seed's mean x)",
    "place_mean_y": "mean row / picture height, 0..1 (the seed's mean y)",
    "place_head_x": "centre of the tumour in the head's box, 0 left .. 1 right",
    "place_head_y": "centre of the tumour in the head's box, 0 top .. 1 bottom",
    "place_head_left": "left end of the tumour in the head's box, 0..1",
    "place_head_right": "right end of the tumour in the head's box, 0..1",
    "place_head_top": "upper end of the tumour in the head's box, 0..1",
    "place_head_bottom": "lower end of the tumour in the head's box, 0..1",
    "place_midline": "|place_head_x - 0.5|: 0 on the midline of the box",
    "place_midline_mm": "distance of the tumour's centre from the head's middle column",
    "place_centre_mm": "distance of the tumour's centre from the centre of the head",
    "place_above_centre_mm": "how far the tumour's centre lies above the centre of the head (below: negative)",
    "place_depth_mm": "mean distance of the tumour's pixels from the surface of the head",
    "place_depth_p5_mm": "5th percentile of that distance: how near to the skull it comes",
    "place_depth_p95_mm": "95th percentile of that distance: how deep it reaches",
    "place_depth_relative": "place_depth_mm / greatest depth in this head, 0 surface .. 1 middle",
    "place_surface_share": "share of the tumour within 15 mm of the surface (scalp, skull, dura)",
    "place_area_share": "area of the tumour / area of the head",
}

SYMMETRY_FEATURES = {
    "symmetry_overlap": "share of the tumour that falls on itself when mirrored at the head's middle column",
    "symmetry_mean_difference": "mean grey inside - mean grey under the mirrored mask",
    "symmetry_std_difference": "std of the grey inside - std under the mirrored mask",
}


def place_features(mask: np.ndarray, head: Head) -> dict[str, float]:
    """Measure where the tumour lies in picture and head: one number for each row of `PLACE_FEATURES`.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
        The tumour, not empty.
    head : Head
        From `find_head` of the same slice.

    Examples
    --------
    >>> from braintut.features import find_head
    >>> disc = np.hypot(*np.mgrid[-32:32, -32:32]) < 20
    >>> place = place_features(disc & (np.arange(64) < 20), find_head(disc.astype(float), pixel_mm=2.0))
    >>> float(place["place_head_left"]), float(place["place_head_y"])  # at the left end, half-way down
    (0.0, 0.5)
    """
    rows, columns = np.nonzero(mask)
    y, x = (rows + 0.5) / head.step, (columns + 0.5) / head.step  # pixel centres on the coarse grid
    top, bottom, left, right = head.box
    in_box_y, in_box_x = (y - top) / (bottom - top), (x - left) / (right - left)
    half = 0.5 / head.step  # from a pixel's centre to its edge
    half_y, half_x = half / (bottom - top), half / (right - left)
    centre_y, centre_x = (axis.mean() + 0.5 for axis in np.nonzero(head.filled))
    above = (centre_y - y.mean()) * head.pixel_mm
    aside = (x.mean() - centre_x) * head.pixel_mm
    return {
        "place_mean_x": x.mean() * head.step / mask.shape[1],
        "place_mean_y": y.mean() * head.step / mask.shape[0],
        "place_head_x": in_box_x.mean(),
        "place_head_y": in_box_y.mean(),
        "place_head_left": in_box_x.min() - half_x,
        "place_head_right": in_box_x.max() + half_x,
        "place_head_top": in_box_y.min() - half_y,
        "place_head_bottom": in_box_y.max() + half_y,
        "place_midline": abs(in_box_x.mean() - 0.5),
        "place_midline_mm": abs(x.mean() - (left + right) / 2) * head.pixel_mm,
        "place_centre_mm": np.hypot(above, aside),
        "place_above_centre_mm": above,
        **_depth_features(y, x, head),
        "place_area_share": rows.size / (head.filled.sum() * head.step**2),
    }


def _depth_features(y: np.ndarray, x: np.ndarray, head: Head) -> dict[str, float]:
    depth = _look_up(head.depth_mm, y, x)
    return {
        "place_depth_mm": depth.mean(),
        "place_depth_p5_mm": np.percentile(depth, 5),
        "place_depth_p95_mm": np.percentile(depth, 95),
        "place_depth_relative": depth.mean() / head.depth_mm.max(),
        "place_surface_share": np.mean(depth < 15),
    }


def symmetry_features(image: np.ndarray, mask: np.ndarray, head: Head) -> dict[str, float]:
    """Compare the tumour with its place on the other side: one number for each row of `SYMMETRY_FEATURES`.

    Image (normalised, 0..1) and mask (not empty) are of shape (H, W); the head comes from `find_head` of the same
    slice.
    """
    rows, columns = np.nonzero(mask)
    middle = (head.box[2] + head.box[3]) * head.step
    mirrored = np.clip(middle - 1 - columns, 0, mask.shape[1] - 1)
    here, there = image[rows, columns], image[rows, mirrored]
    return {
        "symmetry_overlap": mask[rows, mirrored].mean(),
        "symmetry_mean_difference": here.mean() - there.mean(),
        "symmetry_std_difference": here.std() - there.std(),
    }


def _look_up(coarse: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    rows = np.minimum(y.astype(int), coarse.shape[0] - 1)
    return coarse[rows, np.minimum(x.astype(int), coarse.shape[1] - 1)]

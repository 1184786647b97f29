"""Features of the grey values inside the mask: how bright, how even, in what pattern."""

from __future__ import annotations

import numpy as np
from scipy.stats import kurtosis, skew
from skimage.feature import graycomatrix, graycoprops

GREY_LEVELS = 32
"""Number of grey levels that 0..1 is cut into for histograms and co-occurrence."""

NEIGHBOUR_MM = 2.0
"""Distance between the two pixels of a pair. In mm, so that the grid size does not matter."""

FIRSTORDER_FEATURES = {
    "firstorder_mean": "mean grey inside, 0..1",
    "firstorder_std": "standard deviation inside: uneven tumours have more",
    "firstorder_skewness": "third standardised moment: above 0 for a few bright spots in a dark tumour",
    "firstorder_kurtosis": "fourth standardised moment - 3: heavy tails",
    "firstorder_p10": "10th percentile: how dark the darkest part is (necrosis, cyst)",
    "firstorder_p50": "median grey inside",
    "firstorder_p90": "90th percentile: how bright the brightest part is (contrast agent)",
    "firstorder_iqr": "75th - 25th percentile: spread that ignores outliers",
    "firstorder_entropy": "-sum p log2 p over 32 grey levels: 0 for one single grey",
    "firstorder_uniformity": "sum p^2 over 32 grey levels: 1 for one single grey",
    "firstorder_mean_to_head": "mean inside / median of the head: above 1 enhances",
    "firstorder_dark_share": "share of pixels below the head's median",
    "firstorder_bright_share": "share of pixels above 1.5 * the head's median",
}

GLCM_FEATURES = {
    "glcm_entropy": "-sum p(i,j) log2 p(i,j): disorder of the pairs",
    "glcm_homogeneity": "sum p(i,j) / (1 + (i-j)^2): 1 where neighbours are equal",
    "glcm_contrast": "sum p(i,j) (i-j)^2: 0 where neighbours are equal",
    "glcm_dissimilarity": "sum p(i,j) |i-j|: like contrast, but large steps count less",
    "glcm_energy": "sqrt(sum p(i,j)^2): 1 for one single pair",
    "glcm_correlation": "correlation of the two greys of a pair: near 1 for smooth slopes, 0 for noise",
}

TEXTURE_FEATURES = {**FIRSTORDER_FEATURES, **GLCM_FEATURES}
"""Name -> formula and meaning, one row a feature."""


def firstorder_features(inside: np.ndarray, head_median: float) -> dict[str, float]:
    """Describe the greys of the tumour's pixels, 0..1, shape (n,): one number for each row of `FIRSTORDER_FEATURES`.

    'Bright' and 'dark' are said by the median grey of the head.
    """
    p10, p25, p50, p75, p90 = np.percentile(inside, [10, 25, 50, 75, 90])
    share = np.bincount(_grey_level(inside), minlength=GREY_LEVELS) / inside.size
    even = inside.std() < 1e-6  # moments of a constant are 0/0
    return {
        "firstorder_mean": inside.mean(),
        "firstorder_std": inside.std(),
        "firstorder_skewness": 0.0 if even else skew(inside),
        "firstorder_kurtosis": 0.0 if even else kurtosis(inside),
        "firstorder_p10": p10,
        "firstorder_p50": p50,
        "firstorder_p90": p90,
        "firstorder_iqr": p75 - p25,
        "firstorder_entropy": _entropy(share),
        "firstorder_uniformity": np.sum(share**2),
        "firstorder_mean_to_head": inside.mean() / head_median,
        "firstorder_dark_share": np.mean(inside < head_median),
        "firstorder_bright_share": np.mean(inside > 1.5 * head_median),
    }


def glcm_features(image: np.ndarray, mask: np.ndarray, pixel_mm: float) -> dict[str, float]:
    """Measure how the greys of neighbouring pixels go together: one number for each row of `GLCM_FEATURES`.

    Parameters
    ----------
    image : ndarray of float, shape (h, w)
        Picture 0..1, best cropped to the tumour.
    mask : ndarray of bool, shape (h, w)
        The tumour. Pairs with one pixel outside do not count.
    pixel_mm : float
        Side of a pixel in mm.

    See Also
    --------
    skimage.feature.graycomatrix, skimage.feature.graycoprops : The matrix, and all of its numbers but the entropy.

    Notes
    -----
    Grey-level co-occurrence matrix p(i, j) of 32 levels, pairs 2 mm apart in four directions, added up (Haralick 1973,
    doi:10.1109/TSMC.1973.4309314).

    Examples
    --------
    >>> stripes = np.array([[0.0, 1.0, 0.0, 1.0]])  # levels 0 and 31: each pair differs by 31
    >>> round(glcm_features(stripes, stripes >= 0, pixel_mm=2.0)["glcm_contrast"])
    961
    """
    # Level 0 means 'outside'; dropping row and column 0 drops every pair that leaves the tumour.
    levels = np.where(mask, _grey_level(image) + 1, 0).astype(np.uint8)
    distance = max(1, round(NEIGHBOUR_MM / pixel_mm))
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    pairs = graycomatrix(levels, [distance], angles, levels=GREY_LEVELS + 1, symmetric=True)[1:, 1:]
    pairs = pairs.sum(axis=3, keepdims=True).astype(float)
    pairs /= max(pairs.sum(), 1)
    named = ("homogeneity", "contrast", "dissimilarity", "energy", "correlation")
    measured = {f"glcm_{name}": graycoprops(pairs, name)[0, 0] for name in named}
    return {"glcm_entropy": _entropy(pairs), **measured}


def _grey_level(grey: np.ndarray) -> np.ndarray:
    return np.clip((grey * GREY_LEVELS).astype(int), 0, GREY_LEVELS - 1)


def _entropy(share: np.ndarray) -> float:
    share = share[share > 0]
    return float(-np.sum(share * np.log2(share))) + 0.0

"""Features on pictures that can be checked by hand."""

import numpy as np
import pytest
from scipy.special import expit

from braintut.dataset.grid import resize
from braintut.dataset.slices import Slices
from braintut.errors import DataError
from braintut.features.table import BASELINE_FEATURES, FEATURES, measure_features, measure_table


def disc(size, row, column, radius):
    """Disc in a square picture; place and radius as shares of the side."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    return (y - row) ** 2 + (x - column) ** 2 < radius**2


def head_with_tumour(size=256, row=0.4, column=0.6, seed=0):
    """A grey head with a dark middle, a bright tumour and smooth noise."""
    mask = disc(size, row, column, 0.06)
    picture = 0.5 * disc(size, 0.5, 0.5, 0.4) - 0.2 * disc(size, 0.5, 0.5, 0.1) + 0.4 * mask
    noise = resize(np.random.default_rng(seed).normal(0, 0.05, (32, 32)), size)
    return np.clip(picture + noise * (picture > 0), 0, 1).astype(np.float32), mask


@pytest.fixture(scope="module")
def rectangle():
    """10 rows x 20 columns of 1 mm in an even picture."""
    mask = np.zeros((64, 64), bool)
    mask[20:30, 10:30] = True
    return measure_features(np.full((64, 64), 0.5), mask, pixel_mm=1.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shape_area_mm2", 200),
        ("shape_width_mm", 20),
        ("shape_height_mm", 10),
        ("shape_aspect_ratio", 0.5),
        ("shape_extent", 1),
        ("shape_solidity", 1),
        ("shape_tilt", 0),
        ("shape_upper_share", 0.5),
        ("place_mean_x", 20 / 64),
        ("place_mean_y", 25 / 64),
        ("firstorder_mean", 0.5),
        ("firstorder_std", 0),
        ("firstorder_entropy", 0),
        ("firstorder_uniformity", 1),
        ("glcm_entropy", 0),
        ("glcm_homogeneity", 1),
        ("glcm_contrast", 0),
        ("glcm_dissimilarity", 0),
        ("glcm_energy", 1),
        ("ring_near_contrast", 0),
    ],
)
def test_rectangle_by_hand(rectangle, name, value):
    assert rectangle[name] == pytest.approx(value, abs=1e-6)


def test_pixel_size_scales_lengths_and_areas(rectangle):
    mask = np.zeros((64, 64), bool)
    mask[20:30, 10:30] = True
    half = measure_features(np.full((64, 64), 0.5), mask, pixel_mm=0.5)
    assert half["shape_area_mm2"] == pytest.approx(50)
    assert half["shape_perimeter_mm"] == pytest.approx(rectangle["shape_perimeter_mm"] / 2)
    assert half["shape_circularity"] == pytest.approx(rectangle["shape_circularity"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("firstorder_mean", 0.5),
        ("firstorder_std", 0.25),
        ("firstorder_skewness", 0),
        ("firstorder_kurtosis", -2),
        ("firstorder_p10", 0.25),
        ("firstorder_p50", 0.5),
        ("firstorder_p90", 0.75),
        ("firstorder_iqr", 0.5),
        ("firstorder_entropy", 1),
        ("firstorder_uniformity", 0.5),
    ],
)
def test_two_greys_by_hand(name, value):
    # Half of the pixels have 0.25, the other half 0.75.
    image = np.repeat([[0.25, 0.75]], 8, axis=1) * np.ones((16, 1))
    assert measure_features(image, np.ones((16, 16), bool), pixel_mm=1.0)[name] == pytest.approx(value, abs=1e-6)


def test_checkerboard_has_the_greatest_contrast():
    board = (np.indices((32, 32)).sum(axis=0) % 2).astype(np.float32)
    mask = np.ones_like(board, bool)
    measured = measure_features(board, mask, pixel_mm=2.0)
    # Straight neighbours differ by 31 levels (2 x 992 pairs), diagonal ones not at all (2 x 961 pairs).
    assert measured["glcm_contrast"] == pytest.approx(31**2 * 992 / (992 + 961))


def test_tumour_in_the_middle_of_the_head():
    image, mask = head_with_tumour(row=0.5, column=0.5)
    measured = measure_features(image, mask, pixel_mm=1.0)
    assert measured["place_head_x"] == pytest.approx(0.5, rel=0.01)
    assert measured["place_head_y"] == pytest.approx(0.5, rel=0.01)
    assert measured["place_midline_mm"] < 2
    assert measured["symmetry_overlap"] > 0.9
    assert measured["place_depth_mm"] == pytest.approx(0.4 * 256 - 2 / 3 * 0.06 * 256, rel=0.03)


def test_bright_tumour_stands_out():
    measured = measure_features(*head_with_tumour(), pixel_mm=1.0)
    assert measured["ring_near_contrast"] == pytest.approx(0.4, rel=0.08)
    assert measured["symmetry_mean_difference"] > 0.2
    assert measured["firstorder_mean_to_head"] > 1.5
    assert measured["place_above_centre_mm"] == pytest.approx(0.1 * 256, rel=0.02)


def soft_head(size, column, row):
    """A head with a slanting tumour (place in mm from the middle), bright rim and dark core; no edge is sharp."""
    y, x = (np.mgrid[:size, :size] + 0.5) * 256 / size - 128
    along, across = 0.8 * (x - column) + 0.6 * (y - row), 0.8 * (y - row) - 0.6 * (x - column)
    radius = np.hypot(along / 30, across / 18)  # 1 on the tumour's outline
    tissue = 0.4 + 0.001 * x + 0.0005 * y + 0.06 * np.sin(x / 9) * np.sin(y / 7)
    tumour = 0.3 * expit((1 - radius) * 10) - 0.2 * expit((0.5 - radius) * 10)
    head = expit((100 - np.hypot(x, 1.1 * y)) / 2)
    return np.clip(head * (tissue + tumour), 0, 1).astype(np.float32), radius < 1


def on_two_grids(column, row):
    fine, coarse = soft_head(256, column, row), soft_head(128, column, row)
    return measure_features(*fine, pixel_mm=1.0), measure_features(*coarse, pixel_mm=2.0)


@pytest.fixture(scope="module")
def deep():
    return on_two_grids(column=40, row=-30)


@pytest.fixture(scope="module")
def at_the_surface():
    return on_two_grids(column=5, row=65)


ELLIPSE = {
    # Half axes 30 and 18 mm, the long one rising by 3 in 5, its middle 40 mm right of and 30 mm above the head's.
    "shape_area_mm2": np.pi * 30 * 18,
    "shape_major_mm": 60,
    "shape_minor_mm": 36,
    "shape_elongation": 0.6,
    "shape_eccentricity": 0.8,
    "shape_tilt": 0.6,
    "shape_solidity": 1,
    "shape_width_mm": 2 * np.hypot(30 * 0.8, 18 * 0.6),
    "shape_height_mm": 2 * np.hypot(30 * 0.6, 18 * 0.8),
    "shape_perimeter_mm": 153.2,  # by Ramanujan's formula
    "shape_upper_share": 0.5,
    "place_mean_x": (128 + 40) / 256,
    "place_mean_y": (128 - 30) / 256,
    # The head is an ellipse, too: half axes 100 and 100 / 1.1 mm.
    "place_head_x": 0.5 + 40 / 200,
    "place_head_y": 0.5 - 30 / (200 / 1.1),
    "place_midline": 0.2,
    "place_midline_mm": 40,
    "place_centre_mm": 50,
    "place_above_centre_mm": 30,
    "place_area_share": 30 * 18 / (100 * 100 / 1.1),
    "plane_width_mm": 200,
    "plane_height_mm": 200 / 1.1,
    "plane_aspect": 1 / 1.1,
    "plane_box_share": np.pi / 4,
    "plane_head_share": np.pi * 100 * 100 / 1.1 / 256**2,
}


@pytest.mark.parametrize(("name", "value"), ELLIPSE.items())
def test_ellipse_in_an_elliptic_head_by_formula(deep, name, value):
    # Some 3 mm of the head's soft edge count as head.
    assert deep[0][name] == pytest.approx(value, rel=0.04 if name.startswith("shape") else 0.08, abs=0)


GRID_MATTERS = {
    "glcm_contrast": 0.65,  # diagonal neighbours are 1.4 mm apart on one grid, 2.8 mm on the other
    "glcm_dissimilarity": 0.4,
    "glcm_homogeneity": 0.12,
    "glcm_energy": 0.12,
    "ring_core_to_rim": 0.25,  # small differences between large numbers
    "ring_rim_contrast": 0.25,
    "ring_edge_sharpness": 0.25,
}
"""How far, relatively, a feature may move when the pixels double their side; 0.08 for all others."""


@pytest.mark.parametrize("name", FEATURES)
def test_grid_size_hardly_matters(deep, name):
    fine, coarse = deep
    assert coarse[name] == pytest.approx(fine[name], rel=GRID_MATTERS.get(name, 0.08), abs=0)


@pytest.mark.parametrize(
    "name",
    [
        "place_surface_share",
        "symmetry_overlap",
        "ring_near_dark_share",
        "ring_middle_dark_share",
        "ring_far_dark_share",
    ],
)
def test_grid_size_hardly_matters_to_what_is_zero_deep_inside(at_the_surface, name):
    fine, coarse = at_the_surface
    assert 0 < coarse[name] == pytest.approx(fine[name], rel=0.1, abs=0)


@pytest.mark.parametrize("shape", [(64, 64), (60, 91), (33, 40)])
@pytest.mark.parametrize("kind", ["one pixel", "a line", "everything", "corner", "two pieces"])
def test_odd_masks_give_finite_numbers(shape, kind):
    mask = np.zeros(shape, bool)
    where = {"one pixel": [(20, 20)], "a line": [(20, slice(5, 30))], "everything": [(slice(None), slice(None))]}
    where |= {"corner": [(slice(0, 3), slice(0, 3))], "two pieces": [(slice(3, 9), 5), (slice(20, 25), slice(20, 30))]}
    for at in where[kind]:
        mask[at] = True
    image = np.random.default_rng(0).random(shape, dtype=np.float32)
    measured = measure_features(image, mask, 1.5)
    assert list(measured) == list(FEATURES)
    gaps = [name for name, value in measured.items() if not np.isfinite(value)]
    # Only what lies outside the picture may be missing.
    assert all(name.startswith("ring_") for name in gaps)
    assert kind in ("everything", "corner") or not gaps


def test_every_feature_is_described():
    assert 80 <= len(FEATURES) <= 140
    assert all(len(meaning) > 10 for meaning in FEATURES.values())
    assert set(BASELINE_FEATURES) <= set(FEATURES) and len(BASELINE_FEATURES) == 12


@pytest.mark.parametrize(
    ("image", "mask", "pixel_mm", "words"),
    [
        (np.ones((20, 20)), np.zeros((20, 20)), 1.0, "empty"),
        (np.ones((20, 20)), np.ones((20, 21)), 1.0, r"\(20, 21\)"),
        (np.ones((20, 20)), np.ones((20, 20)), 0.0, "pixel size"),
    ],
)
def test_errors_say_what_is_wrong(image, mask, pixel_mm, words):
    with pytest.raises(DataError, match=words):
        measure_features(image, mask, pixel_mm)


def test_table_has_a_row_a_slice_and_nan_where_nothing_was_found():
    image, mask = head_with_tumour(128)
    slices = Slices(
        images=np.stack([image] * 3),
        masks=np.stack([mask] * 3),
        labels=np.array([1, 2, 3]),
        patients=np.array(["a", "b", "c"]),
        folds=np.zeros(3, int),
        ids=np.array(["7", "8", "9"]),
        pixel_mm=np.full(3, 2.0),
    )
    found = slices.masks.copy()
    found[1] = False
    table = measure_table(slices, found)
    assert list(table.index) == ["7", "8", "9"] and list(table.columns) == list(FEATURES)
    assert table.loc["8"].isna().all() and table.loc[["7", "9"]].notna().all(axis=None)
    assert measure_table(slices).notna().all(axis=None)
    with pytest.raises(DataError, match="shape"):
        measure_table(slices, found[:, :64])

"""From probabilities to the mask of one tumour: one piece, no noise, a second look."""

import numpy as np
import pytest

from braintut.segmentation.mask import largest_component, mark_tumour


@pytest.mark.parametrize(
    ("areas", "pixel_mm", "left"),
    [((9, 25), 1.0, 25), ((9,), 1.0, 0), ((9,), 2.0, 9), ((), 1.0, 0)],
)
def test_largest_piece_is_kept_unless_it_is_noise(areas, pixel_mm, left):
    mask = np.zeros((32, 32), bool)
    for i, area in enumerate(areas):
        side = int(area**0.5)
        mask[2 : 2 + side, 10 * i : 10 * i + side] = True
    assert largest_component(mask, pixel_mm).sum() == left


@pytest.mark.parametrize(
    ("clear", "faint", "threshold", "faint_threshold", "left"),
    [
        (0.9, 0.3, 0.5, None, "clear"),
        (0.9, 0.3, 0.5, 0.02, "clear"),  # a second look is taken only where the first finds nothing
        (0.4, 0.3, 0.5, None, "nothing"),
        (0.4, 0.3, 0.5, 0.35, "clear"),
        (0.4, 0.3, 0.35, None, "clear"),
        (0.0, 0.3, 0.5, 0.02, "faint"),
        (0.0, 0.3, 0.2, None, "faint"),
        (0.0, 0.01, 0.2, 0.02, "nothing"),
    ],
)
def test_second_look(clear, faint, threshold, faint_threshold, left):
    probability = np.zeros((20, 20), np.float32)
    places = {"clear": np.s_[2:7, 2:7], "faint": np.s_[10:15, 10:15]}
    probability[places["clear"]], probability[places["faint"]] = clear, faint
    mask = mark_tumour(probability, 1.0, threshold, faint_threshold)
    assert mask.sum() == (0 if left == "nothing" else 25)
    assert left == "nothing" or mask[places[left]].all()

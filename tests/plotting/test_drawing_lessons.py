"""Figures of lessons 02, 03 and 06 say what the numbers say: tested through their Axes."""

import matplotlib
import numpy as np
import pytest

from braintut.plotting import (
    draw_changes,
    draw_counts,
    draw_fields_of_view,
    draw_film,
    draw_growth,
    draw_halvings,
    draw_many_counts,
    draw_numbers,
    draw_outlines,
    draw_scores,
    draw_slice,
    draw_unet,
)
from braintut.segmentation import build_unet


@pytest.fixture
def head():
    rng = np.random.default_rng(0)
    mask = np.zeros((32, 32), bool)
    mask[8:16, 12:20] = True
    return rng.random((32, 32)), mask


def words(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


@pytest.mark.parametrize(("size", "filters", "depth"), [(64, 8, 3), (128, 16, 4), (32, 2, 1)])
def test_the_drawn_shapes_are_those_of_the_network(size, filters, depth):
    drawn = [word for word in words(draw_unet(size, filters, depth)) if " x " in word]
    outputs = [layer.output.shape[1:] for layer in build_unet(size, filters, depth).layers if layer.name[:5] == "re_lu"]
    built = [f"{h} x {w} x {c}" for h, w, c in outputs]
    assert drawn == built[1::2], "one box for each pair of convolutions"


def test_bridges_are_dashed_and_one_a_level():
    ax = draw_unet(64, 8, 3)
    in_words = {"--": "dashed", "-": "solid"}  # newer Matplotlib answers with the sign
    styles = [text.arrow_patch.get_linestyle() for text in ax.texts if getattr(text, "arrow_patch", None)]
    lines = [in_words.get(style, style) for style in styles]
    assert lines.count("dashed") == 3 and lines.count("solid") == 6


def test_halvings_halve(head):
    figure = draw_halvings(*head, times=3)
    assert [ax.get_title() for ax in figure.axes] == ["32 x 32", "16 x 16", "8 x 8", "4 x 4"]
    last = figure.axes[-1].images[0].get_array()
    assert last.shape == (4, 4) and last[0, 0] == head[0][:8, :8].max()


def test_fields_of_view_have_their_sides(head):
    ax = draw_fields_of_view(head[0], [5, 14])
    assert [patch.get_width() for patch in ax.patches] == [5, 14]
    assert [word.strip() for word in words(ax)] == ["level 1"]


def test_fields_of_view_lie_where_they_are_put_and_the_slice_stays_whole(head):
    ax = draw_fields_of_view(head[0], [4, 40], at=(6, 20))
    assert [patch.get_xy() for patch in ax.patches] == [(18, 4), (0, -14)]
    assert ax.get_xlim() == (-0.5, 31.5) and ax.get_ylim() == (31.5, -0.5)


def test_film_shows_slice_and_frames(head):
    image, mask = head
    figure = draw_film(image, mask, {"0 steps": image, "9 steps": mask * 1.0})
    assert [ax.get_title() for ax in figure.axes[:3]] == ["slice", "0 steps", "9 steps"]
    assert figure.axes[3].get_ylabel() == "probability"


def test_growth_shows_the_outline_of_each_moment(head):
    image, mask = head
    figure = draw_growth(image, mask, {"epoch 1": 0.4 * mask, "epoch 9": 0.6 * mask})
    assert [ax.get_title() for ax in figure.axes] == ["epoch 1", "epoch 9"]
    assert [len(ax.collections) for ax in figure.axes] == [1, 2], "0.4 is no tumour yet"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["true mask", "predicted mask"]


@pytest.mark.parametrize("draw", [draw_film, draw_growth, draw_outlines, draw_changes], ids=lambda d: d.__name__)
@pytest.mark.parametrize("n", [2, 6])
def test_rows_of_heads_are_as_wide_as_a_notebook(head, draw, n):
    image, mask = head
    titled = {f"moment {i}": mask * 1.0 for i in range(n)}
    given = {
        draw_outlines: (np.stack([image] * n), np.stack([mask] * n), {"network": np.stack([mask] * n)}),
        draw_changes: ({title: (image, mask) for title in titled},),
    }.get(draw, (image, mask, titled))
    figure = draw(*given)
    assert figure.get_figwidth() * figure.dpi >= 700


@pytest.mark.parametrize("size", [32, 16, 8])
def test_a_coarser_mask_is_laid_over_the_whole_picture(head, size):
    mask = np.zeros((size, size), bool)
    mask[size // 4 : size // 2, size // 4 : size // 2] = True
    (line,) = draw_slice(head[0], predicted_mask=mask).collections
    corners = line.get_paths()[0].vertices
    assert corners.mean(axis=0) == pytest.approx(11.5, abs=1)  # pixels 8 to 15 of 32, both down and across
    assert np.ptp(corners, axis=0) == pytest.approx(8, abs=1)


def test_outlines_have_a_row_a_network_and_a_legend(head):
    image, mask = head
    images, masks = np.stack([image] * 3), np.stack([mask] * 3)
    figure = draw_outlines(images, masks, {"with": masks, "without": masks & False})
    assert len(figure.axes) == 6 and figure.axes[3].get_title(loc="left") == "without"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["true mask", "predicted mask"]


def test_counts_name_every_pixel():
    true_mask = np.array([[True, True], [False, False]])
    predicted = np.array([[True, False], [True, False]])
    ax = draw_counts(true_mask, predicted, title="a pair")
    assert [text.get_text() for text in ax.texts] == ["TP", "FN", "FP", ""] and ax.get_title() == "a pair"


def test_counts_are_told_apart_without_colour():
    ax = draw_counts(np.eye(2, dtype=bool), np.ones((2, 2), bool))
    fills = {tuple(patch.get_facecolor()) for patch in ax.patches}
    assert len(fills) == 2 and set(words(ax)) == {"TP", "FP"}


def test_many_counts_have_a_title_each():
    pair = (np.eye(4, dtype=bool), np.eye(4, dtype=bool))
    assert [ax.get_title() for ax in draw_many_counts({"one": pair, "two": pair}).axes] == ["one", "two"]
    assert len(draw_many_counts({"one": pair}).axes) == 1


def test_scores_show_every_slice_and_the_mean():
    ax = draw_scores({"first": np.array([0.0, 1.0, 0.5]), "second": np.array([0.2, 0.4, 0.9])})
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    means = [line.get_xdata()[0] for line in ax.lines if line.get_marker() != "o"]
    assert [len(line.get_xdata()) for line in dots] == [3, 3] and means == pytest.approx([0.5, 0.5])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    matplotlib.pyplot.close("all")


def test_numbers_stand_in_their_squares():
    ax = draw_numbers(np.array([[0, 5, 2], [1, 0, 0]]), title="pairs")
    assert words(ax) == ["0", "5", "2", "1", "0", "0"] and ax.get_title() == "pairs"
    assert {text.get_text(): text.get_color() for text in ax.texts} == {
        "0": "white",
        "1": "white",
        "2": "white",
        "5": "black",
    }
    assert words(draw_numbers(np.ones((1, 2), bool))) == ["1", "1"]


def test_changes_stand_side_by_side_each_with_its_mask(head):
    figure = draw_changes({"as it was": head, "mask alone": (head[1] * 1.0, None)})
    assert [ax.get_title() for ax in figure.axes] == ["as it was", "mask alone"]
    assert [len(ax.collections) for ax in figure.axes] == [1, 0], "one outline where there is a mask"

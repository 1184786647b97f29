"""Every figure of the course: functions that take arrays and an Axes, and draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from braintut.dataset.files import readable
from braintut.dataset.slices import TUMOUR_TYPES, Slices

if TYPE_CHECKING:
    from braintut.report import Report

Drawing = TypeVar("Drawing", Axes, Figure, bytes)
Given = ParamSpec("Given")

# Okabe-Ito colours, told apart by line style too, so that nobody has to see colour.
TRUE_STYLE = {"colors": "#56B4E9", "linestyles": "solid", "linewidths": 1.6}
PREDICTED_STYLE = {"colors": "#E69F00", "linestyles": "dashed", "linewidths": 1.6}
BARS = "#0072B2"
GROUPS_IN_WORDS = {
    "firstorder": "brightness",
    "glcm": "texture",
    "ring": "surroundings",
    "plane": "plane of the slice",
}
DPI = 72  # of grids of slices: a lesson is to stay under 300 kB


def in_our_style(draw: Callable[Given, Drawing]) -> Callable[Given, Drawing]:
    """Make a function draw the same on every machine: a user's matplotlibrc (LaTeX, a dark style) is left out.

    Notes
    -----
    Introduced in lesson 01.
    """

    @wraps(draw)
    def drawn(*args: Given.args, **kwargs: Given.kwargs) -> Drawing:
        with plt.style.context("default"):
            drawing = draw(*args, **kwargs)
            if not isinstance(drawing, bytes):
                _make_first_ticks(drawing)
            interactive = plt.isinteractive()
        plt.interactive(interactive)  # a notebook turns this on with its first figure, which may have been this one
        return drawing

    return drawn


def _make_first_ticks(drawing: Axes | Figure) -> None:
    # matplotlib makes ticks when it needs them, the first in the style of that moment and all others after it.
    for ax in drawing.get_figure().axes if isinstance(drawing, Axes) else drawing.axes:
        for axis in (ax.xaxis, ax.yaxis):
            axis.get_major_ticks(1)


@in_our_style
def draw_slice(
    image: np.ndarray,
    true_mask: np.ndarray | None = None,
    predicted_mask: np.ndarray | None = None,
    ax: Axes | None = None,
    title: str = "",
) -> Axes:
    """Draw one slice in grey, with the true mask's contour solid and the predicted one's dashed.

    Parameters
    ----------
    image : ndarray of float, shape (H, W)
        0..1.
    true_mask, predicted_mask : ndarray of bool, shape (H, W), optional
    ax : Axes, optional
        Default: a new figure.
    title : str

    Returns
    -------
    Axes

    Notes
    -----
    Introduced in lesson 01.
    """
    ax = ax or plt.subplots(figsize=(4, 4), layout="constrained")[1]
    ax.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")  # pixels are seen as they are
    for mask, style in ((true_mask, TRUE_STYLE), (predicted_mask, PREDICTED_STYLE)):
        if mask is not None and np.any(mask):
            ax.contour(mask, levels=[0.5], **style)
    ax.set_title(title, fontsize="medium", parse_math=False)  # a name may hold dollars
    ax.set_axis_off()
    return ax


@in_our_style
def draw_examples(slices: Slices, n: int = 6, columns: int = 3, predicted_masks: np.ndarray | None = None) -> Figure:
    """Draw some slices in a grid, with their contours and types.

    Parameters
    ----------
    slices : Slices
    n : int
        How many, evenly picked.
    columns : int
    predicted_masks : ndarray of bool, shape (N, H, W), optional

    Returns
    -------
    Figure

    Notes
    -----
    Introduced in lesson 01.
    """
    chosen = np.linspace(0, len(slices) - 1, min(n, len(slices))).round().astype(int)
    rows = -(-len(chosen) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(2.6 * columns, 2.8 * rows), layout="constrained", squeeze=False, dpi=DPI
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, i in zip(axes.flat, chosen, strict=False):
        predicted = None if predicted_masks is None else predicted_masks[i]
        draw_slice(slices.images[i], slices.masks[i], predicted, ax, f"{slices.types[i]}, {slices.patients[i]}")
    figure.legend(
        handles=contour_legend(predicted_masks is not None),
        loc="outside lower center",
        ncols=2,
        frameon=False,
    )
    plt.close(figure)  # a returned figure is shown once by a notebook, not twice
    return figure


def contour_legend(predicted: bool = True) -> list[Line2D]:
    """Legend entries for the contours of true and predicted masks."""
    entries = [Line2D([], [], color=TRUE_STYLE["colors"], linestyle="solid", label="true mask")]
    if predicted:
        entries.append(Line2D([], [], color=PREDICTED_STYLE["colors"], linestyle="dashed", label="predicted mask"))
    return entries


@in_our_style
def draw_type_bars(probabilities: dict[str, float], ax: Axes) -> Axes:
    """Draw the probability of each tumour type as a bar with its number."""
    bars = ax.barh(list(probabilities), list(probabilities.values()), color=BARS)
    ax.bar_label(bars, [f" {p:.0%}" for p in probabilities.values()])
    ax.set_xlim(0, 1.15)
    ax.set_xticks([])
    ax.invert_yaxis()
    ax.spines[:].set_visible(False)
    ax.set_title("Type", loc="left", fontsize="medium")
    return ax


@in_our_style
def draw_reasons(reasons: Sequence[tuple[str, float]], ax: Axes, n: int = 6) -> Axes:
    """Draw what spoke for (right) and against (left) the type, strongest first, in points of its probability."""
    strongest = sorted(reasons, key=lambda r: -abs(r[1]))[:n]
    names = [GROUPS_IN_WORDS.get(name, name) for name, _ in strongest]
    ax.barh(names, [100 * effect for _, effect in strongest], color=BARS)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.invert_yaxis()
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.set_title("What spoke for it", loc="left", fontsize="medium")
    ax.set_xlabel("points lost if these were average", fontsize="small")
    return ax


@in_our_style
def draw_report(report: Report, true_mask: np.ndarray | None = None) -> Figure:
    """Draw a report: the scan with its contours, the type, and what spoke for it.

    Parameters
    ----------
    report : Report
    true_mask : ndarray of bool, shape (H, W), optional

    Returns
    -------
    Figure

    Notes
    -----
    Introduced in lesson 00.
    """
    figure = plt.figure(figsize=(10, 5), layout="constrained", dpi=DPI)
    grid = figure.add_gridspec(2, 2, width_ratios=[1.1, 1], height_ratios=[1, 1.5])
    ax = figure.add_subplot(grid[:, 0])
    draw_slice(report.image, true_mask, report.predicted_mask, ax, f"{readable(report.scan)}\n{report}")
    legend = contour_legend()[0 if true_mask is not None else 1 :]
    ax.legend(handles=legend, loc="lower left", fontsize="small", framealpha=0.7)
    if report.tumour_found:
        draw_type_bars(report.probabilities, figure.add_subplot(grid[0, 1]))
        draw_reasons(report.reasons, figure.add_subplot(grid[1, 1]))
    figure.supxlabel(f"pair '{report.model}' · a teaching tool, not for clinical use", fontsize="small", color="0.35")
    plt.close(figure)
    return figure


@in_our_style
def draw_history(history: Sequence[dict], ax: Axes | None = None) -> Axes:
    """Draw the learning curves of a training: loss, and validation Dice where there is one.

    Parameters
    ----------
    history : sequence of dict
        As in `TrainingRun.history`.
    ax : Axes, optional

    Returns
    -------
    Axes

    Notes
    -----
    Introduced in lesson 02.
    """
    ax = ax or plt.subplots(figsize=(5, 3), layout="constrained")[1]
    epochs = [entry["epoch"] for entry in history]
    ax.plot(epochs, [entry["loss"] for entry in history], color=BARS, label="training loss")
    if history and "val_dice" in history[0]:
        dice = [entry["val_dice"] for entry in history]
        ax.plot(epochs, dice, color="#D55E00", linestyle="dashed", label="validation Dice")
    ax.set_xlabel("epoch")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_ylim(bottom=0)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return ax


@in_our_style
def draw_confusion(confusion: Sequence[Sequence[int]], ax: Axes | None = None) -> Axes:
    """Draw a confusion matrix: one row a true type; each cell its count and share of the row.

    Parameters
    ----------
    confusion : sequence of sequence of int, shape (3, 3) or (3, 4)
        A fourth column is 'not found'.
    ax : Axes, optional

    Returns
    -------
    Axes

    Notes
    -----
    Introduced in lesson 07.
    """
    counts = np.asarray(confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax = ax or plt.subplots(figsize=(4.6, 3.4), layout="constrained")[1]
    ax.imshow(share, cmap="cividis", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        ax.text(
            column, row, f"{count}\n{share[row, column]:.0%}", ha="center", va="center",
            color="black" if share[row, column] > 0.5 else "white",
        )  # fmt: skip
    names = (*TUMOUR_TYPES, "not found")[: counts.shape[1]]
    ax.set_xticks(range(counts.shape[1]), names)
    ax.set_yticks(range(3), TUMOUR_TYPES)
    ax.set_xlabel("predicted type")
    ax.set_ylabel("true type")
    return ax

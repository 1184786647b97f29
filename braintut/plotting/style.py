"""What all figures share: colours that no eye has to tell apart alone, dots per inch, the legend of contours."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

Drawing = TypeVar("Drawing", Axes, Figure, bytes)
Given = ParamSpec("Given")

# Okabe-Ito colours, told apart by line style too, so that nobody has to see colour.
TRUE_STYLE = {"colors": "#56B4E9", "linestyles": "solid", "linewidths": 1.6}
"""The contour of a true mask in all figures, as arguments of `Axes.contour`."""

PREDICTED_STYLE = {"colors": "#E69F00", "linestyles": "dashed", "linewidths": 1.6}
"""The same for a predicted mask."""

BARS = "#0072B2"
"""The colour of bars and of a first line."""

DPI = 90  # of grids of slices: three heads side by side are 700 px and wider, a lesson stays under 1.2 MB

HEADS_INCHES, HEADS_DPI = 7.6, 96
"""Width of a row of heads: about 730 px, with letters as large as a notebook's own."""


def axes_for_heads(columns: int, rows: int = 1, below: float = 0.0) -> tuple[Figure, np.ndarray]:
    """Make axes (rows, columns) for square pictures that fill the width of a notebook, however many stand in a row.

    `below` are the inches left below them, for a legend.

    Examples
    --------
    >>> figure, axes = axes_for_heads(3)
    >>> round(figure.get_figwidth() * figure.dpi), axes.shape
    (730, (1, 3))
    """
    height = (HEADS_INCHES / columns + 0.32) * rows + below
    return plt.subplots(
        rows, columns, figsize=(HEADS_INCHES, height), layout="constrained", squeeze=False, dpi=HEADS_DPI
    )


def contour_legend(predicted: bool = True) -> list[Line2D]:
    """Legend entries for the contours of true and predicted masks.

    Examples
    --------
    >>> [entry.get_label() for entry in contour_legend()]
    ['true mask', 'predicted mask']
    """
    entries = [Line2D([], [], color=TRUE_STYLE["colors"], linestyle="solid", label="true mask")]
    if predicted:
        entries.append(Line2D([], [], color=PREDICTED_STYLE["colors"], linestyle="dashed", label="predicted mask"))
    return entries


def finished(figure: Figure, predicted: bool | None = None) -> Figure:
    """Give a figure the legend of its contours, if it has some, and close it: a notebook shows it once, not twice."""
    if predicted is not None:
        figure.legend(handles=contour_legend(predicted), loc="outside lower center", ncols=2, frameon=False)
    plt.close(figure)
    return figure


def in_our_style(draw: Callable[Given, Drawing]) -> Callable[Given, Drawing]:
    """Make a function draw the same on every machine: a user's matplotlibrc (LaTeX, a dark style) is left out."""

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

"""Masks counted pixel by pixel, scores slice by slice, and small matrices: the figures of lessons 03 and 06."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from braintut.plotting.style import BARS, DPI, finished, in_our_style

COUNTS = {"TP": ("#0072B2", "white"), "FP": ("#E69F00", "black"), "FN": ("#CC79A7", "black"), "": ("white", "black")}
"""What a pixel is counted as, with its Okabe-Ito colour and the colour of its letters."""


@in_our_style
def draw_counts(true_mask: np.ndarray, predicted_mask: np.ndarray, ax: Axes | None = None, title: str = "") -> Axes:
    """Draw what each pixel is counted as: TP, FP, FN, or nothing.

    Parameters
    ----------
    true_mask, predicted_mask : ndarray of bool, shape (H, W)
        Small ones: 4 x 4 reads well.
    """
    ax = ax or plt.subplots(figsize=(2.4, 2.6), layout="constrained", dpi=DPI)[1]
    true_mask, predicted_mask = np.asarray(true_mask, bool), np.asarray(predicted_mask, bool)
    words = np.select([true_mask & predicted_mask, predicted_mask, true_mask], ["TP", "FP", "FN"], "")
    for (row, column), word in np.ndenumerate(words):
        fill, letters = COUNTS[str(word)]
        ax.add_patch(Rectangle((column, row), 1, 1, facecolor=fill, edgecolor="0.6"))
        ax.text(column + 0.5, row + 0.5, word, ha="center", va="center", color=letters, fontsize="small")
    height, width = words.shape
    ax.set(xlim=(-0.05, width + 0.05), ylim=(height + 0.05, -0.05), aspect="equal")
    ax.set_axis_off()
    ax.set_title(title, fontsize="medium")
    return ax


@in_our_style
def draw_many_counts(pairs: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Draw several pairs of masks side by side, counted pixel by pixel.

    Parameters
    ----------
    pairs : mapping of str to (true mask, predicted mask)
        Title of each pair and its masks, ndarrays of bool, shape (H, W).

    Examples
    --------
    >>> figure = draw_many_counts({"half found": (np.array([[1, 1, 0]]), np.array([[0, 1, 1]]))})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['FN', 'TP', 'FP']
    """
    figure, axes = plt.subplots(1, len(pairs), figsize=(2 * len(pairs), 2.3), layout="constrained", dpi=DPI)
    for ax, (title, masks) in zip(np.atleast_1d(axes), pairs.items(), strict=True):
        draw_counts(*masks, ax, title)
    return finished(figure)


@in_our_style
def draw_scores(scores: Mapping[str, np.ndarray], ax: Axes | None = None, label: str = "Dice") -> Axes:
    """Draw every slice's score as a dot, one row a network, and each row's mean as a bar.

    Parameters
    ----------
    scores : mapping of str to ndarray of float, shape (N,)
        Name of each row and its scores, 0..1.
    label : str
        What the scores are.

    Examples
    --------
    >>> ax = draw_scores({"before": np.array([0.2, 0.6]), "after": np.array([0.5, 0.9])})
    >>> [name.get_text() for name in ax.get_yticklabels()]
    ['before', 'after']
    """
    ax = ax or plt.subplots(figsize=(6.5, 0.6 * len(scores) + 0.8), layout="constrained", dpi=DPI)[1]
    rng = np.random.default_rng(0)  # dots are spread a little, so that equal ones don't hide each other
    for row, values in enumerate(scores.values()):
        ax.plot(values, row + rng.uniform(-0.16, 0.16, len(values)), "o", color=BARS, alpha=0.45, markersize=5)
        ax.plot([np.mean(values)] * 2, [row - 0.34, row + 0.34], color="black", linewidth=2.5)
    ax.set_yticks(range(len(scores)), scores)
    ax.set(xlim=(-0.03, 1.03), ylim=(len(scores) - 0.5, -0.5), xlabel=f"{label} of each slice; line: mean")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


@in_our_style
def draw_numbers(matrix: np.ndarray, ax: Axes | None = None, title: str = "") -> Axes:
    """Draw a small matrix as squares of grey, each with its number in it.

    Parameters
    ----------
    matrix : ndarray, shape (H, W)
        Whole numbers, or True and False as 1 and 0.

    Examples
    --------
    >>> [text.get_text() for text in draw_numbers(np.array([[True, False]])).texts]
    ['1', '0']
    """
    numbers = np.asarray(matrix, int)
    height, width = numbers.shape
    ax = ax or plt.subplots(figsize=(0.4 * width + 0.2, 0.4 * height + 0.4), layout="constrained", dpi=DPI)[1]
    ax.imshow(numbers, cmap="gray", vmin=numbers.min(), vmax=max(numbers.max(), numbers.min() + 1))
    middle = (numbers.min() + max(numbers.max(), numbers.min() + 1)) / 2
    for (row, column), number in np.ndenumerate(numbers):
        colour = "black" if number > middle else "white"
        ax.text(column, row, str(number), ha="center", va="center", color=colour)
    ax.set_xticks(range(width), range(width))
    ax.set_yticks(range(height), range(height))
    ax.tick_params(length=0, labelsize="small", labelcolor="0.4")
    ax.set_title(title, fontsize="medium")
    return ax

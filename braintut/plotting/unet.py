"""The U-Net itself: its shapes, what halving does to a slice, what a number sees, and its learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from braintut.plotting.slices import draw_slice
from braintut.plotting.style import BARS, DPI, axes_for_heads, finished, in_our_style

BRIDGES = "#E69F00"


@in_our_style
def draw_unet(size: int, filters: int, depth: int, ax: Axes | None = None) -> Axes:
    """Draw a U-Net as its shapes: one box for each pair of convolutions, dashed arrows for the bridges.

    Parameters
    ----------
    size : int
        Side of the input in pixels.
    filters : int
        Channels of the first level.
    depth : int
        How often the picture is halved.

    Examples
    --------
    >>> [text.get_text() for text in draw_unet(128, filters=16, depth=2).texts[:3]]
    ['128 x 128 x 16', '64 x 64 x 32', '32 x 32 x 64']
    """
    ax = ax or plt.subplots(figsize=(2.6 + 1.5 * depth, 1 + 0.75 * depth), layout="constrained", dpi=DPI)[1]
    steps = [*range(depth), depth, *reversed(range(depth))]
    aligns = ["right"] * depth + ["center"] + ["left"] * depth
    for x, (level, align) in enumerate(zip(steps, aligns, strict=True)):
        _draw_box(ax, x, level, size // 2**level, filters * 2**level, align)
    for x, (level, after) in enumerate(pairwise(steps)):
        sign = 1 if after > level else -1
        _draw_arrow(ax, (x + 0.28, -level - 0.28 * sign), (x + 0.72, -after + 0.3 * sign))
    for level in range(depth):
        _draw_arrow(ax, (level + 0.35, -level), (2 * depth - level - 0.35, -level), BRIDGES, "dashed")
    ax.text(depth, 0.08, "bridges (skip connections)", ha="center", color="#8A5A00", fontsize="small")
    ax.text(0, 0.5, "encoder", ha="center", weight="bold")
    ax.text(2 * depth, 0.5, "decoder", ha="center", weight="bold")
    ax.set(xlim=(-1.15, 2 * depth + 1.15), ylim=(-depth - 0.5, 0.75))
    ax.set_axis_off()
    return ax


@in_our_style
def draw_halvings(image: np.ndarray, mask: np.ndarray, times: int = 4) -> Figure:
    """Draw a slice halved again and again by max pooling, and what is left of its mask's outline.

    Parameters
    ----------
    image : ndarray of float, shape (H, W)
        0..1; `2 ** times` divides H and W.
    mask : ndarray of bool, shape (H, W)
        A pixel counts as tumour where at least half of what it covers is.
    times : int
        How often it is halved.

    Examples
    --------
    >>> figure = draw_halvings(np.eye(64), np.eye(64) > 0, times=2)
    >>> [ax.get_title() for ax in figure.axes]
    ['64 x 64', '32 x 32', '16 x 16']
    """
    figure, axes = axes_for_heads(times + 1)
    for level, ax in enumerate(axes[0]):
        small = _blocks(image, 2**level).max(axis=(1, 3))
        draw_slice(small, _blocks(mask, 2**level).mean(axis=(1, 3)) >= 0.5, ax=ax)
        ax.set_title(f"{small.shape[0]} x {small.shape[1]}", fontsize="medium")
    return finished(figure)


@in_our_style
def draw_fields_of_view(
    image: np.ndarray,
    sides: Sequence[int],
    ax: Axes | None = None,
    at: tuple[float, float] | None = None,
    title: str = "",
) -> Axes:
    """Draw squares around a place of a slice: what one number of each level can see there (level 0 is filled).

    Parameters
    ----------
    image : ndarray of float, shape (H, W)
        0..1.
    sides : sequence of int
        Side of each level's square, in pixels.
    at : (float, float), optional
        Row and column of the place; the middle if left out.

    Examples
    --------
    >>> ax = draw_fields_of_view(np.zeros((64, 64)), [5, 14, 32])
    >>> [square.get_width() for square in ax.patches]
    [5, 14, 32]
    """
    ax = draw_slice(image, ax=ax or plt.subplots(figsize=(4, 4), layout="constrained", dpi=DPI)[1], title=title)
    height, width = image.shape
    row, column = at or (height / 2, width / 2)
    for level, side in enumerate(sides):
        corner = (column - side / 2, row - side / 2)
        ax.add_patch(Rectangle(corner, side, side, fill=level == 0, color=BRIDGES, linewidth=1.5))
        if level:
            right, bottom = min(column + side / 2, width - 1), min(row + side / 2, height - 1)
            ax.text(right, bottom, f"level {level} ", color=BRIDGES, fontsize="small", ha="right", va="bottom")
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))  # squares may reach beyond the slice
    return ax


@in_our_style
def draw_history(history: Sequence[dict], ax: Axes | None = None) -> Axes:
    """Draw the learning curves of a training: loss, and validation Dice where there is one.

    Parameters
    ----------
    history : sequence of dict
        As in `TrainingRun.history`.

    Examples
    --------
    >>> ax = draw_history([{"epoch": 1, "loss": 0.9, "val_dice": 0.2}, {"epoch": 2, "loss": 0.6, "val_dice": 0.5}])
    >>> [line.get_label() for line in ax.lines]
    ['training loss', 'validation Dice']
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


def _draw_box(ax: Axes, x: float, level: int, side: int, channels: int, align: str) -> None:
    height, width = 0.62 * 0.72**level, 0.16 * 1.35**level
    ax.add_patch(Rectangle((x - width / 2, -level - height / 2), width, height, facecolor=BARS, edgecolor="black"))
    dx, dy = {"right": (-width / 2 - 0.06, 0), "left": (width / 2 + 0.06, 0), "center": (0, -height / 2 - 0.16)}[align]
    words = f"{side} x {side} x {channels}"
    ax.text(x + dx, -level + dy, words, ha=align, va="center", fontsize="small")


def _draw_arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str = "0.35", line: str = "solid"
) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": colour, "linestyle": line, "linewidth": 1.5})


def _blocks(picture: np.ndarray, side: int) -> np.ndarray:
    height, width = picture.shape
    return picture.reshape(height // side, side, width // side, side)

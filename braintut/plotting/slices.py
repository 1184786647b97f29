"""Slices with their masks: one, several side by side, and how a prediction grew."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from braintut.dataset.slices import Slices
from braintut.plotting.style import DPI, PREDICTED_STYLE, TRUE_STYLE, axes_for_heads, finished, in_our_style


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
        A mask of fewer pixels, as a network sees the slice, is laid over the whole picture.

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> one = load_phantoms()[0]
    >>> draw_slice(one.image, one.true_mask, title=one.tumour_type).get_title()
    'glioma'
    """
    ax = ax or plt.subplots(figsize=(4, 4), layout="constrained")[1]
    ax.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")  # pixels are seen as they are
    height, width = image.shape
    whole = {"origin": "lower", "extent": (-0.5, width - 0.5, -0.5, height - 0.5)}  # rows are counted downwards already
    for mask, style in ((true_mask, TRUE_STYLE), (predicted_mask, PREDICTED_STYLE)):
        if mask is not None and np.any(mask):
            ax.contour(mask, levels=[0.5], **whole, **style)
    ax.set_title(title, fontsize="medium", parse_math=False)  # a name may hold dollars
    ax.set_axis_off()
    return ax


@in_our_style
def draw_examples(slices: Slices, n: int = 6, columns: int = 3, predicted_masks: np.ndarray | None = None) -> Figure:
    """Draw some slices in a grid, with their contours and types.

    Parameters
    ----------
    n : int
        How many, evenly picked.
    predicted_masks : ndarray of bool, shape (N, H, W), optional

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> draw_examples(load_phantoms(), n=2, columns=2).axes[1].get_title()
    'meningioma, PH040'
    """
    chosen = np.linspace(0, len(slices) - 1, min(n, len(slices))).round().astype(int)
    rows = -(-len(chosen) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(2.7 * columns, 2.9 * rows), layout="constrained", squeeze=False, dpi=DPI
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, i in zip(axes.flat, chosen, strict=False):
        predicted = None if predicted_masks is None else predicted_masks[i]
        draw_slice(slices.images[i], slices.masks[i], predicted, ax, f"{slices.types[i]}, {slices.patients[i]}")
    return finished(figure, predicted_masks is not None)


@in_our_style
def draw_look_alikes(slices: Slices, others: Slices) -> Figure:
    """Draw slices in the upper row, and below each the one that was taken for its like, with patient and type.

    Parameters
    ----------
    slices, others : Slices
        As many of the one as of the other, in pairs.

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> slices = load_phantoms()
    >>> [ax.get_title() for ax in draw_look_alikes(slices[:1], slices[6:7]).axes]
    ['PH001, glioma', 'PH002, meningioma']
    """
    figure, axes = plt.subplots(
        2, len(slices), figsize=(2.7 * len(slices), 5.9), layout="constrained", squeeze=False, dpi=DPI
    )
    for row, side in zip(axes, (slices, others), strict=True):
        for ax, one in zip(row, side, strict=True):
            draw_slice(one.image, one.true_mask, ax=ax, title=f"{one.patient}, {one.tumour_type}")
    return finished(figure, predicted=False)


@in_our_style
def draw_outlines(images: np.ndarray, masks: np.ndarray, predictions: Mapping[str, np.ndarray]) -> Figure:
    """Draw slices in columns and networks in rows, each with the true and the predicted outline.

    Parameters
    ----------
    images : ndarray of float, shape (N, H, W)
    masks : ndarray of bool, shape (N, H, W)
    predictions : mapping of str to ndarray of bool, shape (N, h, w)
        Name of each row and its predicted masks, at the size of the images or smaller.

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> four = load_phantoms()[:4]
    >>> len(draw_outlines(four.images, four.masks, {"nothing": 0 * four.masks, "all": four.masks}).axes)  # 2 rows of 4
    8
    """
    figure, axes = axes_for_heads(len(images), len(predictions), below=0.3)
    for row, (name, predicted) in zip(axes, predictions.items(), strict=True):
        for ax, image, true_mask, mask in zip(row, images, masks, predicted, strict=True):
            draw_slice(image, true_mask, mask, ax)
        row[0].set_title(name, loc="left", fontsize="medium")
    return finished(figure, predicted=True)


@in_our_style
def draw_changes(changes: Mapping[str, tuple[np.ndarray, np.ndarray | None]]) -> Figure:
    """Draw pairs of slice and mask side by side, each with what was done to it as its title.

    Parameters
    ----------
    changes : mapping of str to (image, mask)
        Images are ndarrays of float in 0..1, shape (H, W); masks may be bool, 0 and 1, or None.

    Examples
    --------
    >>> one = np.eye(8)
    >>> figure = draw_changes({"as it is": (one, one > 0), "mirrored": (one[:, ::-1], one[:, ::-1] > 0)})
    >>> [ax.get_title() for ax in figure.axes]
    ['as it is', 'mirrored']
    """
    figure, axes = axes_for_heads(len(changes))
    for ax, (title, (image, mask)) in zip(axes[0], changes.items(), strict=True):
        draw_slice(image, mask, ax=ax, title=title)
    return finished(figure)


@in_our_style
def draw_film(image: np.ndarray, mask: np.ndarray, frames: Mapping[str, np.ndarray]) -> Figure:
    """Draw how a prediction changed: the same slice with the probabilities of several moments beside it.

    Parameters
    ----------
    image : ndarray of float, shape (H, W)
    mask : ndarray of bool, shape (H, W)
        True mask.
    frames : mapping of str to ndarray of float, shape (h, w)
        Title of each moment and its probabilities, 0..1, at the size of the image or smaller.

    Examples
    --------
    >>> one = np.eye(8)
    >>> figure = draw_film(one, one > 0, {"epoch 1": 0 * one, "epoch 2": one})
    >>> [ax.get_title() for ax in figure.axes[:3]]
    ['slice', 'epoch 1', 'epoch 2']
    """
    figure, axes = axes_for_heads(len(frames) + 1)
    draw_slice(image, mask, ax=axes[0, 0], title="slice")
    height, width = image.shape
    for ax, (title, probability) in zip(axes[0, 1:], frames.items(), strict=True):
        shades = ax.imshow(
            probability, cmap="cividis", vmin=0, vmax=1, interpolation="nearest",
            extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        )  # fmt: skip
        ax.contour(mask, levels=[0.5], colors="white", linewidths=1)
        ax.set_title(title, fontsize="medium")
        ax.set_axis_off()
    figure.colorbar(shades, ax=axes, shrink=0.8, label="probability")
    return finished(figure)


@in_our_style
def draw_growth(
    image: np.ndarray, mask: np.ndarray, frames: Mapping[str, np.ndarray], threshold: float = 0.5
) -> Figure:
    """Draw how an outline grew: the same slice once for each moment, with the true and the predicted outline.

    Parameters
    ----------
    image, mask, frames
        As in `draw_film`.
    threshold : float
        Probability, 0..1, from which a pixel counts as tumour.

    Examples
    --------
    >>> one = np.eye(8)
    >>> figure = draw_growth(one, one > 0, {"epoch 1": 0 * one, "epoch 2": one})
    >>> [ax.get_title() for ax in figure.axes]
    ['epoch 1', 'epoch 2']
    """
    figure, axes = axes_for_heads(len(frames), below=0.3)
    for ax, (title, probability) in zip(axes[0], frames.items(), strict=True):
        draw_slice(image, mask, probability >= threshold, ax, title)
    return finished(figure, predicted=True)

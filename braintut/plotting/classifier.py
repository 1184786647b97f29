"""What a classifier says: probabilities of the types, reasons, confusion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from braintut.dataset.scan import TUMOUR_TYPES
from braintut.plotting.style import BARS, in_our_style

GROUPS_IN_WORDS = {
    "shape": "shape",
    "place": "place",
    "symmetry": "symmetry",
    "firstorder": "brightness",
    "glcm": "texture",
    "ring": "surroundings",
    "plane": "plane of the slice",
}
"""First word of a feature's name -> what people call the group."""

LEAST_POINTS = 25
"""The axis of reasons reaches at least so far, so that one point doesn't look like a reason."""


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
def draw_reasons(reasons: Sequence[tuple[str, float]], ax: Axes) -> Axes:
    """Draw what spoke for (right) and against (left) the type, strongest first, in points of its probability.

    Examples
    --------
    >>> ax = draw_reasons([("glcm", 0.2), ("ring", -0.05)], plt.figure().add_subplot())
    >>> [name.get_text() for name in ax.get_yticklabels()]
    ['texture', 'surroundings']
    """
    strongest = sorted(reasons, key=lambda r: -abs(r[1]))[:6]
    names = [GROUPS_IN_WORDS.get(name, name) for name, _ in strongest]
    ax.barh(names, [100 * effect for _, effect in strongest], color=BARS)
    ax.axvline(0, color="black", linewidth=0.8)
    low, high = ax.get_xlim()
    ax.set_xlim(min(low, -LEAST_POINTS / 5), max(high, LEAST_POINTS))
    ax.invert_yaxis()
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.set_title("What spoke for it", loc="left", fontsize="medium")
    ax.set_xlabel("points lost if these were average", fontsize="small")
    return ax


@in_our_style
def draw_confusion(confusion: Sequence[Sequence[int]], ax: Axes | None = None) -> Axes:
    """Draw a confusion matrix: one row a true type; each cell its count and share of the row.

    Parameters
    ----------
    confusion : sequence of sequence of int, shape (3, 3) or (3, 4)
        A fourth column is 'not found'.

    See Also
    --------
    sklearn.metrics.ConfusionMatrixDisplay : Counts or shares.

    Examples
    --------
    >>> ax = draw_confusion([[8, 1, 1], [0, 9, 1], [0, 0, 10]])
    >>> ax.texts[0].get_text().split()
    ['8', '80%']
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

"""Which patients lie on which side of a split."""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from braintut.dataset.slices import Slices
from braintut.plotting.style import BARS, DPI, in_our_style

TEST_SIDE = "#E69F00"


@in_our_style
def draw_sides(train: Slices, test: Slices, ax: Axes | None = None, title: str = "") -> Axes:
    """Draw every patient as a column of slices: filled squares for training, open circles for the test.

    Parameters
    ----------
    train, test : Slices
        The two sides of a split.
    title : str
        Stands in front of the number of patients that lie on both sides.

    Examples
    --------
    >>> from braintut import load_phantoms, split_by_patient
    >>> draw_sides(*split_by_patient(load_phantoms()), title="by patient").get_title()
    'by patient: 0 of 40 patients on both sides'
    """
    ax = ax or plt.subplots(figsize=(8, 2), layout="constrained", dpi=DPI)[1]
    patients = np.unique(np.concatenate([train.patients, test.patients]))
    below = np.array([np.sum(train.patients == patient) for patient in patients])
    sides = ((train, 0 * below, "s", BARS, BARS, "training"), (test, below, "o", "white", TEST_SIDE, "test"))
    for side, floor, marker, fill, edge, label in sides:
        column = np.searchsorted(patients, side.patients)
        height = floor[column] + _running_number(side.patients)
        ax.plot(column, height, marker, markersize=5, markerfacecolor=fill, markeredgecolor=edge, label=label)
    both = len(np.intersect1d(train.patients, test.patients))
    ax.set_title(f"{title}: {both} of {len(patients)} patients on both sides".lstrip(": "), fontsize="medium")
    ax.set(xticks=[], ylabel="slices", xlim=(-1, len(patients)))
    ax.set_ylim(0, None)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _running_number(names: np.ndarray) -> np.ndarray:
    """1 for the first entry of each name, 2 for its second, and so on."""
    numbers = np.zeros(len(names), int)
    for name in np.unique(names):
        numbers[names == name] = np.arange(1, np.sum(names == name) + 1)
    return numbers

"""A row of slices as one still picture with words: for GitHub, for print, for those who cannot see or move it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from IPython.display import Image
from matplotlib import pyplot as plt

from braintut.dataset.slices import Slices
from braintut.errors import DataError
from braintut.plotting.slices import draw_slice
from braintut.plotting.style import DPI, contour_legend, in_our_style
from braintut.teaching.findings import Findings, in_words

if TYPE_CHECKING:
    from braintut.pipeline.pipeline import Pipeline


class Picture(Image):
    """A PNG for a notebook that carries its text alternative, and prints it where no picture can be shown."""

    def __init__(self, png: bytes, alt: str) -> None:
        # As metadata, because Colab's IPython, 7.34, has no argument `alt`.
        super().__init__(data=png, format="png", metadata={"alt": alt})
        self.alt = alt

    def __repr__(self) -> str:
        return self.alt


def show_strip(slices: Slices, pipeline: Pipeline | None = None, n: int = 5, threshold: float | None = None) -> Picture:
    """Show some slices side by side, as the explorer would show them one by one.

    Parameters
    ----------
    slices : Slices
        At least one; the slices of one patient, for example.
    pipeline : Pipeline, optional
        Adds the predicted masks.
    n : int
        How many, evenly picked.
    threshold : float, optional
        Probability, 0..1, from which a pixel counts as tumour; default: the pipeline's own.

    Returns
    -------
    Picture
        PNG with a text alternative that names every slice, its type, its area in mm2 and the Dice of its predicted
        mask.

    Raises
    ------
    DataError
        If there are no slices.

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> show_strip(load_phantoms()[:1])
    Patient PH001, slice 1: glioma, 1517 mm².
    """
    if not len(slices):
        raise DataError("A strip needs at least one slice, but there are none.")
    findings = Findings(slices, pipeline)
    chosen = np.linspace(0, len(slices) - 1, min(n, len(slices))).round().astype(int).tolist()
    masks = [findings.mask(i, threshold) for i in chosen]
    alt = " ".join(in_words(findings, i, mask) for i, mask in zip(chosen, masks, strict=True))
    return Picture(_draw(findings, chosen, masks), alt)


@in_our_style
def _draw(findings: Findings, chosen: list[int], masks: list[np.ndarray | None]) -> bytes:
    slices = findings.slices
    figure, axes = plt.subplots(
        1, len(chosen), figsize=(2.6 * len(chosen), 3.2), layout="constrained", squeeze=False, dpi=DPI
    )
    for ax, i, mask in zip(axes.flat, chosen, masks, strict=True):
        below = "" if mask is None else f"\nDice {findings.dice(i, mask):.2f}"
        draw_slice(slices.images[i], slices.masks[i], mask, ax, f"slice {slices.ids[i]}, {slices.types[i]}{below}")
        ax.title.set_fontsize("small")
    legend = contour_legend(findings.pipeline is not None)
    figure.legend(handles=legend, loc="outside lower center", ncols=2, frameon=False, fontsize="small")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return buffer.getvalue()

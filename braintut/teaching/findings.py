"""What the network and the measures say about each slice: everything the widgets show, without a widget."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np

from braintut.dataset.slices import Slices
from braintut.report.words import MEASURES, in_unit

if TYPE_CHECKING:
    from braintut.pipeline.pipeline import Found, Pipeline

KEPT = 64  # slices whose answers are kept: more than any patient has


class Findings:
    """Predicted masks (given a pipeline), Dice and measures of slices, computed when first asked for."""

    def __init__(self, slices: Slices, pipeline: Pipeline | None = None) -> None:
        self.slices = slices
        self.pipeline = pipeline
        self._found: dict[int, Found] = {}
        self._unlike: dict[int, float | None] = {}

    def probability(self, index: int) -> np.ndarray | None:
        """Probability of tumour in each pixel, shape (H, W), 0..1; None without a pipeline."""
        return None if self.pipeline is None else self._look(index).probability

    def mask(self, index: int, threshold: float | None = None) -> np.ndarray | None:
        """Predicted mask, shape (H, W): the largest piece whose probability reaches the threshold (the pair's own)."""
        if self.pipeline is None:
            return None
        from braintut.segmentation.mask import largest_component

        threshold = self.pipeline.threshold if threshold is None else threshold
        return largest_component(self._look(index).probability >= threshold, float(self.slices.pixel_mm[index]))

    def dice(self, index: int, mask: np.ndarray) -> float:
        """Dice of a mask against the true one, 0..1."""
        from braintut.segmentation.metrics import dice_score

        return dice_score(self.slices.masks[index], mask)

    def measures(self, index: int, mask: np.ndarray) -> dict[str, float]:
        """All features of a mask of this slice; none of an empty one."""
        from braintut.features.table import measure_features

        if not mask.any():
            return {}
        if self.pipeline is not None:  # on the grid on which the classifier learned them
            return self.pipeline.measure(self._look(index), mask)
        return measure_features(self.slices.images[index], mask, float(self.slices.pixel_mm[index]))

    def types(self, index: int, mask: np.ndarray, features: dict[str, float]) -> dict[str, float]:
        """Probability of each type for a mask with these features, as a report would state it; empty without them."""
        if self.pipeline is None or not features:
            return {}
        from braintut.pipeline.pipeline import by_name, join_opinions

        said = self.pipeline.opinions(self._look(index), mask, features)
        return by_name(join_opinions(said["features"], said.get("network")))

    def is_unfamiliar(self, index: int) -> bool:
        """Whether this slice is unlike those that the network learnt from, as far as the pair can tell."""
        if self.pipeline is None:
            return False
        if index not in self._unlike:  # asked at each move of a slider
            self._unlike[index] = self.pipeline.unlike(self._look(index))
        unlike = self._unlike[index]
        return unlike is not None and unlike > 1

    def is_known(self, index: int) -> bool:
        """Whether the network was trained on this slice's patient."""
        return self.pipeline is not None and self.pipeline.was_fitted_on(str(self.slices.patients[index]))

    def _look(self, index: int) -> Found:
        if index not in self._found:
            if len(self._found) >= KEPT:
                self._found.pop(next(iter(self._found)))
            self._found[index] = self.pipeline.locate(self.slices[index])
        return self._found[index]


def in_words(findings: Findings, index: int, mask: np.ndarray | None) -> str:
    """One sentence about a slice and its predicted mask, for the line under a picture and for alt text.

    The mask is None where there is no network. Told are patient, type, true area in mm2, and the Dice of the mask.
    """
    slices = findings.slices
    area = slices.masks[index].sum() * float(slices.pixel_mm[index]) ** 2
    said = f"Patient {slices.patients[index]}, slice {slices.ids[index]}: "
    said += f"{slices.types[index]}, {area:.0f} mm²" if area else "no tumour"
    if mask is None:
        return said + "."
    if findings.is_unfamiliar(index):
        said += "; unlike the slices that the network learnt from"
    if not mask.any():
        return said + "; the network finds nothing" + (", Dice 0.00." if area else ".")
    return said + f"; the network's mask has Dice {findings.dice(index, mask):.2f}."


def measures_table(columns: dict[str, dict[str, float]]) -> str:
    """HTML table of the measures of one or two masks: heading -> features by name, as `measure_features` gives them."""
    rows = []
    for name, (words, _, _) in MEASURES.items():
        values = [features.get(name) for features in columns.values()]
        rows.append((words, *("–" if v is None else in_unit(name, v) for v in values)))
    return html_table(list(columns), rows)


def html_table(heads: list[str], rows: list[tuple[str, ...]]) -> str:
    """A small table: each row has a name and one cell under each heading."""
    left = 'style="text-align:left;font-weight:normal;padding-right:1em"'
    head = "".join(f'<th scope="col" {left}>{html.escape(title)}</th>' for title in heads)
    lines = [
        f'<tr><th scope="row" {left}>{html.escape(name)}</th>'
        + "".join(f'<td style="text-align:left;white-space:nowrap">{html.escape(cell)}</td>' for cell in cells)
        + "</tr>"
        for name, *cells in rows
    ]
    return f'<table style="line-height:1.3"><tr><td></td>{head}</tr>{"".join(lines)}</table>'

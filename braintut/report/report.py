"""What the pipeline says about one scan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import binary_propagation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EVEN_ODDS = 0.5
DOUBT = 7 / 3
"""A border is called uncertain where the odds of tumour lie within this factor of those of the threshold."""


@dataclass(frozen=True)
class Report:
    """The answer for one scan.

    Parameters
    ----------
    scan : str
        Name or path of the scan.
    image : ndarray of float32, shape (H, W)
        The scan, normalised to 0..1, on its original grid.
    probability : ndarray of float32, shape (H, W)
        Probability of tumour for each pixel, 0..1.
    predicted_mask : ndarray of bool, shape (H, W)
    tumour_type : str or None
        None where no tumour was found.
    probabilities : dict or None
        Probability of each type, adding up to 1: the mean of `opinions`.
    pixel_mm : float
        Side of a pixel in mm.
    pixel_mm_assumed : bool
        Whether the file was silent, so that a field of view was assumed.
    seconds : float
        From the scan in memory to this report, without drawing.
    features : dict
        Measured features by name; empty where no tumour was found.
    reasons : list of (str, float)
        Feature groups that spoke for the type (positive) or against it, strongest first: by how much its probability
        would fall without them.
    model : str
        Name of the pair that gave the answer.
    card : dict
        Its model card: what it was trained on, and how good it was on patients it had never seen.
    opinions : dict
        Probability of each type by who says it: "features" (the classifier of measured features) and, if it knows
        types, "network" (the U-Net itself).
    trained_on_patient : bool or None
        Whether the pair was trained on slices of this very patient, so that its answer tells nothing about how good it
        is; None where the patient is not known.
    threshold : float
        Probability from which on the pair calls a pixel tumour, 0..1.
    presence : float or None
        Probability that the slice shows a tumour at all, 0..1; None if the pair does not tell.
    warnings : tuple of str
        What the file says of itself that the pair has not learnt from, such as "a T2-weighted picture".
    familiar : bool or None
        Whether the picture looks like the slices that the pair learnt from; None where the pair cannot tell.
    unlike : float or None
        How far its look is from theirs, as a multiple of the limit below which 99 % of slices of new patients stay. An
        array in memory that shows no head is unfamiliar even below it.
    """

    scan: str
    image: np.ndarray
    probability: np.ndarray
    predicted_mask: np.ndarray
    tumour_type: str | None
    probabilities: dict[str, float] | None
    pixel_mm: float
    pixel_mm_assumed: bool
    seconds: float
    features: dict[str, float] = field(default_factory=dict)
    reasons: list[tuple[str, float]] = field(default_factory=list)
    model: str = ""
    card: dict = field(default_factory=dict)
    opinions: dict[str, dict[str, float]] = field(default_factory=dict)
    trained_on_patient: bool | None = None
    threshold: float = 0.5
    warnings: tuple[str, ...] = ()
    familiar: bool | None = None
    unlike: float | None = None
    presence: float | None = None

    @property
    def tumour_found(self) -> bool:
        """Whether any tumour was found."""
        return bool(self.predicted_mask.any())

    @property
    def faint(self) -> bool:
        """Whether no pixel of the tumour reaches a probability of 0.5: only lower thresholds found it."""
        return self.tumour_found and float(self.probability[self.predicted_mask].max()) < EVEN_ODDS

    @property
    def area_mm2(self) -> float:
        """Area of the predicted mask in square millimetres."""
        return float(self.predicted_mask.sum()) * self.pixel_mm**2

    @property
    def area_range_mm2(self) -> tuple[float, float]:
        """Area in square millimetres if the border were drawn more strictly, and more laxly.

        The odds of the threshold are multiplied or divided by 7/3: instead of 0.5 the border is drawn at 0.7 or 0.3,
        instead of 0.1 at 0.21 or 0.05. Far apart means that the network is not sure of the border.
        """
        odds = self.threshold / (1 - self.threshold)
        at_strict, at_lax = (o / (1 + o) for o in (odds * DOUBT, odds / DOUBT))
        strict = self.predicted_mask & (self.probability >= at_strict)
        reachable = (self.probability >= at_lax) | self.predicted_mask
        lax = binary_propagation(self.predicted_mask, mask=reachable)
        return float(strict.sum()) * self.pixel_mm**2, float(lax.sum()) * self.pixel_mm**2

    def to_dict(self) -> dict:
        """The answer as plain values, as `braintut predict --json` writes it."""
        from braintut.report.words import unseen_in_words

        return {
            "scan": self.scan,
            "tumour_found": self.tumour_found,
            "presence": None if self.presence is None else round(self.presence, 4),
            "tumour_type": self.tumour_type,
            "probabilities": self.probabilities,
            "area_mm2": round(self.area_mm2, 1),
            "pixel_mm": self.pixel_mm,
            "pixel_mm_assumed": self.pixel_mm_assumed,
            "seconds": round(self.seconds, 4),
            "warnings": [unseen_in_words(kind) for kind in self.warnings],
            "familiar": self.familiar,
            "unlike": None if self.unlike is None else round(self.unlike, 2),
        }

    def figure(self, true_mask: np.ndarray | None = None) -> Figure:
        """Draw scan, contour, probabilities and reasons; a true mask is drawn beside if given."""
        from braintut.report.figure import draw_report

        return draw_report(self, true_mask)

    def html(self, true_mask: np.ndarray | None = None) -> str:
        """One self-contained page: picture, type and doubt, measures, reasons, what the pair was trained on."""
        from braintut.report.page import report_page

        return report_page(self, true_mask)

    def _repr_html_(self) -> str:
        from braintut.report.page import report_fragment

        return report_fragment(self)

    def __str__(self) -> str:
        from braintut.report.words import UNFAMILIAR

        return self._answer() + f" ({UNFAMILIAR})" * (self.familiar is False)

    def _answer(self) -> str:
        if not self.tumour_found:
            return "no tumour found"
        trace = ", only a faint trace" if self.faint else ""
        probability = self.probabilities[self.tumour_type]
        return f"{self.tumour_type}, probability {probability:.0%}, {self.area_mm2:.0f} mm²{trace}"

    def __repr__(self) -> str:
        return f"Report({self.scan}: {self})"

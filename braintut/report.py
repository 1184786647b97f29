"""What the pipeline says about one scan."""

from __future__ import annotations

import base64
import html
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOT_FOR_CLINICAL_USE = "A teaching tool, not for clinical use."


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
        Probability of each type, adding up to 1.
    pixel_mm : float
        Side of a pixel in mm.
    pixel_mm_assumed : bool
        Whether the file was silent, so that a field of view was assumed.
    seconds : float
        From the scan in memory to this report, without drawing.
    features : dict
        Measured features by name; empty where no tumour was found.
    reasons : list of (str, float)
        Feature groups that spoke for the type (positive) or against it,
        strongest first: by how much its probability would fall without them.
    model : str
        Name of the pair that gave the answer.

    Notes
    -----
    Introduced in lesson 00.
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

    @property
    def tumour_found(self) -> bool:
        """Whether any tumour was found."""
        return bool(self.predicted_mask.any())

    @property
    def area_mm2(self) -> float:
        """Area of the predicted mask in square millimetres."""
        return float(self.predicted_mask.sum()) * self.pixel_mm**2

    def to_dict(self) -> dict:
        """The answer as plain values, as `braintut predict --json` writes it."""
        return {
            "scan": self.scan,
            "tumour_found": self.tumour_found,
            "tumour_type": self.tumour_type,
            "probabilities": self.probabilities,
            "area_mm2": round(self.area_mm2, 1),
            "pixel_mm": self.pixel_mm,
            "pixel_mm_assumed": self.pixel_mm_assumed,
            "seconds": round(self.seconds, 4),
        }

    def to_json(self) -> str:
        """The answer as JSON text."""
        return json.dumps(self.to_dict(), indent=2)

    def figure(self, true_mask: np.ndarray | None = None) -> Figure:
        """Draw scan, contour, probabilities and reasons; a true mask is drawn beside if given."""
        from braintut.drawing import draw_report

        return draw_report(self, true_mask)

    def html(self, true_mask: np.ndarray | None = None) -> str:
        """One self-contained page with the figure and the numbers."""
        picture = base64.b64encode(self._png(true_mask)).decode()
        rows = "".join(f"<tr><th>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>" for k, v in self._rows())
        return _PAGE.format(
            title=html.escape(self.scan), summary=html.escape(str(self)), picture=picture, rows=rows,
            warning=NOT_FOR_CLINICAL_USE,
        )  # fmt: skip

    def __str__(self) -> str:
        if not self.tumour_found:
            return "no tumour found"
        return f"{self.tumour_type}, probability {self.probabilities[self.tumour_type]:.0%}, {self.area_mm2:.0f} mm²"

    def __repr__(self) -> str:
        return f"Report({self.scan}: {self})"

    def _png(self, true_mask: np.ndarray | None = None) -> bytes:
        buffer = io.BytesIO()
        self.figure(true_mask).savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()

    def _rows(self) -> list[tuple[str, str]]:
        assumed = " (assumed: the file does not state it)" if self.pixel_mm_assumed else ""
        rows = [("Tumour found", "yes" if self.tumour_found else "no")]
        if self.tumour_found:
            rows += [(name.capitalize(), f"{p:.1%}") for name, p in self.probabilities.items()]
            rows += [("Area", f"{self.area_mm2:.0f} mm²")]
        rows += [("Pixel", f"{self.pixel_mm:.2f} mm{assumed}"), ("Model", self.model)]
        return rows


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
img {{ max-width: 100%; background: white; }}
th {{ text-align: left; font-weight: 600; padding-right: 2rem; }}
</style></head><body>
<h1>{title}</h1>
<p><strong>{summary}</strong></p>
<img alt="The scan with the predicted contour; the numbers stand in the table below."
 src="data:image/png;base64,{picture}">
<table>{rows}</table>
<p>{warning}</p>
</body></html>
"""

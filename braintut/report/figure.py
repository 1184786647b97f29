"""The report as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from braintut.dataset.files import readable
from braintut.plotting.classifier import draw_reasons, draw_type_bars
from braintut.plotting.slices import draw_slice
from braintut.plotting.style import DPI, contour_legend, in_our_style

if TYPE_CHECKING:
    from braintut.report.report import Report


@in_our_style
def draw_report(report: Report, true_mask: np.ndarray | None = None) -> Figure:
    """Draw a report: the scan with its contours (a true mask, shape (H, W), too), the type, and what spoke for it."""
    figure = plt.figure(figsize=(10, 5), layout="constrained", dpi=DPI)
    grid = figure.add_gridspec(2, 2, width_ratios=[1.1, 1], height_ratios=[1, 1.5])
    ax = figure.add_subplot(grid[:, 0])
    draw_slice(report.image, true_mask, report.predicted_mask, ax, f"{readable(report.scan)}\n{report}")
    legend = contour_legend()[0 if true_mask is not None else 1 :]
    ax.legend(handles=legend, loc="lower left", fontsize="small", framealpha=0.7)
    if report.tumour_found:
        draw_type_bars(report.probabilities, figure.add_subplot(grid[0, 1]))
        draw_reasons(report.reasons, figure.add_subplot(grid[1, 1]))
    figure.supxlabel(f"pair '{report.model}' · a teaching tool, not for clinical use", fontsize="small", color="0.35")
    plt.close(figure)
    return figure

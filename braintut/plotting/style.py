"""What all figures share: colours that no eye has to tell apart alone, dots per inch, the legend of contours."""

from __future__ import annotations

from matplotlib.lines import Line2D

# Okabe-Ito colours, told apart by line style too, so that nobody has to see colour.
TRUE_STYLE = {"colors": "#56B4E9", "linestyles": "solid", "linewidths": 1.6}

PREDICTED_STYLE = {"colors": "#E69F00", "linestyles": "dashed", "linewidths": 1.6}

BARS = "#0072B2"

DPI = 72  # of grids of slices: a lesson is to stay under 300 kB


def contour_legend(predicted: bool = True) -> list[Line2D]:
    """Legend entries for the contours of true and predicted masks. Introduced in lesson 07."""
    entries = [Line2D([], [], color=TRUE_STYLE["colors"], linestyle="solid", label="true mask")]
    if predicted:
        entries.append(Line2D([], [], color=PREDICTED_STYLE["colors"], linestyle="dashed", label="predicted mask"))
    return entries

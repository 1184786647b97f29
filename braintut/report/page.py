"""The report as a web page that needs nothing but itself, and as a part of a notebook."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
from jinja2 import Environment, PackageLoader, Template

from braintut.dataset.files import readable
from braintut.plotting.png import picture_in_words, slice_png
from braintut.report import words

if TYPE_CHECKING:
    from braintut.report.report import Report
    from braintut.report.series import SeriesReport


def report_page(report: Report, true_mask: np.ndarray | None = None) -> str:
    """Write a report as one self-contained HTML page; a true mask (H, W) is drawn beside the predicted one.

    It has no scripts and no links, is made for a screen in light or dark and for one sheet of A4, and all texts of the
    scan's file are escaped.
    """
    return _template().render(whole_page=True, **_content(report, true_mask))


def series_page(report: SeriesReport, whole_page: bool = True) -> str:
    """Write the report on a series as one self-contained page, or as a piece of HTML for a notebook."""
    image, mask = report.montage()
    series = {
        "name": readable(PurePath(report.name).name or report.name),
        "answer": words.sentence(str(report)),
        "volume": words.volume_in_words(report.volumes_ml, report.best.pixel_mm_assumed) if report.tumour_found else "",
        "alt": f"{len(report.answers)} slices in order, with outlines on {report.n_found} of them.",
        "png": b64encode(slice_png(image, None, mask, side=2 * max(image.shape))).decode(),
    }
    return _template().render(whole_page=whole_page, series=series, **_content(report.best, None))


def report_fragment(report: Report, true_mask: np.ndarray | None = None) -> str:
    """Write a report as a piece of HTML for a notebook; parameters as in `report_page`."""
    return _template().render(whole_page=False, **_content(report, true_mask))


@cache
def _template() -> Template:
    environment = Environment(loader=PackageLoader("braintut.report", "."), autoescape=True, trim_blocks=True)
    return environment.get_template("page.html.jinja")


def _content(report: Report, true_mask: np.ndarray | None) -> dict:
    two_opinions = "network" in report.opinions
    return {
        "name": readable(PurePath(report.scan).name),
        "summary": str(report),
        "answer": words.sentence(str(report)),
        "warning": " ".join(
            [
                words.NOT_FOR_CLINICAL_USE,
                *[words.SEEN] * bool(report.trained_on_patient),
                *[words.unlike_in_words(report.unlike)] * (report.familiar is False),
                *map(words.unseen_in_words, report.warnings),
            ]
        ),
        "alt": f"MRI slice: {picture_in_words(report.predicted_mask)}.",
        "png": b64encode(slice_png(report.image, true_mask, report.predicted_mask)).decode(),
        "caption": words.outlines_in_words(report.tumour_found, true_mask is not None),
        "types": sorted((report.probabilities or {}).items(), key=lambda item: -item[1]),
        "type_in_words": _type_in_words(report),
        "decided": "What decided the measured features" if two_opinions else "What decided",
        "reasons": [
            (title, words.reasons_in_words(report.reasons, sign) or "nothing much")
            for title, sign in (("for it", 1), ("against it", -1))
            if report.reasons
        ],
        "whose": "the features' probability of this type" if two_opinions else "the probability",
        "measures": _measures(report),
        "rests_on": words.model_in_words(report.model, report.card),
    }


def _type_in_words(report: Report) -> str:
    there = words.presence_in_words(report.presence)
    if not report.tumour_found:
        return f"{words.nothing_found_in_words(float(report.probability.max()))} {there}".strip()
    said = [there, words.doubt_in_words(report.probabilities), words.opinions_in_words(report.opinions)]
    return " ".join(filter(None, [*said, words.FAINT if report.faint else ""]))


def _measures(report: Report) -> list[tuple[str, str]]:
    rows = []
    if report.tumour_found:
        strict, lax = report.area_range_mm2
        rows += [
            ("Area", f"{report.area_mm2:.0f} mm²"),
            ("Area, strict to lax border", f"{strict:.0f} to {lax:.0f} mm²"),
        ]
        told = [name for name in words.MEASURES if name in report.features and name != "shape_area_mm2"]
        rows += [(words.MEASURES[name][0], words.in_unit(name, report.features[name])) for name in told]
    assumed = " (assumed: the file does not state it)" if report.pixel_mm_assumed else ""
    return [*rows, ("Side of a pixel", f"{report.pixel_mm:.2f} mm{assumed}")]

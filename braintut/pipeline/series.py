"""A whole series: each slice is looked at by itself, then all of them answer together."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np
from tqdm.auto import tqdm

from braintut.dataset.grid import mask_to_square, to_square
from braintut.dataset.scan import Scan
from braintut.dataset.series import open_series
from braintut.errors import BraintutError, DataError
from braintut.report.report import Report
from braintut.report.series import THUMBNAIL, SeriesReport, SliceAnswer


def look_at_series(
    look: Callable[[Scan], Report],
    vote: Callable[[Sequence[SliceAnswer]], dict[str, float] | None],
    scans: Sequence[Scan] | str | os.PathLike[str],
    progress: bool = True,
) -> SeriesReport:
    """Look at each slice of a series and let all vote; see `Pipeline.series`, which gives itself and its vote."""
    name = str(scans) if isinstance(scans, str | os.PathLike) else getattr(scans, "name", "series")
    slices = open_series(scans) if isinstance(scans, str | os.PathLike) else scans
    answers: list[SliceAnswer] = []
    best: Report | None = None
    numbers = range(len(slices))
    for number in tqdm(numbers, desc="slices", unit="slice", leave=False, disable=not progress or len(slices) < 2):
        try:
            scan = slices[number]
            report = look(scan)
        except BraintutError as error:  # above the crown there is nothing to see
            answers.append(SliceAnswer({"scan": f"{name}, slice {number + 1}", "error": str(error)}))
            continue
        answers.append(_kept(report, scan.slice_mm))
        best = report if best is None or _shows(report) > _shows(best) else best
    if best is None:
        raise DataError(_nothing(name, answers))
    return SeriesReport(name, answers, vote(answers), best)


def _nothing(name: str, answers: list[SliceAnswer]) -> str:
    reason = f" The first says: {answers[0].answer['error']}" if answers else ""
    return f"None of the {len(answers)} slices of {name} could be looked at.{reason}"


def _shows(report: Report) -> tuple[bool, float, float]:
    """How well a slice shows the tumour; without one, how much of a head it shows."""
    return report.tumour_found and not report.faint, report.area_mm2, float(report.image.mean())


def _kept(report: Report, slice_mm: float | None) -> SliceAnswer:
    """What stays of a slice once the next one is read: numbers and a small picture."""
    strict, lax = report.area_range_mm2 if report.tumour_found else (0.0, 0.0)
    return SliceAnswer(
        answer=report.to_dict(),
        areas_mm2=(strict, report.area_mm2, lax),
        slice_mm=slice_mm,
        picture=np.round(to_square(report.image, THUMBNAIL) * 255).astype(np.uint8),
        mask=mask_to_square(report.predicted_mask, THUMBNAIL),
    )

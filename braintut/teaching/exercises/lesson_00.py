"""Checks of lesson 00: a first report, who does what, which test is honest, and how fast the machine is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from braintut.dataset.scan import Scan
from braintut.dataset.slices import Slices
from braintut.pipeline.pipeline import Pipeline
from braintut.report import Report
from braintut.teaching.exercises.checking import as_number, demand, exercise, expect

ENOUGH_SECONDS = 5.0
"""A machine that needs longer for one scan is called slow."""


@exercise
def first_report(my_report: object, my_scan: Slices) -> str:
    """Check that a report was made, and of the scan that was asked for."""
    demand(not isinstance(my_report, Slices | Scan), "`my_report` is the slice itself: hand it to the pipeline first.")
    demand(not callable(my_report), "`my_report` is the pipeline itself: call it, with the scan in the brackets.")
    demand(not hasattr(my_report, "savefig"), "`my_report` is a drawing; keep the report, and draw it in another cell.")
    demand(not isinstance(my_report, list | tuple), "`my_report` is a list; one slice gives one report.")
    demand(
        isinstance(my_report, Report), f"`my_report` is a {type(my_report).__name__}; the pipeline returns a Report."
    )
    demand(my_report.scan == my_scan.name, f"this is the report of {my_report.scan}, but {my_scan.name} was asked for.")
    return f"The pipeline says: {my_report}. The truth is {my_scan.tumour_type}."


@exercise
def halves(who: object) -> str:
    """Check which half of the pipeline does what."""
    demand(isinstance(who, dict), f"`who` should be a dictionary, as in the starter, not a {type(who).__name__}.")
    tasks = ["marks pixels", "measures the marked region", "names the type"]
    demand(sorted(who, key=str) == tasks, f"`who` should have the three keys of the starter: {', '.join(tasks)}.")
    given = {task: str(name).strip().lower() for task, name in who.items()}
    for name in given.values():
        demand(name in ("u-net", "classifier"), f"'{name}' is no half of the pipeline; write 'U-Net' or 'classifier'.")
    demand(given["marks pixels"] == "u-net", "the half that marks pixels answers with a picture: a mask.")
    demand(
        given["names the type"] == "classifier", "the half that names the type answers with a word, not with a picture."
    )
    demand(
        given["measures the marked region"] == "classifier",
        "the region has to be marked before it can be measured; its numbers are what the type is named from.",
    )
    return "First a picture, then a few numbers, then a word."


@exercise
def honest_tests(honest: object, tests: Mapping[str, Slices], pipeline: Pipeline) -> str:
    """Check which tests hold only patients whom the pipeline has never met."""
    demand(isinstance(honest, Mapping), f"`honest` should be a dictionary, as in the starter, not a {_kind(honest)}.")
    demand(set(honest) == set("ABCD"), "`honest` should have exactly the keys A, B, C and D.")
    for letter, value in honest.items():
        demand(isinstance(value, bool | np.bool_), f"behind {letter} stands a {_kind(value)}; write True or False.")
    known = {key: [pipeline.was_fitted_on(patient) for patient in np.unique(tests[key].patients)] for key in "ABCD"}
    wrong = [letter for letter in known if honest[letter] == any(known[letter])]
    demand(
        len(wrong) < len(known),
        "all four are the wrong way round: `was_fitted_on` says True for a patient whom the pipeline *knows*.",
    )
    believed = [known[letter] for letter in wrong if honest[letter]]
    demand(not any(all(found) for found in believed), "you believe a test in which the pipeline knows every patient.")
    demand(
        not believed,
        "you believe a test of which some patients are new and others are not; ask about all of its patients.",
    )
    demand(not wrong, "you turn down a test in which the pipeline knows nobody.")
    return "An honest test asks about patients whom the pipeline has never met, and about nobody else."


@exercise
def machine(seconds: object, report: Report) -> str:
    """Check that the time for one scan was read from the report, and say it in words."""
    given = as_number(seconds, "seconds")
    right = float(report.seconds)
    expect(
        given,
        right,
        {
            1000 * right: "that is in milliseconds; the report holds seconds, and so should the answer.",
            right / 60: "that is in minutes; the report holds seconds, and so should the answer.",
            float(report.area_mm2): "that is the area; the time stands in another field of the report.",
        },
        "that is not the time that this report holds; give it without rounding.",
        tolerance=0.01 * right,
    )
    if right > ENOUGH_SECONDS:
        return f"{right:.0f} s for one scan is slow; close other programs, or use Colab."
    return f"Your machine took {right:.2f} s for this scan."


def _kind(value: object) -> str:
    return type(value).__name__

"""Checks of lesson 00: a first report, who does what, which test is honest, and how small a tumour is found."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from braintut.dataset.scan import Scan
from braintut.dataset.slices import Slices
from braintut.pipeline.pipeline import Pipeline
from braintut.report import Report
from braintut.teaching.exercises.checking import demand, exercise

FOUND = 0.5
"""From this Dice on a tumour counts as found."""
BARE_PICTURE = "scan"
"""What a report calls a scan that came as an array."""


@exercise
def first_report(my_report: object, my_scan: object, unseen: Slices) -> str:
    """Check that a report was made, and of the scan that was asked for: the last meningioma of a new patient."""
    wanted = unseen.of_type("meningioma")[-1]
    name = getattr(my_scan, "name", None)
    demand(name == wanted.name, f"`my_scan` was set to {wanted.name}, but is now {name or _kind(my_scan)}; leave it.")
    demand(not isinstance(my_report, Slices | Scan), "`my_report` is the slice itself: hand it to the pipeline first.")
    demand(not callable(my_report), "`my_report` is the pipeline itself: call it, with the scan in the brackets.")
    demand(not hasattr(my_report, "savefig"), "`my_report` is a drawing; keep the report, and draw it in another cell.")
    demand(not isinstance(my_report, list | tuple), "`my_report` is a list; one slice gives one report.")
    demand(
        isinstance(my_report, Report), f"`my_report` is a {type(my_report).__name__}; the pipeline returns a Report."
    )
    demand(
        my_report.scan != BARE_PICTURE or wanted.name == BARE_PICTURE,
        "this is the report of a bare picture, which has no name and no pixel size; hand over `my_scan` itself.",
    )
    demand(my_report.scan == wanted.name, f"this is the report of {my_report.scan}, but {wanted.name} was asked for.")
    return f"The pipeline says: {my_report}. The truth is {wanted.tumour_type}."


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
def smallest_found(smallest: object, unseen: Slices, dices: np.ndarray) -> str:
    """Check that of all slices with a Dice of 0.5 or more the one with the smallest tumour was picked."""
    sizes = unseen.masks.sum(axis=(1, 2)) * unseen.pixel_mm**2
    found = np.asarray(dices) >= FOUND
    demand(not isinstance(smallest, int | np.integer), "that is a position; the slice at it is `unseen[position]`.")
    demand(not isinstance(smallest, float | np.floating), "that is a size or a score; the slice itself is asked for.")
    if isinstance(smallest, Slices) and len(smallest) == 1:
        smallest = smallest[0]
    demand(isinstance(smallest, Scan), f"`smallest` is of type {_kind(smallest)}; one slice is asked for, `unseen[i]`.")
    names = [one.name for one in unseen]
    demand(smallest.name in names, f"{smallest.name} is no slice of a new patient; take one out of `unseen`.")
    at = names.index(smallest.name)
    demand(bool(found[at]), f"on {smallest.name} the Dice is {dices[at]:.2f}; look among those with at least {FOUND}.")
    demand(not np.any(found & (sizes < sizes[at])), "this one was found, but so was a smaller one.")
    across = 2 * np.sqrt(sizes[at] / np.pi)
    return f"It found {sizes[at]:.0f} mm² in a whole head: as much as a circle {across:.0f} mm across."


def _kind(value: object) -> str:
    return type(value).__name__

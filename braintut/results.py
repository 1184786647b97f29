"""Measured results that the lessons quote: one JSON each, written by a script in `experiments/`."""

from __future__ import annotations

import json
from pathlib import Path

from braintut.errors import DataError

RESULTS = Path(__file__).parent / "assets" / "results"


def load_result(name: str) -> dict:
    """Load what an experiment on the real set measured.

    Parameters
    ----------
    name : str
        For example `"losses"`; see `list_results`.

    Returns
    -------
    dict
        `question`, `protocol`, `command`, `minutes`, `versions` and the
        experiment's own numbers. Every interval is a 95 % interval over patients.

    Raises
    ------
    DataError
        If there is no such result.

    Notes
    -----
    Introduced in lesson 01.
    """
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        raise DataError(f"There is no result '{name}'; choose one of {', '.join(list_results()) or '(none shipped)'}.")
    return json.loads(path.read_text(encoding="utf-8"))


def list_results() -> list[str]:
    """Names of the measured results that come with braintut."""
    return sorted(path.stem for path in RESULTS.glob("*.json"))

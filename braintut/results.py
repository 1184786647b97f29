"""Measured results that the lessons quote: one JSON each, written by a script in `experiments/`."""

from __future__ import annotations

import json
from pathlib import Path

from braintut.errors import DataError, brief

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
        `question`, `protocol`, `command`, `minutes`, `versions` and the experiment's own numbers. Every interval is a
        95 % interval over patients.

    Raises
    ------
    DataError
        If there is no such result, or its file is damaged.

    Examples
    --------
    >>> load_result("losses")["question"]
    'Which loss finds small objects?'
    """
    if name not in list_results():
        raise DataError(f"There is no result '{name}'; choose one of {', '.join(list_results()) or '(none shipped)'}.")
    path = RESULTS / f"{name}.json"
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is damaged ({brief(error)}); install braintut again.") from error
    if not isinstance(result, dict):
        raise DataError(f"{path} holds no results, but {type(result).__name__}; install braintut again.")
    return result


def list_results() -> list[str]:
    """Names of the measured results that come with braintut."""
    return sorted(path.stem for path in RESULTS.glob("*.json"))

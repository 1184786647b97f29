"""One call that finds slices to work with: the real set where it is, the phantoms otherwise."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from braintut.dataset.figshare import load_figshare
from braintut.dataset.locations import default_data_folder, phantom_folder
from braintut.dataset.slices import Slices
from braintut.errors import DataError

WORKING_SIZE = 256
PATIENTS_PER_TYPE = 20


def load_slices(size: int = 128, full: bool = False) -> Slices:
    """Load the real set where it has been downloaded, the phantoms otherwise, and say which.

    Parameters
    ----------
    size : int
        Side of the pictures in pixels.
    full : bool
        All slices of the real set. Without it a call takes 20 patients of each
        type (always the same ones), which a laptop can train on in a lesson.

    Returns
    -------
    Slices

    Raises
    ------
    DataError
        If `BRAINTUT_DATA` names something that is not there.

    Notes
    -----
    The environment variable `BRAINTUT_DATA` decides if it is set: `phantoms`,
    or the path of a folder of `.mat` files or zips, or of a file that
    `Slices.save` wrote. Introduced in lesson 01.
    """
    slices = _find(size)
    if not slices.source.startswith("phantom") and not full:
        slices = _subset(slices)
    slices = slices.resized(size)
    print(f"braintut: {len(slices)} slices of {slices.n_patients} patients ({slices.source})", file=sys.stderr)
    return slices


def load_phantoms(tumour_free: bool = False) -> Slices:
    """Load the synthetic heads that come with braintut, 128 x 128 px.

    Parameters
    ----------
    tumour_free : bool
        Eight heads without a tumour (label 0, empty masks) in place of the
        forty with one. Introduced in lesson 08.

    Returns
    -------
    Slices

    Notes
    -----
    Introduced in lesson 00.
    """
    return Slices.load(phantom_folder() / ("tumour_free.h5" if tumour_free else "phantoms.h5"))


def _find(size: int) -> Slices:
    chosen = os.environ.get("BRAINTUT_DATA", "").strip()
    if chosen == "phantoms":
        return load_phantoms()
    if chosen:
        path = Path(chosen).expanduser()
        if path.is_dir():
            return load_figshare(path, max(size, WORKING_SIZE))
        if path.is_file():
            return Slices.load(path)
        raise DataError(
            f"BRAINTUT_DATA is '{chosen}', but there is no such folder or file; write `phantoms` or a path."
        )
    folder = default_data_folder()
    if folder.is_dir() and (any(folder.glob("*.zip")) or any(folder.glob("[0-9]*.mat"))):
        return load_figshare(folder, max(size, WORKING_SIZE))
    return load_phantoms()


def _subset(slices: Slices) -> Slices:
    rng = np.random.default_rng(0)
    patients: list[str] = []
    for label in np.unique(slices.labels):
        of_label = np.unique(slices.patients[slices.labels == label])
        patients.extend(rng.permutation(of_label)[:PATIENTS_PER_TYPE])
    chosen = slices[np.isin(slices.patients, patients)]
    if len(chosen) == len(slices):
        return slices
    return replace(chosen, source=f"{slices.source}; a subset of whole patients, full=True takes all")

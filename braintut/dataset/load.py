"""One call that finds slices to work with: the real set where it is, else a sample of it, else the phantoms."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from braintut.dataset.entries import MatEntry, find_files, is_folds
from braintut.dataset.figshare import N_PUBLISHED, list_slices, load_figshare
from braintut.dataset.locations import default_data_folder, phantom_folder, sample_folder
from braintut.dataset.sample import SAMPLE_FILE
from braintut.dataset.slices import Slices
from braintut.dataset.zips import is_zip
from braintut.errors import DataError
from braintut.quiet import say

WORKING_SIZE = 256
"""Side in px of the phantoms, and of real slices once they are read."""
PATIENTS_PER_TYPE = 20
HARMLESS = (".txt", ".md", ".pdf", ".html", ".csv", ".json", ".ini", ".db")
"""Files that may lie beside slices, or where none are."""


def load_slices(size: int = 128, full: bool = False) -> Slices:
    """Load the real set where it has been downloaded, else the sample of it, else the phantoms, and say which.

    Parameters
    ----------
    size : int
        Side of the pictures in pixels.
    full : bool
        All slices of the real set. Without it a call takes 20 patients of each type (always the same ones), which a
        laptop can train on in a lesson.

    Raises
    ------
    DataError
        If `BRAINTUT_DATA` names something that is not there, or if the default folder holds files, but none that can
        be read.

    Notes
    -----
    The environment variable `BRAINTUT_DATA` decides if it is set: `phantoms`, or the path of a folder of `.mat` files
    or zips, of one zip, or of a file that `Slices.save` wrote.

    Examples
    --------
    >>> load_slices(size=64).images.shape  # of the phantoms
    (200, 64, 64)
    """
    slices = _find(size)
    if not slices.source.startswith("phantom") and not full:
        slices = _subset(slices)
    slices = slices.resized(size)
    said = f"{len(slices)} slices of {slices.n_patients} patients ({slices.source})"
    say("; ".join([said, *_how_to_get_more(slices.source)]))
    return slices


def load_phantoms(tumour_free: bool = False) -> Slices:
    """Load the synthetic heads that come with braintut, 256 x 256 px.

    Parameters
    ----------
    tumour_free : bool
        Eight heads without a tumour (label 0, empty masks) in place of the forty with one.

    Examples
    --------
    >>> slices = load_phantoms()
    >>> len(slices), slices.n_patients, len(load_phantoms(tumour_free=True))
    (200, 40, 42)
    """
    return Slices.load(phantom_folder() / ("tumour_free.h5" if tumour_free else "phantoms.h5"))


def original_mats() -> list[MatEntry]:
    """Find the `.mat` files of the slices that `load_slices` takes, in the order of their numbers.

    Returns
    -------
    list of MatEntry
        Real ones, loose or in a zip, where `load_slices` takes real slices from such files; else those of six phantoms
        in the same layout. `entry.open()` gives what `h5py.File` opens, `entry.read()` the slice as a `Scan`.

    Raises
    ------
    DataError
        If the folder with the slices cannot be read.

    Examples
    --------
    >>> [entry.id for entry in original_mats()]  # of the phantoms
    ['1', '2', '3', '4', '5', '6']
    """
    chosen = os.environ.get("BRAINTUT_DATA", "").strip()
    place = Path(chosen).expanduser() if chosen else real_folder()
    if place and (place.is_dir() or (place.is_file() and is_zip(place))):
        return list_slices(place)
    return list_slices(phantom_folder() / "figshare_layout")  # phantoms were asked for, or a file without originals


def _how_to_get_more(source: str) -> list[str]:
    if os.environ.get("BRAINTUT_DATA", "").strip():  # somebody chose what there is
        return []
    if source.startswith("phantom"):
        return ["for real heads run `braintut download --sample` (54 MB)"]
    return [] if f"{N_PUBLISHED} of" in source else [f"`braintut download` fetches all {N_PUBLISHED} (880 MB)"]


def _find(size: int) -> Slices:
    chosen = os.environ.get("BRAINTUT_DATA", "").strip()
    if chosen == "phantoms":
        return load_phantoms()
    if chosen:
        return _load_chosen(chosen, max(size, WORKING_SIZE))
    folder = real_folder()
    return load_figshare(folder, max(size, WORKING_SIZE)) if folder else load_phantoms()


def real_folder() -> Path | None:
    """Where real slices lie on this machine: the downloaded set, else the sample, else nowhere (None).

    A `DataError` if a folder holds files, but none that can be read.
    """
    whole, sample = default_data_folder(), sample_folder()
    has_sample = (sample / SAMPLE_FILE).is_file()
    try:
        if whole.is_dir() and _has_slices(whole):
            return whole
    except DataError:
        if not has_sample:  # an unfinished download is no reason to leave the sample alone
            raise
    return sample if has_sample else None


def _load_chosen(chosen: str, size: int) -> Slices:
    try:
        path = Path(chosen).expanduser()
        is_folder, is_file = path.is_dir(), path.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # no rights, no home, no name that a disk can have
        raise DataError(
            f"BRAINTUT_DATA is '{chosen}', which cannot be looked at ({error}); write another path."
        ) from error
    if is_folder or (is_file and is_zip(path)):
        return load_figshare(path, size)
    if is_file and path.suffix.lower() == ".mat":
        raise DataError(f"BRAINTUT_DATA is '{chosen}', a single slice; write the path of the folder that it lies in.")
    if is_file:
        return Slices.load(path)
    raise DataError(f"BRAINTUT_DATA is '{chosen}', but there is no such folder or file; write `phantoms` or a path.")


def _has_slices(folder: Path) -> bool:
    """Whether there are slices in the default folder; files that look like some but are not read are an error."""
    files = find_files(folder)
    if any(is_zip(path) or (path.suffix.lower() == ".mat" and not is_folds(path)) for path in files):
        return True
    strange = [path for path in files if not (is_folds(path) or path.suffix.lower() in HARMLESS)]
    if strange:
        raise DataError(
            f"{folder} holds {strange[0].name}{' and more' if len(strange) > 1 else ''}, but no .mat file and no zip "
            "with slices; finish the download (`braintut download`) or unpack it there, or set BRAINTUT_DATA to "
            "`phantoms` or to where the slices are."
        )
    return False


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

"""The `.mat` files behind a set, for whoever wants to look into one."""

from __future__ import annotations

import os
from pathlib import Path

from braintut.dataset.entries import MatEntry
from braintut.dataset.figshare import list_slices
from braintut.dataset.load import real_folder
from braintut.dataset.locations import phantom_folder
from braintut.dataset.zips import is_zip


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
    return list_slices(_place())


def _place() -> Path:
    chosen = os.environ.get("BRAINTUT_DATA", "").strip()
    place = Path(chosen).expanduser() if chosen else real_folder()
    if place and (place.is_dir() or (place.is_file() and is_zip(place))):
        return place
    return phantom_folder() / "figshare_layout"  # phantoms were asked for, or a file without originals

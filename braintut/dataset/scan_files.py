"""The door for scans of one's own: which files are scans, and who reads them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from braintut.dataset.entries import FOLDS_FILE
from braintut.dataset.mat import read_mat
from braintut.dataset.pictures import PICTURE_SUFFIXES, read_picture
from braintut.dataset.scan import Scan
from braintut.errors import DataError

READERS: dict[str, Callable[[Path], Scan]] = {".mat": read_mat, **dict.fromkeys(PICTURE_SUFFIXES, read_picture)}
"""Ending of a file, in small letters -> what reads it."""


def read_scan(path: str | os.PathLike[str]) -> Scan:
    """Read one scan from a `.mat` file (figshare's layout), a PNG or a JPEG.

    Returns
    -------
    Scan
        See `read_mat` and `read_picture` for what a file can state.

    Raises
    ------
    DataError
        If the file is missing, a folder, of another kind, or damaged, or states a pixel size that is none.

    Examples
    --------
    >>> from braintut.dataset.locations import phantom_folder
    >>> scan = read_scan(phantom_folder() / "figshare_layout" / "1.mat")
    >>> scan.image.shape, scan.tumour_type
    ((512, 512), 'glioma')
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path} is a folder; a .mat, PNG or JPEG file is expected.")
    if not path.exists():
        raise DataError(f"There is no file {path}.")
    if path.suffix.lower() not in READERS:
        raise DataError(f"{path} is no .mat, PNG or JPEG file; export the slice as one of these.")
    return READERS[path.suffix.lower()](path)


def list_scans(folder: str | os.PathLike[str]) -> list[Path]:
    """Scans of a folder by name, sorted, without its sub-folders.

    Raises
    ------
    DataError
        If there is none.
    """
    paths = sorted(
        p for p in Path(folder).iterdir()
        if p.is_file() and p.suffix.lower() in READERS and p.name != FOLDS_FILE and not p.name.startswith(".")
    )  # fmt: skip
    if not paths:
        raise DataError(f"{folder} holds no .mat, PNG or JPEG file.")
    return paths

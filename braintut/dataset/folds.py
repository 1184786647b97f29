"""The official folds: `cvind.mat`, wherever it lies in a set."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np

from braintut.dataset.copies import once_each
from braintut.dataset.entries import FOLDS_FILE, FOLDS_ID, MatEntry, find_mats
from braintut.dataset.mat import open_mat
from braintut.dataset.mat_fields import check_inside, read_numbers
from braintut.errors import DataError


def read_folds(folder: str | os.PathLike[str]) -> np.ndarray | None:
    """Read the official folds from `cvind.mat` in a folder, its sub-folders and zips, or in one zip.

    Returns
    -------
    ndarray of int, shape (n,), or None
        Fold 1..5 of slice 1, 2, 3, ... (figshare's has 3064); None where there is no such file.

    Raises
    ------
    DataError
        If the file is there but holds no folds, or two of them differ.
    """
    found = once_each(entry for entry in find_mats(Path(folder)) if entry.id == FOLDS_ID)
    return _read_cvind(found[0]) if found else None


def fold_of(entry: MatEntry, folds: np.ndarray | None) -> int:
    """Official fold of a slice by its number; 0 where there are no folds, a `DataError` where they lack this slice."""
    if folds is None:
        return 0
    number = int(entry.id) if entry.has_number else 0
    if not 1 <= number <= len(folds):
        raise DataError(
            f"{entry} has no fold: {FOLDS_FILE} holds those of slices 1 to {len(folds)}; give it the number that it "
            f"has in the published set, or move it (or {FOLDS_FILE}) elsewhere."
        )
    return int(folds[number - 1])


def _read_cvind(entry: MatEntry) -> np.ndarray:
    with open_mat(entry.open(), f"{entry} does not hold the official folds, or cannot be read: it") as file:
        field = file.get("cvind")
        if not isinstance(field, h5py.Dataset):
            raise DataError(f"{entry} does not hold the official folds (a list of numbers 'cvind'); download it again.")
        check_inside(field, file, f"{entry}: cvind")
        folds = read_numbers(field, f"{entry}: cvind")
    if folds.size != max(folds.shape, default=0) or folds.dtype.kind == "b":
        raise DataError(f"{entry}: cvind has shape {folds.shape[::-1]}; one row of folds, slice 1 first, is expected.")
    if not folds.size:
        raise DataError(f"{entry}: cvind is empty; download it again.")
    if not np.isin(folds, [1, 2, 3, 4, 5]).all():
        raise DataError(f"{entry} names folds other than 1 to 5 (they count from 1); download it again.")
    return folds.ravel().astype(int)

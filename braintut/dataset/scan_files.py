"""The door for scans of one's own: which files are scans, and who reads them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from braintut.dataset.dicom import DICOM_SUFFIXES, is_dicom, read_dicom
from braintut.dataset.entries import FOLDS_FILE
from braintut.dataset.matrices import read_any_mat, read_npy
from braintut.dataset.nifti import NIFTI_SUFFIXES, read_nifti
from braintut.dataset.pictures import PICTURE_SUFFIXES, read_picture
from braintut.dataset.scan import Scan
from braintut.errors import DataError

READERS: dict[str, Callable[[Path], Scan]] = {
    ".mat": read_any_mat,
    ".npy": read_npy,
    **dict.fromkeys(PICTURE_SUFFIXES, read_picture),
    **dict.fromkeys(DICOM_SUFFIXES, read_dicom),
    **dict.fromkeys(NIFTI_SUFFIXES, read_nifti),
}
"""Ending of a file, in small letters -> what reads it."""
KINDS = ".mat, PNG or JPEG file, nor DICOM, NIfTI, TIFF, BMP, WebP or .npy"


def ending_of(path: str | os.PathLike[str]) -> str:
    """The ending under which `READERS` knows a file by its name, "" if it does not.

    Examples
    --------
    >>> ending_of("brain.NII.GZ"), ending_of("notes.txt")
    ('.nii.gz', '')
    """
    name = Path(path).name.lower()
    return next((ending for ending in READERS if name.endswith(ending) and name != ending), "")


def read_scan(path: str | os.PathLike[str]) -> Scan:
    """Read one scan from a `.mat` or `.npy` file, a PNG, JPEG, TIFF, BMP, WebP, DICOM or NIfTI.

    Returns
    -------
    Scan
        See `read_mat`, `read_picture`, `read_dicom` and `read_nifti` for what a file can state. A DICOM file needs no
        ending.

    Raises
    ------
    DataError
        If the file is missing, a folder, of another kind, or damaged, holds several slices, or states a pixel size that
        is none.

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
    if ending := ending_of(path):
        return READERS[ending](path)
    if is_dicom(path):
        return read_dicom(path)
    raise DataError(f"{path} is no {KINDS}; export the slice as one of these.")


def list_scans(folder: str | os.PathLike[str]) -> list[Path]:
    """Scans of a folder by name, sorted, without its sub-folders.

    Raises
    ------
    DataError
        If there is none.
    """
    paths = sorted(
        p for p in Path(folder).iterdir()
        if p.is_file() and (ending_of(p) or is_dicom(p)) and p.name != FOLDS_FILE and not p.name.startswith(".")
    )  # fmt: skip
    if not paths:
        raise DataError(f"{folder} holds no {KINDS}.")
    return paths

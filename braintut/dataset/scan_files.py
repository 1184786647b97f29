"""The door for scans of one's own: which files are scans, and who reads them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from braintut.dataset.dicom import DICOM_SUFFIXES, is_dicom, read_dicom
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
    """Read one scan from a `.mat` or `.npy` file, a PNG, JPEG, TIFF, BMP, WebP, DICOM (of any ending) or NIfTI.

    Raises
    ------
    DataError
        If the file is missing, a folder, of another kind, or damaged, holds several slices, or states a pixel size that
        is none.

    See Also
    --------
    read_mat, read_picture, read_dicom, read_nifti : What each kind can state.

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

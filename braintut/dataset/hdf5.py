"""What HDF5 files, `.mat` and our own, must not do: show other files of the machine that they are read on."""

from __future__ import annotations

import h5py

from braintut.errors import DataError


def check_inside(thing: h5py.Group | h5py.Dataset, file: h5py.File, name: str) -> None:
    """Refuse what an HDF5 file only points to: whoever sent it could have any file of this machine read.

    Parameters
    ----------
    thing : h5py.Group or h5py.Dataset
        As found in `file`.
    file : h5py.File
    name : str
        What errors call it.

    Raises
    ------
    DataError
        If it, or its values, lie in another file.
    """
    elsewhere = h5py.h5o.get_info(thing.id).fileno != h5py.h5o.get_info(file.id).fileno
    if isinstance(thing, h5py.Dataset):
        elsewhere = elsewhere or bool(thing.external) or thing.is_virtual
    if elsewhere:
        raise DataError(f"{name} lies in another file, and only a link to it here; save it whole, in one file.")

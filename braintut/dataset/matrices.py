"""Pictures as people save their arrays: `.npy`, and `.mat` of any kind, with or without what figshare's have."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from braintut.dataset.arrays import as_mask, as_pixel_mm
from braintut.dataset.mat import border_points, grey_levels, label_number, read_mat
from braintut.dataset.mat_fields import MAX_VALUES
from braintut.dataset.scan import Scan
from braintut.errors import BraintutError, DataError

MATLAB_5 = b"MATLAB 5.0"
_PACKED = 15  # MATLAB's number for an element that is packed with zlib


def read_npy(path: Path) -> Scan:
    """Read a `.npy` file of one grey picture, else a `DataError`; no pickle is loaded."""
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except PermissionError:
        raise DataError(f"{path} may not be read by you; ask for the right to read it.") from None
    except Exception as error:  # a damaged header can fail in any way
        raise DataError(f"{path} is damaged, or no .npy file of plain numbers; save it with `numpy.save`.") from error
    return Scan(str(path), _picture(values, f"{path}: the array"))


def read_any_mat(path: Path) -> Scan:
    """Read a `.mat` file as a scan: figshare's layout whole or in part, or one array; MATLAB 5 or 7.3.

    A `DataError` if there is no picture in it, several, or it is damaged.
    """
    try:
        with path.open("rb") as file:
            is_5 = file.read(len(MATLAB_5)) == MATLAB_5
    except OSError:
        is_5 = False  # said better by the other reader
    return _read_mat_5(path) if is_5 else read_mat(path, complete=False)


def _read_mat_5(path: Path) -> Scan:
    from scipy.io import loadmat

    name = str(path)
    try:
        data = path.read_bytes()
        _check_inflated(data, name)
        file = loadmat(io.BytesIO(data), chars_as_strings=True)
        if "cjdata" in file:
            struct_ = file["cjdata"]
            fields = {key: np.asarray(struct_[key].ravel()[0]) for key in struct_.dtype.names or ()}
        else:
            fields = {key: np.asarray(value) for key, value in file.items() if not key.startswith("__")}
        return _scan(fields, name)
    except BraintutError:
        raise
    except Exception as error:  # a damaged file makes SciPy raise nearly any kind
        raise DataError(f"{name} is damaged, or holds no picture that can be read; save it with -v7.3.") from error


def _check_inflated(data: bytes, name: str) -> None:
    """Refuse a file whose packed elements would fill the memory; the header of 128 bytes says how numbers lie."""
    order, at = ("<" if data[126:128] == b"IM" else ">"), 128
    left = 16 * MAX_VALUES
    while at + 8 <= len(data):
        kind, size = struct.unpack(f"{order}II", data[at : at + 8])
        if kind == _PACKED:
            unpack = zlib.decompressobj()
            left -= len(unpack.decompress(data[at + 8 : at + 8 + size], left))
            if unpack.unconsumed_tail or left <= 0:
                raise DataError(
                    f"{name} unpacks to more than {16 * MAX_VALUES // 2**20} MB; it is no slice, or damaged."
                )
        at += 8 + size


def _scan(fields: dict[str, Any], name: str) -> Scan:
    """A scan from the arrays of a file by name."""
    if "image" not in fields:
        pictures = [key for key, value in fields.items() if value.ndim == 2 and min(value.shape) > 1]
        if len(pictures) != 1:
            raise DataError(f"{name} holds {len(pictures)} arrays that may be the picture; save one, named 'image'.")
        fields = {**fields, "image": fields[pictures[0]]}
    image = _picture(fields["image"], f"{name}: image")
    mask = fields.get("tumorMask")
    if mask is not None and mask.shape != image.shape:
        raise DataError(f"{name}: image {image.shape} and mask {mask.shape} must be two pictures of one size.")
    border = fields.get("tumorBorder", np.zeros(0))
    if border.dtype.kind not in "iuf":
        raise DataError(f"{name}: tumorBorder must hold numbers.")
    patient = fields.get("PID", np.zeros(0))
    return Scan(
        name,
        image,
        as_pixel_mm(fields["pixel_mm"], name) if "pixel_mm" in fields else None,
        patient=str(patient.ravel()[0]).strip() if patient.dtype.kind == "U" and patient.size else "",
        label=label_number(fields["label"], name) if "label" in fields else None,
        true_mask=None if mask is None else as_mask(mask, f"{name}: the mask"),
        border=border_points(border),
    )


def _picture(values: np.ndarray, name: str) -> np.ndarray:
    shape = tuple(side for side in values.shape if side != 1) if values.ndim > 2 else values.shape
    if len(shape) != 2 or values.dtype.kind not in "iuf":
        raise DataError(f"{name} has shape {values.shape} and type {values.dtype}; a grey picture (H, W) is expected.")
    if values.size > MAX_VALUES:
        raise DataError(f"{name} claims {values.shape} values; it is no slice, or damaged.")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
        return grey_levels(np.array(values, np.float32).reshape(shape), name)

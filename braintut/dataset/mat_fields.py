"""Values out of MATLAB v7.3 (HDF5), checked before memory is taken for them, and none that lie in other files."""

from __future__ import annotations

import math

import h5py
import numpy as np

from braintut.errors import DataError

MAX_VALUES = 4096 * 4096
"""Most values that one field may hold; a slice of the figshare set has 512 x 512."""
LONGEST_ID = 200
MAX_ITEM = 4 * LONGEST_ID  # bytes of one value; of numbers 16, of fixed text four a character
MOST_SIDES = 64  # sides that the size of an array may have
_EXACT = 2**53  # up to here a double holds every whole number


def check_inside(thing: h5py.Group | h5py.Dataset, file: h5py.File, name: str) -> None:
    """Refuse what an HDF5 file only points to: whoever sent it could have any file of this machine read."""
    elsewhere = h5py.h5o.get_info(thing.id).fileno != h5py.h5o.get_info(file.id).fileno
    if isinstance(thing, h5py.Dataset):
        elsewhere = elsewhere or bool(thing.external) or thing.is_virtual
    if elsewhere:
        raise DataError(f"{name} lies in another file, and only a link to it here; save it whole, in one file.")


def matlab_class(field: h5py.Dataset) -> str:
    """MATLAB's own name of the type (char, double, cell ...); "" where Python wrote the file."""
    kind = field.attrs.get("MATLAB_class", b"")
    return kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)


def read_numbers(field: h5py.Dataset | h5py.Group, name: str) -> np.ndarray:
    """Read a field of numbers, or of a cell that holds one, in HDF5's order of axes (MATLAB's turned round).

    Its shape is (0,) where MATLAB stored an empty array. A `DataError` that calls it by `name` if it is a struct, text,
    several cells or complex, or claims more than `MAX_VALUES` values.
    """
    field = _out_of_its_cell(field, name)
    if _is_empty(field):
        return np.zeros(0)
    if _is_text(field):
        raise DataError(f"{name} is text; numbers are expected.")
    if field.dtype.kind not in "biuf":
        raise DataError(f"{name} holds values of type {_type_name(field)}; plain numbers are expected.")
    _check_size(field, name)
    values = np.asarray(field[()])
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def read_id(field: h5py.Dataset | h5py.Group, name: str) -> str:
    """Read a patient id, which is text: character codes as published, HDF5 text, one whole number, or a cell of these.

    It is never empty, because patients without an id would become one patient. A `DataError` that calls it by `name` if
    it is empty, no text, several texts or numbers, or no whole number.
    """
    field = _out_of_its_cell(field, name)
    if _is_empty(field):
        patient = ""
    elif _is_text(field) or _may_be_codes(field):
        patient = _decode(field, name)
    else:
        patient = _whole_number(read_numbers(field, name), name)
    if not patient:
        raise DataError(f"{name} is empty; write an id for each patient, because slices are split by patient.")
    if len(patient) > LONGEST_ID or not patient.isprintable():
        raise DataError(f"{name} is no id ({patient[:20]!r}); text like 'MR040240B' or a whole number is expected.")
    return patient


def _out_of_its_cell(field: h5py.Dataset | h5py.Group, name: str) -> h5py.Dataset:
    file = field.file
    for _ in range(3):  # a cell may hold a cell
        if not isinstance(field, h5py.Dataset):
            raise DataError(f"{name} is a struct; a plain value is expected.")
        check_inside(field, file, name)
        if field.dtype.kind != "O" or _is_empty(field) or h5py.check_ref_dtype(field.dtype) is None:
            return field
        if field.size != 1:
            raise DataError(f"{name} is a cell array of {field.size} values; one value is expected.")
        field = field.file[np.asarray(field[()]).ravel()[0]]
    raise DataError(f"{name} lies in cells within cells; save the value itself.")


def _is_empty(field: h5py.Dataset) -> bool:
    # MATLAB stores the SIZE of an empty array as its values, and marks it.
    return not field.size or (field.size <= MOST_SIDES and bool(field.attrs.get("MATLAB_empty", 0)))


def _is_text(field: h5py.Dataset) -> bool:
    return _is_string(field) or (field.dtype.kind in "iu" and matlab_class(field) == "char")


def _is_string(field: h5py.Dataset) -> bool:
    return field.dtype.kind in "OS" and h5py.check_string_dtype(field.dtype) is not None


def _may_be_codes(field: h5py.Dataset) -> bool:
    """Whole numbers that Python wrote without saying what they are: several of them, or uint16, are characters."""
    return field.dtype.kind in "iu" and not matlab_class(field) and (field.size > 1 or field.dtype == np.uint16)


def _check_size(field: h5py.Dataset, name: str) -> None:
    """Refuse what would take much memory: HDF5 reads chunks whole, and unpacks whatever lies in them."""
    shape, chunk, itemsize = field.shape, field.chunks, field.dtype.itemsize
    padded = math.prod(-(-side // part) * part for side, part in zip(shape, chunk or shape, strict=True))
    too_many = max(padded, math.prod(chunk or ())) > MAX_VALUES or itemsize > MAX_ITEM
    # Packing never makes an array twice as large, so that such chunks hold something else.
    if too_many or (chunk and field.id.get_storage_size() > 2 * padded * itemsize + 4096):
        raise DataError(f"{name} claims {shape} values or packs more than that; it is no slice, or damaged.")


def _decode(field: h5py.Dataset, name: str) -> str:
    """One line of text; blanks at its ends are cut."""
    is_string = _is_string(field)
    if field.size != 1 if is_string else field.size != max(field.shape, default=1):
        raise DataError(f"{name} holds several lines of text; one is expected.")
    _check_size(field, name)
    values = np.asarray(field[()])
    try:
        text = values.ravel()[0] if is_string else _utf16(values, name)
        text = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is no readable text ({error.reason}).") from error
    return text.strip("\0").strip()


def _utf16(values: np.ndarray, name: str) -> str:
    """Characters from MATLAB's codes, which are UTF-16."""
    codes = values.ravel().astype("<u2")
    if (codes != values.ravel()).any():
        raise DataError(f"{name} holds {values.ravel()[:4].tolist()}, which are no character codes.")
    return codes.tobytes().decode("utf-16-le")


def _whole_number(values: np.ndarray, name: str) -> str:
    if values.size != 1 or values.dtype.kind == "b":
        raise DataError(f"{name} holds {values.size} values of type {values.dtype}; text or one number is expected.")
    value = values.ravel()[0]
    if not (np.isfinite(value) and 0 <= value <= _EXACT and value == int(value)):
        raise DataError(f"{name} is {value}; as a number an id must be whole and not negative.")
    return str(int(value))


def _type_name(field: h5py.Dataset) -> str:
    return (matlab_class(field) or str(field.dtype))[:40]

"""One `.mat` file: a slice of the figshare set as MATLAB wrote it, or a sentence that says why not."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np

from braintut.dataset.arrays import as_mask, as_pixel_mm
from braintut.dataset.mat_fields import check_inside, read_id, read_numbers
from braintut.dataset.scan import Scan
from braintut.errors import BraintutError, DataError, brief

_OTHER_KINDS = (
    (b"MATLAB 5.0", "was saved by MATLAB without -v7.3 (or by SciPy)"),
    (b"\x00\x05\x16\x07", "is a Mac's note beside a file ('._'), not the file itself"),
    (b"PK\x03\x04", "is a zip, whatever its name says"),
    (b"\x1f\x8b", "is packed with gzip; unpack it first"),
    (b"version https://git-lfs", "is a pointer of Git LFS, not the file itself; fetch it with `git lfs pull`"),
    (b"<", "is a web page, perhaps an answer of the server it came from"),
)
FIELDS = ("image", "tumorMask", "label", "PID", "tumorBorder", "pixel_mm")
"""Of the struct `cjdata`; the first four must be there."""
_HDF5 = b"\x89HDF\r\n\x1a\n"


def read_mat(source: str | os.PathLike[str] | BinaryIO, name: str | None = None, complete: bool = True) -> Scan:
    """Read one slice in figshare's layout (MATLAB v7.3, which is HDF5).

    Parameters
    ----------
    name : str, optional
        What errors call the file; default its path.
    complete : bool
        Whether mask, label and patient must be there, as in a set. Where not, a single array will do, too.

    Returns
    -------
    Scan
        With label, patient, true mask and border. Arrays are upright: MATLAB stores them transposed, so they are
        turned back. Figshare's files state no pixel size.

    Raises
    ------
    DataError
        If it is missing, locked, may not be read, is no MATLAB v7.3 or damaged, or a field is missing or odd. The
        message tells which.

    Examples
    --------
    >>> from braintut.dataset.locations import phantom_folder
    >>> scan = read_mat(phantom_folder() / "figshare_layout" / "1.mat")
    >>> scan.label, scan.patient, scan.true_mask.shape
    (2, 'PH001', (512, 512))
    """
    name = name or str(source)
    with open_mat(source, name) as file:
        return _parse(file, name, complete)


@contextlib.contextmanager
def open_mat(source: str | os.PathLike[str] | BinaryIO, name: str) -> Iterator[h5py.File]:
    """Open a MATLAB v7.3 file; whatever h5py raises while it is read comes out as a `DataError` that names it."""
    try:
        if isinstance(source, str | os.PathLike):
            _must_be_a_file(Path(source), name)
        with _opened(source) as file:
            yield file
    except BraintutError:
        raise
    except Exception as error:  # a damaged file makes h5py raise nearly any kind
        raise DataError(f"{name} {_why_unreadable(source, error)}") from error


def _must_be_a_file(path: Path, name: str) -> None:
    if path.is_dir():
        raise DataError(f"{name} is a folder; a .mat file is expected.")
    if not path.exists():
        what = "is a link to a file that is not there" if path.is_symlink() else ""
        raise DataError(f"{name} {what}; fetch that file." if what else f"There is no file {name}.")
    if not path.is_file():  # a pipe would keep us waiting for ever
        raise DataError(f"{name} is no ordinary file; a .mat file is expected.")


def _opened(source: str | os.PathLike[str] | BinaryIO) -> h5py.File:
    try:
        return h5py.File(source, "r")
    except OSError as error:
        if "unable to lock" in str(error) and error.errno not in (errno.EAGAIN, errno.EACCES):
            return h5py.File(source, "r", locking=False)  # a network drive that knows no locks
        raise


def _why_unreadable(source: str | os.PathLike[str] | BinaryIO, error: Exception) -> str:
    if "unable to lock" in str(error) or "already open" in str(error):
        return "is locked: another program has it open for writing; close it there (in a notebook: restart the kernel)."
    if isinstance(error, PermissionError):
        return "may not be read by you; change its rights, or copy it to a folder of your own."
    if isinstance(error, MemoryError):
        return "needs more memory than there is; close other programs, or look whether the file is damaged."
    start = _first_bytes(source)
    if not start.strip(b"\0"):
        return "is empty (nothing but zeros, if anything); it was not copied or downloaded whole."
    start = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    what = next((words for signature, words in _OTHER_KINDS if start.startswith(signature)), "")
    if what or not (_HDF5 in start or start.startswith(b"MATLAB 7.3")):
        what = f" It {what}." if what else ""
        return f"is no MATLAB v7.3 (HDF5) file.{what} Download it again, or save it with -v7.3."
    return f"is damaged or was cut short ({brief(error)}); download it again."


def _first_bytes(source: str | os.PathLike[str] | BinaryIO) -> bytes:
    try:
        if isinstance(source, str | os.PathLike):
            with Path(source).open("rb") as file:
                return file.read(4096)
        source.seek(0)
        return source.read(4096)
    except (OSError, ValueError):
        return _HDF5  # not even this can be read: the first error says why


def _parse(file: h5py.File, name: str, complete: bool) -> Scan:
    group = file.get("cjdata")
    if not complete and group is None:
        return _single_array(file, name)
    if not isinstance(group, h5py.Group):
        raise DataError(f"{name} has no struct 'cjdata'; is it a slice of the figshare set?")
    for field in FIELDS[: 4 if complete else 1]:
        if field not in group:
            raise DataError(f"{name} lacks the field 'cjdata/{field}'; every slice of the figshare set has it.")
    for thing in filter(None, [group, *map(group.get, FIELDS)]):
        check_inside(thing, file, f"{name}: {thing.name.strip('/')}")
    image = _picture(group, "image", name)
    mask = _picture(group, "tumorMask", name) if "tumorMask" in group else None
    if mask is not None and mask.shape != image.shape:
        raise DataError(f"{name}: image {image.shape} and mask {mask.shape} must be two pictures of one size.")
    return Scan(
        name=name,
        image=grey_levels(image, name),
        true_mask=None if mask is None else as_mask(mask, f"{name}: the mask"),
        label=label_number(read_numbers(group["label"], f"{name}: the label"), name) if "label" in group else None,
        patient=read_id(group["PID"], f"{name}: the patient id (cjdata/PID)") if "PID" in group else "",
        border=_border(group, name),
        stated_mm=_pixel_mm(group, name),
    )


def _single_array(file: h5py.File, name: str) -> Scan:
    """A file without `cjdata`, as `save -v7.3 scan image` writes it: the one array that may be a picture."""
    pictures = [key for key in list(file)[:99] if len(getattr(file.get(key), "shape", ())) == 2 and key != "pixel_mm"]
    if len(pictures) != 1:
        raise DataError(f"{name} has no struct 'cjdata' and {len(pictures)} arrays that may be the picture; save one.")
    check_inside(file[pictures[0]], file, f"{name}: {pictures[0]}")
    return Scan(name, grey_levels(_picture(file, pictures[0], name), name), _pixel_mm(file, name))


def _picture(group: h5py.Group, field: str, name: str) -> np.ndarray:
    data, what = group[field], f"{name}: cjdata/{field}"
    shape = getattr(data, "shape", None)
    if shape is not None and len(shape) != 2:
        raise DataError(f"{what} has shape {shape[::-1]}, but image and mask must be two pictures of one size, (H, W).")
    picture = read_numbers(data, what).T
    if picture.ndim != 2:
        raise DataError(f"{what} holds no pixels.")
    return picture


def grey_levels(image: np.ndarray, name: str) -> np.ndarray:
    """Give the picture back if it is one of finite grey levels."""
    if image.dtype.kind == "b":
        raise DataError(f"{name}: the image is of type bool, like a mask; grey levels are expected.")
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        raise DataError(f"{name}: the image holds NaN or infinite values.")
    return image


def label_number(values: np.ndarray, name: str) -> int:
    """Read the label, 0 to 3, whatever type of number it was saved as."""
    if values.size != 1 or values.dtype.kind == "b" or values.ravel()[0] not in (0, 1, 2, 3):
        said = values.ravel()[:5].tolist() if values.size else "empty"
        raise DataError(f"{name}: the label is {said}; it must be 1, 2 or 3 (0: no tumour).")
    return int(values.ravel()[0])


def _border(group: h5py.Group, name: str) -> np.ndarray:
    border = np.zeros(0)
    if "tumorBorder" in group:
        border = read_numbers(group["tumorBorder"], f"{name}: cjdata/tumorBorder").ravel()
    return border_points(border)


def border_points(border: np.ndarray) -> np.ndarray:
    """Points (x, y) counted from 0, from MATLAB's x1 y1 x2 y2 ... counted from 1."""
    border = border.ravel()
    return border[: border.size // 2 * 2].reshape(-1, 2) - 1.0


def _pixel_mm(group: h5py.Group, name: str) -> float | None:
    if "pixel_mm" not in group:
        return None
    values = read_numbers(group["pixel_mm"], f"{name}: pixel_mm").ravel()
    return as_pixel_mm(values[0] if values.size == 1 else values[:9].tolist(), name)

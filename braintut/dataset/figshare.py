"""The real set: figshare's MATLAB files, loose or inside the published zips."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from braintut.dataset.arrays import as_pixel_mm
from braintut.dataset.preprocessing import normalise, pad_to_square, resize, resize_mask
from braintut.dataset.slices import Slices, assumed_pixel_mm, from_grey_levels, to_grey_levels
from braintut.errors import DataError

N_PUBLISHED = 3064
FOLDS_FILE = "cvind.mat"


@dataclass(frozen=True)
class MatSlice:
    """One `.mat` file as it is: image (H, W) on its own scale, mask, label, patient, border.

    `border` has shape (k, 2): x (column) and y (row) of each point, counted
    from 0. `pixel_mm` is None unless the file states it; figshare's don't.
    """

    image: np.ndarray
    mask: np.ndarray
    label: int
    patient: str
    border: np.ndarray
    pixel_mm: float | None = None

    @property
    def pixel_mm_or_assumed(self) -> float:
        """Pixel side in mm; where the file is silent, that of a 251 mm field of view."""
        return assumed_pixel_mm(self.image.shape) if self.pixel_mm is None else self.pixel_mm


@dataclass(frozen=True)
class MatEntry:
    """Where one slice lies: a loose file, or a member of a zip. `id` is its number as text."""

    id: str
    path: Path
    member: str | None = None

    def __str__(self) -> str:
        return f"{self.path}/{self.member}" if self.member else str(self.path)

    def read(self) -> MatSlice:
        """Read the slice; a zip's member is read in memory, nothing is unpacked."""
        if self.member is None:
            return read_mat(self.path)
        try:
            with zipfile.ZipFile(self.path) as archive:
                data = archive.read(self.member)
        except (OSError, zipfile.BadZipFile, EOFError) as error:
            raise DataError(f"{self} is damaged ({error}); download the zip again.") from error
        return read_mat(io.BytesIO(data), name=str(self))


def read_mat(source: str | os.PathLike | BinaryIO, name: str | None = None) -> MatSlice:
    """Read one slice in figshare's layout (MATLAB v7.3, which is HDF5).

    Parameters
    ----------
    source : path or binary file
    name : str, optional
        What errors call the file; default its path.

    Returns
    -------
    MatSlice
        Arrays upright: MATLAB stores them transposed, so they are turned back.

    Raises
    ------
    DataError
        If it is missing, no MATLAB v7.3 file, or a field is missing or odd.

    Notes
    -----
    Introduced in lesson 01.
    """
    name = name or str(source)
    if isinstance(source, str | os.PathLike):
        if Path(source).is_dir():
            raise DataError(f"{name} is a folder; a .mat file is expected.")
        if not Path(source).exists():
            raise DataError(f"There is no file {name}.")
    try:
        with h5py.File(source, "r") as file:
            return _parse(file, name)
    except OSError as error:
        raise DataError(
            f"{name} is no MATLAB v7.3 (HDF5) file, or it was cut short; download it again or save it with -v7.3."
        ) from error


def _parse(file: h5py.File, name: str) -> MatSlice:
    if not isinstance(file.get("cjdata"), h5py.Group):
        raise DataError(f"{name} has no struct 'cjdata'; is it a slice of the figshare set?")
    group = file["cjdata"]
    for field in ("image", "tumorMask", "label", "PID"):
        if field not in group:
            raise DataError(f"{name} lacks the field 'cjdata/{field}'; every slice of the figshare set has it.")
    image, mask = np.asarray(group["image"]).T, np.asarray(group["tumorMask"]).T
    if image.ndim != 2 or mask.shape != image.shape:
        raise DataError(f"{name}: image {image.shape} and mask {mask.shape} must be two pictures of one size.")
    if not np.isfinite(image).all():
        raise DataError(f"{name}: the image holds NaN or infinite values.")
    label = np.asarray(group["label"]).ravel()
    if label.size != 1 or label[0] not in (0, 1, 2, 3):
        raise DataError(f"{name}: the label is {label.tolist()}; it must be 1, 2 or 3 (0: no tumour).")
    border = np.asarray(group["tumorBorder"]).ravel() if "tumorBorder" in group else np.zeros(0)
    pixel_mm = as_pixel_mm(group["pixel_mm"][()], name) if "pixel_mm" in group else None
    return MatSlice(
        image=image,
        mask=mask.astype(bool),
        label=int(label[0]),
        # Character codes; the id is text ("MR040240B"), never a number.
        patient="".join(chr(int(code)) for code in np.asarray(group["PID"]).ravel()).strip(),
        border=border[: border.size // 2 * 2].reshape(-1, 2) - 1,
        pixel_mm=pixel_mm,
    )


def list_slices(folder: str | os.PathLike) -> list[MatEntry]:
    """Find the slices of a folder: its `.mat` files and those in its zips, by number.

    Parameters
    ----------
    folder : path

    Returns
    -------
    list of MatEntry
        In the order of their numbers; a loose file wins over the same number in a zip.

    Raises
    ------
    DataError
        If the folder does not exist, holds no slice, or a zip is damaged.

    Notes
    -----
    Introduced in lesson 01.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; give one with the figshare .mat files or zips.")
    found: dict[str, MatEntry] = {}
    for path in sorted(folder.glob("*.zip")):
        for member in _members(path):
            found[Path(member).stem] = MatEntry(Path(member).stem, path, member)
    for path in folder.glob("*.mat"):
        if path.name != FOLDS_FILE:
            found[path.stem] = MatEntry(path.stem, path)
    if not found:
        raise DataError(f"{folder} holds no .mat file and no zip with some; run `braintut download` to fetch them.")
    return sorted(found.values(), key=lambda e: (not e.id.isdigit(), int(e.id) if e.id.isdigit() else 0, e.id))


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is no whole zip ({error}); download it again.") from error
    return [n for n in names if n.endswith(".mat") and Path(n).name != FOLDS_FILE]


def read_folds(folder: str | os.PathLike) -> np.ndarray | None:
    """Read the official folds from `cvind.mat`, if the folder has it.

    Parameters
    ----------
    folder : path

    Returns
    -------
    ndarray of int, shape (3064,), or None
        Fold 1..5 of slice 1, 2, 3, ...

    Raises
    ------
    DataError
        If the file is there but is not figshare's.

    Notes
    -----
    Introduced in lesson 01.
    """
    path = Path(folder) / FOLDS_FILE
    if not path.exists():
        return None
    try:
        with h5py.File(path, "r") as file:
            folds = np.asarray(file["cvind"]).ravel()
    except (OSError, KeyError) as error:
        raise DataError(f"{path} does not hold the official folds ('cvind'); download it again.") from error
    if not np.isin(folds, [1, 2, 3, 4, 5]).all():
        raise DataError(f"{path} names folds other than 1 to 5; download it again.")
    return folds.astype(int)


def fold_of(entry_id: str, folds: np.ndarray | None) -> int:
    """Official fold of a slice by its number; 0 where it is not known."""
    if folds is None or not entry_id.isdigit() or not 1 <= int(entry_id) <= len(folds):
        return 0
    return int(folds[int(entry_id) - 1])


def read_figshare(folder: str | os.PathLike, size: int = 256, progress: bool = True, n_jobs: int = -1) -> Slices:
    """Convert a folder of `.mat` files or zips to `Slices` of one size, on all cores.

    Parameters
    ----------
    folder : path
    size : int
        Side of the pictures in pixels.
    progress : bool
        Show a progress bar.
    n_jobs : int
        Processes; -1 means one for each core.

    Returns
    -------
    Slices
        Each normalised at its own size (512 or 256 px) and then resized.

    Raises
    ------
    DataError
        If a file cannot be read; the message names it.

    Notes
    -----
    Introduced in lesson 01.
    """
    entries, folds = list_slices(folder), read_folds(folder)
    jobs = Parallel(n_jobs=n_jobs, return_as="generator")(delayed(_convert)(entry, size) for entry in entries)
    converted = list(tqdm(jobs, total=len(entries), desc="reading slices", disable=not progress))
    images, masks, labels, patients, pixels = zip(*converted, strict=True)
    return Slices(
        images=from_grey_levels(np.stack(images)),
        masks=np.stack(masks),
        labels=np.array(labels),
        patients=np.array(patients, dtype=str),
        folds=np.array([fold_of(e.id, folds) for e in entries]),
        ids=np.array([e.id for e in entries], dtype=str),
        pixel_mm=np.array(pixels),
        source=f"figshare, {len(entries)} of {N_PUBLISHED} slices",
    )


def _convert(entry: MatEntry, size: int) -> tuple[np.ndarray, np.ndarray, int, str, float]:
    raw = entry.read()
    try:
        image = resize(pad_to_square(normalise(raw.image)), size)
    except DataError as error:
        raise DataError(f"{entry}: {error}") from error
    mask = resize_mask(pad_to_square(raw.mask), size)
    pixel_mm = raw.pixel_mm_or_assumed * max(raw.image.shape) / size
    # Grey levels are rounded here as in the cache, so that both give the same pictures.
    return to_grey_levels(image), mask, raw.label, raw.patient, pixel_mm


def load_figshare(folder: str | os.PathLike, size: int = 256, progress: bool = True) -> Slices:
    """Load the real set from its cache; the first call converts the files and writes the cache.

    Parameters
    ----------
    folder : path
        Folder of `.mat` files or zips; the cache is a file `slices_<size>_<key>.h5` in it.
    size : int
    progress : bool

    Returns
    -------
    Slices

    Notes
    -----
    The key is made of the files' names, sizes and times, so a folder that
    changes is converted again. Introduced in lesson 01.
    """
    folder = Path(folder)
    cache = folder / f"slices_{size}_{_key(folder)}.h5"
    if cache.exists():
        return Slices.load(cache)
    slices = read_figshare(folder, size, progress)
    try:
        for old in folder.glob(f"slices_{size}_*.h5"):
            old.unlink()
        slices.save(cache, compress=False)
    except OSError as error:
        print(
            f"braintut: no cache was written to {folder} ({error}); the next call reads again.",
            file=sys.stderr,
        )
    return slices


def _key(folder: Path) -> str:
    paths = sorted({entry.path for entry in list_slices(folder)} | set(folder.glob(FOLDS_FILE)))
    stamps = [f"{p.name} {p.stat().st_size} {p.stat().st_mtime_ns}" for p in paths]
    return hashlib.sha256("\n".join(stamps).encode()).hexdigest()[:10]

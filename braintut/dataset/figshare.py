"""The real set: figshare's MATLAB files, loose or in zips, as `Slices`, and the cache that makes the next call fast."""

from __future__ import annotations

import glob
import hashlib
import os
import sys
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from braintut.dataset.copies import once_each
from braintut.dataset.entries import FOLDS_FILE as FOLDS_FILE
from braintut.dataset.entries import FOLDS_ID, find_files, find_mats, unread
from braintut.dataset.entries import MatEntry as MatEntry
from braintut.dataset.files import remove_forgotten_parts
from braintut.dataset.folds import fold_of as fold_of
from braintut.dataset.folds import read_folds as read_folds
from braintut.dataset.grid import mask_to_square, normalise, square_pixel_mm, to_square
from braintut.dataset.mat import read_mat as read_mat
from braintut.dataset.slices import Slices, from_grey_levels, to_grey_levels
from braintut.dataset.zips import is_zip
from braintut.errors import DataError
from braintut.quiet import say

N_PUBLISHED = 3064
_READER = 2  # counts up when the same files give other slices, so that older caches are made again


def list_slices(folder: str | os.PathLike[str]) -> list[MatEntry]:
    """Find the slices of a folder or one zip: `.mat` files, those in sub-folders and zips too, by number, then by name.

    Copies ("1 (1).mat", or a loose file and the same one in a zip) count once. What is left out, or lies there in a
    form that is not read, is said (`quiet.say`). A `DataError` if there is no such folder, it holds no slice, a zip is
    damaged, or two different files have one number.
    """
    folder = Path(folder)
    mats = find_mats(folder)
    found, strange = [entry for entry in mats if entry.id != FOLDS_ID], unread(folder, mats)
    if not found:
        raise DataError(
            f"{folder} holds no .mat file and no zip with some"
            + (f", but {strange[0]}, which is not read: unpack it there." if strange else "")
            + "; run `braintut download` to fetch them."
        )
    for path in strange:
        say(f"{path} is not read; if it holds slices, unpack it there.")
    return once_each(found)


def read_figshare(folder: str | os.PathLike[str], size: int = 256, progress: bool = True, n_jobs: int = -1) -> Slices:
    """Convert a folder of `.mat` files or zips to `Slices` of one size, on all cores.

    Parameters
    ----------
    folder : path
        With sub-folders and zips in it, or one zip.
    size : int
        Side of the pictures in pixels; each is normalised at its own size (512 or 256 px) and then resized.
    progress : bool
        Show a progress bar.
    n_jobs : int
        Processes; -1 means one for each core.

    Raises
    ------
    DataError
        If a file cannot be read, two files of one number differ, or a slice has no fold in `cvind.mat`; it is named.
    """
    entries, folds = list_slices(folder), read_folds(folder)
    fold_of_each = np.array([fold_of(entry, folds) for entry in entries])  # before the long part, as it may complain
    return read_entries(entries, fold_of_each, size, progress, n_jobs)


def read_entries(
    entries: list[MatEntry], folds: np.ndarray, size: int = 256, progress: bool = False, n_jobs: int = 1
) -> Slices:
    """Convert some `.mat` files to `Slices` of one size; `folds` are theirs. The rest as in `read_figshare`."""
    jobs = Parallel(n_jobs=n_jobs, return_as="generator")(delayed(_convert)(entry, size) for entry in entries)
    converted = list(tqdm(jobs, total=len(entries), desc="reading slices", disable=not progress or sys.stderr is None))
    images, masks, labels, patients, pixels = zip(*converted, strict=True)
    return Slices(
        images=from_grey_levels(np.stack(images)),
        masks=np.stack(masks),
        labels=np.array(labels),
        patients=np.array(patients, dtype=str),
        folds=folds,
        ids=np.array([e.id for e in entries], dtype=str),
        pixel_mm=np.array(pixels),
        source=f"figshare, {len(entries)} of {N_PUBLISHED} slices",
    )


def _convert(entry: MatEntry, size: int) -> tuple[np.ndarray, np.ndarray, int | None, str, float]:
    scan = entry.read()
    try:
        image = to_square(normalise(scan.image), size)
    except DataError as error:
        raise DataError(f"{entry}: {error}") from error
    mask = mask_to_square(scan.true_mask, size)  # type: ignore[arg-type]  # a .mat file always has one
    pixel_mm = square_pixel_mm(scan.pixel_mm, scan.image.shape, size)
    # Grey levels are rounded here as in the cache, so that both give the same pictures.
    return to_grey_levels(image), mask, scan.label, scan.patient, pixel_mm


def load_figshare(folder: str | os.PathLike[str], size: int = 256, progress: bool = True) -> Slices:
    """Load the real set from its cache; the first call converts the files and writes the cache.

    Parameters
    ----------
    folder : path
        Folder of `.mat` files or zips, or one zip; the cache is a file `slices_<size>_<key>.h5` in it (beside a zip).
        Its key is made of the files' names, sizes and times, so a folder that changes is converted again, and so is one
        whose cache is damaged.
    """
    folder = Path(folder)
    files = [path for path in find_files(folder) if path.suffix.lower() == ".mat" or is_zip(path)]
    place, prefix = (folder, f"slices_{size}_") if folder.is_dir() else (folder.parent, f"{folder.stem}_slices_{size}_")
    cache = place / f"{prefix}{_key(files, folder)}.h5"
    if cache.exists():
        try:
            return Slices.load(cache)
        except DataError as error:
            say(f"{error} It is made now.")
    slices = read_figshare(folder, size, progress)
    try:
        slices.save(cache, compress=False)
        remove_forgotten_parts(place, prefix)
        for old in set(place.glob(f"{glob.escape(prefix)}*.h5")) - {cache}:  # of what the folder held before
            old.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:  # h5py reports a full disk as either
        say(f"no cache was written to {place} ({error}); the next call reads again.")
    return slices


def _key(files: list[Path], folder: Path) -> str:
    stamps = [f"{path.relative_to(folder)} {_size_and_time(path)}" for path in files]
    return hashlib.sha256("\n".join([str(_READER), *stamps]).encode("utf-8", "surrogateescape")).hexdigest()[:10]


def _size_and_time(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError:  # a link that leads nowhere: reading will name it
        return "not there"
    return f"{stat.st_size} {stat.st_mtime_ns}"

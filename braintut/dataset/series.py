"""Series: many slices of one patient, in order, read one by one. Folders of DICOM files, multi-frame files, volumes."""

from __future__ import annotations

import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, overload

import numpy as np

from braintut.dataset.dicom import DICOM_SUFFIXES, count_frames, is_dicom, numbers, read_dicom, read_frame, read_header
from braintut.dataset.entries import FOLDS_FILE, find_files
from braintut.dataset.nifti import NIFTI_SUFFIXES, open_nifti
from braintut.dataset.scan import Scan
from braintut.dataset.scan_files import KINDS, ending_of, read_scan
from braintut.errors import BraintutError, DataError

MAYBE_DICOM = ("", *DICOM_SUFFIXES)
"""Endings of files that are looked into."""


@dataclass(frozen=True, eq=False)
class Series(Sequence[Scan]):
    """Slices in order, each behind a reader of its own: it is read when it is asked for, and not kept."""

    name: str
    readers: Sequence[Callable[[], Scan]]

    def __str__(self) -> str:
        return self.name

    def __len__(self) -> int:
        return len(self.readers)

    @overload
    def __getitem__(self, number: int) -> Scan: ...
    @overload
    def __getitem__(self, number: slice) -> Series: ...
    def __getitem__(self, number: int | slice) -> Scan | Series:
        """Read one slice, or take some of them."""
        if isinstance(number, slice):
            return Series(self.name, self.readers[number])
        return self.readers[number]()


def find_scans(place: Path) -> list[Path | Series]:
    """What there is to look at in a folder: each picture, and each DICOM series; a file stands for itself.

    DICOM files are looked for in sub-folders, too, where the folder itself holds no scan: so discs are laid out. A
    `DataError` if there is none.
    """
    if not place.is_dir():
        return [place]
    here = [path for path in sorted(place.iterdir()) if path.is_file() and not path.name.startswith(".")]
    pictures = [path for path in here if ending_of(path) not in MAYBE_DICOM and path.name != FOLDS_FILE]
    dicom = _dicom_among(here)
    found = [*pictures, *group_dicom(dicom)] or group_dicom(_dicom_among(find_files(place))) or [*dicom]
    if not found:
        raise DataError(f"{place} holds no {KINDS}.")
    return found


def _dicom_among(paths: list[Path]) -> list[Path]:
    return [path for path in paths if ending_of(path) in MAYBE_DICOM and is_dicom(path)]


def open_series(place: str | os.PathLike[str]) -> Sequence[Scan]:
    """Open a multi-frame DICOM file, a NIfTI volume, a folder of one DICOM series, or one of pictures of one patient.

    A file of one slice gives one. A `DataError` if there is none, or the folder holds several DICOM series.
    """
    place = Path(place)
    if not place.is_dir():
        return open_file(place) or Series(str(place), [partial(read_scan, place)])
    found = find_scans(place)
    series = [each for each in found if isinstance(each, Series)]
    if len(series) > 1:
        names = ", ".join(map(str, series[:9]))
        raise DataError(f"{place} holds {len(series)} series ({names}); `braintut predict` looks at each of them.")
    if series:
        return series[0]
    return Series(str(place), [partial(read_scan, path) for path in found if isinstance(path, Path)])


def open_file(path: Path) -> Series | None:
    """The slices of a file that holds several; None for one that holds one, or is of another kind."""
    if ending_of(path) in NIFTI_SUFFIXES and path.is_file():
        volume = open_nifti(path)
        return (
            Series(str(path), [partial(volume.__getitem__, i) for i in range(len(volume))]) if len(volume) > 1 else None
        )
    if not path.is_file() or not is_dicom(path):
        return None
    header = read_header(path)
    if (frames := count_frames(header, path)) < 2:
        return None
    order, apart = _in_order([(header, frame) for frame in range(frames)])
    return Series(str(path), [partial(_frame, path, header, f, mm) for f, mm in zip(order, apart, strict=True)])


def group_dicom(paths: Sequence[Path]) -> list[Path | Series]:
    """Sort DICOM files into series; what belongs to none, or cannot be read, stands for itself.

    Files of one series that differ in orientation, size or echo are several: a localiser shows three planes, a double
    echo two pictures of each slice. Files without a picture (reports, a DICOMDIR) are left out, which is said.
    """
    alone: list[Path | Series] = []
    groups: dict[object, list[tuple[Path, Any]]] = defaultdict(list)
    without = 0
    for path in paths:
        try:
            header = read_header(path)
            frames = count_frames(header, path)
        except BraintutError:
            frames, header = 2, None  # reading it will say what is wrong
        if frames == 1:
            groups[_kind(header)].append((path, header))
        elif frames:
            alone.append(path)
        else:
            without += 1
    if without:
        print(f"braintut: {without} DICOM files hold no picture and are left out.", file=sys.stderr)
    alone += [files[0][0] for files in groups.values() if len(files) == 1]
    return [*alone, *_named([files for files in groups.values() if len(files) > 1])]


def _kind(header: Any) -> object:
    """What slices of one series have in common."""
    turned = tuple(np.round(numbers(header, 0, "ImageOrientationPatient", 6) or [0.0], 2).tolist())
    return *(str(header.get(k)) for k in ("SeriesInstanceUID", "Rows", "Columns", "EchoTime")), turned


def _named(groups: list[list[tuple[Path, Any]]]) -> list[Path | Series]:
    """Each group as a series that has the name of its folder, and a number where several lie there."""
    folders = [os.path.commonpath([path.parent for path, _ in files]) for files in groups]
    number: Counter[str] = Counter()
    series: list[Path | Series] = []
    for folder, files in zip(folders, groups, strict=True):
        number[folder] += 1
        order, apart = _in_order([(header, 0) for _, header in files])
        readers = [partial(_slice, files[i][0], mm) for i, mm in zip(order, apart, strict=True)]
        series.append(Series(f"{folder}, series {number[folder]}" if folders.count(folder) > 1 else folder, readers))
    return series


def _in_order(slices: Sequence[tuple[Any, int]]) -> tuple[list[int], list[float | None]]:
    """Numbers of the slices in order, and how much of the patient each stands for, in mm.

    Along the normal of the slices where each states its place, else by their number.
    """
    places = [_place(header, frame) for header, frame in slices]
    known = [place for place in places if place is not None]
    if len(known) == len(places) and np.ptp(known) > 0:
        order = np.argsort(known, kind="stable")
        return order.tolist(), np.abs(np.gradient(np.array(known)[order])).tolist()
    shown = [(numbers(header, frame, "InstanceNumber", 1) or [0.0])[0] + frame for header, frame in slices]
    apart = (numbers(*slices[0], key, 1) for key in ("SpacingBetweenSlices", "SliceThickness"))
    mm = next((abs(given[0]) for given in apart if given and given[0]), None)
    return np.argsort(shown, kind="stable").tolist(), [mm] * len(slices)


def _place(header: Any, frame: int) -> float | None:
    """Where a slice lies along its normal, in mm."""
    turned = numbers(header, frame, "ImageOrientationPatient", 6)
    corner = numbers(header, frame, "ImagePositionPatient", 3)
    return float(np.cross(turned[:3], turned[3:]) @ corner) if turned and corner else None


def _slice(path: Path, slice_mm: float | None) -> Scan:
    return replace(read_dicom(path), slice_mm=slice_mm)


def _frame(path: Path, header: Any, frame: int, slice_mm: float | None) -> Scan:
    return replace(read_frame(path, header, frame), name=f"{path}, slice {frame + 1}", slice_mm=slice_mm)

"""The one data type: a set of MRI slices with their true masks, types and patients."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import overload

import h5py
import numpy as np

from braintut.dataset.arrays import as_mask, as_pictures, as_pixel_mm, as_text, as_whole_numbers
from braintut.dataset.files import whole_file
from braintut.dataset.grid import mask_to_square, square_pixel_mm, to_square
from braintut.dataset.mat_fields import check_inside
from braintut.dataset.scan import TUMOUR_TYPES, TYPE_OF_LABEL, Scan
from braintut.errors import DataError, PositionError, brief

FORMATS = ("braintut-slices-1", "braintut-slices-2")
"""What `Slices.save` writes: images as 256 grey levels, or as float32 where they lie between these."""


def merged_patient(patient: str) -> str:
    """Give hidden twins one name: an MR id loses the letter that it ends in.

    Notes
    -----
    Eighteen groups of glioma ids in the figshare set differ in this letter only. Nobody has confirmed that each group
    is one person; to be safe, count them as one.

    Examples
    --------
    >>> merged_patient("MR040240B"), merged_patient("108931")
    ('MR040240', '108931')
    """
    match = re.fullmatch(r"(MR\d+)[A-Z]", patient)
    return match.group(1) if match else patient


@dataclass(frozen=True, eq=False, repr=False)
class Slices:
    """MRI slices with everything known about them, one entry a slice.

    Parameters
    ----------
    images : ndarray of float32, shape (N, H, W)
        Normalised to 0..1 (see `normalise`). Other float types are converted.
    masks : ndarray of bool, shape (N, H, W)
        True masks, drawn by radiologists (or by the phantom generator). Masks of 0 and 1, or of 0 and 255, of any type
        are converted.
    labels : ndarray of int, shape (N,)
        1 meningioma, 2 glioma, 3 pituitary tumour, 0 no tumour.
    patients : ndarray of str, shape (N,)
        Patient ids. They are text: `MR040240B` is one.
    folds : ndarray of int, shape (N,)
        Official fold 1..5, 0 where unknown.
    ids : ndarray of str, shape (N,)
        Name of each slice, for figshare its file number.
    pixel_mm : ndarray of float, shape (N,)
        Side of a pixel of `images` in mm, above 0.
    source : str
        Where the slices come from, for people to read.

    Raises
    ------
    DataError
        If the arrays do not fit together, or hold what they should not: images outside 0..1, masks of several values,
        a pixel size of NaN.

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> slices = load_phantoms()
    >>> len(slices[slices.folds != 5]), len(slices.of_type("glioma"))  # filtered by a condition, and by type
    (161, 94)
    >>> slices[0].name, len(slices[:1])  # one Scan, and a Slices of one
    ('slice 1', 1)
    """

    images: np.ndarray
    masks: np.ndarray
    labels: np.ndarray
    patients: np.ndarray
    folds: np.ndarray
    ids: np.ndarray
    pixel_mm: np.ndarray
    source: str = field(default="slices")

    def __post_init__(self) -> None:
        clean = {
            "images": as_pictures(self.images),
            "masks": as_mask(self.masks, "Masks"),
            "labels": as_whole_numbers(self.labels, "Labels"),
            "patients": as_text(self.patients, "Patients"),
            "folds": as_whole_numbers(self.folds, "Folds"),
            "ids": as_text(self.ids, "Ids"),
            "pixel_mm": np.asarray(self.pixel_mm),
        }
        _check_shapes(**clean)
        unknown = set(np.unique(clean["labels"])) - {0, 1, 2, 3}
        if unknown:
            raise DataError(f"Unknown label {sorted(unknown)[0]}; labels are 1, 2 and 3, or 0 for no tumour.")
        pixel_mm = [as_pixel_mm(mm, f"Slice {i}") for mm, i in zip(clean["pixel_mm"], clean["ids"], strict=True)]
        for name, value in {**clean, "pixel_mm": np.array(pixel_mm, float)}.items():
            object.__setattr__(self, name, value)  # the way to set a field of a frozen dataclass

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, index: int) -> Scan: ...

    @overload
    def __getitem__(self, index: slice | np.ndarray | list[int] | list[bool]) -> Slices: ...

    def __getitem__(self, index: int | slice | np.ndarray | list[int] | list[bool]) -> Scan | Slices:
        chosen = _positions(index, len(self))
        if isinstance(chosen, int):
            return Scan(
                name=f"slice {self.ids[chosen]}", image=self.images[chosen], stated_mm=float(self.pixel_mm[chosen]),
                patient=str(self.patients[chosen]), label=int(self.labels[chosen]), true_mask=self.masks[chosen],
            )  # fmt: skip
        return self._unchecked(**{name: getattr(self, name)[chosen] for name in _PER_SLICE}, source=self.source)

    @classmethod
    def _unchecked(cls, **fields: object) -> Slices:
        """Make slices of arrays that come from checked ones; looking at every pixel again would cost time."""
        new = object.__new__(cls)
        new.__dict__.update(fields)
        return new

    def __iter__(self) -> Iterator[Scan]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        if not len(self):
            return f"Slices: none ({self.source})"
        height, width = self.images.shape[1:]
        lines = [
            f"Slices: {len(self)} of {self.n_patients} patients, {height} x {width} px, "
            f"pixel {self.pixel_mm.min():.2f} mm ({self.source})"
        ]
        for label, name in enumerate(("no tumour", *TUMOUR_TYPES)):
            here = self.labels == label
            if here.any():
                patients = len(np.unique(self.patients[here]))
                lines.append(f"  {label} {name:<10} {here.sum():5d} slices {patients:4d} patients")
        return "\n".join(lines)

    @property
    def n_patients(self) -> int:
        """Number of different patients."""
        return len(np.unique(self.patients))

    @property
    def merged_patients(self) -> np.ndarray:
        """Patient ids with hidden twins merged, shape (N,); see `merged_patient`."""
        return np.array([merged_patient(p) for p in self.patients], dtype=str)

    @property
    def types(self) -> np.ndarray:
        """Tumour type of each slice in words, shape (N,)."""
        return np.array(TYPE_OF_LABEL)[self.labels]

    def of_type(self, tumour_type: str) -> Slices:
        """Only the slices of one type, for example `of_type("glioma")`."""
        if tumour_type not in TUMOUR_TYPES:
            raise DataError(f"'{tumour_type}' is no tumour type; choose one of {', '.join(TUMOUR_TYPES)}.")
        return self[self.labels == TUMOUR_TYPES.index(tumour_type) + 1]

    def of_patient(self, patient: str) -> Slices:
        """Only the slices of one patient."""
        chosen = self[self.patients == patient]
        if not len(chosen):
            raise DataError(f"There is no patient '{patient}' here; look at `np.unique(slices.patients)`.")
        return chosen

    def resized(self, size: int) -> Slices:
        """The same slices as squares of another size in pixels; masks stay masks, an area stays as many mm2.

        Pictures that are no squares get a black margin first, so that nothing is squeezed.
        """
        if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < 1:
            raise DataError(f"The size must be a whole number of pixels from 1 on, but is {size!r}.")
        if size == self.images.shape[1] == self.images.shape[2]:
            return self
        images, masks = (np.zeros((len(self), size, size), dtype) for dtype in (np.float32, bool))
        for i in range(len(self)):
            images[i] = to_square(self.images[i], int(size))
            masks[i] = mask_to_square(self.masks[i], int(size))
        pixel_mm = square_pixel_mm(self.pixel_mm, self.images.shape[1:], size)
        return replace(self, images=images, masks=masks, pixel_mm=pixel_mm)

    def save(self, path: str | os.PathLike[str], compress: bool = True) -> Path:
        """Write all slices to one HDF5 file, whole or not at all, so that `load` gives back exactly these.

        Images of 256 grey levels, as the phantoms and the figshare set have them, take one byte a pixel, others four.
        With `compress` the file is smaller, without it faster to load.
        """
        path = Path(path)
        how = {"compression": "gzip", "compression_opts": 9, "shuffle": False} if compress and len(self) else {}
        levels = to_grey_levels(self.images)
        exact = np.array_equal(from_grey_levels(levels), self.images)
        with whole_file(path) as part, h5py.File(part, "w", track_order=True) as file:
            file.attrs["format"] = FORMATS[0 if exact else 1]
            file.attrs["source"] = self.source
            file.create_dataset("images", data=levels if exact else self.images, **how)
            file.create_dataset("masks", data=np.packbits(self.masks, axis=-1), **how)
            for name in ("labels", "folds", "pixel_mm"):
                file.create_dataset(name, data=getattr(self, name))
            for name in ("patients", "ids"):
                as_bytes = [str(v).encode("utf-8", "surrogateescape") for v in getattr(self, name)]
                file.create_dataset(name, data=np.array(as_bytes, dtype="S" if as_bytes else "S1"))
            file.attrs["crc32"] = _checksum(file)
        return path

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Slices:
        """Read slices that `save` wrote; a `DataError` if the file is missing, damaged, or something else."""
        path = Path(path)
        if not path.is_file():
            raise DataError(f"There is no file {path}.")
        try:
            with h5py.File(path) as file:
                _check_file(file)
                return _read_file(file)
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
        except Exception as error:  # h5py says in many ways that a file is damaged
            raise DataError(f"{path} cannot be read as a Slices file ({brief(error)}); make it again.") from error


def _checksum(file: h5py.File) -> int:
    """CRC-32 of all values of a `Slices` file."""
    crc = zlib.crc32(str(file.attrs["source"]).encode())
    for name in sorted(file):
        values = file[name]
        texts = h5py.check_string_dtype(values.dtype) is not None
        for start in range(0, len(values), 64):  # in parts, to take little memory
            part = values[start : start + 64]
            crc = zlib.crc32(b"\0".join(part) if texts else np.ascontiguousarray(part).data, crc)
    return crc


def to_grey_levels(images: np.ndarray) -> np.ndarray:
    """Round pictures in 0..1 to uint8 grey levels 0..255, as they lie on disk."""
    return np.clip(np.round(images * 255), 0, 255).astype(np.uint8)


def from_grey_levels(images: np.ndarray) -> np.ndarray:
    """Turn uint8 grey levels 0..255, as they lie on disk, into float32 0..1."""
    return np.multiply(images, np.float32(1 / 255), dtype=np.float32)


_PER_SLICE = tuple(f.name for f in fields(Slices) if f.name != "source")


def concatenate(parts: Iterable[Slices]) -> Slices:
    """Join several `Slices` of one picture size; the source of the first one counts for all.

    Raises
    ------
    DataError
        If there is nothing to join, something else than `Slices`, or the sizes differ.

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> slices = load_phantoms()
    >>> concatenate([slices[:2], slices[-1:]]).ids.tolist()
    ['1', '2', '200']
    """
    parts = list(parts)
    if not parts or not all(isinstance(part, Slices) for part in parts):
        raise DataError("Give `concatenate` a list of Slices, at least one.")
    sizes = sorted({part.images.shape[1:] for part in parts})
    if len(sizes) > 1:
        raise DataError(f"Slices of {sizes[0]} and of {sizes[1]} px cannot be joined; bring them to one size: resized.")
    joined = {name: np.concatenate([getattr(p, name) for p in parts]) for name in _PER_SLICE}
    return Slices._unchecked(**joined, source=parts[0].source)


def _check_shapes(images: np.ndarray, masks: np.ndarray, **per_slice: np.ndarray) -> None:
    if images.ndim != 3 or 0 in images.shape[1:]:
        raise DataError(f"Images must have shape (N, H, W), but have {images.shape}.")
    if masks.shape != images.shape:
        raise DataError(f"Masks have shape {masks.shape}, images {images.shape}; they must be equal.")
    for name, values in per_slice.items():
        if values.ndim != 1:
            raise DataError(f"'{name}' must hold one entry for each image, but has shape {values.shape}.")
        if len(values) != len(images):
            raise DataError(f"There are {len(images)} images but {len(values)} entries in '{name}'.")


def _positions(index: object, n: int) -> int | slice | np.ndarray:
    """What one may write in `slices[...]`, as something that arrays take: never a silent guess."""
    if isinstance(index, slice):
        try:
            index.indices(n)
        except (TypeError, ValueError) as error:
            raise PositionError(f"{index} is no range of positions ({error}).") from error
        return index
    try:
        chosen = np.asarray(index)
    except ValueError:
        chosen = np.asarray(None)
    if chosen.size == 0 and chosen.ndim == 1:
        return np.zeros(0, int)
    if chosen.ndim == 1 and chosen.dtype == bool:
        if len(chosen) != n:
            raise PositionError(f"There are {n} slices, but the condition has {len(chosen)} entries.")
        return chosen
    if chosen.ndim > 1 or chosen.dtype.kind not in "iu":
        raise PositionError(
            f"Choose slices by a position, a range, a list of positions or a condition on each slice, not by {index!r}."
        )
    outside = chosen[(chosen < -n) | (chosen >= n)] if chosen.ndim else chosen[not -n <= chosen < n]
    if outside.size:
        raise PositionError(f"There is no slice {outside.ravel()[0]}; the {n} slices are counted from 0 to {n - 1}.")
    return chosen if chosen.ndim else int(chosen)


def _check_file(file: h5py.File) -> None:
    if file.attrs.get("format") not in FORMATS:
        raise DataError("this is an HDF5 file, but not one that Slices.save of this braintut wrote; make it again.")
    for name in _PER_SLICE:
        dataset = file.get(name)
        if not isinstance(dataset, h5py.Dataset):
            raise DataError(f"it lacks '{name}'; make it again.")
        check_inside(dataset, file, f"'{name}'")
        # Compression makes a file at most about a thousand times smaller; beyond that the file claims what it lacks.
        if dataset.nbytes > 1100 * dataset.id.get_storage_size() + 2**20:
            raise DataError(f"'{name}' claims {dataset.shape} values, but the file does not hold them; make it again.")
    images, masks = file["images"], file["masks"]
    kind = (np.uint8, np.float32)[FORMATS.index(file.attrs["format"])]
    if images.ndim != 3 or images.dtype != kind or masks.dtype != np.uint8:
        raise DataError("its images or masks are of another kind than Slices.save writes; make it again.")
    if masks.shape != (*images.shape[:2], -(-images.shape[2] // 8)):
        raise DataError(f"its images have shape {images.shape}, and its masks do not fit them; make it again.")
    if "crc32" in file.attrs and file.attrs["crc32"] != _checksum(file):
        raise DataError("its content is not what was written; make it again.")


def _read_file(file: h5py.File) -> Slices:
    images = file["images"][:]
    names = {name: file[name].asstr("utf-8", "surrogateescape")[:].astype(str) for name in ("patients", "ids")}
    return Slices(
        images=from_grey_levels(images) if images.dtype == np.uint8 else images,
        masks=np.unpackbits(file["masks"][:], axis=-1, count=images.shape[2]).view(bool),
        labels=file["labels"][:],
        folds=file["folds"][:],
        pixel_mm=file["pixel_mm"][:].astype(np.float64),
        source=str(file.attrs["source"]),
        **names,
    )

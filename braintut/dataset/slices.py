"""The one data type: a set of MRI slices with their true masks, types and patients."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import h5py
import numpy as np

from braintut.dataset.files import whole_file
from braintut.dataset.preprocessing import resize, resize_mask
from braintut.errors import BraintutError, DataError

TUMOUR_TYPES = ("meningioma", "glioma", "pituitary")
"""Names of labels 1, 2 and 3. Label 0 means a head without a tumour."""

FIELD_OF_VIEW_MM = 0.49 * 512
"""Side of a figshare slice: 512 pixels of 0.49 mm. Used where a file states no pixel size."""

MOST_PACKED = 1100
"""gzip makes nothing smaller than to a 1032nd; a file that claims more is damaged."""


def merged_patient(patient: str) -> str:
    """Give hidden twins one name: `MR040240B` and `MR040240C` become `MR040240`.

    Parameters
    ----------
    patient : str
        Patient id as the file spells it.

    Returns
    -------
    str
        The id without its last letter if it is an MR id that ends in one.

    Notes
    -----
    Eighteen groups of glioma ids in the figshare set differ in this letter
    only. Nobody has confirmed that each group is one person; to be safe, count
    them as one. Introduced in lesson 01.
    """
    match = re.fullmatch(r"(MR\d+)[A-Z]", patient)
    return match.group(1) if match else patient


@dataclass(frozen=True, eq=False, repr=False)
class Slices:
    """MRI slices with everything known about them, one entry a slice.

    Parameters
    ----------
    images : ndarray of float32, shape (N, H, W)
        Normalised to 0..1 (see `normalise`).
    masks : ndarray of bool, shape (N, H, W)
        True masks, drawn by radiologists (or by the phantom generator).
    labels : ndarray of int, shape (N,)
        1 meningioma, 2 glioma, 3 pituitary tumour, 0 no tumour.
    patients : ndarray of str, shape (N,)
        Patient ids. They are text: `MR040240B` is one.
    folds : ndarray of int, shape (N,)
        Official fold 1..5, 0 where unknown.
    ids : ndarray of str, shape (N,)
        Name of each slice, for figshare its file number.
    pixel_mm : ndarray of float, shape (N,)
        Side of a pixel of `images` in mm.
    source : str
        Where the slices come from, for people to read.

    Raises
    ------
    DataError
        If the arrays do not fit together.

    Examples
    --------
    >>> train = slices[slices.folds != 4]          # filter with a condition
    >>> first = slices[0]                          # still a Slices, of length 1
    >>> gliomas = slices.of_type("glioma")

    Notes
    -----
    Introduced in lesson 01.
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
        n = len(self.images)
        if self.images.ndim != 3:
            raise DataError(f"Images must have shape (N, H, W), but have {self.images.shape}.")
        if self.masks.shape != self.images.shape:
            raise DataError(f"Masks have shape {self.masks.shape}, images {self.images.shape}; they must be equal.")
        for name in _PER_SLICE[2:]:
            if len(getattr(self, name)) != n:
                raise DataError(f"There are {n} images but {len(getattr(self, name))} entries in '{name}'.")
        unknown = set(np.unique(self.labels)) - {0, 1, 2, 3}
        if unknown:
            raise DataError(f"Unknown label {sorted(unknown)[0]}; labels are 1, 2 and 3, or 0 for no tumour.")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int | slice | np.ndarray | list) -> Slices:
        if isinstance(index, int | np.integer):
            index = slice(index, index + 1 or None)
        return replace(self, **{name: getattr(self, name)[index] for name in _PER_SLICE})

    def __iter__(self) -> Iterator[Slices]:
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
        return np.array(("none", *TUMOUR_TYPES))[self.labels]

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
        """The same slices at another size in pixels; masks stay masks, pixels keep their mm."""
        if size == self.images.shape[1] == self.images.shape[2]:
            return self
        return replace(
            self,
            images=np.stack([resize(image, size) for image in self.images]),
            masks=np.stack([resize_mask(mask, size) for mask in self.masks]),
            pixel_mm=self.pixel_mm * self.images.shape[2] / size,
        )

    def save(self, path: str | os.PathLike, compress: bool = True) -> Path:
        """Write all slices to one HDF5 file (uint8 images; a part file is renamed at the end).

        Parameters
        ----------
        path : path
            File to write; what was there stays until the new file is whole.
        compress : bool
            Smaller (True) or faster to load (False).
        """
        path = Path(path)
        how = {"compression": "gzip", "compression_opts": 9, "shuffle": False} if compress else {}
        images = np.round(self.images * 255).astype(np.uint8)
        with whole_file(path) as part, h5py.File(part, "w", track_order=True) as file:
            file.attrs["format"] = "braintut-slices-1"
            file.attrs["source"] = self.source
            file.create_dataset("images", data=images, **how)
            file.create_dataset("masks", data=np.packbits(self.masks, axis=-1), **how)
            for name in ("labels", "folds"):
                file.create_dataset(name, data=getattr(self, name).astype(np.int16))
            file.create_dataset("pixel_mm", data=self.pixel_mm.astype(np.float32))
            for name in ("patients", "ids"):
                file.create_dataset(name, data=[str(v).encode() for v in getattr(self, name)])
            file.attrs["crc32"] = _checksum(file)
        return path

    @classmethod
    def load(cls, path: str | os.PathLike) -> Slices:
        """Read slices that `save` wrote.

        Raises
        ------
        DataError
            If the file is missing, cut short, damaged, or something else.
        """
        path = Path(path)
        if not path.is_file():
            raise DataError(f"There is no file {path}.")
        try:
            with h5py.File(path) as file:
                if file.attrs.get("format") != "braintut-slices-1":
                    raise DataError(f"{path} is an HDF5 file, but not one that Slices.save wrote.")
                _check_whole(file, path)
                images = file["images"][:]
                return cls(
                    images=from_grey_levels(images),
                    masks=np.unpackbits(file["masks"][:], axis=-1, count=images.shape[2]).view(bool),
                    labels=file["labels"][:].astype(np.int64),
                    patients=file["patients"].asstr()[:].astype(str),
                    folds=file["folds"][:].astype(np.int64),
                    ids=file["ids"].asstr()[:].astype(str),
                    pixel_mm=file["pixel_mm"][:].astype(np.float64),
                    source=file.attrs["source"],
                )
        except BraintutError:
            raise
        except Exception as error:  # a damaged file makes h5py raise nearly any kind
            raise DataError(f"{path} cannot be read as a Slices file ({error}); make it again.") from error


def _check_whole(file: h5py.File, path: Path) -> None:
    """Refuse what cannot be true (before memory is taken for it) and what has changed since it was written."""
    if file["images"].size > MOST_PACKED * path.stat().st_size:
        raise DataError(f"{path} claims {file['images'].shape} pixels, more than it can hold; make it again.")
    if "crc32" in file.attrs and file.attrs["crc32"] != _checksum(file):
        raise DataError(f"{path} is damaged: its content is not what was written; make it again.")


def _checksum(file: h5py.File) -> int:
    """CRC-32 of all values of a `Slices` file."""
    crc = zlib.crc32(str(file.attrs["source"]).encode())
    for name in sorted(file):
        values = file[name]
        texts = h5py.check_string_dtype(values.dtype) is not None
        for start in range(0, len(values), 64):  # in parts, to take little memory
            part = values[start : start + 64]
            crc = zlib.crc32(b"\0".join(part) if texts else np.ascontiguousarray(part), crc)
    return crc


def from_grey_levels(images: np.ndarray) -> np.ndarray:
    """Turn uint8 grey levels 0..255, as they lie on disk, into float32 0..1."""
    return np.multiply(images, np.float32(1 / 255), dtype=np.float32)


_PER_SLICE = tuple(f.name for f in fields(Slices) if f.name != "source")


def concatenate(parts: list[Slices]) -> Slices:
    """Join several `Slices` of one picture size.

    Parameters
    ----------
    parts : list of Slices

    Returns
    -------
    Slices

    Notes
    -----
    Introduced in lesson 01.
    """
    joined = {name: np.concatenate([getattr(p, name) for p in parts]) for name in _PER_SLICE}
    return replace(parts[0], **joined)

"""NIfTI: a slice or a volume in any orientation, read plane by plane with its voxel size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from braintut.dataset.foreign import our_errors
from braintut.dataset.pictures import MOST_PIXELS
from braintut.dataset.planes import square_pixels, upright
from braintut.dataset.scan import Scan
from braintut.errors import DataError

NIFTI_SUFFIXES = (".nii", ".nii.gz")
MOST_BYTES = 2**30 + 2**28
"""Of a volume that is packed, and so has to lie in memory whole; others are read from disk."""
MOST_PLANES = 10_000
_MM = {"meter": 1000.0, "micron": 0.001}


def read_nifti(path: Path) -> Scan:
    """Read a NIfTI file of one plane; a `DataError` as of `open_nifti`, or if it holds a volume."""
    volume = open_nifti(path)
    if len(volume) > 1:
        raise DataError(f"{path} holds {len(volume)} slices; give it to `braintut predict` or to `pipeline.series`.")
    return volume[0]


@dataclass(frozen=True, eq=False)
class Volume:
    """A volume whose planes are read one by one, axial ones from the feet up, or along the axis that has one only.

    `values` has one stored axis each for `directions` (rows: which way a step leads, to the left, back and head) and
    `sides` (mm; 0 where unknown); `axis` is the one that is cut.
    """

    name: str
    values: np.ndarray
    slope: float
    intercept: float
    directions: np.ndarray
    sides: tuple[float, ...]
    axis: int

    def __len__(self) -> int:
        """How many planes there are."""
        return self.values.shape[self.axis]

    def __getitem__(self, number: int) -> Scan:
        """Read one plane; errors call it by its number, from 1 on."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        name = f"{self.name}, slice {number + 1}" if len(self) > 1 else self.name
        at = number if self.directions[self.axis][2] >= 0 else len(self) - 1 - number
        across, down = (i for i in range(3) if i != self.axis)
        image = np.asarray(self.values.take(at, self.axis), np.float32).T * self.slope + self.intercept
        stated_mm = None
        if min(self.sides[down], self.sides[across]) > 0:
            image, stated_mm = square_pixels(image, (self.sides[down], self.sides[across]), name)
        image = upright(image, self.directions[across], self.directions[down])
        apart = self.sides[self.axis] or None
        return Scan(name, np.ascontiguousarray(image, np.float32), stated_mm, slice_mm=apart)


def open_nifti(path: Path) -> Volume:
    """Open a NIfTI file; its size is checked before memory is taken for it.

    A `DataError` if nibabel is missing, or the file is damaged, too large, coloured, or a series of volumes.
    """
    packed = path.suffix.lower() == ".gz"
    with our_errors(path, "nibabel", "NIfTI"):
        import nibabel

        return _volume(nibabel.load(path), nibabel, str(path), packed)


def _volume(image, nibabel, name: str, packed: bool) -> Volume:  # type: ignore[no-untyped-def]  # of nibabel, untyped
    shape = image.shape + (1,) * (3 - len(image.shape))
    if math.prod(shape[3:]) != 1:
        raise DataError(f"{name} holds {math.prod(shape[3:])} volumes; save the one that is meant.")
    shape, dtype = shape[:3], image.get_data_dtype()
    if dtype.kind not in "iuf":
        raise DataError(f"{name} holds values of type {dtype}; plain grey levels are expected.")
    # Singular or odd: nibabel gives NaN for an axis that leads nowhere.
    found = nibabel.orientations.io_orientation(image.affine)
    directions = np.zeros((3, 3))
    for axis, (leads, sign) in enumerate(found):
        if np.isfinite(leads):
            directions[axis, int(leads)] = sign
    directions *= (-1, -1, 1)  # NIfTI counts to the right, the front and the head
    single = [axis for axis in range(3) if shape[axis] == 1]
    upwards = [axis for axis in range(3) if directions[axis, 2]]
    axis = (single or upwards or [2])[-1]
    planes = shape[axis]
    if math.prod(shape) > planes * MOST_PIXELS or not 0 < planes <= MOST_PLANES or not math.prod(shape):
        raise DataError(f"{name} claims {' x '.join(map(str, shape))} voxels; it is damaged, or no scan.")
    if packed and math.prod(shape) * dtype.itemsize > MOST_BYTES:
        raise DataError(f"{name} unpacks to more than {MOST_BYTES // 2**20} MB; unpack it and give the .nii.")
    values = np.asanyarray(image.dataobj.get_unscaled()).reshape(shape)
    mm = _MM.get(image.header.get_xyzt_units()[0], 1.0)
    zooms = [float(z) * mm for z in image.header.get_zooms()[:3]] + [0.0] * 3
    sides = tuple(z if 0 < z < math.inf else 0.0 for z in zooms[:3])
    slope, intercept = image.dataobj.slope, image.dataobj.inter
    return Volume(name, values, float(slope), float(intercept), directions, sides, axis)

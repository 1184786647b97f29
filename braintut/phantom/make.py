"""Synthetic T1-CE heads with tumours: a set that needs no download and belongs to nobody.

A patient is a smooth random warp of the MNI152 brain inside a modelled head. Patient k depends on
the seed and on k only, so the first three patients of a small set are those of the large one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from skimage.measure import find_contours

from braintut.dataset.files import whole_file
from braintut.dataset.grid import normalise, resize, resize_mask
from braintut.dataset.load import WORKING_SIZE
from braintut.dataset.scan import FIELD_OF_VIEW_MM
from braintut.dataset.slices import Slices, from_grey_levels, to_grey_levels
from braintut.errors import DataError
from braintut.phantom.head import load_template
from braintut.phantom.patient import TYPE_OF_PATIENT, scan_patient

SEED = 2015
"""Seed of the phantoms in `data/phantoms`."""


def make_phantom_slices(
    n_patients: int = 40, size: int = WORKING_SIZE, seed: int = SEED, tumour_free: bool = False, first: int = 0
) -> Slices:
    """Make synthetic T1-CE slices of heads with brain tumours, with their true masks.

    Parameters
    ----------
    n_patients : int
        Number of patients, each with 2 to 8 slices.
    size : int
        Side of the pictures in pixels; they show 251 mm.
    seed : int
        The same seed gives the same slices.
    tumour_free : bool
        Heads without tumour: label 0, empty masks, ids `PF001` and on.
    first : int
        Number of the first patient, counted from 0.

    Raises
    ------
    DataError
        If nilearn (the extra `braintut[phantom]`) is missing or a number makes no sense.
    """
    if n_patients < 1 or size < 16:
        raise DataError(f"{n_patients} patients at {size} px make no phantom; ask for at least 1 and 16.")
    template = load_template()
    rows = []
    for k in range(first, first + n_patients):
        name = f"{'PF' if tumour_free else 'PH'}{k + 1:03d}"
        for raw, mask, label, _ in scan_patient(k, seed, max(size, WORKING_SIZE), template, tumour_free):
            rows.append((resize(normalise(raw), size), resize_mask(mask, size), label, name, _fold(k)))
    images, masks, labels, patients, folds = zip(*rows, strict=True)
    return Slices(
        # Rounded as in a file, so that the shipped phantoms and these are the same pictures; to 128 levels, finer than
        # the grain, so that the file is small.
        images=from_grey_levels(to_grey_levels(np.rint(np.stack(images) * 127) / 127)),
        masks=np.stack(masks),
        labels=np.array(labels),
        patients=np.array(patients),
        folds=np.array(folds),
        ids=np.array([str(i + 1) for i in range(len(rows))]),
        pixel_mm=np.full(len(rows), FIELD_OF_VIEW_MM / size),
        source="phantoms: synthetic heads, no patient's picture",
    )


def write_phantom_mat(
    folder: str | os.PathLike[str], n_slices: int = 6, size: int = 512, seed: int = SEED
) -> list[Path]:
    """Write phantom slices as `1.mat`, `2.mat`, ... and `cvind.mat`, laid out like the figshare set; give their paths.

    Parameters
    ----------
    folder : path
        Where to write; made if it is not there.
    n_slices : int
        Number of slices, each of another patient.
    size : int
        Side in pixels; the real set has 512.
    seed : int
        The same seed gives the same slices.

    Raises
    ------
    DataError
        If nilearn is missing.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    template = load_template()
    paths = [folder / f"{k + 1}.mat" for k in range(n_slices)]
    for k, path in enumerate(paths):
        raw, mask, label, _ = next(scan_patient(k, seed, size, template, only_largest=True))
        _write_mat(path, {"cjdata": _cjdata(raw, mask, label, f"PH{k + 1:03d}")})
    folds = np.array([[_fold(k) for k in range(n_slices)]], float)
    _write_mat(folder / "cvind.mat", {"cvind": (folds, "double")})
    return paths


def _fold(k: int) -> int:
    """Fold 1..5 of patient `k`, so that every fold holds every type."""
    return (k + k // len(TYPE_OF_PATIENT)) % 5 + 1


def _cjdata(raw: np.ndarray, mask: np.ndarray, label: int, patient: str) -> dict[str, Any]:
    """Lay a slice out as a figshare file: name -> (array as HDF5 holds it, MATLAB class)."""
    contours = find_contours(np.pad(mask, 1).astype(float), 0.5)
    # Contour points are (row, column) of the padded mask, one pixel earlier: 1-based as they are.
    border = max(contours, key=len)[::4, ::-1].reshape(1, -1) if contours else np.zeros((1, 0))
    return {
        "PID": (np.array([[ord(c)] for c in patient], np.uint16), "char"),
        "image": (raw.T, "int16"),
        "label": (np.array([[label]], float), "double"),
        "tumorBorder": (border, "double"),
        "tumorMask": (mask.T.astype(np.uint8), "logical"),
    }


def _write_mat(path: Path, content: dict[str, Any]) -> None:
    """Write MATLAB v7.3: HDF5 behind 512 bytes of text."""
    with whole_file(path) as part:
        _write_hdf5(part, content)
        text = b"MATLAB 7.3 MAT-file, Platform: braintut phantom, HDF5 schema 1.00 ."
        with part.open("r+b") as file:
            file.write(text.ljust(124) + b"\x00\x02" + b"IM")


def _write_hdf5(part: Path, content: dict[str, Any]) -> None:
    with h5py.File(part, "w", userblock_size=512) as file:
        for name, value in content.items():
            if isinstance(value, dict):
                group = file.create_group(name)
                group.attrs["MATLAB_class"] = np.bytes_("struct")
                for field, (array, matlab_class) in value.items():
                    _put(group, field, array, matlab_class)
            else:
                _put(file, name, *value)


def _put(group: h5py.Group, name: str, array: np.ndarray, matlab_class: str) -> None:
    how = {"compression": "gzip", "compression_opts": 9, "shuffle": True} if array.size > 4096 else {}
    data = group.create_dataset(name, data=array, **how)
    data.attrs["MATLAB_class"] = np.bytes_(matlab_class)
    if matlab_class in ("char", "logical"):
        data.attrs["MATLAB_int_decode"] = np.int32(2 if matlab_class == "char" else 1)

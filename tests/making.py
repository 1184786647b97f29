"""Small things that several tests make: a `.mat` slice in figshare's layout, and one that is broken."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np


def head(size: int = 64, seed: int = 0) -> np.ndarray:
    """A bright disc on black, int16, that normalises without complaint."""
    y, x = np.mgrid[:size, :size] - size / 2
    disc = np.hypot(y, x) < size * 0.4
    return (disc * (300 + 200 * np.random.default_rng(seed).random((size, size)))).astype(np.int16)


def block_mask(size: int = 64) -> np.ndarray:
    """A mask that is no square and not on the diagonal, so that a missing transpose shows."""
    mask = np.zeros((size, size), np.uint8)
    mask[size // 4 : size // 2, size // 2 : size // 2 + size // 8] = 1
    return mask


def write_mat(path: Path, drop: str = "", **fields: object) -> Path:
    """Write a slice; `fields` replace the good ones, `drop` leaves one out."""
    good = {
        "image": head(),
        "tumorMask": block_mask(),
        "label": np.array([[2.0]]),
        "PID": np.array([[ord(c)] for c in "MR040240B"], np.uint16),
        "tumorBorder": np.array([[33.0, 17.0, 40.0, 17.0, 40.0, 32.0]]),
    }
    with h5py.File(path, "w", userblock_size=512) as file:
        group = file.create_group("cjdata")
        for name, value in {**good, **fields}.items():
            if name != drop:
                is_picture = name in ("image", "tumorMask")
                group.create_dataset(name, data=np.asarray(value).T if is_picture else value)
    return path


def write_cvind(path: Path, folds: list[int]) -> Path:
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("cvind", data=np.array([folds], float))
    return path

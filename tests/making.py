"""Small things that several tests make: a `.mat` slice in figshare's layout, and one that is broken."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

# Masks of 4 x 4 pixels whose scores are counted by hand.
EMPTY = np.zeros((4, 4), bool)
SQUARE = EMPTY.copy()
SQUARE[1:3, 1:3] = True  # four pixels
SHIFTED = EMPTY.copy()
SHIFTED[1:3, 2:4] = True  # four pixels, two in common with SQUARE
CORNER = EMPTY.copy()
CORNER[3, 3] = True  # one pixel, none in common with SQUARE
WHOLE = np.ones((4, 4), bool)


def small_recipe(epochs=1, learning_rate=2e-3, filters=4, depth=3, stem=1, classes=1, **how):
    """A recipe that trains in seconds, for slices of 64 px."""
    from braintut.pipeline.recipe import Cycle, Network, Recipe

    cycles = (Cycle(epochs, learning_rate=learning_rate),)
    return Recipe(unet=Network(filters, depth, stem, classes), cycles=cycles, **{"unet_size": 64, "jitters": 1, **how})


def with_mask(pipeline, probability: np.ndarray):
    """The same pipeline with a U-Net that always answers this probability map."""

    class Fixed:
        def predict_on_batch(self, batch):
            return np.repeat(probability[None, ..., None], len(batch), 0).astype("f4")

    return replace(pipeline, unet=Fixed())


def with_classes(pipeline, types: list[float]):
    """The same pipeline with a U-Net that is sure of a disc in the middle and thinks this of its type."""
    disc = np.hypot(*(np.mgrid[:64, :64] - 32)) < 8
    classes = np.where(disc[..., None], [0, *types], [1, 0, 0, 0])

    class Fixed:
        def predict_on_batch(self, batch):
            return np.repeat(classes[None], len(batch), 0).astype("f4")

    return replace(pipeline, unet=Fixed())


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


NAME, ID, BORN = "Mustermann^Erika", "MR-SECRET-77", "19630219"
"""Of a patient that nobody may ever read of again."""


def write_dicom(path: Path, pixels: np.ndarray, **header: object) -> Path:
    """Write a DICOM file, by default a T1-weighted axial slice with contrast agent; None leaves an entry out."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    dataset = Dataset()
    bits = 8 * pixels.dtype.itemsize
    good = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4", "SOPInstanceUID": generate_uid(), "SeriesInstanceUID": "1.2.3",
        "Modality": "MR", "SeriesDescription": "Ax T1 post", "PatientName": NAME, "PatientID": ID,
        "PatientBirthDate": BORN, "InstitutionName": "Hospital of Secrets", "Rows": pixels.shape[-2],
        "Columns": pixels.shape[-1], "BitsAllocated": bits, "BitsStored": bits, "HighBit": bits - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"), "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2", "PixelSpacing": [0.5, 0.5],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
    }  # fmt: skip
    if pixels.ndim == 3:
        good["NumberOfFrames"] = len(pixels)
    syntax = header.pop("syntax", ExplicitVRLittleEndian)
    for name, value in {**good, **header}.items():
        if value is not None:
            setattr(dataset, name, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = pixels.tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return path


SKY_BLUE, ORANGE = (0x56, 0xB4, 0xE9), (0xE6, 0x9F, 0x00)


def pixels(png: bytes) -> np.ndarray:
    """The colours of a picture, shape (H, W, 3)."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def count(png: bytes, colour: tuple[int, int, int]) -> int:
    """How many pixels of a picture have about this colour."""
    return int((np.abs(pixels(png) - colour).max(axis=-1) < 12).sum())


def zipped(members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The bytes of a zip with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()

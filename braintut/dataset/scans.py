"""The door for a single scan of one's own: `.mat`, PNG or JPEG."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from braintut.dataset.figshare import FOLDS_FILE, read_mat
from braintut.dataset.slices import FIELD_OF_VIEW_MM
from braintut.errors import DataError

SUFFIXES = (".mat", ".png", ".jpg", ".jpeg")
SCREEN_DPI = (72, 96)


@dataclass(frozen=True)
class Scan:
    """One picture to be looked at.

    `image` has shape (H, W) on any scale; `pixel_mm` is the side of a pixel;
    `pixel_mm_assumed` says that the file did not state it, so that a field of
    view of 251 mm (0.49 mm x 512) was taken. `patient` is "" where unknown,
    `true_mask` and `label` are None where unknown. Introduced in lesson 08.
    """

    name: str
    image: np.ndarray
    pixel_mm: float
    pixel_mm_assumed: bool
    patient: str = ""
    true_mask: np.ndarray | None = None
    label: int | None = None


def read_scan(path: str | os.PathLike) -> Scan:
    """Read one scan from a `.mat` file (figshare's layout), a PNG or a JPEG.

    Parameters
    ----------
    path : path

    Returns
    -------
    Scan

    Raises
    ------
    DataError
        If the file is missing, a folder, of another kind, or damaged.

    Notes
    -----
    A picture states its pixel size by a text entry `pixel_mm`, or by its
    resolution in dots per inch, unless that is a screen's 72 or 96 or gives
    no plausible head (150 to 400 mm across). Introduced in lesson 08.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path} is a folder; a .mat, PNG or JPEG file is expected.")
    if not path.exists():
        raise DataError(f"There is no file {path}.")
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{path} is no .mat, PNG or JPEG file; export the slice as one of these.")
    if path.suffix.lower() == ".mat":
        raw = read_mat(path)
        return Scan(
            str(path),
            raw.image,
            raw.pixel_mm_or_assumed,
            raw.pixel_mm is None,
            raw.patient,
            raw.mask,
            raw.label,
        )
    image, stated = _read_picture(path)
    return Scan(str(path), image, stated or FIELD_OF_VIEW_MM / image.shape[1], stated is None)


def list_scans(folder: str | os.PathLike) -> list[Path]:
    """Scans of a folder by name, sorted, without its sub-folders.

    Raises
    ------
    DataError
        If there is none.

    Notes
    -----
    Introduced in lesson 08.
    """
    paths = sorted(
        p for p in Path(folder).iterdir()
        if p.is_file() and p.suffix.lower() in SUFFIXES and p.name != FOLDS_FILE and not p.name.startswith(".")
    )  # fmt: skip
    if not paths:
        raise DataError(f"{folder} holds no .mat, PNG or JPEG file.")
    return paths


def _read_picture(path: Path) -> tuple[np.ndarray, float | None]:
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as picture:
            stated = _stated_pixel_mm(picture)
            picture = ImageOps.exif_transpose(picture)
            if not picture.mode.startswith(("I", "F")):
                if "A" in picture.getbands() or "transparency" in picture.info:
                    black = Image.new("RGBA", picture.size, "black")
                    picture = Image.alpha_composite(black, picture.convert("RGBA"))
                picture = picture.convert("L")
            return np.asarray(picture, np.float32), stated
    except UnidentifiedImageError as error:
        raise DataError(f"{path} is no PNG or JPEG picture, whatever its name says.") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} cannot be read ({error}); export the slice again.") from error


def _stated_pixel_mm(picture: Image.Image) -> float | None:
    try:
        if "pixel_mm" in picture.info:
            return float(picture.info["pixel_mm"]) or None
        dpi = float(picture.info["dpi"][0])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    if dpi <= 1 or round(dpi) in SCREEN_DPI:
        return None
    pixel_mm = 25.4 / dpi
    return pixel_mm if 150 <= pixel_mm * picture.width <= 400 else None

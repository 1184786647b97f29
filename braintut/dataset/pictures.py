"""PNG, JPEG, TIFF, BMP and WebP pictures: every bit of their grey, upright, and the pixel size if they state it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from braintut.dataset.arrays import as_pixel_mm
from braintut.dataset.head import check_colour
from braintut.dataset.scan import Scan
from braintut.errors import DataError, brief

JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".jfi", ".jif")
PICTURE_SUFFIXES = (".png", *JPEG_SUFFIXES, ".tif", ".tiff", ".bmp", ".webp")
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
MOST_PIXELS = 4096 * 4096
"""Pixels of the largest picture that is read; a slice has 512 x 512, and larger ones would take seconds."""

WIDE = {
    "RGB;16B": ("RGB", ("RGB;16B", "RGB;16L")),
    "RGBA;16B": ("RGBA", ("RGBA;16B", "RGBA;16L")),
    "LA;16B": ("RGBA", ("RGBA",)),
}
"""PNG pixels of 16 bits a channel, and how Pillow gives the upper and then the lower 8 bits of them."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""What red, green and blue add to grey (ITU-R BT.601), as Pillow has it."""

UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: np.fliplr,
    3: lambda image: np.rot90(image, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda image: np.rot90(image, -1),
    7: lambda image: np.rot90(image, 2).T,
    8: np.rot90,
}
"""EXIF orientation -> what turns the picture upright."""


def read_picture(path: Path) -> Scan:
    """Read a PNG, JPEG, TIFF, BMP or WebP as one grey picture; a text entry `pixel_mm` may state its pixel size.

    Dots per inch say how large a picture is to be printed, not how large the head was, so they count for nothing. Every
    bit of a picture of 16 bits a channel is used, a transparent part is black, and EXIF turns it upright. A `DataError`
    if it is damaged, too large, an animation, something else, or states a pixel size that is none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow about EXIF, which says nothing of the pixels
            with Image.open(path, formats=FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise Image.DecompressionBombError
                n_pictures = getattr(picture, "n_frames", 1)
                if picture.format in ("PNG", "TIFF", "WEBP") and n_pictures > 1:
                    kind = "a stack" if picture.format == "TIFF" else "an animation"
                    raise DataError(f"{path} is {kind} of {n_pictures} pictures; export one slice.")
                negative = _is_wide_negative(picture)
                wide = picture.tile[0][3] if picture.tile else None  # how the file stores a pixel; gone once read
                picture.load()  # text that stands behind the pixels is only known afterwards
                grey = _wide_grey(path, wide) if wide in WIDE else _grey(path, picture)
                grey = grey.max() - grey if negative else grey
                stated = picture.info.get("pixel_mm")
                turn = _turn(picture)
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(f"{path} is no PNG or JPEG picture, nor TIFF, BMP or WebP, whatever its name says.") from error
    except PermissionError as error:
        raise DataError(f"{path} may not be read by you; ask for the right to read it.") from error
    except Image.DecompressionBombError as error:
        raise DataError(f"{path} is far too large for a slice; export the slice at its own size.") from error
    except Exception as error:  # a damaged picture makes Pillow fail in many ways
        raise DataError(f"{path} cannot be read ({brief(error)}); export the slice again.") from error
    return Scan(str(path), turn(grey), None if stated is None else as_pixel_mm(stated, str(path)))


def _grey(path: Path, picture: Image.Image) -> np.ndarray:
    if not picture.mode.startswith(("I", "F")):
        if "A" in picture.getbands() or "transparency" in picture.info:
            black = Image.new("RGBA", picture.size, "black")
            picture = Image.alpha_composite(black, picture.convert("RGBA"))
        if len(picture.getbands()) > 2 or picture.mode == "P":
            check_colour(np.asarray(picture.convert("RGB"), np.float32) / 255, path)
        picture = picture.convert("L")
    return np.asarray(picture, np.float32)


def _wide_grey(path: Path, wide: str) -> np.ndarray:
    """Grey of a PNG with 16 bits a channel, 0..65535; Pillow alone would drop the lower 8 of them."""
    mode, ways = WIDE[wide]
    bytes_read = [_decode(path, mode, way).astype(np.float32) for way in ways]
    if len(ways) == 1:  # grey and alpha, two bytes each, read as four channels
        grey, alpha = (bytes_read[0][..., i] * 256 + bytes_read[0][..., i + 1] for i in (0, 2))
        return grey * alpha / 65535
    channels = bytes_read[0] * 256 + bytes_read[1]
    check_colour(channels[..., :3] / 65535, path)
    grey = channels[..., :3] @ LUMA
    return grey * channels[..., 3] / 65535 if channels.shape[-1] == 4 else grey


def _decode(path: Path, mode: str, way: str) -> np.ndarray:
    """Let Pillow read the pixels in another way than it would choose."""
    with Image.open(path, formats=("PNG",)) as picture:
        tile = (*picture.tile[0][:3], way)
        picture._mode, picture.tile = mode, [tile]  # type: ignore[list-item]  # older Pillows know plain tuples only
        return np.asarray(picture)


def _is_wide_negative(picture: Image.Image) -> bool:
    """Whether a TIFF of more than 8 bits stores white as 0; Pillow turns only those of 8 bits back."""
    white_is_0 = getattr(picture, "tag_v2", {}).get(ExifTags.Base.PhotometricInterpretation) == 0
    return white_is_0 and picture.mode.startswith(("I", "F"))


def _turn(picture: Image.Image) -> Callable[[np.ndarray], np.ndarray]:
    """How to turn the picture upright, as its EXIF entry says; a broken entry says nothing."""
    try:
        return UPRIGHT[picture.getexif()[ExifTags.Base.Orientation]]
    except Exception:  # EXIF is often damaged, and the pixels are good all the same
        return lambda image: image

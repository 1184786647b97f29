"""Single pictures as people have them: every bit is used, and what a file says of itself is believed or refused."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from braintut.dataset.scan_files import READERS, read_scan
from braintut.dataset.series import find_scans
from braintut.errors import DataError
from making import head, write_mat

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 2**16, (24, 20))
ALPHA = RNG.integers(0, 2**16, (24, 20))
SMALL = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png_16(path, channels, interlaced=False, behind=b""):
    """A PNG of 16 bits a channel, channels of shape (H, W, C), each row filtered by its left neighbours."""
    height, width, n = channels.shape

    def rows(part):
        for row in part.astype(">u2"):
            flat = np.frombuffer(row.tobytes(), np.uint8)
            left = np.concatenate([np.zeros(2 * n, np.uint8), flat[: -2 * n]])
            yield b"\1" + (flat - left).tobytes()

    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    parts = [channels[y::dy, x::dx] for y, x, dy, dx in passes] if interlaced else [channels]
    pixels = zlib.compress(b"".join(row for part in parts for row in rows(part)))
    colour = {1: 0, 3: 2, 2: 4, 4: 6}[n]
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, int(interlaced))
    body = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + behind + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


@pytest.mark.parametrize("interlaced", [False, True], ids=["rows", "interlaced"])
@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ((GREY,), GREY),
        ((GREY, GREY, GREY), GREY),
        ((GREY, ALPHA), GREY * ALPHA / 65535),
        ((GREY, GREY, GREY, ALPHA), GREY * ALPHA / 65535),
    ],
    ids=["grey", "RGB", "grey and alpha", "RGBA"],
)
def test_every_one_of_16_bits_is_used(tmp_path, channels, expected, interlaced):
    path = write_png_16(tmp_path / "scan.png", np.stack(channels, axis=-1), interlaced)
    np.testing.assert_allclose(read_scan(path).image, expected, atol=0.02)


@pytest.mark.parametrize("suffix", [".jpg", ".JPG", ".jpeg", ".jpe", ".jfif", ".JFIF", ".jif", ".jfi"])
def test_every_name_of_a_jpeg_is_taken(tmp_path, suffix):
    path = tmp_path / f"scan{suffix}"
    Image.fromarray((head() // 2).astype(np.uint8)).save(path, "JPEG")
    assert read_scan(path).image.shape == (64, 64) and find_scans(tmp_path) == [path]
    assert suffix.lower() in READERS


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK"])
def test_every_colour_form_gives_the_same_grey(tmp_path, mode):
    black_and_white = Image.fromarray(((head() > 0) * 255).astype(np.uint8))
    path = tmp_path / ("scan.jpg" if mode == "CMYK" else "scan.png")
    black_and_white.convert("RGB" if mode == "CMYK" else "L").convert(mode).save(path, **({"quality": 100}))
    # JPEG changes greys a little, the others none.
    tolerance = 12 if mode == "CMYK" else 0
    np.testing.assert_allclose(read_scan(path).image, np.asarray(black_and_white), atol=tolerance)


def test_what_is_transparent_is_black(tmp_path):
    palette = Image.fromarray(SMALL).convert("P")
    palette.putpalette([200, 200, 200] * 256)
    palette.save(tmp_path / "scan.png", transparency=0)
    image = read_scan(tmp_path / "scan.png").image
    assert image[0, 0] == 0 and (image.ravel()[1:] == 200).all()


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, SMALL),
        (2, SMALL[:, ::-1]),
        (3, SMALL[::-1, ::-1]),
        (4, SMALL[::-1]),
        (5, SMALL.T),
        (6, SMALL[::-1].T),
        (7, SMALL[::-1, ::-1].T),
        (8, SMALL.T[::-1]),
        (0, SMALL),
        (99, SMALL),
    ],
)
def test_exif_turns_the_picture_upright(tmp_path, orientation, upright):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(SMALL).save(tmp_path / "scan.png", exif=exif)
    np.testing.assert_array_equal(read_scan(tmp_path / "scan.png").image, upright)


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0nonsense"])
def test_broken_exif_leaves_the_pixels_alone(tmp_path, exif):
    for name in ("scan.png", "scan.jpg"):
        Image.fromarray((head() // 2).astype(np.uint8)).save(tmp_path / name, exif=exif)
        assert read_scan(tmp_path / name).image.max() > 200


def save_with_text(path, kind, text):
    info = PngImagePlugin.PngInfo()
    if kind == "iTXt":
        info.add_itxt("pixel_mm", text)
    elif kind == "behind the pixels":
        return write_png_16(path, np.stack([GREY] * 3, axis=-1), behind=chunk(b"tEXt", b"pixel_mm\0" + text.encode()))
    else:
        info.add_text("pixel_mm", text, zip=kind == "zTXt")
    Image.fromarray((head() // 2).astype(np.uint8)).save(path, pnginfo=info)
    return path


KINDS = ["tEXt", "zTXt", "iTXt", "behind the pixels"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_entry_states_the_pixel_size(tmp_path, kind):
    scan = read_scan(save_with_text(tmp_path / "scan.png", kind, "0.7"))
    assert scan.pixel_mm == 0.7 and not scan.pixel_mm_assumed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["nan", "0", "-0.5", "inf", "1e999", "", "0,49", "0.5 0.5", "[0.5, 0.5]", "half a mm"])
def test_a_pixel_size_that_is_none_is_refused_by_file_name(tmp_path, kind, text):
    with pytest.raises(DataError, match=r"scan\.png: the pixel size must be one number above 0"):
        read_scan(save_with_text(tmp_path / "scan.png", kind, text))


@pytest.mark.parametrize("value", [np.nan, 0.0, -0.49, np.inf, [0.5, 0.5]], ids=str)
def test_a_mat_file_must_state_a_pixel_size_that_is_one(tmp_path, value):
    path = write_mat(tmp_path / "1.mat", pixel_mm=value)
    with pytest.raises(DataError, match=r"1\.mat: the pixel size must be one number above 0"):
        read_scan(path)


@pytest.mark.parametrize("name", ["scan.png", "scan.jpg", "scan.jfif"])
@pytest.mark.parametrize("dpi", [1, 6.35, 72, 96, 100, 144, 150, 254, 300, 600])
def test_dots_per_inch_state_nothing(tmp_path, name, dpi):
    Image.fromarray((head() // 2).astype(np.uint8)).save(
        tmp_path / name, "PNG" if name.endswith("png") else "JPEG", dpi=(dpi, dpi)
    )
    scan = read_scan(tmp_path / name)
    assert scan.pixel_mm == 0.49 * 512 / 64 and scan.pixel_mm_assumed


def test_a_turned_picture_is_assumed_to_be_as_large_as_before(tmp_path):
    sizes = []
    for shape in ((40, 80), (80, 40)):
        Image.fromarray(RNG.integers(0, 255, shape, np.uint8)).save(tmp_path / "scan.png")
        sizes.append(read_scan(tmp_path / "scan.png").pixel_mm)
    assert sizes[0] == sizes[1] == 0.49 * 512 / 80


def animation(path):
    frames = [Image.fromarray(np.full((20, 20), v, np.uint8)) for v in (10, 200)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def huge(path):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))


def cut_short(path):
    whole = write_png_16(path, np.stack([GREY] * 3, axis=-1)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def webp(path):
    path.write_bytes(b"RIFF\x1a\0\0\0WEBPVP8L")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (animation, "animation of 2 pictures"),
        (huge, "far too large"),
        (cut_short, "cannot be read"),
        (webp, "cannot be read"),
        (lambda path: path.write_bytes(b""), "no PNG or JPEG picture"),
    ],
    ids=["animated", "huge", "cut short", "webp", "empty"],
)
def test_what_is_no_single_whole_picture_is_named(tmp_path, write, message):
    write(tmp_path / "scan.png")
    with pytest.raises(DataError, match=rf"scan\.png.*{message}"):
        read_scan(tmp_path / "scan.png")

"""What is no picture of a head is refused; no head is."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from braintut.dataset.figshare import list_slices
from braintut.dataset.grid import normalise
from braintut.dataset.head import check_head
from braintut.dataset.load import load_phantoms
from braintut.errors import DataError

HEAD = np.round(load_phantoms()[:1].resized(128).images[0] * 255)


def refusal(picture: np.ndarray) -> str:
    """What is said against a picture, "" if nothing."""
    try:
        check_head(normalise(picture))
    except DataError as error:
        return str(error)
    return ""


def page(ink: int, size=(400, 300)) -> np.ndarray:
    picture = Image.new("L", size, 255 - ink)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    for i in range(14):
        draw.text((15, 15 + 20 * i), f"Line {i}: the ventricles are of normal width.", fill=ink, font=font)
    return np.asarray(picture, float)


def words_beside(head: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(head.astype(np.uint8)).resize((512, 512))
    ImageDraw.Draw(picture).text((6, 6), "NAME HIDDEN\nT1 POST", fill=255, font=ImageFont.load_default(16))
    return np.asarray(picture, float)


@pytest.mark.parametrize("tumour_free", [False, True])
def test_no_phantom_is_refused(tumour_free):
    assert {refusal(image) for image in load_phantoms(tumour_free).images} == {""}


@pytest.mark.parametrize(
    "picture",
    [HEAD[:, ::-1], HEAD.T, np.rot90(HEAD, 2), np.pad(HEAD, 64), np.pad(HEAD, ((0, 0), (64, 64))),
     np.clip(HEAD, 0, 160), words_beside(HEAD), HEAD[8:120, 16:112], HEAD * 40.0 + 1000],
    ids=["mirrored", "transposed", "upside down", "wide margin", "wide page", "narrow window", "words beside it",
         "cut close", "another scale"],
)  # fmt: skip
def test_no_head_is_refused(picture):
    assert refusal(picture) == ""


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (255 - HEAD, "light all around"),
        (np.pad(255 - HEAD, 20), "light all around"),
        *((np.pad(HEAD, width, constant_values=255), "light all around") for width in (1, 3, 20, 80)),
        (np.pad(HEAD, 20, constant_values=120), "light all around"),
        (np.pad(np.pad(HEAD, 2, constant_values=255), 20), "light all around"),
        (np.pad(HEAD, ((0, 0), (30, 30)), constant_values=255), "light all around"),
        (np.pad(HEAD, ((30, 0), (0, 0)), constant_values=255), "plain light bar"),
        (page(ink=0), "light all around"),
        (page(ink=255), "many small pieces"),
        (np.hstack([page(ink=0), np.zeros((300, 300))]), "light all around"),
        (np.tile(HEAD[::2, ::2], (2, 2)), "many small pieces"),
        (np.random.default_rng(0).random((128, 128)), "light all around"),
        (np.add.outer(np.arange(128.0), np.arange(128.0)), "light all around"),
        ((np.hypot(*(np.mgrid[:128, :128] - 64)) < 40) * 255.0, "without greys"),
        ((np.abs(np.hypot(*(np.mgrid[:128, :128] - 64)) - 40) < 3) * 255.0, "lines, not a solid body"),
    ],
    ids=["negative", "negative in black", "frame 1 px", "frame 3 px", "frame 20 px", "frame 80 px", "grey frame",
         "white line in black", "bars left and right", "bar on top", "page", "white on black", "half a page",
         "four heads", "noise", "ramp", "a mask", "a ring"],
)  # fmt: skip
def test_what_is_no_head_is_refused_with_what_was_seen(picture, words):
    assert words in refusal(picture)


def test_the_door_names_the_file(tiny_pipeline, tmp_path):
    Image.fromarray((255 - HEAD).astype(np.uint8)).save(tmp_path / "negative.png")
    with pytest.raises(DataError, match=r"negative\.png: This is no picture of a head"):
        tiny_pipeline(tmp_path / "negative.png")


def test_an_array_is_taken_at_its_word(tiny_pipeline):
    assert tiny_pipeline(255 - HEAD).scan == "scan"  # lesson 08 asks what a pair says of a negative


@pytest.mark.parametrize("pixel_mm", [0, np.nan, -1, np.inf, "much", 0.001, 100])
def test_the_door_refuses_a_pixel_size_that_is_none(tiny_pipeline, pixel_mm):
    with pytest.raises(DataError, match=r"scan: .*pixel"):
        tiny_pipeline(HEAD, pixel_mm=pixel_mm)


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("BRAINTUT_REAL"), reason="BRAINTUT_REAL names no folder of real slices")
def test_no_real_slice_is_refused():
    said = {entry.id: refusal(entry.read().image) for entry in list_slices(Path(os.environ["BRAINTUT_REAL"]))}
    assert not {name: words for name, words in said.items() if words}

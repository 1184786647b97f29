"""Pictures that are no slice of a head with contrast agent: drawn here, or shipped with packages; for `unlike.py`.

Each kind is a function of a random generator and a number that gives one grey picture. Crops, turns and other sizes of
the few pictures that ship fill a kind up.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
import skimage.data
import sklearn.datasets
from matplotlib import cbook
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter, rotate, zoom

from braintut.dataset.grid import normalise
from braintut.dataset.load import load_phantoms

matplotlib.use("agg")
import matplotlib.pyplot as plt

Draw = Callable[[np.random.Generator, int], np.ndarray]
WORDS = ("the", "of", "patient", "slice", "contrast", "agent", "lesion", "left", "right", "lobe", "no", "shift",
         "ventricles", "normal", "width", "signal", "rim", "enhancement", "oedema", "mm", "report")  # fmt: skip


def text(rng: np.random.Generator, ink: int, number: int) -> np.ndarray:
    """A page of words: `ink` 0 on white or 255 on black; every third is scanned a little aslant and blurred."""
    width, height = (int(side) for side in rng.integers(300, 900, 2))
    page = Image.new("L", (width, height), 255 - ink)
    draw, size = ImageDraw.Draw(page), int(rng.integers(9, 48))
    font = ImageFont.load_default(size)
    for y in range(int(rng.integers(5, 60)), height - size, int(1.4 * size)):
        draw.text((int(rng.integers(5, 50)), y), " ".join(rng.choice(WORDS, 14)), fill=ink, font=font)
    grey = np.asarray(page, float)
    return grey if number % 3 else gaussian_filter(rotate(grey, rng.uniform(-4, 4), order=1, cval=255 - ink), 1)


def plot(rng: np.random.Generator, style: str, number: int) -> np.ndarray:
    """A chart by matplotlib: lines, dots, bars, a histogram, an image or a pie."""
    with plt.style.context(style):
        figure, ax = plt.subplots(figsize=tuple(rng.uniform(3, 7, 2)), dpi=80)
        values = rng.normal(size=(60, 2)).cumsum(axis=0)
        match number % 6:
            case 0:
                ax.plot(values)
            case 1:
                ax.scatter(*rng.normal(size=(2, 300)), s=rng.uniform(5, 80))
            case 2:
                ax.bar(range(8), rng.random(8))
            case 3:
                ax.hist(rng.normal(size=500), bins=int(rng.integers(5, 40)))
            case 4:
                ax.imshow(gaussian_filter(rng.random((40, 40)), rng.uniform(0.5, 5)), cmap="magma")
            case _:
                ax.pie(rng.random(5) + 0.1)
        ax.set(title=" ".join(rng.choice(WORDS, 3)), xlabel="epoch", ylabel="score")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        plt.close(figure)
    return np.asarray(Image.open(buffer).convert("L"), float)


def noise(rng: np.random.Generator, number: int) -> np.ndarray:
    """Even, normal, Rayleigh, smoothed or salted noise."""
    side = int(rng.integers(64, 512))
    match number % 5:
        case 0:
            return rng.random((side, side))
        case 1:
            return rng.normal(size=(side, side))
        case 2:
            return rng.rayleigh(size=(side, side))
        case 3:
            return gaussian_filter(rng.normal(size=(side, side)), rng.uniform(1, side / 12))
        case _:
            return gaussian_filter((rng.random((side, side)) > rng.uniform(0.9, 0.999)) * 255.0, rng.uniform(0, 3))


@cache
def shipped(name: str) -> np.ndarray:
    """One picture that comes with scikit-image, scikit-learn or matplotlib, as grey."""
    folders = (
        Path(skimage.data.__file__).parent,
        Path(sklearn.datasets.__file__).parent / "images",
        Path(cbook.get_sample_data(".", asfileobj=False)),
    )
    path = next(folder / name for folder in folders if (folder / name).exists())
    return np.asarray(Image.open(path).convert("L"), float)


def piece(rng: np.random.Generator, names: tuple[str, ...], number: int) -> np.ndarray:
    """The whole of a shipped picture the first time, later a crop of it, turned and resized."""
    picture = shipped(names[number % len(names)])
    if number < len(names):
        return picture
    height, width = (int(side * rng.uniform(0.3, 1)) for side in picture.shape)
    top, left = (int(rng.integers(0, n + 1)) for n in (picture.shape[0] - height, picture.shape[1] - width))
    crop = np.rot90(picture[top : top + height, left : left + width], int(rng.integers(0, 4)))
    return crop[:, :: int(rng.choice([-1, 1]))]


@cache
def heads(tumour_free: bool = False) -> np.ndarray:
    """Phantoms, 0..255."""
    return np.round(load_phantoms(tumour_free).images * 255)


def phantom(rng: np.random.Generator) -> np.ndarray:
    """Any of the shipped phantoms, 0..255."""
    return heads()[rng.integers(len(heads()))]


def screenshot(rng: np.random.Generator, number: int) -> np.ndarray:
    """A head in a viewer's window: a light frame, a bar on top, buttons, words."""
    head = phantom(rng)
    side = len(head)
    size = (side + 2 * int(rng.integers(4, 200)), side + int(rng.integers(30, 200)))
    screen = Image.new("L", size, int(rng.integers(90, 256)))
    at = ((screen.width - side) // 2, screen.height - side - int(rng.integers(2, 20)))
    screen.paste(Image.fromarray(head.astype(np.uint8)), at)
    draw = ImageDraw.Draw(screen)
    draw.text((5, 4), " ".join(rng.choice(WORDS, 4)), fill=0 if number % 2 else 255, font=ImageFont.load_default(14))
    for x in range(0, screen.width, 40):
        draw.rectangle((x, 22, x + 20, 27), fill=int(rng.integers(0, 256)))
    return np.asarray(screen, float)


def digit(rng: np.random.Generator, number: int) -> np.ndarray:
    """One handwritten digit of scikit-learn's, 8 x 8 made large, smoothly or in blocks, sometimes dark on white."""
    picture = sklearn.datasets.load_digits().images[rng.integers(1700)] / 16
    large = zoom(picture, int(rng.integers(8, 40)), order=(0, 1, 3)[number % 3])
    large = np.pad(large, int(len(large) * rng.uniform(0, 0.5)))
    return 1 - large if number % 5 == 0 else large


def shape(rng: np.random.Generator, number: int) -> np.ndarray:
    """Discs, ovals, rings, boxes and checkers, flat or shaded, on black."""
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    turn = rng.uniform(0, np.pi)
    x, y = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    a, b = rng.uniform(0.3, 0.95, 2)
    away = np.hypot(x / a, y / b)
    match number % 6:
        case 0:
            return (away < 1) * 1.0
        case 1:
            return np.clip(1 - away**2, 0, 1)
        case 2:
            return (away < 1) * (0.4 + 0.3 * x) + (np.abs(away - 1) < 0.06) * 0.4
        case 3:
            return (np.abs(x) < a) * (np.abs(y) < b) * (0.5 + 0.5 * np.sin(9 * x))
        case 4:
            return (away < 1) * (0.4 + rng.normal(0, 0.1, x.shape))
        case _:
            return np.kron(rng.random((8, 8)), np.ones((32, 32))) * (away < 1)


def chest(rng: np.random.Generator, number: int) -> np.ndarray:
    """Something like an X-ray of a chest: a light body, two dark lungs, ribs, a spine."""
    y, x = np.mgrid[-1:1:320j, -1:1:320j]
    picture = 0.75 * np.exp(-((x / rng.uniform(0.8, 1)) ** 8) - (np.maximum(-0.7 - y, 0) * 4) ** 2)
    for side in (-1, 1):
        at, wide, high = side * rng.uniform(0.36, 0.45), rng.uniform(0.25, 0.33), rng.uniform(0.55, 0.75)
        picture = picture - 0.5 * (np.hypot((x - at) / wide, (y - 0.05) / high) < 1)
    picture += 0.12 * (np.sin(y * rng.uniform(18, 28) + 2 * np.abs(x)) > 0.5) * (np.abs(x) < 0.8)
    picture += 0.2 * (np.abs(x) < 0.06)
    picture = gaussian_filter(picture, 3) + rng.normal(0, 0.02, x.shape)
    return np.pad(picture, int(rng.integers(0, 60))) if number % 2 else picture


@cache
def faces() -> np.ndarray:
    """The hundred faces of scikit-image's subset of "Labeled Faces in the Wild", 25 x 25."""
    return skimage.data.lfw_subset()[:100]


def face(rng: np.random.Generator, number: int) -> np.ndarray:
    """A face, every second one cut out as an oval on black."""
    large = zoom(faces()[2 * number % 100], int(rng.integers(6, 16)), order=3)
    if number % 2:
        return large
    y, x = np.mgrid[-1 : 1 : len(large) * 1j, -1 : 1 : len(large) * 1j]
    return np.pad(large * (np.hypot(x / 0.7, y / 0.95) < 1), 20)


def map_or_dark_plot(rng: np.random.Generator, number: int) -> np.ndarray:
    """A chart on black, or heights of a landscape, as greys or in relief."""
    if number % 2:
        return plot(rng, "dark_background", number // 2)
    height = np.load(cbook.get_sample_data("jacksboro_fault_dem.npz", asfileobj=False))["elevation"].astype(float)
    top, left = rng.integers(0, 150), rng.integers(0, 150)
    part = height[top : top + 180, left : left + 200]
    return part if number % 4 else matplotlib.colors.LightSource(rng.uniform(0, 360), 45).hillshade(part, vert_exag=0.1)


def montage(rng: np.random.Generator, number: int) -> np.ndarray:
    """Several heads side by side."""
    rows, columns = ((1, 2), (2, 2), (2, 3), (3, 3), (4, 5))[number % 5]
    return np.vstack([np.hstack([phantom(rng)[::2, ::2] for _ in range(columns)]) for _ in range(rows)])


def clouds(rng: np.random.Generator, number: int) -> np.ndarray:
    """An oval of clouds on black: noise whose power falls with frequency like that of pictures."""
    side = 256
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side))) + 1 / side
    field = np.fft.ifft2(np.fft.fft2(rng.normal(size=(side, side))) / frequency ** rng.uniform(0.8, 2)).real
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    oval = np.hypot(x / rng.uniform(0.55, 0.8), y / rng.uniform(0.7, 0.95)) < 1
    field = (field - field.min()) / np.ptp(field)
    return gaussian_filter(oval * (0.2 + 0.8 * field), 1) + np.abs(rng.normal(0, 0.01, (side, side)))


def body_section(rng: np.random.Generator, number: int) -> np.ndarray:
    """Shepp and Logan's head, or something like a CT of a belly or a leg: turned, squeezed, with noise."""
    if number % 2 == 0:
        picture = rotate(shipped("phantom.png"), rng.uniform(0, 360), order=1)
        return picture + rng.normal(0, rng.uniform(0, 6), picture.shape)
    y, x = np.mgrid[-1:1:320j, -1:1:320j]
    picture = 0.45 * (np.hypot(x / 0.92, y / rng.uniform(0.6, 0.8)) < 1)
    for _ in range(int(rng.integers(2, 9))):
        at, size = rng.uniform(-0.5, 0.5, 2), rng.uniform(0.05, 0.3, 2)
        picture[np.hypot((x - at[0]) / size[0], (y - at[1]) / size[1]) < 1] = rng.uniform(0.1, 1)
    return gaussian_filter(picture, 1.5) + rng.normal(0, 0.02, x.shape)


def negative(rng: np.random.Generator, images: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """One of these heads, black for white."""
    return 1 - normalise(images[int(rng.integers(len(images)))])


PHOTOS = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "rocket.jpg", "clock_motion.png",
          "motorcycle_left.png", "china.jpg", "flower.jpg", "grace_hopper.jpg")  # fmt: skip

SEEN: dict[str, Draw] = {
    "pages of text": lambda rng, n: text(rng, 0, n),
    "light text on black": lambda rng, n: text(rng, 255, n),
    "plots": lambda rng, n: plot(rng, "default", n),
    "noise": noise,
    "photographs": lambda rng, n: piece(rng, PHOTOS, n),
    "negatives of phantoms": lambda rng, n: negative(rng, heads()),
    "framed screenshots": screenshot,
    "digits": digit,
    "shapes": shape,
    "drawn chest X-rays": chest,
}
"""Kinds that were looked at while the check was built."""

UNSEEN: dict[str, Draw] = {
    "faces": face,
    "cells and tissue": lambda rng, n: piece(rng, ("cell.png", "ihc.png"), n),
    "eye grounds": lambda rng, n: piece(rng, ("retina.jpg", "microaneurysms.png"), n),
    "moon and stars": lambda rng, n: piece(rng, ("moon.png", "hubble_deep_field.jpg"), n),
    "textures and coins": lambda rng, n: piece(rng, ("brick.png", "grass.png", "gravel.png", "coins.png"), n),
    "dark plots and maps": map_or_dark_plot,
    "montages of heads": montage,
    "ovals of clouds": clouds,
    "drawn body sections": body_section,
}
"""Kinds that were looked at once, when all was fixed; `unlike.py` adds negatives of real slices."""


def pictures(kinds: dict[str, Draw], per_kind: int, seed: int = 0) -> dict[str, list[np.ndarray]]:
    """So many pictures of each kind, the same ones each time."""
    return {
        kind: [draw(np.random.default_rng([seed, i, number]), number) for number in range(per_kind)]
        for i, (kind, draw) in enumerate(kinds.items())
    }

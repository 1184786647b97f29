"""Who is refused as no picture of a head: python benchmarks/refusals.py [FOLDER] [--every N]

FOLDER holds figshare's `.mat` files or zips; each slice and each phantom is looked at as it is, and each Nth (default
12) as a good deal else: turned, cut, darker, which no head should be refused for, and negative or framed, which it
should. Then come pictures of other things. It prints a count for each kind. The photographs are those that
scikit-image brings along; nothing is downloaded.
"""

import argparse
import io
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
import skimage.data
from joblib import Parallel, delayed
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter, rotate

from braintut.dataset.figshare import MatEntry, list_slices
from braintut.dataset.grid import normalise
from braintut.dataset.head import check_head
from braintut.dataset.load import load_phantoms
from braintut.errors import DataError

matplotlib.use("agg")
warnings.filterwarnings("ignore", message=".*low contrast.*")
PHOTOS = ("astronaut", "brick", "camera", "cell", "chelsea", "clock", "coffee", "coins", "grass", "gravel", "horse",
          "hubble_deep_field", "immunohistochemistry", "moon", "page", "retina", "rocket", "text")  # fmt: skip


def words(size: tuple[int, int], ink: int, lines: int, font_size: int = 18, width: int = 60) -> np.ndarray:
    """A page of text: `ink` 0 on white or 255 on black."""
    page = Image.new("L", size, 255 - ink)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(font_size)
    for i in range(lines):
        sentence = f"{i:3d} The ventricles are of normal width and no shift is seen; nothing abnormal in line {i}."
        draw.text((20, 20 + 1.3 * font_size * i), sentence[:width], fill=ink, font=font)
    return np.asarray(page, float)


def labelled(head: np.ndarray) -> np.ndarray:
    """White words in two corners and a ruler at the side, as a viewer puts them."""
    picture = Image.fromarray(head.astype(np.uint8)).resize((512, 512))
    draw = ImageDraw.Draw(picture)
    draw.text((6, 6), "NAME HIDDEN\nT1 POST\nSE 4 IM 12", fill=255, font=ImageFont.load_default(16))
    draw.text((430, 470), "W 1200\nL 600", fill=255, font=ImageFont.load_default(16))
    for y in range(150, 370, 20):
        draw.line((500, y, 511, y), fill=255)
    return np.asarray(picture, float)


def as_jpeg(head: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(head.astype(np.uint8)).save(buffer, "JPEG", quality=30)
    return np.asarray(Image.open(buffer), float)


def cut_to_the_head(head: np.ndarray, deeper: float = 0.0) -> np.ndarray:
    """Only the box around the head, or a little less than that."""
    rows, columns = (np.flatnonzero((head > 25).mean(axis=axis) > 0.05) for axis in (1, 0))
    inside = [(int(at[0] + deeper * np.ptp(at)), int(at[-1] + 1 - deeper * np.ptp(at))) for at in (rows, columns)]
    return head[slice(*inside[0]), slice(*inside[1])]


def framed(head: np.ndarray, width: int, grey: float = 255, black: int = 0) -> np.ndarray:
    return np.pad(np.pad(head, width, constant_values=grey), black)


def bars(head: np.ndarray, *sides: str, width: int = 40) -> np.ndarray:
    widths = [(width * (a in sides), width * (b in sides)) for a, b in (("top", "bottom"), ("left", "right"))]
    return np.pad(head, widths, constant_values=255)


def montage(head: np.ndarray) -> np.ndarray:
    return np.tile(head[::2, ::2], (2, 2))


GOOD: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mirrored": lambda h: h[:, ::-1],
    "upside down": lambda h: h[::-1],
    "turned by 90 degrees": np.rot90,
    "turned by 20 degrees": lambda h: rotate(h, 20, order=1),
    "dark (gamma 2)": lambda h: 255 * (h / 255) ** 2,
    "light (gamma 0.6)": lambda h: 255 * (h / 255) ** 0.6,
    "narrow window": lambda h: np.clip(h, 0, 160),
    "JPEG, quality 30": as_jpeg,
    "black margin, side doubled": lambda h: np.pad(h, h.shape[0] // 2),
    "wide black page": lambda h: np.pad(h, ((0, 0), (h.shape[1] // 2, h.shape[1] // 2))),
    "cut to the head": cut_to_the_head,
    "cut 5 % deeper": lambda h: cut_to_the_head(h, 0.05),
    "words and a ruler": labelled,
}
BAD_HEADS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "negative": lambda h: 255 - h,
    "negative, cut to the head": lambda h: 255 - cut_to_the_head(h),
    "negative in a black frame": lambda h: np.pad(255 - h, 20),
    **{f"white frame, {w} px": (lambda h, w=w: framed(h, w)) for w in (1, 3, 10, 40, 150)},
    "light grey frame": lambda h: framed(h, 20, 150),
    "white line in black": lambda h: framed(h, 4, 255, 20),
    "white bars left and right": lambda h: bars(h, "left", "right"),
    "white bar on top": lambda h: bars(h, "top"),
    "four heads": montage,
}


def other_things() -> dict[str, np.ndarray]:
    """Pictures that have nothing to do with a head."""
    rng, ramp = np.random.default_rng(0), np.linspace(0, 255, 512)
    disc = np.hypot(*(np.mgrid[:512, :512] - 256)) < 180
    half = np.hstack([words((300, 600), 0, 20), np.zeros((600, 300))])
    things = {
        "text, dark on white": words((800, 600), 0, 22),
        "text, white on black": words((800, 600), 255, 22),
        "text, white on black, dense": words((800, 600), 255, 40, 12, 100),
        "text, white on black, large": words((800, 600), 255, 8, 60),
        "half a page": half,
        "noise, even": rng.random((512, 512)),
        "noise, normal": rng.normal(size=(512, 512)),
        "noise, smooth": gaussian_filter(rng.normal(size=(512, 512)), 12),
        "ramp": np.tile(ramp, (512, 1)),
        "ramp, slanting": np.add.outer(ramp, ramp),
        "checkers": np.kron(np.indices((8, 8)).sum(0) % 2, np.ones((64, 64))) * 255.0,
        "a mask": disc * 255.0,
        "chart": chart("default"),
        "chart, dark": chart("dark_background"),
    }
    return things | photos()


def chart(style: str) -> np.ndarray:
    import matplotlib.pyplot as plt

    with plt.style.context(style):
        figure, ax = plt.subplots(figsize=(6, 4))
        ax.plot(np.sin(np.linspace(0, 9, 200)))
        ax.set(title="Dice", xlabel="epoch", ylabel="score")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        plt.close(figure)
    return np.asarray(Image.open(buffer).convert("L"), float)


def photos() -> dict[str, np.ndarray]:
    folder, found = Path(skimage.data.__file__).parent, {}
    stems = {"clock": "clock_motion", "immunohistochemistry": "ihc"}
    for name in PHOTOS:
        for path in folder.glob(f"{stems.get(name, name)}.*g"):
            grey = np.asarray(Image.open(path).convert("L"), float)
            found |= {f"photograph: {name}": grey, f"photograph: {name}, negative": 255 - grey}
    return found


def is_refused(picture: np.ndarray) -> bool:
    try:
        check_head(normalise(picture))
    except DataError:
        return True
    return False


def look_at(entry: MatEntry | np.ndarray, changed: bool) -> dict[str, bool]:
    image = entry if isinstance(entry, np.ndarray) else entry.read().image
    answer = {"as it is": is_refused(image)}
    head = np.round(normalise(image) * 255)
    changes = {**GOOD, **BAD_HEADS} if changed else {}
    return answer | {name: is_refused(change(head)) for name, change in changes.items()}


def count(title: str, pictures: Sequence[MatEntry | np.ndarray], every: int) -> None:
    answers = Parallel(n_jobs=-1)(delayed(look_at)(p, i % every == 0) for i, p in enumerate(pictures))
    print(title)
    for name in answers[0]:
        refused = [answer[name] for answer in answers if name in answer]
        should = "all" if name in BAD_HEADS else "none"
        print(f"  {name:28} {sum(refused):5d} of {len(refused):4d} refused, should be {should}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--every", type=int, default=12, help="change each Nth slice")
    chosen = parser.parse_args()
    if chosen.folder:
        count(f"{chosen.folder}", list_slices(chosen.folder), chosen.every)
    for title, tumour_free in (("phantoms", False), ("phantoms without a tumour", True)):
        count(title, list(load_phantoms(tumour_free).images), chosen.every)
    print("other things:")
    for name, picture in other_things().items():
        print(f"  {name:40} {'refused' if is_refused(picture) else 'TAKEN FOR A HEAD'}")


if __name__ == "__main__":
    main()

"""Is this a picture of a head at all? A look at its edge and at its largest light piece."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_fill_holes

from braintut.dataset.grid import bounding_box, largest_piece, resize
from braintut.errors import DataError

LIGHT = 0.15
"""From this grey on, in 0..1 as `normalise` gives it, a pixel at the edge is no air, however noisy the scanner."""

TISSUE = 0.05
"""From this grey on a pixel may be tissue, however dark the picture."""

# Each limit stands between what real slices show and what pictures of other things show; see `check_head`.
MAX_LIGHT_EDGE = 0.65
MAX_FLAT_SIDE = 0.05
MIN_SHARE = 0.55
MIN_AREA = 0.01
MIN_SOLID = 0.6
MAX_WHITE = 0.6

LOOK_SIZE = 256

COLOURFUL = 0.15
"""Where the largest and the smallest of red, green and blue lie further apart, in 0..1, a pixel has a colour."""
MAX_COLOUR = 0.25
"""A slice may carry coloured outlines and words, but not more colour than this share of its light pixels."""


def check_colour(colours: np.ndarray, name: object) -> None:
    """Refuse a picture in colour: a scan is grey, and a colour map has lost the order of its greys.

    Parameters
    ----------
    colours : ndarray of float, shape (H, W, 3)
        Red, green and blue, 0..1.
    name : str or path
        What the error calls it.

    Raises
    ------
    DataError
        If too many of its light pixels have a colour.
    """
    brightest = colours.max(axis=-1)
    light = brightest > LIGHT
    share = ((brightest - colours.min(axis=-1))[light] > COLOURFUL).mean() if light.any() else 0
    if share > MAX_COLOUR:
        raise DataError(
            f"{name}: This is no picture of a head: {share:.0%} of it is in colour, and a scan is grey; "
            "give the slice as it came from the scanner, without a colour map."
        )


def shows_head(normalised: np.ndarray) -> bool:
    """Whether a picture in 0..1 may be a slice of a head, as `check_head` judges it."""
    try:
        check_head(normalised)
    except DataError:
        return False
    return True


def check_head(normalised: np.ndarray) -> None:
    """Refuse a normalised picture that cannot be one slice of a head: a negative, a framed picture, a page, a chart.

    A head is one light piece, solid, with greys inside and air around. It may touch the picture's edge (a neck does),
    stand in a wide black margin or beside a few white words. A picture of something else fails one of these, which are
    measured inside the smallest box that holds all light pixels; the `DataError` says what was seen and what to do.

    - `MAX_LIGHT_EDGE`: share of light pixels on the four sides of the box.
    - `MAX_FLAT_SIDE`: a light side must vary by more than this: a frame does not.
    - `MIN_SHARE`: of all light pixels, what lies in the largest piece.
    - `MIN_AREA`: of the picture, what the largest piece takes.
    - `MIN_SOLID`: of the piece with its holes filled, what is no air.
    - `MAX_WHITE`: of the piece, what is nearly white.

    The limits were chosen on 2421 real slices; `benchmarks/refusals.py` counts who is refused. A photograph that is
    dark at its edge still passes.
    """
    _check_edge(_trimmed(normalised))
    small = resize(normalised, LOOK_SIZE)
    light = small > TISSUE
    piece = largest_piece(light)
    if piece.sum() / max(light.sum(), 1) < MIN_SHARE or piece.mean() < MIN_AREA:
        raise DataError(
            "This is no picture of a head: it falls into many small pieces, as text does; cut out one slice."
        )
    filled = binary_fill_holes(piece)
    if piece.sum() < MIN_SOLID * filled.sum():
        raise DataError("This is no picture of a head: it shows lines, not a solid body; cut out the slice alone.")
    if (small[piece] > 0.9).mean() > MAX_WHITE:
        raise DataError("This is no picture of a head: it is black and white, without greys; give the slice itself.")


def _trimmed(normalised: np.ndarray) -> np.ndarray:
    """The smallest part of the picture that holds all light pixels."""
    light = normalised > LIGHT
    if not light.any():
        raise DataError("This is no picture of a head: nothing in it is lighter than air; give a normalised slice.")
    return normalised[bounding_box(light)]


def _check_edge(picture: np.ndarray) -> None:
    sides = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
    if np.mean([(side > LIGHT).mean() for side in sides]) > MAX_LIGHT_EDGE:
        raise DataError(
            "This is no picture of a head: it is light all around, as a page, a frame or a negative is, "
            "where a head has dark air; cut a frame away, turn a negative back, or give the whole head."
        )
    if any(_is_flat_and_light(side) for side in sides):
        raise DataError("This is no picture of a head: one side is a plain light bar; cut it away.")


def _is_flat_and_light(side: np.ndarray) -> bool:
    low, high = np.percentile(side, [5, 95])
    return low > LIGHT and high - low < MAX_FLAT_SIDE

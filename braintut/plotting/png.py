"""Slices as PNG bytes, drawn fast enough for a widget: what `draw_slice` does for figures, in a few milliseconds."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw
from skimage.measure import find_contours

from braintut.dataset.grid import bounding_box
from braintut.plotting.style import PREDICTED_STYLE, TRUE_STYLE

SIDE = 512
"""Longer side of a picture, in screen pixels."""
DRAWN_COLOUR = "#F0E442"
LINE, HALO, SMOOTH = 2.2, 4.4, 2  # widths in screen pixels; lines are drawn twice as large and averaged
DASH, GAP = 9.0, 6.0

Box = tuple[float, float, float, float]


def slice_png(
    image: np.ndarray,
    true_mask: np.ndarray | None = None,
    predicted_mask: np.ndarray | None = None,
    window: tuple[float, float] = (0.0, 1.0),
    box: Box | None = None,
    points: Sequence[tuple[float, float]] = (),
    cursor: tuple[float, float] | None = None,
    side: int = SIDE,
) -> bytes:
    """Draw one slice in grey with its contours: the true one solid sky blue, the predicted one dashed orange.

    Parameters
    ----------
    image : ndarray of float, shape (H, W)
        0..1.
    true_mask, predicted_mask : ndarray of bool, shape (H, W), optional
    window : (float, float)
        Grey values, 0..1, that become black and white.
    box : (float, float, float, float), optional
        Left, top, right and bottom of the part to show, in pixels of the image; see `box_around`. Default: all of it.
    points : sequence of (float, float)
        Corners (x, y) of an outline drawn by hand, dotted yellow; pixel (0, 0) has its centre at 0, 0.
    cursor : (float, float), optional
        Where the next point would go: a cross.
    side : int
        Longer side of the picture in screen pixels.

    Returns
    -------
    bytes
        A PNG. `draw_slice` draws the same through matplotlib, for figures.
    """
    height, width = image.shape
    box = box or (0.0, 0.0, float(width), float(height))
    picture = _grey(image, window, box, side)
    scale = picture.width / (box[2] - box[0])
    for mask, style in ((true_mask, TRUE_STYLE), (predicted_mask, PREDICTED_STYLE)):
        if mask is not None and mask.any():
            lines = [_to_screen(line[:, ::-1], box, scale) for line in mask_outlines(mask)]
            _draw_lines(picture, lines if style is TRUE_STYLE else _dashes(lines, DASH, GAP), style["colors"])
    if len(points):
        _draw_points(picture, _to_screen(np.array(points, float), box, scale))
    if cursor is not None:
        _draw_cursor(picture, _to_screen(np.array([cursor], float), box, scale)[0])
    return to_png(picture)


def to_png(picture: Image.Image) -> bytes:
    """Encode a picture as PNG, quickly rather than tightly."""
    buffer = io.BytesIO()
    picture.save(buffer, format="png", compress_level=1)
    return buffer.getvalue()


def mask_outlines(mask: np.ndarray) -> list[np.ndarray]:
    """Closed lines around a mask, half-way between its pixels and the others, each an ndarray of float, shape (n, 2).

    They are rows and columns; the centre of pixel (0, 0) is 0, 0.
    """
    if not mask.any():
        return []
    box = bounding_box(mask)
    near = np.pad(mask[box].astype(np.uint8), 1)
    corner = np.array([side.start - 1 for side in box])
    return [line + corner for line in find_contours(near, 0.5)]


def box_around(mask: np.ndarray | None, zoom: float, shape: tuple[int, int]) -> Box:
    """Left, top, right and bottom of what a zoom shows, in pixels of the image: around a mask, never beyond the edge.

    Without a mask, or around an empty one, it is the middle of the picture (H, W). A zoom of 1 shows everything, 2 half
    the width and half the height.
    """
    height, width = shape
    middle = (height / 2, width / 2)
    if mask is not None and mask.any():
        middle = tuple((side.start + side.stop) / 2 for side in bounding_box(mask))
    top, left = (
        float(np.clip(at - size / zoom / 2, 0, size - size / zoom))
        for at, size in zip(middle, shape, strict=True)
    )  # fmt: skip
    return left, top, left + width / zoom, top + height / zoom


def picture_in_words(mask: np.ndarray) -> str:
    """Say where in the picture a mask lies, for those who do not see it."""
    if not mask.any():
        return "no tumour is marked"
    centre = [np.flatnonzero(mask.any(axis)).mean() / mask.shape[1 - axis] for axis in (1, 0)]
    row = ("upper", "middle", "lower")[min(int(centre[0] * 3), 2)]
    column = ("left", "middle", "right")[min(int(centre[1] * 3), 2)]
    place = "middle" if row == column == "middle" else f"{row} {column}"
    return f"a tumour is outlined in the {place} of the picture"


def image_tag(png: bytes, alt: str, width: int | None = None) -> str:
    """An HTML picture that carries its own bytes, with the text that stands for it."""
    size = f' width="{width}"' if width else ""
    return f'<img{size} alt="{html.escape(alt)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _grey(image: np.ndarray, window: tuple[float, float], box: Box, side: int) -> Image.Image:
    low, high = window
    levels = np.clip((image - low) * (255 / max(high - low, 1e-6)), 0, 255).astype(np.uint8)
    scale = side / max(box[2] - box[0], box[3] - box[1])
    size = (max(round((box[2] - box[0]) * scale), 1), max(round((box[3] - box[1]) * scale), 1))
    # Enlarged, pixels are seen as they are; shrunk, they are averaged.
    how = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
    return Image.fromarray(levels).resize(size, how, box=box).convert("RGB")


def _to_screen(xy: np.ndarray, box: Box, scale: float) -> np.ndarray:
    return (xy + 0.5 - (box[0], box[1])) * scale


def _dashes(lines: list[np.ndarray], dash: float, gap: float) -> list[np.ndarray]:
    pieces = []
    for line in lines:
        along = np.r_[0, np.hypot(*np.diff(line, axis=0).T).cumsum()]
        for start in np.arange(0, along[-1], dash + gap):
            inside = along[(along > start) & (along < start + dash)]
            at = np.r_[start, inside, min(start + dash, along[-1])]
            pieces.append(np.column_stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])]))
    return pieces


def _draw_lines(picture: Image.Image, lines: list[np.ndarray], colour: str) -> None:
    """Draw smooth lines with a dark seam, so that they are seen on bright tissue, too."""
    if not lines:
        return
    corners = np.concatenate(lines)
    left, top = np.maximum(np.floor(corners.min(axis=0) - HALO), 0).astype(int)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0) + HALO), picture.size).astype(int)
    if right <= left or bottom <= top:
        return
    for width, paint, strength in ((HALO, "black", 110), (LINE, colour, 255)):
        stencil = Image.new("L", ((right - left) * SMOOTH, (bottom - top) * SMOOTH))
        pen = ImageDraw.Draw(stencil)
        for line in lines:
            xy = ((line - (left, top)) * SMOOTH).ravel().tolist()
            pen.line(xy, fill=strength, width=round(width * SMOOTH), joint="curve")
        picture.paste(paint, (left, top, right, bottom), stencil.reduce(SMOOTH))


def _draw_points(picture: Image.Image, xy: np.ndarray) -> None:
    if len(xy) > 1:
        _draw_lines(picture, _dashes([np.vstack([xy, xy[:1]])], 2.5, 4.0), DRAWN_COLOUR)
    pen = ImageDraw.Draw(picture)
    for x, y in xy:
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=DRAWN_COLOUR, outline="black")


def _draw_cursor(picture: Image.Image, at: np.ndarray) -> None:
    arms = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)])
    _draw_lines(picture, [np.array([at + 5 * arm, at + 14 * arm]) for arm in arms], DRAWN_COLOUR)

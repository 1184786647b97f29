"""Draw it yourself: outline the tumour by points and compare with the true outline and the network's."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets as widgets
import numpy as np
from skimage.draw import polygon2mask

from braintut.dataset.slices import Slices
from braintut.errors import DataError
from braintut.plotting.png import SIDE, box_around, image_tag, slice_png
from braintut.segmentation.metrics import dice_score
from braintut.teaching.findings import Findings, html_table
from braintut.teaching.names import name_controls, status

if TYPE_CHECKING:
    from braintut.pipeline.pipeline import Pipeline

Point = tuple[float, float]
FEWEST = 3
"""With fewer points there is nothing inside."""
HOW_TO = (
    f"Click around the tumour on the picture, then press <i>Compare</i>. At least {FEWEST} points are needed; more "
    "follow its edge better. Without a mouse: move the cross with <i>Across</i> and <i>Down</i> and press "
    "<i>Add point</i>, or type points into the field, two numbers each: across down, across down, ..."
)
TITLES = {
    "Add point": "Set a point where the cross is",
    "Undo point": "Take the last point back",
    "Start again": "Take all points back",
    "Compare": "Show the true outline, the network's, and how well they agree with yours",
}
"""What a button says when the mouse rests on it."""
# Runs in the browser on a click: writes the place into the text field, as if it had been typed.
_ON_CLICK = (
    "const r=this.getBoundingClientRect(),b=this.dataset.box.split(' ').map(Number),"
    "t=this.closest('.braintut-outline').querySelector('textarea'),"
    "x=b[0]+(event.clientX-r.left)/r.width*(b[2]-b[0])-0.5,y=b[1]+(event.clientY-r.top)/r.height*(b[3]-b[1])-0.5;"
    "t.value=(t.value.trim()?t.value.trim()+', ':'')+x.toFixed(1)+' '+y.toFixed(1);"
    "for(const e of ['input','change'])t.dispatchEvent(new Event(e,{bubbles:true}))"
)


def parse_points(text: str) -> list[Point]:
    """Read typed points (across, down), in pixels, apart by commas, semicolons or lines: `"60 40, 72 41.5, 70 55"`.

    A `DataError` if one is not two numbers.
    """
    points = []
    for part in filter(str.strip, re.split(r"[,;\n]", text)):
        try:
            x, y = map(float, part.split())
        except ValueError as error:
            raise DataError(
                f"'{part.strip()}' is no point; write two numbers for each, for example 60 40, 72 41, 70 55."
            ) from error
        points.append((x, y))
    return points


def mask_of_points(points: list[Point], shape: tuple[int, int]) -> np.ndarray:
    """Fill the outline through some points (across, down), in pixels, on a picture (H, W); empty for fewer than 3."""
    if len(points) < FEWEST:
        return np.zeros(shape, bool)
    return polygon2mask(shape, np.array(points)[:, ::-1])


def slip_in(points: list[Point], shape: tuple[int, int]) -> str:
    """Say why some points (across, down), in pixels, make no outline on a picture (H, W); nothing where they do.

    Examples
    --------
    >>> slip_in([(10, 10), (20, 20)], (64, 64))
    '2 of at least 3 points.'
    """
    for x, y in points:
        if not _lies_inside((x, y), shape):
            return f"The point {x:g} {y:g} lies outside the picture, which is {shape[1]} wide and {shape[0]} high."
    if len(points) < FEWEST:
        return f"{len(points)} of at least {FEWEST} points."
    breadth = np.linalg.svd(np.array(points) - np.mean(points, axis=0), compute_uv=False)[1]
    if breadth < 0.5:  # pixels
        return f"Nothing lies inside these {len(points)} points: go around the tumour, not along a line."
    return ""


def _lies_inside(point: Point, shape: tuple[int, int]) -> bool:
    return all(-0.5 <= at <= side - 0.5 for at, side in zip(point, shape[::-1], strict=True))  # NaN does not


class OutlineDrawer(widgets.VBox):
    """A widget to outline a tumour with, and to compare.

    Parameters
    ----------
    slices : Slices
        At least one; one is outlined at a time.
    pipeline : Pipeline, optional
        Adds the network's outline to the comparison.
    zoom : float
        Shows this part of the picture larger, around the tumour's neighbourhood; 1 shows all and gives no hint.

    Raises
    ------
    DataError
        If there are no slices.

    Notes
    -----
    Points are set by clicks on the picture, by two sliders and a button, or typed.

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> drawer = OutlineDrawer(load_phantoms()[:1])
    >>> drawer.typed.value = "50 40, 60 40, 60 60"
    >>> bool(drawer.mask[45, 58]), bool(drawer.mask[55, 51])
    (True, False)
    """

    def __init__(self, slices: Slices, pipeline: Pipeline | None = None, zoom: float = 1.0) -> None:
        if not len(slices):
            raise DataError("There must be at least one slice to draw on, but there are none.")
        self.findings, self.zoom_factor = Findings(slices, pipeline), zoom
        self._make_controls()
        self._make_views()
        buttons = widgets.HBox([self.add, self.undo, self.clear, self.compare], layout=_wrap())
        side = widgets.VBox(
            [self.position, self.across, self.down, buttons, self.typed, self.message, self.scores],
            layout=widgets.Layout(flex="1 1 20em", margin="0 0 0 1em"),
        )
        beside = widgets.HBox([self.picture, side], layout=_wrap())
        super().__init__([widgets.HTML(HOW_TO), beside, name_controls("braintut-outline")])
        self.add_class("braintut-outline")
        self._watch()
        self._show()

    @property
    def mask(self) -> np.ndarray:
        """The mask drawn so far, shape (H, W); empty while there are fewer than three points, or a slip in them."""
        points, slip = self._points_and_slip()
        return mask_of_points([] if slip else points, self._shape)

    def _make_controls(self) -> None:
        height, width = self._shape
        n = len(self.findings.slices)
        self.position = _slider("Slice", 1, 1, n, disabled=n == 1)
        self.across = _slider("Across", width // 2, 0, width - 1)
        self.down = _slider("Down", height // 2, 0, height - 1)
        self.add, self.undo, self.clear = (
            widgets.Button(description=name, tooltip=TITLES[name])
            for name in ("Add point", "Undo point", "Start again")
        )
        self.compare = widgets.ToggleButton(description="Compare", tooltip=TITLES["Compare"])
        self.typed = widgets.Textarea(
            description="Points", continuous_update=False, rows=3, placeholder="60 40, 72 41, 70 55"
        )

    def _make_views(self) -> None:
        self.picture = widgets.HTML(layout=widgets.Layout(width=f"{SIDE}px"))
        self.message, self.scores = widgets.HTML(), widgets.HTML()

    def _watch(self) -> None:
        self.position.observe(lambda change: self._start_again(), "value")
        for control in (self.across, self.down, self.typed, self.compare):
            control.observe(lambda change: self._show(), "value")
        self.add.on_click(lambda button: self._edit(lambda points: [*points, (self.across.value, self.down.value)]))
        self.undo.on_click(lambda button: self._edit(lambda points: points[:-1]))
        self.clear.on_click(lambda button: self._start_again())

    @property
    def _index(self) -> int:
        return self.position.value - 1 if hasattr(self, "position") else 0

    @property
    def _shape(self) -> tuple[int, int]:
        return self.findings.slices.images.shape[1:]

    def _edit(self, change: Callable[[list[Point]], list[Point]]) -> None:
        try:
            points = change(parse_points(self.typed.value))
        except DataError:
            return  # the message names the slip of the pen already; nothing is thrown away
        self.typed.value = ", ".join(f"{x:g} {y:g}" for x, y in points)

    def _start_again(self) -> None:
        self.compare.value = False
        self.typed.value = ""
        self._show()

    def _show(self) -> None:
        points, slip = self._points_and_slip()
        if slip and self.compare.value:
            self.compare.value = False  # which comes here again: the answer is shown to an outline only
            self.message.value = status(f"{slip} Then press Compare.")
            return
        compare = self.compare.value
        self.message.value = status(slip or self._area(points) + ("" if compare else " Ready? Press Compare."))
        self.scores.value = self._score(self.mask) if compare else ""
        self.picture.value = self._draw(points, compare)

    def _points_and_slip(self) -> tuple[list[Point], str]:
        try:
            points = parse_points(self.typed.value)
        except DataError as error:
            return [], str(error)
        return points, slip_in(points, self._shape)

    def _area(self, points: list[Point]) -> str:
        area = mask_of_points(points, self._shape).sum() * float(self.findings.slices.pixel_mm[self._index]) ** 2
        return f"{len(points)} points around {area:.0f} mm²."

    def _draw(self, points: list[Point], compare: bool) -> str:
        slices, index = self.findings.slices, self._index
        box = box_around(slices.masks[index] if self.zoom_factor > 1 else None, self.zoom_factor, self._shape)
        inside = [point for point in points if _lies_inside(point, self._shape)]
        png = slice_png(
            slices.images[index],
            slices.masks[index] if compare else None,
            self.findings.mask(index) if compare else None,
            box=box, points=inside, cursor=(self.across.value, self.down.value),
        )  # fmt: skip
        alt = f"Slice {slices.ids[index]} with your {len(points)} points."
        place = " ".join(f"{edge:g}" for edge in box)
        how = f'style="cursor:crosshair;width:100%" data-box="{place}" onclick="{html.escape(_ON_CLICK)}"'
        return image_tag(png, alt).replace("<img", f"<img {how}", 1)

    def _score(self, mask: np.ndarray) -> str:
        index = self._index
        true_mask, predicted = self.findings.slices.masks[index], self.findings.mask(index)
        rows = [("You and the true outline (solid blue)", dice_score(true_mask, mask))]
        if predicted is not None:
            rows += [
                ("You and the network (dashed orange)", dice_score(predicted, mask)),
                ("The network and the true outline", dice_score(true_mask, predicted)),
            ]
        known = "<p>The network has met this patient in training.</p>" if self.findings.is_known(index) else ""
        return html_table(["Dice"], [(words, f"{value:.2f}") for words, value in rows]) + known


def _slider(description: str, value: int, low: int, high: int, disabled: bool = False) -> widgets.IntSlider:
    return widgets.IntSlider(
        value=value, min=low, max=high, description=description, continuous_update=False, disabled=disabled
    )


def _wrap() -> widgets.Layout:
    return widgets.Layout(flex_flow="row wrap")

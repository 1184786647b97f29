"""A film of a training: the same slice again and again, with the outline that the network drew at each moment."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import NamedTuple

import ipywidgets as widgets
import numpy as np
from PIL import Image

from braintut.dataset.grid import resize
from braintut.dataset.slices import from_grey_levels
from braintut.errors import DataError, brief
from braintut.plotting.png import SIDE, slice_png
from braintut.results import load_result
from braintut.segmentation.metrics import dice_score
from braintut.teaching.names import name_controls, status

_WIDE = {"description_width": "initial"}


class Film(NamedTuple):
    """A slice, its true mask, and what a network said of it at each moment: what `draw_growth` and `OutlineFilm` take.

    `frames` has the title of each moment and its probabilities, 0..1, ndarray of float32, shape (h, w).
    """

    image: np.ndarray
    true_mask: np.ndarray
    frames: dict[str, np.ndarray]


def load_films() -> dict[str, Film]:
    """Load a training on phantoms that was filmed on three heads it never met: tumour type and film.

    Raises
    ------
    DataError
        If the file is damaged.

    Examples
    --------
    >>> films = load_films()
    >>> list(films), list(films["glioma"].frames)[:2]
    (['meningioma', 'glioma', 'pituitary'], ['epoch 1', 'epoch 2'])
    """
    result = load_result("growth")
    try:
        titles = [f"epoch {epoch}" for epoch in result["epochs"]]
        return {name: _read_film(film, titles) for name, film in result["films"].items()}
    except Exception as error:  # Pillow says in many ways that a picture is damaged
        raise DataError(f"The film 'growth' is damaged ({brief(error)}); install braintut again.") from error


def _read_film(film: dict, titles: list[str]) -> Film:
    frames = dict(zip(titles, map(_read_png, film["probabilities"]), strict=True))
    return Film(_read_png(film["head"]), _read_png(film["true_mask"]) >= 0.5, frames)


def _read_png(text: str) -> np.ndarray:
    return from_grey_levels(np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))))


class OutlineFilm(widgets.VBox):
    """A widget that plays how an outline grew, with a slider to stop it anywhere.

    Parameters
    ----------
    image : ndarray of float, shape (H, W)
        0..1.
    true_mask : ndarray of bool, shape (H, W)
    frames : mapping of str to ndarray of float, shape (h, w)
        Title of each moment and its probabilities, 0..1, at the size of the image or smaller.
    threshold : float
        Probability, 0..1, from which a pixel counts as tumour.

    Raises
    ------
    DataError
        If there is no frame.

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> one = load_phantoms()[0]
    >>> film = OutlineFilm(one.image, one.true_mask, {"epoch 1": 0.0 * one.image, "epoch 2": 1.0 * one.true_mask})
    >>> film.moment.value = 2
    >>> film.caption.value
    '<div role="status">epoch 2: Dice 1.00</div>'
    """

    def __init__(
        self, image: np.ndarray, true_mask: np.ndarray, frames: Mapping[str, np.ndarray], threshold: float = 0.5
    ) -> None:
        if not frames:
            raise DataError("A film needs at least one frame: a title and the probabilities of that moment.")
        self.image, self.true_mask = np.asarray(image), np.asarray(true_mask, bool)
        self.titles = list(frames)
        # Enlarged as probabilities, not as masks: the outline is smoother.
        self.probabilities = [resize(frame, self.image.shape) for frame in frames.values()]
        self._make_controls(threshold)
        names = name_controls("braintut-film", "The slice that the sentence below describes")
        move = widgets.HBox([self.play, self.moment, self.threshold], layout=widgets.Layout(flex_flow="row wrap"))
        super().__init__([move, self.picture, self.caption, names])
        self.add_class("braintut-film")
        # Through the kernel: jslink, without it, is broken in Colab.
        self._link = widgets.link((self.play, "value"), (self.moment, "value"))
        for control in (self.moment, self.threshold):
            control.observe(lambda change: self._show(), "value")
        self._show()

    @property
    def predicted_mask(self) -> np.ndarray:
        """The mask at the chosen moment and threshold, shape (H, W)."""
        return self.probabilities[self.moment.value - 1] >= self.threshold.value

    def _make_controls(self, threshold: float) -> None:
        n = len(self.titles)
        self.play = widgets.Play(min=1, max=n, value=1, interval=500, description="Play the training")
        self.moment = widgets.IntSlider(
            value=1, min=1, max=n, description="Moment", continuous_update=True, style=_WIDE, disabled=n == 1
        )
        self.threshold = widgets.FloatSlider(
            value=threshold, min=0.01, max=0.99, step=0.01, description="Threshold", style=_WIDE
        )
        self.picture = widgets.Image(format="png", layout=widgets.Layout(width=f"{SIDE}px"))
        self.caption = widgets.HTML()

    def _show(self) -> None:
        mask, title = self.predicted_mask, self.titles[self.moment.value - 1]
        self.picture.value = slice_png(self.image, self.true_mask, mask)
        self.caption.value = status(f"{title}: Dice {dice_score(self.true_mask, mask):.2f}")

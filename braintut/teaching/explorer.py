"""The slice explorer: choose a patient, move through slices, see masks, measures and the network's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets
import numpy as np

from braintut.dataset.scan import TUMOUR_TYPES
from braintut.dataset.slices import Slices
from braintut.errors import DataError
from braintut.plotting.png import SIDE, box_around, slice_png
from braintut.teaching.findings import Findings, in_words, measures_table
from braintut.teaching.names import name_controls, status

if TYPE_CHECKING:
    from braintut.pipeline.pipeline import Pipeline

ALL_TYPES = "all types"
LEAST_CONTRAST = 0.1
"""Narrower, and the picture is black and white, or black."""
NO_NETWORK = "Predicted mask and threshold need a network: <code>SliceExplorer(slices, pipeline)</code>."
_WIDE = {"description_width": "5.5em"}


class SliceExplorer(widgets.VBox):
    """A widget to look at slices with.

    Parameters
    ----------
    slices : Slices
        At least one.
    pipeline : Pipeline, optional
        Adds the predicted mask, its threshold (at first the pair's own), and the type, as a report would state it.
        There is no second look: where nothing reaches the threshold, nothing is shown.
    patient : str, optional
        Where to begin; the first patient if left out.

    Raises
    ------
    DataError
        If there are no slices, or not this patient.

    Notes
    -----
    Every control works with the mouse and with the keyboard: Tab moves between them, the arrow keys move a slider.
    Needs ipywidgets 7.7 or newer.

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> explorer = SliceExplorer(load_phantoms(), patient="PH002")
    >>> explorer.position.value = 3  # as if the slider were moved
    >>> explorer.index  # counted from 0; six slices of PH001 come first
    8
    """

    def __init__(self, slices: Slices, pipeline: Pipeline | None = None, patient: str | None = None) -> None:
        if not len(slices):
            raise DataError("The explorer needs at least one slice, but there are none.")
        if patient is not None:
            slices.of_patient(patient)  # says so if there is none
        self.findings = Findings(slices, pipeline)
        self._quiet = False
        self._make_controls(pipeline is not None)
        self._make_views()
        names = name_controls("braintut-explorer", "The slice that the sentence below describes")
        beside = widgets.HBox([self._left(), self._right()], layout=widgets.Layout(flex_flow="row wrap"))
        super().__init__([beside, names])
        self.add_class("braintut-explorer")
        self._offer_patients(patient)
        self._watch()

    @property
    def index(self) -> int:
        """Which of the slices is shown."""
        return int(self._of_patient()[self.position.value - 1])

    @property
    def predicted_mask(self) -> np.ndarray | None:
        """The mask at the chosen threshold, shape (H, W); None without a network."""
        return self.findings.mask(self.index, self.threshold.value)

    def _make_controls(self, has_network: bool) -> None:
        here = [name for name in ("none", *TUMOUR_TYPES) if name in self.findings.slices.types]
        self.tumour_type = widgets.Dropdown(options=[ALL_TYPES, *here], description="Type", style=_WIDE)
        self.patient = widgets.Dropdown(description="Patient", style=_WIDE)
        # The slice's own number stands below the picture; a second one beside the slider would be another's.
        self.position = _slider(widgets.IntSlider, "Slice", 1, 1, 1, 1, readout=False)
        self.play = widgets.Play(min=1, max=1, value=1, interval=400, description="Play slices")
        self.show_true = _checkbox("True mask (solid blue)")
        self.show_predicted = _checkbox("Predicted mask (dashed orange)", disabled=not has_network)
        self.contrast = _slider(widgets.FloatRangeSlider, "Contrast", (0.0, 1.0), 0.0, 1.0, 0.05)
        self.zoom = _slider(widgets.FloatSlider, "Zoom", 1.0, 1.0, 8.0, 0.5)
        start = self.findings.pipeline.threshold if has_network else 0.5
        self.threshold = _slider(widgets.FloatSlider, "Threshold", start, 0.01, 0.99, 0.01, disabled=not has_network)

    def _make_views(self) -> None:
        self.picture = widgets.Image(format="png", layout=widgets.Layout(width=f"{SIDE}px"))
        self.caption = widgets.HTML()
        self.numbers = widgets.HTML()

    def _left(self) -> widgets.Widget:
        move = widgets.HBox([self.position, self.play])
        return widgets.VBox([move, self.picture, self.caption], layout=widgets.Layout(width=f"{SIDE + 8}px"))

    def _right(self) -> widgets.Widget:
        choice = [self.tumour_type, self.patient, self.show_true, self.show_predicted]
        controls = [*choice, self.contrast, self.zoom, self.threshold]
        if self.threshold.disabled:
            controls.append(widgets.HTML(NO_NETWORK))
        return widgets.VBox([*controls, self.numbers], layout=widgets.Layout(flex="1 1 20em", margin="0 0 0 1em"))

    def _watch(self) -> None:
        # Play moves the slider, the slider moves Play. Through the kernel: jslink, without it, is broken in Colab.
        self._link = widgets.link((self.play, "value"), (self.position, "value"))
        self.tumour_type.observe(lambda change: self._offer_patients(), "value")
        self.patient.observe(lambda change: self._open_patient(), "value")
        self.contrast.observe(lambda change: self._widen_contrast(), "value")  # before the picture is drawn with it
        shown = (self.position, self.show_true, self.show_predicted, self.contrast, self.zoom, self.threshold)
        for control in shown:
            control.observe(lambda change: self._show(), "value")

    def _widen_contrast(self) -> None:
        low, high = self.contrast.value
        if high - low < LEAST_CONTRAST - 1e-9:
            low = min(low, 1 - LEAST_CONTRAST)
            self.contrast.value = (low, low + LEAST_CONTRAST)

    def _offer_patients(self, first: str | None = None) -> None:
        slices, wanted = self.findings.slices, self.tumour_type.value
        chosen = slices.patients if wanted == ALL_TYPES else slices.patients[slices.types == wanted]
        patients = list(dict.fromkeys(chosen.tolist()))
        self._quiet = True
        self.patient.options = patients
        self.patient.value = first or patients[0]
        self._quiet = False
        self._open_patient()

    def _open_patient(self) -> None:
        if self._quiet:
            return
        n = len(self._of_patient())
        self._quiet = True
        self.position.value = 1
        for control in (self.position, self.play):
            control.max = n
        self._quiet = False
        self._show()

    def _of_patient(self) -> np.ndarray:
        slices = self.findings.slices
        chosen = slices.patients == self.patient.value
        if self.tumour_type.value != ALL_TYPES:
            chosen &= slices.types == self.tumour_type.value
        return np.flatnonzero(chosen)

    def _show(self) -> None:
        if self._quiet:
            return
        index, mask = self.index, self.predicted_mask
        self.picture.value = self._draw(index, mask)
        self.caption.value = status(in_words(self.findings, index, mask))
        self.numbers.value = self._describe(index, mask)
        for next_one in self._of_patient()[self.position.value : self.position.value + 1]:
            self.findings.probability(int(next_one))  # this slice is out already; so the next key is quick

    def _draw(self, index: int, mask: np.ndarray | None) -> bytes:
        image, true_mask = self.findings.slices.images[index], self.findings.slices.masks[index]
        centre = true_mask if true_mask.any() else mask
        return slice_png(
            image,
            true_mask if self.show_true.value else None,
            mask if self.show_predicted.value else None,
            self.contrast.value,
            box_around(centre, self.zoom.value, image.shape),
        )

    def _describe(self, index: int, mask: np.ndarray | None) -> str:
        findings = self.findings
        columns = {"true mask": findings.measures(index, findings.slices.masks[index])}
        lines = []
        if mask is not None:
            columns["predicted mask"] = findings.measures(index, mask)
            types = findings.types(index, mask, columns["predicted mask"])
            lines += [f"{name} {p:.0%}" for name, p in types.items()]
            who = "Classifier and network say" if findings.pipeline.names_types else "The classifier says"
        said = f"<p><b>{who}</b> {', '.join(lines)}.</p>" if lines else ""
        if findings.is_known(index):
            said += "<p>The network was trained on this patient: this shows what it learned, not how good it is.</p>"
        return measures_table(columns) + said


def _slider(kind: type, description: str, value: object, low: float, high: float, step: float, **more: object):
    return kind(
        value=value, min=low, max=high, step=step, description=description, continuous_update=False, style=_WIDE, **more
    )  # fmt: skip


def _checkbox(description: str, disabled: bool = False) -> widgets.Checkbox:
    return widgets.Checkbox(value=not disabled, description=description, indent=False, disabled=disabled)

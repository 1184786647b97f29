"""A button that fetches real heads into a notebook."""

from __future__ import annotations

import os

import ipywidgets as widgets

from braintut.dataset.load import real_folder
from braintut.dataset.sample import download_sample
from braintut.errors import BraintutError
from braintut.teaching.names import status

_RUN_AGAIN = "Now run this notebook again from the top (Run > Restart Kernel and Run All Cells): it shows real heads."
_CHOSEN = "But BRAINTUT_DATA is set to '{}', which lessons go on to use: unset it first."


class SampleButton(widgets.VBox):
    """A button that downloads the sample of real slices (see `download_sample`), with a bar that shows how far it is.

    Notes
    -----
    The file goes to the machine that the kernel runs on. A download that broke off goes on at the next click. Needs
    ipywidgets 7.7 or newer.

    Examples
    --------
    >>> button = SampleButton()
    >>> button.button.description
    'Fetch real heads (54 MB)'
    """

    def __init__(self) -> None:
        self.button = widgets.Button(
            description="Fetch real heads (54 MB)", icon="download", layout=widgets.Layout(width="16em")
        )
        self.progress = widgets.IntProgress(min=0, max=1, layout=widgets.Layout(visibility="hidden"))
        self.message = widgets.HTML("186 slices of 48 patients, straight from figshare; about a minute.")
        super().__init__([widgets.HBox([self.button, self.progress]), self.message])
        self.add_class("braintut-sample")
        self.button.on_click(lambda _: self.fetch())
        if _is_here():
            self._say("Real heads are here already; there is nothing to fetch.")
            self.button.disabled = True

    def fetch(self) -> None:
        """Fetch the sample, as a click does; say in one sentence that it is there, or why it is not."""
        self.button.disabled = True
        self.progress.value, self.progress.layout.visibility = 0, "visible"
        self._say("Fetching ...")
        folder = None
        try:
            folder = download_sample(progress=self._show)
        except BraintutError as error:
            self._say(str(error))
            return
        finally:
            self.progress.layout.visibility = "hidden"
            self.button.disabled = folder is not None  # else for another try, after an interruption, too
        chosen = os.environ.get("BRAINTUT_DATA", "").strip()
        self._say(f"Real heads are in {folder}. {_CHOSEN.format(chosen) if chosen else _RUN_AGAIN}")

    def _show(self, done: int, total: int) -> None:
        self.progress.max = total
        self.progress.value = done
        self._say(f"{done} of {total} slices are here.")

    def _say(self, sentence: str) -> None:
        self.message.value = status(sentence)


def _is_here() -> bool:
    try:
        return real_folder() is not None
    except BraintutError:  # files that nobody can read: the sample helps
        return False

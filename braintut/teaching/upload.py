"""Upload a scan of one's own in a notebook and read its report."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

import ipywidgets as widgets

from braintut.dataset.locations import phantom_folder
from braintut.dataset.scan import Scan
from braintut.dataset.scan_files import READERS, ending_of, read_scan
from braintut.dataset.series import Series, open_file
from braintut.errors import BraintutError, DataError
from braintut.report.page import report_fragment
from braintut.teaching.names import status

if TYPE_CHECKING:
    from braintut.pipeline.pipeline import Pipeline
    from braintut.report import Report
    from braintut.report.series import SeriesReport


BEFORE = (
    "PNG, JPEG, TIFF, BMP, WebP, DICOM, NIfTI, .npy or .mat, up to 10 MB "
    "(up to 100 MB where `make lab` or `braintut lab` opened this page)."
)
"""A server takes messages of 10 MB if it isn't told otherwise, and drops the connection at a larger one."""


def uploaded_files(value: object) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file in a `FileUpload`: a dict by name in ipywidgets 7, a tuple of dicts in 8."""
    if isinstance(value, Mapping):
        yield from ((name, bytes(entry["content"])) for name, entry in value.items())
    else:
        yield from ((entry["name"], bytes(entry["content"])) for entry in value)


def read_upload(name: str, content: bytes) -> Scan | Series:
    """Read a scan, or the slices of a volume, from the bytes of a file; the ending of its name tells its kind.

    A `DataError` if it is no scan, or damaged; it names the file as the reader knows it.
    """
    name = PureWindowsPath(name).name or "scan"  # no browser sends a path; if one does, only its end counts
    if not content:
        raise DataError(f"{name} is empty; export the slice again.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"scan{ending_of(name) or Path(name).suffix.lower()}"
        path.write_bytes(content)
        try:
            if series := open_file(path):
                renamed = [(scan, scan.name.replace(str(path), name)) for scan in series]
                return Series(name, [partial(replace, scan, name=called) for scan, called in renamed])
            return replace(read_scan(path), name=name)
        except BraintutError as error:
            raise type(error)(str(error).replace(str(path), name)) from error


class ScanUpload(widgets.VBox):
    """A widget that takes a scan or a volume, or an example of a synthetic head, and shows its report.

    Notes
    -----
    The file goes to the notebook's own kernel and nowhere else; in Colab that is a machine of Google's, so upload
    nobody's private picture.

    Examples
    --------
    >>> from braintut import load_pipeline
    >>> upload = ScanUpload(load_pipeline("phantom"))
    >>> upload.look("scan.png", b"")  # what the button does with a file
    >>> upload.message.value
    '<div role="status">scan.png is empty; export the slice again.</div>'
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.report: Report | SeriesReport | None = None
        self.choose = widgets.FileUpload(accept=",".join(READERS), multiple=False, description="Choose a scan")
        self.example = widgets.Button(description="Take an example", tooltip="Show the report on a synthetic head")
        self.message = widgets.HTML(BEFORE)
        self.answer = widgets.HTML()
        super().__init__([widgets.HBox([self.choose, self.example]), self.message, self.answer])
        self.add_class("braintut-upload")
        self.choose.observe(self._answer, "value")
        self.example.on_click(self._take_example)

    def look(self, name: str, content: bytes) -> None:
        """Show the report on a file, or one sentence about why there is none."""
        self.report = None
        self.answer.value = ""  # the report of the scan before must not stand there while this one is looked at
        self._say("Looking at the scan ...")
        try:
            scan = read_upload(name, content)
            is_series = isinstance(scan, Series)
            self.report = self.pipeline.series(scan, progress=False) if is_series else self.pipeline(scan)
        except BraintutError as error:
            self._say(str(error))
            return
        self.answer.value = self.report._repr_html_() if is_series else report_fragment(self.report, scan.true_mask)
        self._say(f"{scan.name}: {self.report}.")

    def _answer(self, change: dict) -> None:
        for name, content in uploaded_files(change["new"]):
            self.look(name, content)

    def _take_example(self, _button: widgets.Button) -> None:
        path = phantom_folder() / "figshare_layout" / "5.mat"
        self.look(path.name, path.read_bytes())

    def _say(self, sentence: str) -> None:
        self.message.value = status(sentence)

"""The explorer that needs no kernel: one script, `page/explorer.js`, as a web page and as a notebook's widget."""

from __future__ import annotations

import argparse
import os
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader

from braintut.dataset.files import write_text
from braintut.errors import DataError
from braintut.teaching.stack import Stack, make_stack, phantom_stack

if TYPE_CHECKING:
    from braintut.dataset.slices import Slices
    from braintut.pipeline.pipeline import Pipeline

SCRIPT = Path(__file__).parent / "page" / "explorer.js"


def explorer_page(path: str | os.PathLike[str], stack: Stack | None = None, home: str = "") -> Path:
    """Write the explorer as one web page that needs nothing but itself: no kernel, no server, no network.

    Parameters
    ----------
    path : path
        File to write; missing folders are made.
    stack : Stack, optional
        What to show, from `make_stack`; the phantoms of the course if left out.
    home : str
        Where the page's link back to the course leads; no such link if left out.

    Returns
    -------
    Path
        The file.
    """
    about, planes = stack or phantom_stack()
    made_up = stack is None
    environment = Environment(loader=PackageLoader("braintut.teaching", "page"), autoescape=True, trim_blocks=True)
    page = environment.get_template("explorer.html.jinja").render(
        script=SCRIPT.read_text(encoding="utf-8"), about=about, planes=b64encode(planes).decode(), home=home,
        made_up=made_up,
    )  # fmt: skip
    return write_text(path, page)


def live_explorer(slices: Slices | None = None, pipeline: Pipeline | None = None) -> Any:
    """Make the explorer a widget that answers without the kernel; `SliceExplorer` is the one that runs everywhere.

    Parameters
    ----------
    slices : Slices, optional
        At most some 300; the phantoms of the course, with a filmed training, if left out.
    pipeline : Pipeline, optional
        Adds the predicted outline.

    Returns
    -------
    anywidget.AnyWidget

    Raises
    ------
    DataError
        If anywidget is not installed, or as in `make_stack`.

    Notes
    -----
    Once anywidget is imported, Colab shows every later widget through a manager of its own, where some break. So it
    is imported here, when it is asked for, and nowhere else.
    """
    widget = _widget_class()
    about, planes = make_stack(slices, pipeline) if slices is not None else phantom_stack()
    return widget(about=about, planes=planes)


@cache
def _widget_class() -> type:
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise DataError(
            'The live explorer needs anywidget: pip install "braintut[widget]". `SliceExplorer` works without it.'
        ) from error

    class LiveExplorer(anywidget.AnyWidget):
        """The script, and the stack that it shows."""

        _esm = SCRIPT.read_text(encoding="utf-8")
        about = traitlets.Dict().tag(sync=True)
        planes = traitlets.Bytes().tag(sync=True)

    return LiveExplorer


def main() -> None:
    """Write the page of the course's phantoms: `python -m braintut.teaching.live PATH`."""
    parser = argparse.ArgumentParser(description="Write the explorer as one web page.")
    parser.add_argument("path", help="HTML file to write")
    parser.add_argument("--home", default="", help="where the link back to the course leads")
    asked = parser.parse_args()
    path = explorer_page(asked.path, home=asked.home)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()

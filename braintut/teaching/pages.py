"""A lesson as a page to read: nothing comes from elsewhere, formulas are MathML, pictures say what they show."""

from __future__ import annotations

import html
import re
from copy import deepcopy
from pathlib import Path

from jinja2 import pass_context
from jinja2.runtime import Context
from latex2mathml.converter import convert as to_mathml
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_output
from traitlets import Bool, List

WIDGET = "application/vnd.jupyter.widget-view+json"

_CAPTION = re.compile(r"\*(?!\*)(.+?)(?<!\*)\*(?!\*)", re.DOTALL)
_LESSON_LINK = re.compile(r'(href="\d\d_\w+)\.ipynb"')
_CODE_OR_FORMULA = re.compile(r"<(pre|code)\b.*?</\1>|\$\$(.+?)\$\$|\$([^$\n]+)\$", re.DOTALL)


def for_reading(notebook: NotebookNode) -> NotebookNode:
    """Copy a lesson as a page shows it: widgets named where they would stand, and alt texts for its pictures.

    Parameters
    ----------
    notebook : NotebookNode
        With its outputs.

    Returns
    -------
    NotebookNode
        A copy. Alt texts stand in `output.metadata["image/png"]["alt"]` and, for MyST-NB, in the cell's metadata.
    """
    copy = deepcopy(notebook)
    copy.metadata.pop("widgets", None)
    following = [*copy.cells[1:], None]
    for cell, after in zip(copy.cells, following, strict=True):
        if cell.cell_type == "code":
            cell.outputs = [_without_widget(output) for output in cell.outputs]
            _name_pictures(cell, alt_text(after))
    return copy


def alt_text(after: NotebookNode | None) -> str:
    """What a figure shows, in words: the sentence in italics that opens the cell below it."""
    caption = after is not None and after.cell_type == "markdown" and _CAPTION.match(after.source)
    if not caption:
        return "Output of the cell above."
    return " ".join(re.sub(r"[*`]", "", caption[1]).split())


def _name_pictures(cell: NotebookNode, alt: str) -> None:
    pictures = [output for output in cell.outputs if "image/png" in output.get("data", {})]
    for output in pictures:
        output.metadata["image/png"] = {**output.metadata.get("image/png", {}), "alt": alt}
    if pictures:
        cell.metadata["mystnb"] = {"image": {"alt": alt}}


def _without_widget(output: NotebookNode) -> NotebookNode:
    if WIDGET not in output.get("data", {}):
        return output
    name = re.match(r"\w*", output.data.get("text/plain", ""))[0]
    what = f"a <code>{name}</code>" if name else "something"
    words = f"Here stands {what} to click and move. It needs Python behind it: open the lesson in Colab or JupyterLab."
    return new_output("display_data", {"text/html": f'<p class="needs-python">{words}</p>', "text/plain": words})


def formulas_as_mathml(page: str) -> str:
    """Turn TeX between dollars into MathML, which browsers draw by themselves; code stays as it is.

    Examples
    --------
    >>> formulas_as_mathml("<p>$x$ <code>$HOME</code></p>").startswith('<p><math xmlns=')
    True
    """
    return _CODE_OR_FORMULA.sub(_as_mathml, page)


def _as_mathml(found: re.Match[str]) -> str:
    if found[1]:
        return found[0]
    tex = html.unescape(found[2] or found[3])
    return to_mathml(tex, display="block" if found[2] else "inline")


class ForReading(Preprocessor):
    """`for_reading` as a step of nbconvert, after the lesson was run."""

    enabled = Bool(True).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Take the notebook as it was run and give it as a page shows it."""
        return for_reading(nb), resources


class LessonPage(HTMLExporter):
    """nbconvert's page of a notebook, made fit for a telephone and complete in itself: `--to=NAME_OF_THIS_CLASS`.

    Its template lies in the folder `page` beside this file.
    """

    preprocessors = List([ForReading]).tag(config=True)
    template_name = "page"
    extra_template_basedirs = List([str(Path(__file__).parent)]).tag(config=True)

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        """Markdown as HTML, its formulas as MathML, its links to other lessons as links to their pages."""
        return _LESSON_LINK.sub(r'\1.html"', formulas_as_mathml(super().markdown2html(context, source)))

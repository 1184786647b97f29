"""Our extension of Sphinx: formulas become MathML when the site is built, and `name` in a docstring becomes a link.

So pages need no script for formulas, and docstrings no markup that would be in the way in a notebook.
"""

from __future__ import annotations

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.domains.python import PyXRefRole


def _visit_inline(writer, node: nodes.math) -> None:
    writer.body.append(convert(node.astext(), display="inline"))
    raise nodes.SkipNode


def _visit_block(writer, node: nodes.math_block) -> None:
    formula = convert(node.astext(), display="block")
    writer.body.append(f'<div class="formula" tabindex="0" role="group" aria-label="formula">{formula}</div>')
    raise nodes.SkipNode


class NameOrCode(PyXRefRole):
    """A link where the words in backticks are a name that the site shows; code otherwise, exactly as it is written."""

    def __call__(self, name, rawtext, text, lineno, inliner, options=None, content=()):
        """Read one piece of text in backticks."""
        if re.fullmatch(r"[A-Za-z_][\w.]*\w", text):
            return super().__call__("py:obj", rawtext, text, lineno, inliner, options or {}, content)
        return [nodes.literal(rawtext, text)], []


def setup(app: Sphinx) -> dict:
    """Tell Sphinx of the renderer `mathml` and of the role `name_or_code`."""
    app.add_role("name_or_code", NameOrCode())
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""The page of a lesson on a telephone: wide code scrolls in its cell, wide pictures shrink, the page itself stays."""

import base64
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from braintut.plotting.png import to_png
from braintut.teaching.notebooks import PAGE_OPTIONS

WIDE_TABLE = "| " + " | ".join(["a rather wide heading"] * 9) + " |\n" + "| --- " * 9 + "|\n"


@pytest.fixture(scope="module")
def shown(chromium, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    png = base64.b64encode(to_png(Image.new("L", (900, 300)))).decode()
    picture = new_output("display_data", {"image/png": png})
    cells = [
        new_code_cell("x = " + "1 + " * 80 + "1", outputs=[picture]),
        new_markdown_cell("```python\ny = " + "2 + " * 80 + "2\n```\n\n" + WIDE_TABLE),
        new_markdown_cell("`" + "a_long_name" * 20 + "`"),
    ]
    nbformat.write(new_notebook(cells=cells), folder / "00_wide.ipynb")
    subprocess.run([sys.executable, "-m", "nbconvert", *PAGE_OPTIONS, str(folder / "00_wide.ipynb")], check=True)
    page = chromium.new_page(viewport={"width": 400, "height": 800})
    page.goto((folder / "00_wide.html").as_uri(), wait_until="domcontentloaded")
    yield page
    page.close()


def test_the_page_is_no_wider_than_the_screen(shown):
    assert shown.evaluate("document.documentElement.scrollWidth") <= 400
    assert shown.evaluate("document.querySelector('img').getBoundingClientRect().right") <= 400


@pytest.mark.parametrize(
    "part", [".jp-InputArea-editor .highlight", ".jp-MarkdownOutput pre", ".jp-MarkdownOutput table"]
)
def test_what_is_wide_can_be_scrolled_to_its_end(shown, part):
    moved = """part => { const it = document.querySelector(part); it.scrollLeft = 1e6;
        return [it.scrollLeft, it.scrollWidth - it.clientWidth, it.getBoundingClientRect().right] }"""
    left, hidden, right = shown.evaluate(moved, part)
    assert hidden > 50 and left >= hidden - 1 and right <= 400


def test_nothing_is_cut(shown):
    cut = """[...document.querySelectorAll('main *')].filter(
        e => e.clientWidth && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === 'hidden'
    ).map(e => e.className)"""
    assert shown.evaluate(cut) == []

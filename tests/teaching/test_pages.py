"""Lessons as pages: complete in themselves, with formulas, words for pictures, and a word in each widget's place."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from braintut.teaching.notebooks import PAGE_OPTIONS
from braintut.teaching.pages import WIDGET, alt_text, for_reading, formulas_as_mathml
from sitemaking import checking

LESSONS = Path(__file__).resolve().parents[2] / "lessons"
SHOWN = ["01_explore_the_dataset", "03_dice_loss"]  # one with widgets, one with formulas


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    command = [sys.executable, "-m", "nbconvert", *PAGE_OPTIONS, "--embed-images", "--output-dir", folder]
    subprocess.run([*command, *(LESSONS / f"{name}.ipynb" for name in SHOWN)], check=True)
    return {name: folder / f"{name}.html" for name in SHOWN}


@pytest.mark.parametrize("name", SHOWN)
def test_a_page_loads_nothing_from_elsewhere_and_runs_no_script(pages, name):
    assert [address for address in checking.loads_of(pages[name]) if not address.startswith(("data:", "#"))] == []
    assert "<script" not in pages[name].read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SHOWN)
def test_a_page_is_hardly_larger_than_its_lesson(pages, name):
    assert pages[name].stat().st_size < (LESSONS / f"{name}.ipynb").stat().st_size + 4.5e5  # nbconvert's own styles


def test_pages_show_formulas_alt_texts_and_links_to_each_other(pages):
    page = pages["03_dice_loss"].read_text(encoding="utf-8")
    assert page.count("<math") == 2 and "$$" not in page
    assert 'href="04_augmentation.html"' in page
    pictures = re.findall(r"<img[^>]+>", page)
    assert pictures and all(re.search(r'alt="[^"]{10,}"', picture) for picture in pictures)


def test_a_page_says_where_a_widget_would_stand(pages):
    page = pages["01_explore_the_dataset"].read_text(encoding="utf-8")
    assert page.count('class="needs-python"') == 2 and "<code>SliceExplorer</code>" in page


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p>$p\\,t$</p>", "<p><math.*<mi>p</mi>.*<mi>t</mi>.*</math></p>"),
        ("<p>$$a &lt; b$$</p>", '<p><math.*display="block".*(&lt;|&#x0003C;).*</math></p>'),
        ("<code>$HOME/$x</code>", r"<code>\$HOME/\$x</code>"),
        ("<pre>$x$ and $y$</pre>", r"<pre>\$x\$ and \$y\$</pre>"),
        ("<p>costs 5 $</p>", r"<p>costs 5 \$</p>"),
    ],
    ids=["in a line", "on its own", "code", "block of code", "a lone dollar"],
)
def test_formulas_become_mathml_and_code_stays(before, after):
    assert re.fullmatch(after, formulas_as_mathml(before), re.DOTALL)


@pytest.mark.parametrize(
    ("below", "words"),
    [
        ("*Two heads,\nwith `outlines`.* And more.", "Two heads, with outlines."),
        ("**Bold** is no caption.", "Output of the cell above."),
        ("Words first. *Then italics.*", "Output of the cell above."),
    ],
    ids=["caption", "bold", "no caption"],
)
def test_a_caption_is_the_alt_text(below, words):
    assert alt_text(new_markdown_cell(below)) == words
    assert alt_text(None) == "Output of the cell above."


def test_the_notebook_itself_is_left_alone():
    widget = new_output("display_data", {WIDGET: {"model_id": "1"}, "text/plain": "Slider(value=1)"})
    original = new_notebook(cells=[new_code_cell("Slider()", outputs=[widget])], metadata={"widgets": {"state": {}}})
    shown = for_reading(original)
    assert "<code>Slider</code>" in shown.cells[0].outputs[0].data["text/html"] and "widgets" not in shown.metadata
    assert WIDGET in original.cells[0].outputs[0].data and "widgets" in original.metadata

"""The explorer that lives in the page: its script, its page, and the widget that nobody has to install."""

import json
import re
import sys
import types

import pytest
import traitlets

from braintut.errors import DataError
from braintut.teaching import live
from braintut.teaching.live import SCRIPT, explorer_page, live_explorer
from braintut.teaching.stack import make_stack


@pytest.fixture
def script():
    return SCRIPT.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def forgotten_class():
    """The widget's class is kept once it is made; here it has to be made anew."""
    live._widget_class.cache_clear()
    yield
    live._widget_class.cache_clear()


def test_the_script_is_small(script):
    assert len(script.encode()) < 40_000


def test_the_script_loads_nothing(script):
    assert "://" not in script and "@import" not in script
    assert not re.search(r"\b(fetch|import|importScripts|XMLHttpRequest|WebSocket|eval)\s*\(", script)
    assert not re.search(r"^\s*import\b", script, re.MULTILINE)
    assert "</script" not in script  # it stands inside of a page


def test_the_page_carries_all_that_it_needs(few, script, tmp_path):
    page = explorer_page(tmp_path / "new" / "explorer.html", make_stack(few), home="../index.html").read_text()
    assert script in page and 'href="../index.html"' in page
    assert not re.search(r"""(src|href)=["'](?!data:|\.\./index)""", page)
    assert "made up" not in page  # said of phantoms only


def test_what_a_file_says_is_no_html(few, tmp_path):
    stack = make_stack(few[:1])
    stack.about["pictures"][0]["patient"] = "</script><b>"
    page = explorer_page(tmp_path / "page.html", stack).read_text()
    assert "<b>" not in page
    stored = re.search(r'id="about">(.*?)</script>', page, re.DOTALL)[1]
    assert json.loads(stored) == stack.about


def test_without_anywidget_one_sentence_says_what_to_install(few, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(DataError, match=r'pip install "braintut\[widget\]"'):
        live_explorer(few)


def test_the_widget_hands_script_and_stack_to_the_page(few, script, monkeypatch):
    stand_in = types.SimpleNamespace(AnyWidget=traitlets.HasTraits)
    monkeypatch.setitem(sys.modules, "anywidget", stand_in)
    widget = live_explorer(few[:2])
    assert widget._esm == script
    assert (widget.about, widget.planes) == make_stack(few[:2])
    assert all(widget.trait_metadata(name, "sync") for name in ("about", "planes"))

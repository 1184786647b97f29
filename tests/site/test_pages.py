"""Every page of the built site, as files: it asks no other host for anything, and its links lead somewhere."""

import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import make_site
from braintut.pipeline.card import shipped_pairs
from braintut.results import list_results
from sitemaking import checking

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted(path.stem for path in (ROOT / "lessons").glob("[0-9]*.ipynb"))


def text_of(path):
    return path.read_text(encoding="utf-8")


def test_it_asks_no_other_host_and_each_link_leads_somewhere(site):
    assert make_site.faults(site) == []


def test_its_scripts_name_no_other_host_to_load_from(site):
    known = re.compile(
        r"https?://(www\.w3\.org|github\.com|[\w.]*(readthedocs|sphinx-doc|fontawesome|mozilla|jquery)\.)"
    )
    for script in site.rglob("*.js"):
        if script.name == "searchindex.js":
            continue
        strange = [a for a in re.findall(r"""["'`](https?://[^"'`\s]+\.(?:js|css|woff2?))["'`]""", text_of(script))]
        assert [a for a in strange if not known.match(a)] == [], script.name


def test_it_is_small(site):
    assert checking.size(site) < 30e6


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_shows_what_is_committed(site, lesson):
    """The text of each printed output stands on its page, and each picture has words in its place."""
    page = _Text(text_of(site / "lessons" / f"{lesson}.html"))
    notebook = json.loads(text_of(ROOT / "lessons" / f"{lesson}.ipynb"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    for output in outputs:
        if output.get("name") == "stdout":
            assert _plain("".join(output["text"])) in page.words
    assert all(len(alt) > 10 for alt in page.alts)
    assert len(page.alts) >= sum("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.parametrize("folder", ["results", "models"])
def test_each_result_and_each_pair_has_a_page(site, folder):
    for name in {"results": list_results, "models": shipped_pairs}[folder]():
        assert (site / folder / f"{name}.html").is_file(), name


def test_each_result_has_its_chart_and_its_command(site):
    for name in list_results():
        page = text_of(site / "results" / f"{name}.html")
        assert _plain(f"python experiments/{name}.py") in _Text(page).words
        assert re.search(rf'src="[^"]*{name}_1\.png"', page), name


def test_formulas_are_drawn_without_a_script(site):
    page = text_of(site / "lessons" / "03_dice_loss.html")
    assert page.count("<math") >= 2 and "$$" not in page
    assert not re.search(r"<script[^>]+mathjax", page, re.IGNORECASE)


def test_one_lesson_leads_to_the_next(site):
    for lesson, following in itertools.pairwise(LESSONS):
        page = text_of(site / "lessons" / f"{lesson}.html")
        assert re.search(rf'<a class="right-next"\s+href="{following}.html"', page)


class _Text(HTMLParser):
    """The words of a page, without spaces, and the alt texts of its pictures."""

    def __init__(self, page):
        super().__init__()
        self.words, self.alts = "", []
        self.feed(page)
        self.words = _plain(self.words)

    def handle_data(self, data):
        self.words += data

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.alts.append(dict(attrs).get("alt") or "")


def _plain(text):
    return re.sub(r"\s+", "", re.sub(r"\x1b\[[\d;]*m", "", text))

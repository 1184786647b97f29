"""The report as a browser shows and prints it: one sheet of A4, readable in light and dark."""

from __future__ import annotations

import re

import pytest

from braintut.dataset.load import load_phantoms
from braintut.pipeline.pipeline import load_pipeline


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    one = load_phantoms().of_patient("PH036")[2]
    path = tmp_path_factory.mktemp("pages") / "report.html"
    path.write_text(load_pipeline("phantom")(one).html(one.true_mask), encoding="utf-8")
    return path


@pytest.fixture(params=["light", "dark"])
def shown(request, chromium, page_file):
    page = chromium.new_page(color_scheme=request.param, viewport={"width": 1000, "height": 900})
    page.requests = []
    page.on("request", lambda asked: page.requests.append(asked.url))
    page.goto(page_file.as_uri())
    yield page
    page.close()


def test_it_prints_on_one_sheet(shown):
    pdf = shown.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    width, height = map(float, re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf).groups())
    assert (width, height) == pytest.approx((595, 842), abs=2)  # A4 in points


def test_it_asks_for_nothing_else(shown):
    assert [url for url in shown.requests if not url.startswith(("file:", "data:"))] == []


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_stands_out_from_its_ground(shown):
    colours = """() => { const probe = document.createElement('div');
        probe.style.cssText = 'color: canvas'; document.body.append(probe);
        const ground = getComputedStyle(probe).color; probe.remove();
        return ['p', 'th', 'h2', 'figcaption'].map(s => [s, getComputedStyle(document.querySelector(s)).color, ground])
    }"""
    for part, text, ground in shown.evaluate(colours):
        low, high = sorted((luminance(text), luminance(ground)))
        assert (high + 0.05) / (low + 0.05) > 7, part


@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_hangs_over_the_edge(shown, width):
    shown.set_viewport_size({"width": width, "height": 800})
    assert shown.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")

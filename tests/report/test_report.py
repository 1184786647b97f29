"""The report as a page, in a notebook and in words."""

import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from braintut.report import Report
from braintut.report.words import NOT_FOR_CLINICAL_USE, doubt_in_words
from reports import make_report


def disc(radius: float, size: int = 96, at: tuple[float, float] = (30, 60)) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    return np.hypot(y - at[0], x - at[1]) < radius


def nothing(**changes: object) -> Report:
    empty = {"predicted_mask": np.zeros((96, 96), bool), "tumour_type": None, "probabilities": None}
    return make_report(**empty | {"features": {}, "reasons": [], "probability": np.full((96, 96), 0.12)} | changes)


class Text(HTMLParser):
    """What a reader reads, and the tags it stands in."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("img", "meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        if "style" not in self.open:
            self.words += data + " "


def read(report: Report, **arguments: object) -> str:
    return re.sub(r"\s+", " ", Text(report.html(**arguments)).words)


def test_page_says_all_that_a_report_must_say():
    words = read(make_report())
    for part in (
        "scan.png", "Glioma, probability 80%", NOT_FOR_CLINICAL_USE, "meningioma 15%", "pituitary 5%",
        "Some doubt: meningioma gets 15%", "Width 20.2 mm", "Mean depth below the surface 31.0 mm", "2.00 mm",
        "Spoke for it: surroundings (+30 points), shape (+12 points)", "Spoke against it: place (−20 points)",
        "161 slices of 32 patients (phantoms)", "mean Dice of 0.59", "nothing was found on 18%", "right on 64%",
    ):  # fmt: skip
        assert part in words, part
    assert "assumed" not in words and "plane" not in words


def test_page_needs_nothing_but_itself():
    page = make_report().html()
    parsed = Text(page)
    assert parsed.open == [] and page.startswith("<!doctype html>") and 'lang="en"' in page
    assert not {tag for tag, _ in parsed.tags} & {"script", "link", "iframe", "a"}
    assert "http" not in page and "@import" not in page and "url(" not in page
    (picture,) = [attributes for tag, attributes in parsed.tags if tag == "img"]
    assert picture["src"].startswith("data:image/png;base64,") and "upper middle" in picture["alt"]


def test_page_is_made_for_light_dark_and_paper():
    page = make_report().html()
    assert "color-scheme: light dark" in page and "prefers-color-scheme: dark" in page
    assert "@media print" in page and "size: A4" in page


def test_a_faint_trace_is_told():
    clear = make_report()
    faint = make_report(probability=clear.probability * 0.4)
    assert not clear.faint and not nothing().faint
    assert "faint" not in str(clear) + clear.html()
    assert faint.faint
    assert str(faint).endswith("only a faint trace")
    assert "no pixel in it reaches a probability of 0.5" in faint.html()
    assert make_report(probability=clear.probability * 0.4, threshold=0.2).faint  # also where the pair cuts lower


def test_no_tumour_found_is_told_with_its_doubt():
    words = read(nothing())
    assert "No tumour found." in words and "12%" in words and "no proof of health" in words
    assert "Spoke for" not in words and "mm²" not in words


def test_an_assumed_pixel_size_is_admitted():
    assert "assumed: the file does not state it" in read(make_report(pixel_mm_assumed=True))


@pytest.mark.parametrize("field", ["scan", "model", "summary"])
def test_text_from_files_cannot_become_code(field):
    nasty = '<img src=x onerror=alert(1)>"&'
    changes = {"card": {"data": {"summary": nasty}}} if field == "summary" else {field: nasty}
    report = make_report(**changes)
    for page in (report.html(), report._repr_html_()):
        assert "<img src=x" not in page
        assert Text(page).open == []
    assert nasty in read(report)


def test_a_true_mask_is_drawn_and_named():
    report, truth = make_report(), disc(14)
    assert "true outline" in read(report, true_mask=truth) and "true outline" not in read(report)
    assert report.html(truth) != report.html()


def test_a_pair_without_card_or_numbers_claims_nothing():
    words = read(make_report(card={}))
    assert "phantom" in words and "Dice" not in words and "trained on" not in words
    assert "Dice" not in read(make_report(card={"data": {"summary": "5 slices"}}))


def test_notebooks_show_the_same_without_a_page_around_it():
    report = make_report()
    fragment = report._repr_html_()
    assert "<html" not in fragment and "<body" not in fragment and Text(fragment).open == []
    assert re.sub(r"\s+", " ", Text(fragment).words).strip() in read(report)


@pytest.mark.parametrize(
    ("probabilities", "begins", "names"),
    [
        ((0.95, 0.04, 0.01), "Little doubt", "b, gets 4%"),
        ((0.75, 0.05, 0.20), "Some doubt", "c gets 20%"),
        ((0.60, 0.30, 0.10), "Much doubt", "b gets 30%"),
        ((0.45, 0.40, 0.15), "Hardly decided", "b (40%) is nearly as likely as a (45%)"),
    ],
)
def test_doubt_grows_as_the_types_come_closer(probabilities, begins, names):
    said = doubt_in_words(dict(zip("abc", probabilities, strict=True)))
    assert said.startswith(begins) and names in said


def test_area_range_tells_how_sure_the_border_is():
    strict, lax = make_report().area_range_mm2
    # The probability falls by 0.05 a pixel: 0.7 at 6 px, 0.5 at 10 px, 0.3 at 14 px from the middle.
    assert strict == pytest.approx(np.pi * 6**2 * 4, rel=0.1) and lax == pytest.approx(np.pi * 14**2 * 4, rel=0.1)
    sharp = make_report(probability=disc(10).astype(np.float32), predicted_mask=disc(10))
    assert sharp.area_range_mm2 == (sharp.area_mm2, sharp.area_mm2)


def test_area_range_lies_around_the_threshold_of_the_pair():
    probability = make_report().probability
    report = make_report(threshold=0.25, predicted_mask=probability >= 0.25)
    # Odds of 1/3, times or divided by 7/3: the border lies at 0.4375 (11.25 px) or 0.125 (17.5 px), not 0.25 (15 px).
    strict, lax = report.area_range_mm2
    assert strict == pytest.approx(np.pi * 11.25**2 * 4, rel=0.1) and lax == pytest.approx(np.pi * 17.5**2 * 4, rel=0.1)
    assert strict < report.area_mm2 < lax


def test_area_range_leaves_other_spots_out():
    report = make_report()
    probability = report.probability.copy()
    probability[80:90, 5:15] = 0.45  # would count below 0.3, but touches nothing of the tumour
    assert replace(report, probability=probability).area_range_mm2 == report.area_range_mm2


def test_figure_has_scan_type_and_reasons():
    assert len(make_report().figure().axes) == 3 and len(nothing().figure().axes) == 1
    buffer = io.BytesIO()
    make_report().figure(disc(14)).savefig(buffer, format="png")
    assert buffer.getvalue().startswith(b"\x89PNG")


def test_two_opinions_are_told():
    sure = {"meningioma": 0.05, "glioma": 0.9, "pituitary": 0.05}
    other = {"meningioma": 0.7, "glioma": 0.2, "pituitary": 0.1}
    assert "Both say so" in read(make_report(opinions={"features": sure, "network": sure}))
    apart = read(make_report(opinions={"features": sure, "network": other}))
    assert "the measured features say glioma (90%), the network by itself says meningioma (70%)" in apart
    assert "network by itself" not in read(make_report(opinions={"features": sure}))


@pytest.mark.parametrize(("seen", "told"), [(True, True), (False, False), (None, False)])
def test_a_patient_of_the_training_set_is_no_test(seen, told):
    assert ("trained on slices of this very patient" in read(make_report(trained_on_patient=seen))) is told
    assert ("trained on slices of this very patient" in read(nothing(trained_on_patient=seen))) is told


def test_json_contract_is_untouched():
    assert set(make_report().to_dict()) == {
        "scan", "tumour_found", "tumour_type", "probabilities", "area_mm2", "pixel_mm", "pixel_mm_assumed", "seconds",
        "warnings", "familiar", "unlike", "presence",
    }  # fmt: skip


@pytest.mark.parametrize("report", [make_report, nothing], ids=["a tumour", "no tumour"])
def test_an_unfamiliar_picture_is_told_everywhere(report):
    strange = report(familiar=False, unlike=2.345)
    page, title = read(strange), strange.figure().axes[0].get_title()
    assert "its look is 2.3 times as far from theirs as the limit" in page and page.count("unlike the slices") >= 2
    assert str(strange).endswith(" (unlike the slices it learnt from)") and "unlike the slices" in title
    assert (strange.to_dict()["familiar"], strange.to_dict()["unlike"]) == (False, 2.35)
    assert strange.tumour_found is report().tumour_found  # an alarm stays an alarm


@pytest.mark.parametrize("known", [{"familiar": True, "unlike": 0.4}, {}], ids=["familiar", "a pair that cannot tell"])
def test_of_a_familiar_picture_nothing_is_said(known):
    report = make_report(**known)
    assert "unlike" not in read(report) + str(report) and report.html() == make_report().html()
    assert report.to_dict()["familiar"] is known.get("familiar")


def test_an_array_that_shows_no_head_needs_no_number():
    page = read(make_report(familiar=False, unlike=0.8))
    assert "it shows no single head" in page and "times as far" not in page


def test_the_pipeline_gives_its_card_along(tiny_pipeline, phantoms):
    report = tiny_pipeline(phantoms[0])
    assert report.card is tiny_pipeline.card
    assert tiny_pipeline.card["data"]["summary"] in read(report)

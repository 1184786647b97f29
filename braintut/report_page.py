"""The report as a web page that needs nothing but itself, and as a part of a notebook."""

from __future__ import annotations

import html
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import binary_propagation

from braintut.dataset.files import readable
from braintut.drawing import GROUPS_IN_WORDS
from braintut.pictures import image_tag, picture_in_words, slice_png
from braintut.report import NOT_FOR_CLINICAL_USE

if TYPE_CHECKING:
    from braintut.report import Report

MEASURES = {
    "shape_area_mm2": ("Area", "mm²", 0),
    "shape_width_mm": ("Width", "mm", 1),
    "shape_height_mm": ("Height", "mm", 1),
    "shape_solidity": ("Solidity (1: no bays)", "", 2),
    "place_depth_mm": ("Mean depth below the surface", "mm", 1),
    "place_midline_mm": ("Distance from the midline", "mm", 1),
    "firstorder_mean_to_head": ("Brightness (head: 1)", "", 2),
    "ring_edge_sharpness": ("Brighter than its surroundings by", "", 2),
}
"""Features that a reader can picture: name -> words, unit, decimals."""

FAINT = (
    "The outline is a faint trace: no pixel in it reaches a probability of 0.5. "
    "Heads without a tumour show such traces, too."
)
SEEN = (
    "This pair was trained on slices of this very patient (or of one whose id differs in the last letter only): "
    "the answer shows what it remembers, not how good it is."
)
DOUBT = 7 / 3
"""A border is called uncertain where the odds of tumour lie within this factor of those of the threshold."""


def report_page(report: Report, true_mask: np.ndarray | None = None) -> str:
    """Write a report as one self-contained HTML page.

    Parameters
    ----------
    report : Report
    true_mask : ndarray of bool, shape (H, W), optional
        Drawn beside the predicted one.

    Returns
    -------
    str
        A page without scripts and links, for a screen in light or dark and
        for one sheet of A4. All texts of the scan's file are escaped.

    Notes
    -----
    Introduced in lesson 08.
    """
    title = html.escape(f"Report on {_name_of(report)}")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="description" content="{html.escape(str(report))}">\n'
        f"<style>{_PAGE_STYLE}</style></head>\n<body>\n{report_fragment(report, true_mask)}\n</body></html>\n"
    )


def report_fragment(report: Report, true_mask: np.ndarray | None = None) -> str:
    """Write a report as a piece of HTML for a notebook; parameters as in `report_page`. Introduced in lesson 00."""
    parts = [
        f"<h1>{html.escape(_name_of(report))}</h1>",
        f'<p class="answer"><strong>{html.escape(_sentence(str(report)))}</strong></p>',
        f'<p class="warning">{NOT_FOR_CLINICAL_USE}{f" {SEEN}" if report.trained_on_patient else ""}</p>',
        '<div class="columns">',
        _figure(report, true_mask),
        f"<div>{_type_part(report)}{_reasons_part(report)}</div>",
        "</div>",
        '<div class="columns">',
        _measures_part(report),
        _model_part(report),
        "</div>",
    ]
    return f'<style>{_STYLE}</style><article class="braintut-report">{"".join(parts)}</article>'


def doubt_in_words(probabilities: dict[str, float]) -> str:
    """Say in a sentence how sure the answer is.

    Parameters
    ----------
    probabilities : dict of str to float
        Probability of each type, adding up to 1.

    Returns
    -------
    str

    Notes
    -----
    Introduced in lesson 08.
    """
    (first, p), (second, q) = sorted(probabilities.items(), key=lambda item: -item[1])[:2]
    if p >= 0.9:
        return f"Little doubt: the next likely, {second}, gets {q:.0%}."
    if p - q < 0.15:
        return f"Hardly decided: {second} ({q:.0%}) is nearly as likely as {first} ({p:.0%})."
    word = "Some" if p >= 0.7 else "Much"
    return f"{word} doubt: {second} gets {q:.0%}."


def area_range_mm2(report: Report) -> tuple[float, float]:
    """Area of the tumour if the border were drawn more strictly or more laxly.

    The odds of the pair's threshold are multiplied or divided by 7/3: instead
    of 0.5 the border is drawn at 0.7 or 0.3, instead of 0.1 at 0.21 or 0.05.

    Parameters
    ----------
    report : Report
        With a tumour found.

    Returns
    -------
    (float, float)
        In mm2. Far apart means that the network is not sure of the border.

    Notes
    -----
    Introduced in lesson 08.
    """
    odds = report.threshold / (1 - report.threshold)
    at = {name: o / (1 + o) for name, o in {"strict": odds * DOUBT, "lax": odds / DOUBT}.items()}
    strict = report.predicted_mask & (report.probability >= at["strict"])
    lax = binary_propagation(report.predicted_mask, mask=(report.probability >= at["lax"]) | report.predicted_mask)
    return float(strict.sum()) * report.pixel_mm**2, float(lax.sum()) * report.pixel_mm**2


def _figure(report: Report, true_mask: np.ndarray | None) -> str:
    alt = f"MRI slice: {picture_in_words(report.predicted_mask)}."
    lines = ["dashed orange: the network's outline"] * report.tumour_found
    lines += ["solid blue: the true outline"] * (true_mask is not None)
    caption = f"<figcaption>{'; '.join(lines).capitalize() or 'No outline: nothing was found'}.</figcaption>"
    return f"<figure>{image_tag(slice_png(report.image, true_mask, report.predicted_mask), alt)}{caption}</figure>"


def _type_part(report: Report) -> str:
    if not report.tumour_found:
        highest = f"The highest probability of tumour in any pixel is {report.probability.max():.0%}."
        return f"<h2>Type</h2><p>None to name. {highest} That is no proof of health: networks miss tumours.</p>"
    bars = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{p:.0%}</td>'
        f'<td class="track"><span class="bar" style="width:{100 * p:.0f}%"></span></td></tr>'
        for name, p in sorted(report.probabilities.items(), key=lambda item: -item[1])
    )
    words = [doubt_in_words(report.probabilities), _opinions_in_words(report.opinions), FAINT if report.faint else ""]
    return f"<h2>Type</h2><table>{bars}</table><p>{html.escape(' '.join(filter(None, words)))}</p>"


def _opinions_in_words(opinions: dict[str, dict[str, float]]) -> str:
    if "network" not in opinions:
        return ""
    said = {who: max(p, key=p.get) for who, p in opinions.items()}
    sure = {who: f"{opinions[who][name]:.0%}" for who, name in said.items()}
    if said["features"] == said["network"]:
        return f"Both say so: the measured features ({sure['features']}) and the network by itself ({sure['network']})."
    return (
        f"They disagree: the measured features say {said['features']} ({sure['features']}), "
        f"the network by itself says {said['network']} ({sure['network']})."
    )


def _reasons_part(report: Report) -> str:
    if not report.reasons:
        return ""
    parts = ["<h2>What decided the measured features</h2>" if "network" in report.opinions else "<h2>What decided</h2>"]
    for title, sign in (("for it", 1), ("against it", -1)):
        strongest = sorted((r for r in report.reasons if r[1] * sign >= 0.005), key=lambda r: -abs(r[1]))[:4]
        named = [
            f"{html.escape(GROUPS_IN_WORDS.get(n, n))} ({_signed(100 * effect)} points)" for n, effect in strongest
        ]
        parts.append(f"<p><b>Spoke {title}:</b> {', '.join(named) or 'nothing much'}.</p>")
    whose = "the features' probability of this type" if "network" in report.opinions else "the probability"
    points = f"Points: how far {whose} would fall (minus: rise) if these features were average."
    return "".join(parts) + f"<p><small>{points}</small></p>"


def _measures_part(report: Report) -> str:
    rows = []
    if report.tumour_found:
        strict, lax = area_range_mm2(report)
        rows += [
            ("Area", f"{report.area_mm2:.0f} mm²"),
            ("Area, strict to lax border", f"{strict:.0f} to {lax:.0f} mm²"),
        ]
        for name, (words, unit, decimals) in MEASURES.items():
            if name in report.features and name != "shape_area_mm2":
                rows.append((words, f"{report.features[name]:.{decimals}f} {unit}".strip()))
    assumed = " (assumed: the file does not state it)" if report.pixel_mm_assumed else ""
    rows.append(("Side of a pixel", f"{report.pixel_mm:.2f} mm{assumed}"))
    cells = "".join(f'<tr><th scope="row">{html.escape(a)}</th><td>{html.escape(b)}</td></tr>' for a, b in rows)
    return f"<section><h2>Measures</h2><table>{cells}</table></section>"


def _model_part(report: Report) -> str:
    card, sentences = report.card, [f"The pair '{report.model}' gave this answer."]
    if "data" in card:
        sentences.append(f"It was trained on {card['data']['summary']}; it knows three types of tumour.")
    numbers = card.get("numbers")
    if numbers:
        dice, accuracy = numbers["dice"], numbers["accuracy"]
        sentences.append(
            f"On {numbers['n_slices']} slices of {numbers['n_patients']} patients never trained on, its outlines "
            f"reached a mean Dice of {dice['mean']:.2f}, nothing was found on {dice['not_found_fraction']:.0%} "
            f"of the slices, and the type was right on {accuracy['predicted_mask']:.0%}."
        )
    if "fails_for" in card:
        sentences.append(card["fails_for"])
    if "numbers_from" in card:
        sentences.append(f"These numbers are those of {card['numbers_from']}.")
    text = " ".join(html.escape(sentence) for sentence in sentences)
    return f"<section><h2>What this rests on</h2><p>{text}</p></section>"


def _name_of(report: Report) -> str:
    return readable(PurePath(report.scan).name)


def _signed(value: float) -> str:
    return f"{value:+.0f}".replace("-", "\N{MINUS SIGN}")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


_STYLE = """
.braintut-report { max-width: 60rem; line-height: 1.45; --bar: #0072B2; --line: rgba(128, 128, 128, .45); }
.braintut-report h1 { font-size: 1.4em; margin: 0 0 .3em; overflow-wrap: anywhere; }
.braintut-report h2 { font-size: 1.1em; margin: .2em 0 .3em; }
.braintut-report p { margin: .3em 0; }
.braintut-report .answer { font-size: 1.2em; }
.braintut-report .warning { border-left: .3em solid #E69F00; padding-left: .6em; }
.braintut-report .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr));
  gap: 0 2em; margin-bottom: 1em; }
.braintut-report figure { margin: 0; }
.braintut-report img { width: 100%; max-width: 32rem; height: auto; display: block; }
.braintut-report table { border-collapse: collapse; width: 100%; margin: 0; font-size: inherit; }
.braintut-report th, .braintut-report td { text-align: left; padding: .15em .6em .15em 0; font-weight: 400;
  border-bottom: 1px solid var(--line); background: none; white-space: normal; }
.braintut-report .track { width: 55%; }
.braintut-report .bar { display: block; height: .8em; min-width: 1px; background: var(--bar);
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
"""

_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 1.5rem auto; padding: 0 1rem; }
@media screen and (prefers-color-scheme: dark) { body .braintut-report { --bar: #56B4E9; } }
@media print {
  @page { size: A4; margin: 14mm; }
  :root { color-scheme: light; }
  body { font-size: 10.5pt; margin: 0; padding: 0; }
  body .braintut-report .columns { grid-template-columns: 1fr 1fr; gap: 0 8mm; }
  body .braintut-report img { max-width: 86mm; }
}
"""

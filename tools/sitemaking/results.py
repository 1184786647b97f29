"""One page for each measured result: question, chart, numbers, protocol and the command that makes them anew."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from braintut import plotting
from braintut.plotting.style import BARS, in_our_style
from braintut.results import list_results, load_result
from sitemaking.texts import ROOT

sys.path.insert(0, str(ROOT / "experiments"))
import table

CHARTS = {
    "amount_of_data": [plotting.draw_amount_of_data],
    "cost_of_a_mask": [plotting.draw_cost_of_a_mask],
    "feature_ladder": [plotting.draw_feature_ladder],
    "leakage": [plotting.draw_leakage],
    "records": [plotting.draw_records, plotting.draw_calibration],
}
"""Which functions draw a result; others are drawn by their shape."""
MOMENTS = (1, 5, 24)
"""Epochs of a film that the page shows."""
MOST_BARS = 30


def entries(result: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, dict]]:
    """All numbers of a result that have an interval, each with the way to it in words."""
    if isinstance(result, dict):
        if isinstance(result.get("mean"), float) and "ci95" in result:
            yield " / ".join(path).replace("_", " "), result
        named = result.get("label")
        for key, value in result.items():
            step = (*path[:-1], named) if path and isinstance(named, str) else path
            yield from entries(value, (*step, str(key)))


def charts_of(name: str, result: dict) -> list[Figure]:
    """Draw a result: by its own functions, else as what it looks like."""
    if name in CHARTS:
        return [draw(result).figure for draw in CHARTS[name]]
    if "films" in result:
        return [_film(film) for film in _films().values()]
    if _has_folds(result):
        return [plotting.draw_variants(result).figure]
    found = _less_common_start(dict(list(entries(result))[:MOST_BARS]))
    return [_bars(found)] if found else []


def _less_common_start(found: dict[str, dict]) -> dict[str, dict]:
    first = {way.partition(" / ")[0] for way in found}
    if len(first) > 1 or not all(" / " in way for way in found):
        return found
    return {way.partition(" / ")[2]: entry for way, entry in found.items()}


def _has_folds(result: dict) -> bool:
    variants = result.get("variants")
    return isinstance(variants, dict) and all(
        isinstance(v, dict) and {"label", "development", "confirmation"} <= set(v) for v in variants.values()
    )


def _films() -> dict:
    from braintut.teaching.film import load_films

    return load_films()


def _film(film) -> Figure:
    titles = [f"epoch {epoch}" for epoch in MOMENTS if f"epoch {epoch}" in film.frames]
    return plotting.draw_growth(film.image, film.true_mask, {title: film.frames[title] for title in titles})


@in_our_style
def _bars(found: dict[str, dict]) -> Figure:
    figure, ax = plt.subplots(figsize=(7, 0.3 * len(found) + 0.8), layout="constrained")
    means = [entry["mean"] for entry in found.values()]
    ends = np.array([entry["ci95"] for entry in found.values()]).T
    errors = np.abs(ends - means)
    ax.errorbar(means, range(len(found)), xerr=errors, fmt="o", color=BARS, markersize=5, capsize=2)
    ax.set_yticks(range(len(found)), list(found))
    ax.set_ylim(len(found) - 0.5, -0.5)  # first row on top
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def write_charts(name: str, result: dict, folder: Path) -> list[str]:
    """Save a result's charts as pictures and return their file names."""
    names = []
    for number, figure in enumerate(charts_of(name, result), start=1):
        names.append(f"{name}_{number}.png")
        figure.savefig(folder / names[-1], dpi=150)
        plt.close(figure)
    return names


def page(name: str, result: dict, charts: list[str]) -> str:
    """The page of a result, in Markdown."""
    question = result.get("question", name.replace("_", " "))
    parts = [f"# {question}"]
    parts += [f"![{alt_text(result, number)}]({chart})" for number, chart in enumerate(charts, start=1)]
    if name in table.CLAIMS:
        parts += ["## What it says", _claims(name, result)]
    if result.get("protocol"):
        parts += ["## How it was measured", result["protocol"][0].upper() + result["protocol"][1:]]
    if result.get("command"):
        parts += ["```bash\n" + result["command"] + "\n```"]
    parts += [_circumstances(result)]
    everything = "\n".join(
        f"| {way} | {e['mean']:.3f} | {e['ci95'][0]:.3f} to {e['ci95'][1]:.3f} |" for way, e in entries(result)
    )
    if everything:
        head = "| number | mean | 95 % interval |\n| --- | --- | --- |\n"
        parts += [f"## All numbers\n\n<details>\n<summary>Show the table</summary>\n\n{head}{everything}\n\n</details>"]
    return "\n\n".join(parts) + "\n"


def alt_text(result: dict, number: int) -> str:
    """Words in a chart's place: the question it answers; the numbers stand in the tables below it."""
    question = result.get("question", "")
    which = "" if number == 1 else f" (chart {number})"
    return f"Chart of the answer to: {question}{which} The tables below hold its numbers.".replace("]", ")")


def _claims(name: str, result: dict) -> str:
    rows = [f"| {claim} | {value} | {interval} |" for claim, (value, interval) in table.CLAIMS[name](result)]
    return "\n".join(["| claim | measured | 95 % interval |", "| --- | --- | --- |", *rows])


def _circumstances(result: dict) -> str:
    minutes = (
        f"{result['minutes']:g} minutes on {result.get('machine', 'a machine of ours')}" if "minutes" in result else ""
    )
    versions = ", ".join(f"{package} {version}" for package, version in result.get("versions", {}).items())
    sentences = [result.get("data", ""), minutes, versions]
    return " ".join(re.sub(r"\.?$", ".", s[0].upper() + s[1:], count=1) for s in sentences if s)


def write_all(folder: Path) -> dict[str, str]:
    """Write a page and charts for each stored result.

    Returns
    -------
    dict
        The question of each result, by its name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    questions = {}
    for name in list_results():
        result = load_result(name)
        charts = write_charts(name, result, folder)
        (folder / f"{name}.md").write_text(page(name, result, charts), encoding="utf-8")
        questions[name] = result.get("question", name.replace("_", " "))
    return questions

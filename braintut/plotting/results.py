"""Charts of measured results: functions that take what `load_result` gives and an Axes, and draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from braintut.plotting.style import BARS, in_our_style

SECOND, THIRD = "#E69F00", "#009E73"  # Okabe-Ito, always with another marker
MARKERS = "osD^vP"
LINES = ("solid", "dashed", "dotted", "dashdot")
COLOURS = (BARS, SECOND, THIRD, "#CC79A7", "#56B4E9", "#000000", "#D55E00")
MEASURED = {"dice": "mean Dice", "missed": "share of slices missed", "skull_share": "share with skull called tumour"}
"""What `draw_variants` can draw, in words for its axis."""


@in_our_style
def draw_leakage(result: dict, ax: Axes | None = None) -> Axes:
    """Draw what each way of splitting claims: network and classifiers, by slice, by patient, twins merged.

    Examples
    --------
    >>> from braintut.results import load_result
    >>> draw_leakage(load_result("leakage")).get_xlabel()
    'what the test claims'
    """
    ax = ax or _new_axes(6.5, 2.6)
    labels = [split["label"] for split in result["network"].values()]
    dice = [split["test"]["dice"] for split in result["network"].values()]
    _intervals(ax, dice, "U-Net: mean Dice", 0, BARS, "o")
    for number, (key, colour, marker) in enumerate((("seed_forest", SECOND, "s"), ("svm", THIRD, "D")), start=1):
        entries = [split[key] for split in result["classifiers"].values()]
        values = [{"mean": e["mean"], "ci95": [e["lowest"], e["highest"]]} for e in entries]
        _intervals(ax, values, f"{entries[0]['label']}: accuracy", number, colour, marker)
    return _finish(ax, labels, "what the test claims")


@in_our_style
def draw_variants(result: dict, ax: Axes | None = None, what: str = "dice") -> Axes:
    """Draw what each variant of a training reached, on the development and on the confirmation fold.

    Parameters
    ----------
    result : dict
        `load_result("losses")`, or that of `augmentation`, `two_questions` or `recipe` (where each variant stands on
        top of the ones above it).
    what : {"dice", "missed", "skull_share"}
        Mean Dice, share of missed slices, or (augmentation only) share of slices with skull called tumour.

    Examples
    --------
    >>> from braintut.results import load_result
    >>> draw_variants(load_result("losses"), what="missed").get_xlabel()
    'share of slices missed'
    """
    variants = list(result["variants"].values())
    ax = ax or _new_axes(6, 0.45 * len(variants) + 0.8)
    for number, (fold, colour) in enumerate((("development", BARS), ("confirmation", SECOND))):
        _intervals(ax, [v[fold][what] for v in variants], f"{fold} fold", number, colour, MARKERS[number])
    return _finish(ax, [v["label"] for v in variants], MEASURED[what])


@in_our_style
def draw_amount_of_data(result: dict, ax: Axes | None = None) -> Axes:
    """Draw the mean Dice over the number of training patients.

    Examples
    --------
    >>> from braintut.results import load_result
    >>> draw_amount_of_data(load_result("amount_of_data")).get_xlabel()
    'training patients'
    """
    ax = ax or _new_axes(5, 3)
    variants = list(result["variants"].values())
    patients = np.array([v["train_patients"] for v in variants])
    for number, (fold, colour) in enumerate((("development", BARS), ("confirmation", SECOND))):
        values = [v[fold]["dice"] for v in variants]
        means = [v["mean"] for v in values]
        # A small step to the side keeps two intervals from hiding each other.
        ax.errorbar(
            patients + number, means, _errors(values), fmt=MARKERS[number], linestyle=LINES[number], color=colour,
            label=f"{fold} fold", capsize=3,
        )  # fmt: skip
    ax.set_xlabel("training patients")
    ax.set_ylabel("mean Dice, patients never seen")
    ax.set_ylim(0, None)
    ax.legend(frameon=False, loc="lower right")
    return ax


@in_our_style
def draw_feature_ladder(result: dict, ax: Axes | None = None) -> Axes:
    """Draw how accuracy grows with each group of features, one line a classifier.

    Examples
    --------
    >>> from braintut.results import load_result
    >>> draw_feature_ladder(load_result("feature_ladder")).get_xlabel()
    'types right, by patient'
    """
    ax = ax or _new_axes(6.5, 3.2)
    rungs = list(result["rungs"].values())
    names = {"svm": "SVM", "random_forest": "random forest", "boosting": "boosting", "logistic": "logistic regression"}
    for number, kind in enumerate(rungs[0]["classifiers"]):
        values = [rung["classifiers"][kind]["accuracy"] for rung in rungs]
        _intervals(ax, values, names.get(kind, kind), number, COLOURS[number], MARKERS[number])
    labels = [f"{rung['label']} ({rung['features']})" for rung in rungs]
    return _finish(ax, labels, "types right, by patient")


@in_our_style
def draw_cost_of_a_mask(result: dict, ax: Axes | None = None) -> Axes:
    """Draw the accuracy for each kind of mask a classifier was fitted on and tested on.

    Examples
    --------
    >>> from braintut.results import load_result
    >>> draw_cost_of_a_mask(load_result("cost_of_a_mask")).get_ylabel()
    'fitted on masks that are'
    """
    ax = ax or _new_axes(4.5, 3.5)
    fits = list(result["fitted_on"])
    tests = list(result["fitted_on"][fits[0]])
    values = np.array([[result["fitted_on"][fit][test]["slice"]["mean"] for test in tests] for fit in fits])
    ax.imshow(values, cmap="cividis", vmin=0.5, vmax=1, aspect="auto")
    for row, column in np.ndindex(values.shape):
        shade = "black" if values[row, column] > 0.8 else "white"
        ax.text(column, row, f"{values[row, column]:.1%}", ha="center", va="center", color=shade)
    ax.set_xticks(range(len(tests)), tests)
    ax.set_yticks(range(len(fits)), fits)
    ax.set_xlabel("tested on masks that are")
    ax.set_ylabel("fitted on masks that are")
    return ax


@in_our_style
def draw_records(result: dict, ax: Axes | None = None) -> Axes:
    """Draw mean Dice and share of types right of the whole recipe: all, by fold, type, plane, size, without twins.

    A fold that settings were chosen on is "set aside": it stands beside, not in any of the other rows.

    Examples
    --------
    >>> from braintut.results import load_result
    >>> draw_records(load_result("records")).get_yticklabels()[0].get_text()
    'all slices'
    """
    ax = ax or _new_axes(6.5, 4)
    card = result["card_numbers"]
    counted = {"all slices": result["official_ids"]}
    if len(result["per_fold"]) > 1:
        claimed = result["folds"].split(", ")
        for number, fold in result["per_fold"].items():
            counted[f"fold {number}" if number in claimed else f"fold {number}, set aside"] = fold
    groups = {name: {"dice": rows["dice"], "type_right": rows["type"]["both"]} for name, rows in counted.items()}
    groups |= {**card["per_type"], **card["per_plane"], **card["per_size"]}
    groups["without hidden twins"] = card["without_hidden_twins"]
    _intervals(ax, [group["dice"] for group in groups.values()], "mean Dice", 0, BARS, "o")
    _intervals(ax, [group["type_right"] for group in groups.values()], "share of types right", 1, SECOND, "s")
    return _finish(ax, list(groups), "on patients never seen")


@in_our_style
def draw_calibration(result: dict, ax: Axes | None = None) -> Axes:
    """Draw what share of the types is right over the probability that was stated for them.

    See Also
    --------
    sklearn.calibration.CalibrationDisplay : The same from labels and probabilities.

    Examples
    --------
    >>> from braintut.results import load_result
    >>> draw_calibration(load_result("records")).get_xlabel()
    'stated probability'
    """
    ax = ax or _new_axes(3.6, 3.4)
    bins = result["card_numbers"]["calibration"]["bins"]
    ax.plot([1 / 3, 1], [1 / 3, 1], color="grey", linestyle="dashed", label="means what it says")
    ax.plot([b["stated"] for b in bins], [b["right"] for b in bins], color=BARS, marker="o", label="measured")
    for before, b in zip([None, *bins], bins, strict=False):
        falls = before is not None and b["right"] < before["right"]  # its number then stands below the line
        ax.annotate(
            f"{b['n_slices']}", (b["stated"], b["right"]), (0, -8 if falls else 8), textcoords="offset points",
            ha="center", va="top" if falls else "bottom", fontsize="small",
        )  # fmt: skip
    ax.set(xlabel="stated probability", ylabel="share right", xlim=(0.3, 1.05), ylim=(0, 1.1))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize="small", loc="lower right")
    return ax


@in_our_style
def draw_presence(result: dict, ax: Axes | None = None) -> Axes:
    """Draw what share of the tumours is kept over the share of slices without one that raise an alarm.

    See Also
    --------
    sklearn.metrics.RocCurveDisplay : The same from labels and scores.

    Examples
    --------
    >>> from braintut.results import load_result
    >>> draw_presence(load_result("no_tumour")).get_xlabel()
    'false alarms, share of slices without a tumour'
    """
    ax = ax or _new_axes(4.6, 3.6)
    ax.plot([0, 1], [0, 1], color="grey", linestyle="dotted", label="guessing")
    for (name, curve), colour, line in zip(result["roc"].items(), COLOURS, LINES, strict=False):
        ax.plot(curve["false_alarms"], curve["kept"], color=colour, linestyle=line, label=f"against {name}")
    alarms = [result["false_alarms"]["other head"]["mean"], result["false_alarms_on_phantoms"]["mean"]]
    ax.plot(alarms, 2 * [result["kept"]["mean"]], "ko", label="where a report is given")
    ax.set(xlabel="false alarms, share of slices without a tumour", ylabel="tumours kept", xlim=(0, 1), ylim=(0, 1.03))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize="small", loc="lower right")
    return ax


def _new_axes(width: float, height: float) -> Axes:
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def _intervals(ax: Axes, values: Sequence[dict], label: str, number: int, colour: str, marker: str) -> None:
    """Means as markers and 95 % intervals as bars, one row each, a little below the series before."""
    rows = np.arange(len(values)) + 0.16 * number
    means = [value["mean"] for value in values]
    ax.errorbar(means, rows, xerr=_errors(values), fmt=marker, color=colour, label=label, markersize=5, capsize=2)


def _errors(values: Sequence[dict]) -> np.ndarray:
    return np.array([(v["mean"] - v["ci95"][0], v["ci95"][1] - v["mean"]) for v in values]).T.clip(0)


def _finish(ax: Axes, labels: Sequence[str], words: str) -> Axes:
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.35, -0.5)  # first row on top
    ax.set_xlabel(words)
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    names = ax.get_legend_handles_labels()[1]
    ax.legend(
        frameon=False,
        fontsize="small",
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=2 if len(max(names, key=len)) < 30 else 1,
    )
    return ax

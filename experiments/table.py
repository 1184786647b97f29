"""The README's table of what was learned, made from the stored results.

Run: python experiments/table.py     prints the table; tests/test_readme.py holds the README to it
"""

from __future__ import annotations

from collections.abc import Iterator

from braintut.results import load_result

HEADING = ["| claim | measured | 95 % interval | `experiments/` |", "| --- | --- | --- | --- |"]


def percent(entry: dict) -> tuple[str, str]:
    """A share and its interval in per cent."""
    return f"{entry['mean']:.1%}", f"{entry['ci95'][0]:.1%} to {entry['ci95'][1]:.1%}"


def number(entry: dict) -> tuple[str, str]:
    """A Dice and its interval, two decimals."""
    return f"{entry['mean']:.2f}", f"{entry['ci95'][0]:.2f} to {entry['ci95'][1]:.2f}"


def gain(entry: dict) -> tuple[str, str]:
    """A difference and its interval, with signs."""
    return f"{entry['mean']:+.2f}", f"{entry['ci95'][0]:+.2f} to {entry['ci95'][1]:+.2f}"


def percent_gain(entry: dict) -> tuple[str, str]:
    """A difference in percentage points and its interval, with signs."""
    low, high = entry["ci95"]
    return f"{100 * entry['mean']:+.1f} points", f"{100 * low:+.1f} to {100 * high:+.1f}"


def rows() -> Iterator[tuple[str, tuple[str, str], str]]:
    """Claim, (value, interval), script."""
    yield from _leakage(load_result("leakage"))
    yield from _losses(load_result("losses")["variants"])
    yield from _augmentation(load_result("augmentation")["variants"])
    yield from _amount(load_result("amount_of_data")["variants"])
    yield from _features(load_result("feature_ladder")["rungs"])
    yield from _masks(load_result("cost_of_a_mask")["fitted_on"])
    tables = load_result("deep_features")["tables"]
    yield (
        "Joining the network's own features to the measured ones changes",
        percent_gain(tables["joined"]["svm"]["gain"]),
        "deep_features.py",
    )


def _leakage(result: dict) -> Iterator[tuple]:
    for split, words in (("slice", "by slice (wrong)"), ("patient", "by patient")):
        yield f"Small U-Net, test split {words}: Dice", number(result["network"][split]["test"]["dice"]), "leakage.py"
    for split, words in (("slice", "by slice (wrong)"), ("patient", "by patient")):
        entry = result["classifiers"][split]["seed_forest"]
        spread = f"{entry['lowest']:.1%} to {entry['highest']:.1%} (10 splits)"
        yield (
            f"The first project's twelve features, test split {words}: types right",
            (f"{entry['mean']:.1%}", spread),
            "leakage.py",
        )
    yield (
        "Types right from the spelling of the patient's id, no picture",
        percent(result["spelling_of_the_id"]["accuracy"]),
        "leakage.py",
    )


def _losses(variants: dict) -> Iterator[tuple]:
    for key in ("mse", "cross_entropy", "dice_image", "dice_batch", "dice_cross_entropy"):
        yield f"Loss: {variants[key]['label']}: Dice", number(variants[key]["confirmation"]["dice"]), "losses.py"


def _augmentation(variants: dict) -> Iterator[tuple]:
    best = variants["all"]["confirmation"]
    yield (
        "Augmentation (flips, rotation, zoom, shift, contrast, noise) changes Dice by",
        gain(best["gain"]),
        "augmentation.py",
    )
    for key, words in (("none", "without"), ("all", "with")):
        yield (
            f"Slices with skull called tumour, {words} augmentation",
            percent(variants[key]["confirmation"]["skull_share"]),
            "augmentation.py",
        )


def _amount(variants: dict) -> Iterator[tuple]:
    for variant in variants.values():
        yield (
            f"Trained on {variant['train_patients']} patients: Dice",
            number(variant["confirmation"]["dice"]),
            "amount_of_data.py",
        )


def _features(rungs: dict) -> Iterator[tuple]:
    for rung, kind, words in (
        ("seed", "random_forest", "the first project's 12 features, random forest"),
        ("place", "svm", "with shape and place in the head, SVM"),
        ("all", "svm", "all 106 features, SVM"),
        ("all", "svm_boosting", "all 106 features, SVM and boosting together"),
    ):
        yield (
            f"Types right, true mask: {words}",
            percent(rungs[rung]["classifiers"][kind]["accuracy"]),
            "feature_ladder.py",
        )


def _masks(fitted_on: dict) -> Iterator[tuple]:
    for fit, words in (("true", "true masks"), ("mixed", "true, jittered and predicted masks")):
        yield (
            f"Types right, mask predicted by a small network, classifier fitted on {words}",
            percent(fitted_on[fit]["predicted"]["slice"]),
            "cost_of_a_mask.py",
        )
    yield (
        "The same, all slices of a patient voting",
        percent(fitted_on["mixed"]["predicted"]["patient_vote"]),
        "cost_of_a_mask.py",
    )


def table() -> str:
    """The whole table in Markdown."""
    lines = [f"| {claim} | {value} | {interval} | `{script}` |" for claim, (value, interval), script in rows()]
    return "\n".join([*HEADING, *lines])


if __name__ == "__main__":
    print(table())

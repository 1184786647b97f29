"""The README's tables, made from the stored results and a model card.

Run: python experiments/table.py     prints both; tests/test_readme.py holds the README to them
"""

from __future__ import annotations

from collections.abc import Iterator

from braintut.dataset.scan import TUMOUR_TYPES
from braintut.pipeline.card import load_card
from braintut.results import list_results, load_result

CHECKABLE = "figshare_without_fold_4"
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
    """Claim, (value, interval), script; of the results that are there."""
    for name, claims in CLAIMS.items():
        if name in list_results():
            for claim, value in claims(load_result(name)):
                yield claim, value, f"{name}.py"


def _leakage(result: dict) -> Iterator[tuple]:
    for split, words in (("slice", "by slice (wrong)"), ("patient", "by patient")):
        yield f"Small U-Net, test split {words}: Dice", number(result["network"][split]["test"]["dice"])
    for split, words in (("slice", "by slice (wrong)"), ("patient", "by patient")):
        entry = result["classifiers"][split]["seed_forest"]
        spread = f"{entry['lowest']:.1%} to {entry['highest']:.1%} (10 splits)"
        yield (
            f"The first project's twelve features, test split {words}: types right",
            (f"{entry['mean']:.1%}", spread),
        )
    yield (
        "Types right from the spelling of the patient's id, no picture",
        percent(result["spelling_of_the_id"]["accuracy"]),
    )


def _losses(result: dict) -> Iterator[tuple]:
    for key in ("mse", "cross_entropy", "dice_image", "dice_batch", "dice_cross_entropy"):
        yield (
            f"Dice after training with the loss: {result['variants'][key]['label']}",
            number(result["variants"][key]["confirmation"]["dice"]),
        )


def _augmentation(result: dict) -> Iterator[tuple]:
    for key, words in (("flips", "flips alone"), ("all", "flips, rotation, zoom, shift, contrast and noise")):
        yield (
            f"Augmentation by {words} changes Dice, in 15 epochs, by",
            gain(result["variants"][key]["confirmation"]["gain"]),
        )
    for key, words in (("none", "without"), ("all", "with")):
        yield (
            f"Slices with skull called tumour, {words} augmentation",
            percent(result["variants"][key]["confirmation"]["skull_share"]),
        )


def _amount(result: dict) -> Iterator[tuple]:
    for variant in result["variants"].values():
        yield (
            f"Trained on {variant['train_patients']} patients: Dice",
            number(variant["confirmation"]["dice"]),
        )


def _features(result: dict) -> Iterator[tuple]:
    for rung, kind, words in (
        ("seed", "random_forest", "the first project's 12 features, random forest"),
        ("place", "svm", "with shape and place in the head, SVM"),
        ("all", "svm", "all 106 features, SVM"),
        ("all", "boosting", "all 106 features, boosting"),
    ):
        yield (
            f"Types right, true mask: {words}",
            percent(result["rungs"][rung]["classifiers"][kind]["accuracy"]),
        )
    yield (
        "Types right, true mask: up to three classifiers vote, chosen on inner folds",
        percent(result["vote_chosen_on_inner_folds"]["accuracy"]),
    )


def _masks(result: dict) -> Iterator[tuple]:
    for fit, words in (("true", "true masks"), ("mixed", "true, jittered and predicted masks")):
        yield (
            f"Types right, mask predicted by a small network, classifier fitted on {words}",
            percent(result["fitted_on"][fit]["predicted"]["slice"]),
        )
    yield (
        "Types right, true mask, the latter classifier",
        percent(result["fitted_on"]["mixed"]["true"]["slice"]),
    )
    yield (
        "The latter on predicted masks, all slices of a patient voting",
        percent(result["fitted_on"]["mixed"]["predicted"]["patient_vote"]),
    )


def _deep(result: dict) -> Iterator[tuple]:
    joined = result["tables"]["joined"]["svm"]["gain"]
    yield "Joining the network's own features to the measured ones changes types right by", percent_gain(joined)


def _questions(result: dict) -> Iterator[tuple]:
    two = result["variants"]["dice_type"]["confirmation"]
    yield "Naming the type as well (four classes) changes Dice by", gain(two["gain"])
    yield (
        "Types right, named by that network itself, no measured features",
        percent(result["type_named_by_the_network"]["confirmation"]),
    )


def _recipe(result: dict) -> Iterator[tuple]:
    rungs = iter(result["variants"].values())
    first = next(rungs)
    yield f"The shipped network on two folds, {first['label']}: Dice", number(first["confirmation"]["dice"])
    for rung in rungs:
        yield f"... {rung['label']}: changes Dice by", gain(rung["confirmation"]["gain"])


def _records(result: dict) -> Iterator[tuple]:
    whole = result["official_ids"]
    yield (
        f"The whole recipe, fitted on the other folds, folds {result['folds']}: Dice",
        number(whole["dice"]),
    )
    yield "The whole recipe: slices with Dice below 0.1", percent(whole["missed"])
    yield "The whole recipe: types right, measured features", percent(whole["type"]["measured_features"])
    yield "The whole recipe: types right, joined with the network's own answer", percent(whole["type"]["both"])
    yield "The whole recipe: types right, all slices of a patient voting", percent(whole["patient_vote"])
    yield "The whole recipe: types right, true mask", percent(whole["type"]["true_mask"])


CLAIMS = {
    "leakage": _leakage,
    "losses": _losses,
    "augmentation": _augmentation,
    "amount_of_data": _amount,
    "feature_ladder": _features,
    "cost_of_a_mask": _masks,
    "deep_features": _deep,
    "two_questions": _questions,
    "recipe": _recipe,
    "records": _records,
}


def headline() -> str:
    """What the shipped recipe reached on patients never seen: all counted folds, and the one anyone can count again."""
    records = load_result("records")
    every = records["card_numbers"]
    one = load_card(CHECKABLE)["numbers"]

    def row(words: str, entry: str, interval: str | None = None, number: str = "dice", form: str = ".1%") -> str:
        low_high = "to".join(f" {bound:{form}} " for bound in every[number][interval]) if interval else " "
        return f"| {words} | {every[number][entry]:{form}} |{low_high}| {one[number][entry]:{form}} |"

    types = (" / ".join(f"{n['dice']['per_type'][t]:.2f}" for t in TUMOUR_TYPES) for n in (every, one))
    return "\n".join(
        [
            f"| patients never seen | folds {records['folds']} | 95 % interval | fold 4 alone |",
            "| --- | --- | --- | --- |",
            row("Dice, mean", "mean", "ci95", form=".3f"),
            row("Dice, median", "median", form=".3f"),
            "| Dice, meningioma / glioma / pituitary tumour | {} | | {} |".format(*types),
            row("slices with Dice below 0.1", "missed_fraction"),
            row("slices where nothing was found", "not_found_fraction"),
            row("surface within 2 mm", "mean", number="nsd_2mm", form=".3f"),
            row("type right, from the predicted mask", "predicted_mask", "ci95_predicted_mask", "accuracy"),
            row("the same, measured features alone", "measured_features", number="accuracy"),
            row("the same, the network's own opinion alone", "network", number="accuracy"),
            row("type right, from the true mask", "true_mask", number="accuracy"),
            row("type right, all slices of a patient voting", "patient_vote", "ci95_patient_vote", "accuracy"),
        ]
    )


def table() -> str:
    """What was learned, in Markdown."""
    lines = [f"| {claim} | {value} | {interval} | `{script}` |" for claim, (value, interval), script in rows()]
    return "\n".join([*HEADING, *lines])


if __name__ == "__main__":
    print(headline(), table(), sep="\n\n")

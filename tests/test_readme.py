"""The README's numbers are those of the model card."""

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NUMBERS = json.loads((ROOT / "braintut/assets/figshare_without_fold_4/card.json").read_text())["numbers"]
DICE, ACCURACY = NUMBERS["dice"], NUMBERS["accuracy"]
VOTE = ACCURACY["ci95_patient_vote"]


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("Dice, mean", f"{DICE['mean']:.3f} | {DICE['ci95'][0]:.3f} to {DICE['ci95'][1]:.3f}"),
        ("Dice, median", f"{DICE['median']:.3f}"),
        ("slices with Dice below 0.1", f"{DICE['missed_fraction']:.1%}"),
        ("slices where nothing was found", f"{DICE['not_found_fraction']:.1%}"),
        ("surface within 2 mm", f"{NUMBERS['nsd_2mm']['mean']:.3f}"),
        ("type right, from the predicted mask", f"{ACCURACY['predicted_mask']:.1%}"),
        ("the same, measured features alone", f"{ACCURACY['measured_features']:.1%}"),
        ("the same, the network's own opinion alone", f"{ACCURACY['network']:.1%}"),
        ("type right, from the true mask", f"{ACCURACY['true_mask']:.1%}"),
        (
            "type right, all slices of a patient voting",
            f"{ACCURACY['patient_vote']:.1%} | {VOTE[0]:.1%} to {VOTE[1]:.1%}",
        ),
    ],
)
def test_table_shows_the_card(row, value):
    assert f"| {row} | {value} |" in README


def test_nothing_is_left_to_fill_in():
    assert not re.findall(r"@[A-Z_]+@|TODO|TBD", README)


def test_linked_files_exist():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_command_is_in_the_table():
    from braintut.cli import app

    for command in app.registered_commands:
        assert f"`braintut {command.callback.__name__}" in README


def test_what_was_learned_shows_the_stored_results():
    sys.path.insert(0, str(ROOT / "experiments"))
    import table

    assert table.table() in README


def test_every_lesson_is_in_the_table():
    for path in sorted((ROOT / "lessons").glob("*.ipynb")):
        assert f"](lessons/{path.name})" in README
        assert f"/lessons/{path.name})" in README, "its badge"

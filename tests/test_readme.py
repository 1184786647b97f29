"""The README's numbers are those of the stored results and of the model card."""

import re
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
sys.path.insert(0, str(ROOT / "experiments"))
import table  # noqa: E402


def test_how_good_is_it_shows_the_stored_results_and_the_card():
    assert table.headline() in README


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
    assert table.table() in README


def test_prose_quotes_the_records():
    records, prose = table.load_result("records"), " ".join(README.split())
    dice = {fold: f"{numbers['dice']['mean']:.3f}" for fold, numbers in records["per_fold"].items()}
    every, alone = records["with_development_fold"], records["without_hidden_twins"]
    gain, (low, high) = (100 * np.array(records["classifier_fitted_on"]["gain"][key]) for key in ("mean", "ci95"))
    for sentence in (
        f"Dice is {dice['3']} there, and {every['dice']['mean']:.3f} over all four folds",
        f"Dice is {dice['1']}, {dice['2']} and {dice['4']} on folds 1, 2 and 4",
        f"Without them Dice is {alone['dice']['mean']:.3f}, and {alone['missed']['mean']:.1%} lie below 0.1",
        f"differ by {gain:+.1f} points ({low:+.1f} to {high:+.1f}, all four folds)",
    ):
        assert sentence in prose


def test_every_lesson_is_in_the_table():
    for path in sorted((ROOT / "lessons").glob("*.ipynb")):
        assert f"](lessons/{path.name})" in README
        assert f"/lessons/{path.name})" in README, "its badge"

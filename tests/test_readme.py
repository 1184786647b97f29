"""The README's numbers are those of the stored results and of the model card."""

import re
import sys
from pathlib import Path

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


def test_every_lesson_is_in_the_table():
    for path in sorted((ROOT / "lessons").glob("*.ipynb")):
        assert f"](lessons/{path.name})" in README
        assert f"/lessons/{path.name})" in README, "its badge"

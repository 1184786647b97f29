"""A clone is the same on every system: line endings, names, and the bytes that a card names."""

import hashlib
import json
import re
import subprocess

import pytest

from test_dependencies import ROOT, tracked_files

HASHED = ("unet.npz", "classifier.skops", "classifier_true_mask.skops", "reference.csv", "familiarity.npz")


def names():
    return [str(path.relative_to(ROOT).as_posix()) for path in tracked_files()]


def attribute(name, paths):
    told = subprocess.run(
        ["git", "check-attr", "-z", name, "--", *paths], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    return dict(zip(told[0::3], told[2::3], strict=False))


def test_files_whose_bytes_matter_are_never_changed_by_git():
    paths = [name for name in names() if name.startswith(("braintut/assets/", "data/phantoms/"))]
    assert len(paths) > 20 and set(attribute("text", paths).values()) == {"unset"}


def test_scripts_and_notebooks_have_one_newline_character_everywhere():
    paths = ["Makefile", ".ci/run", "pyproject.toml", *(n for n in names() if n.endswith((".ipynb", ".py", ".md")))]
    assert set(attribute("eol", paths).values()) == {"lf"}


def test_a_clone_of_git_for_windows_holds_the_pairs_that_their_cards_name(tmp_path):
    tracked_files()  # skips where this is no git checkout
    clone = tmp_path / "Ü b's 脑" / "clone"
    subprocess.run(["git", "-c", "core.autocrlf=true", "clone", "-q", str(ROOT), str(clone)], check=True)
    cards = list((clone / "braintut" / "assets" / "models").glob("*/card.json"))
    assert len(cards) >= 3
    for card in cards:
        named = json.loads(card.read_text(encoding="utf-8"))["files"]
        assert named == {name: hashlib.sha256((card.parent / name).read_bytes()).hexdigest() for name in HASHED}
    assert b"\r" not in (clone / "Makefile").read_bytes() + (clone / ".ci" / "run").read_bytes()


def test_names_of_files_exist_on_every_system():
    assert [name for name in names() if not re.fullmatch(r"[\w./-]+", name, re.ASCII)] == []
    folded = [name.casefold() for name in names()]
    assert len(folded) == len(set(folded))
    reserved = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
    assert [name for name in folded if any(reserved.match(part) for part in name.split("/"))] == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "braintut" / "assets" / "models").glob("*/reference.csv")), ids=lambda p: p.parent.name
)
def test_shipped_tables_end_lines_as_we_write_them(path):
    assert b"\r" not in path.read_bytes()

"""Badges and Colab's install line follow pyproject.toml, and the setup cell does what it says."""

import re
import sys
import types
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from braintut.errors import DataError
from braintut.teaching.addresses import colab_badge, repository_address, setup_source, write_addresses
from braintut.teaching.notebooks import read_lesson

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://github.com/someone/heads"


def clone(folder, address):
    (folder / "lessons").mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(f'[project]\nname = "braintut"\n[project.urls]\nRepository = "{address}"\n')
    (folder / "README.md").write_text(f"see {colab_badge('https://github.com/old/name', '00_a.ipynb')} text\n")
    cells = [
        nbformat.v4.new_markdown_cell("# A lesson"),
        nbformat.v4.new_markdown_cell("old", metadata={"tags": ["badge"]}),
        nbformat.v4.new_code_cell("old", metadata={"tags": ["setup"]}, execution_count=1),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "lessons" / "00_a.ipynb")
    return folder


def test_one_command_rewrites_all(tmp_path):
    folder = clone(tmp_path, ADDRESS)
    assert {path.name for path in write_addresses(folder)} == {"00_a.ipynb", "README.md"}
    lesson = read_lesson(folder / "lessons" / "00_a.ipynb")
    assert lesson.cells[1].source == colab_badge(ADDRESS, "00_a.ipynb")
    assert lesson.cells[2].source == setup_source(ADDRESS) and lesson.cells[2].execution_count == 1
    assert "github/someone/heads/blob/main/lessons/00_a.ipynb" in (folder / "README.md").read_text()
    assert write_addresses(folder) == []


@pytest.mark.parametrize("address", [ADDRESS, ADDRESS + "/", ADDRESS + ".git"])
def test_addresses_are_read_in_every_spelling(tmp_path, address):
    assert repository_address(clone(tmp_path, address)) == ADDRESS


@pytest.mark.parametrize("address", ["", "https://example.org/a/b", "github.com/a/b", "https://github.com/a"])
def test_other_addresses_are_refused_in_one_sentence(tmp_path, address):
    with pytest.raises(DataError, match=r"should be like https://github\.com/ME/NAME"):
        repository_address(clone(tmp_path, address))


def run_setup(monkeypatch, in_colab, installed):
    """Run the setup cell as a notebook would, and return what it asked pip for."""
    asked = []
    shell = types.SimpleNamespace(run_line_magic=lambda magic, line, *_, **__: asked.append((magic, line)))
    if in_colab:
        monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    else:
        monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object() if installed else None)
    source = TransformerManager().transform_cell(setup_source(ADDRESS))
    # The cell's own text, run as a notebook would.
    exec(compile(source, "setup", "exec"), {"get_ipython": lambda: shell})
    return asked


@pytest.mark.parametrize(("in_colab", "installed"), [(False, True), (False, False), (True, True)])
def test_setup_does_nothing_where_nothing_is_missing(monkeypatch, in_colab, installed):
    assert run_setup(monkeypatch, in_colab, installed) == []


def test_setup_installs_the_package_in_colab_and_upgrades_nothing(monkeypatch):
    ((magic, line),) = run_setup(monkeypatch, in_colab=True, installed=False)
    assert magic == "pip" and f'"git+{ADDRESS}"' in line
    assert not any(word in line for word in ("-U", "upgrade", "==", "<", "force"))


def test_the_badge_shows_a_picture_of_our_own(tmp_path):
    name = re.search(r"!\[Open in Colab\]\(([^)]+)\)", colab_badge(ADDRESS, "00_a.ipynb"))[1]
    picture = ROOT / "lessons" / name  # a path beside the lesson, no address
    assert "Open in Colab" in ElementTree.parse(picture).getroot().attrib["aria-label"]
    assert "http" not in picture.read_text().replace("http://www.w3.org/2000/svg", "")


def test_the_real_pyproject_has_an_address():
    assert repository_address(ROOT).startswith("https://github.com/")

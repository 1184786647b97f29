"""The contract under [tool.importlinter] holds, CONTRIBUTING quotes it, and it notices each kind of wrong import."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS, *_ = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"


def lint(folder):
    """Exit code and text of import-linter for the package in a folder."""
    done = subprocess.run([sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path):
    """The package's sources, to be spoiled."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "braintut", tmp_path / "braintut", ignore=shutil.ignore_patterns("assets", "__pycache__"))
    return tmp_path


def test_contract_holds():
    code, said = lint(ROOT)
    assert code == 0, said


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("dataset/load.py", "from braintut.features.table import measure_table", "No arrow upwards"),
        ("features/table.py", "from braintut.segmentation import metrics", "No arrow upwards"),
        ("pipeline/pipeline.py", "from braintut.teaching import status", "No arrow upwards"),
        ("errors.py", "import braintut.dataset.files", "No arrow upwards"),
        ("radiomics/first.py", "import braintut.dataset.files", "No arrow upwards"),
        ("classification/classifier.py", "from braintut.plotting import png", "Classifiers know"),
        ("report/words.py", "from braintut.dataset.slices import Slices", "A report takes"),
        ("pipeline/pipeline.py", "def late():\n    import braintut.plotting.png", "The pipeline draws"),
        ("features/shape.py", "from braintut.features.table import FEATURES", "No circle"),
    ],
    ids=["up", "across", "to the top", "ground", "no floor", "network", "report", "inside a function", "circle"],
)
def test_contract_notices(copy, file, line, contract):
    path = copy / "braintut" / file
    if not path.exists():
        path.parent.mkdir()
        (path.parent / "__init__.py").touch()
        path.touch()
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    code, said = lint(copy)
    broken = [row for row in said.splitlines() if " BROKEN" in row]
    assert code == 1 and any(row.startswith(contract) for row in broken), said


def test_contributing_quotes_the_floors():
    quoted = "```\n" + "\n".join(FLOORS["layers"]) + "\n```"
    assert quoted in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

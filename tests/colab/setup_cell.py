"""Run a lesson's setup cell as Colab would, in an environment that has what Colab brings and nothing of ours.

`python setup_cell.py CLONE PACKAGE`, by the Python of that environment, from a folder outside the clone. Only the
address is replaced: PACKAGE, a copy of the clone, stands where the lesson names GitHub.
"""

from __future__ import annotations

import json
import subprocess
import sys
import types
from pathlib import Path

LESSON = "lessons/00_start_here.ipynb"


def setup_source(clone: Path, package: Path) -> str:
    """The lesson's own cell, which installs from a folder where it named the address on GitHub."""
    cells = json.loads((clone / LESSON).read_text(encoding="utf-8"))["cells"]
    (source,) = ("".join(cell["source"]) for cell in cells if "setup" in cell["metadata"].get("tags", []))
    before, address, after = source.partition("git+https://github.com/")
    _name, quote, after = after.partition('"')
    assert address and quote, f"The setup cell installs from no address on GitHub: {source}"
    return f"{before}{package}{quote}{after}"


def installed() -> dict[str, str]:
    """Names and versions, as `pip freeze` lists them."""
    command = [sys.executable, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {package["name"]: package["version"] for package in json.loads(listed)}


def run_as_colab(sources: list[str]) -> None:
    """Run cells in one IPython, which knows a package google.colab as Colab's kernel does."""
    from IPython.core.interactiveshell import InteractiveShell

    sys.modules["google.colab"] = types.ModuleType("google.colab")
    shell = InteractiveShell.instance()
    for source in sources:
        shell.run_cell(source, store_history=False).raise_error()


def main() -> None:
    """Fail unless the cell installs braintut and leaves alone what was there."""
    clone, package = map(Path, sys.argv[1:])
    before = installed()
    assert "braintut" not in before, "braintut is installed already, so the setup cell would do nothing."
    run_as_colab([setup_source(clone, package), "import braintut", "assert len(braintut.load_phantoms()) == 200"])
    after = installed()
    changed = {
        name: f"{version} -> {after.get(name)}" for name, version in before.items() if after.get(name) != version
    }
    assert not changed, f"The setup cell changed what Colab brings: {changed}"
    print(f"The setup cell installed {', '.join(sorted(after.keys() - before.keys()))}, and changed nothing else.")


if __name__ == "__main__":
    main()

"""Rebuild both ends of Colab and test in them: `make test-colab`, or `python environments.py oldest`.

A list beside this file states an end: the Python, and the versions that Colab brings. Each run begins with a fresh
environment under build/colab/, lets a lesson's own setup cell install braintut there, and runs all lessons and tests.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLONE = HERE.parents[1]
BUILD = CLONE / "build" / "colab"
ENDS = ("oldest", "newest")
# Another environment's settings must not reach in.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
CLEAN |= {"PYTHONNOUSERSITE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def brought(end: str) -> tuple[str, list[str]]:
    """What Colab brings at one end: its Python, as '3.12', and lines like 'numpy==2.0.2'."""
    text = (HERE / f"{end}.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return re.match(r"# Python (3\.\d+):", text)[1], lines


def find_python(version: str) -> Path | None:
    """The first Python of this version, with its venv module, on the PATH or among pyenv's."""
    return next((path for path in _candidates(version) if _is_python(path, version)), None)


def _candidates(version: str) -> Iterator[Path]:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield from (Path(folder) / name for name in (f"python{version}", "python3"))
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted((pyenv / "versions").glob(f"{version}.*/bin/python"), reverse=True)


def _is_python(path: Path, version: str) -> bool:
    # Asked, not judged by its name: pyenv puts a python3.12 on the PATH that only says 'not found'.
    question = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([path, "-c", question], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and answer.stdout.strip() == version


def tools() -> list[str]:
    """What the tests need, from pyproject.toml."""
    project = tomllib.loads((CLONE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["optional-dependencies"]["test"]


def check(end: str) -> None:
    """Build one end and run everything there; stop at the first thing that fails."""
    start = time.monotonic()
    folder, frozen = BUILD / end, BUILD / f"{end}_frozen.txt"
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet"]
    _say(end, "what Colab brings")
    _run([wanted_python(end), "-m", "venv", "--clear", folder])
    _run([*pip, *brought(end)[1]], folder)
    _say(end, "the setup cell")
    _run([python, HERE / "setup_cell.py", CLONE, copied_package(folder / "clone")], folder)
    _say(end, "the lessons")
    freeze = subprocess.run([python, "-m", "pip", "freeze"], cwd=folder, env=CLEAN, check=True, stdout=subprocess.PIPE)
    frozen.write_bytes(b"".join(line for line in freeze.stdout.splitlines(True) if not line.startswith(b"braintut")))
    _run([*pip, "--constraint", frozen, *tools()], folder)  # the tests' tools change nothing, either
    _run([python, "-m", "pytest", "--nbval", "lessons"])
    _say(end, "the tests that are not slow")
    _run([python, "-m", "pytest", "-m", "not slow"])
    print(f"Colab, {end} end: all well after {(time.monotonic() - start) / 60:.1f} minutes.", flush=True)


def check_side_by_side(ends: list[str]) -> None:
    """Check several ends at once: one alone keeps little more than one core busy. Each prints when it is done."""
    BUILD.mkdir(parents=True, exist_ok=True)
    running = {}
    for end in ends:
        with (BUILD / f"{end}.log").open("w", encoding="utf-8") as log:
            command = [sys.executable, __file__, end]
            running[end] = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    failed = []
    for end, process in running.items():
        failed += [end] * (process.wait() != 0)
        print((BUILD / f"{end}.log").read_text(encoding="utf-8", errors="replace"), flush=True)
    if failed:
        sys.exit(f"Failed in Colab as rebuilt: {' and '.join(failed)} end.")


def wanted_python(end: str) -> Path:
    """The Python of an end, or one sentence and exit code 1."""
    version = brought(end)[0]
    found = find_python(version)
    if found is None:
        sys.exit(
            f"Colab's {end} end needs Python {version} with its venv module, and there is none on the PATH or "
            "under ~/.pyenv/versions: install it."
        )
    return found


def copied_package(folder: Path) -> Path:
    """Copy what pip builds braintut from, so that nothing is built inside the clone, or by two ends at once."""
    (folder / "data").mkdir(parents=True)
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(CLONE / name, folder)
    for name in ("braintut", "data/phantoms"):
        shutil.copytree(CLONE / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def _say(end: str, what: str) -> None:
    print(f"\n--- Colab, {end} end: {what}", flush=True)


def _run(command: list[str | Path], folder: Path = CLONE) -> None:
    if subprocess.call(command, cwd=folder, env=CLEAN):
        sys.exit(f"Failed: {' '.join(map(str, command))}")


def main() -> None:
    """Check the ends that are named, or both."""
    ends = sys.argv[1:] or list(ENDS)
    for end in ends:
        wanted_python(end)  # said before the work, not after
    check(ends[0]) if len(ends) == 1 else check_side_by_side(ends)


if __name__ == "__main__":
    main()

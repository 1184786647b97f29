"""The Pythons of Colab's two ends are found where people have them, and named where they are missing."""

import os
import sys

import pytest

from braintut.teaching.addresses import repository_address
from braintut.teaching.notebooks import read_lesson, tagged
from colab import environments, setup_cell

VERSION = "3.12"
GOOD, OTHER, SHIM = 'echo "3.12"', 'echo "3.11"', 'echo "pyenv: python3.12: command not found" >&2; exit 127'


def program(path, does):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("programs", "found"),
    [
        ({"path/python3.12": GOOD, "pyenv/versions/3.12.1/bin/python": GOOD}, "path/python3.12"),
        ({"path/python3": GOOD}, "path/python3"),
        ({"path/python3.12": SHIM, "later/python3.12": GOOD}, "later/python3.12"),
        ({"path/python3.12": SHIM, "pyenv/versions/3.12.1/bin/python": GOOD}, "pyenv/versions/3.12.1/bin/python"),
        ({"path/python3.12": OTHER, "pyenv/versions/3.12.1/bin/python": GOOD}, "pyenv/versions/3.12.1/bin/python"),
        ({"path/python3": OTHER, "pyenv/versions/3.11.7/bin/python": OTHER}, None),
        ({"path/python3.12": SHIM, "path/python3": "exit 1"}, None),
        ({}, None),
    ],
    ids=["path", "plain name", "shim, then a real one", "shim, then pyenv", "name lies", "other", "broken", "none"],
)
def test_a_python_is_one_that_runs_and_is_of_that_version(monkeypatch, tmp_path, programs, found):
    for name, does in programs.items():
        program(tmp_path / name, does)
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, (tmp_path / "path", tmp_path / "later"))))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert environments.find_python(VERSION) == (found and tmp_path / found)


@pytest.mark.parametrize("end", environments.ENDS)
def test_a_missing_python_is_one_sentence_and_a_failure(monkeypatch, end):
    monkeypatch.setattr(environments, "find_python", lambda version: None)
    monkeypatch.setattr(sys, "argv", ["environments.py", end])
    with pytest.raises(SystemExit, match=rf"^Colab's {end} end needs Python 3\.1\d with .* install it\.$"):
        environments.main()


def test_the_setup_cell_is_the_lessons_own_but_for_the_address(tmp_path):
    (setup,) = tagged(read_lesson(environments.CLONE / setup_cell.LESSON), "setup")
    address = f"git+{repository_address(environments.CLONE)}"
    assert address in setup.source
    assert setup_cell.setup_source(environments.CLONE, tmp_path) == setup.source.replace(address, str(tmp_path))


@pytest.mark.parametrize(("failing", "code"), [((), 0), (("oldest",), 1), (("newest",), 1)], ids=str)
def test_side_by_side_fails_if_one_end_does(monkeypatch, capsys, tmp_path, failing, code):
    script = tmp_path / "script.py"
    script.write_text(f"import sys; print(sys.argv[1], 'was run'); sys.exit(sys.argv[1] in {failing})")
    monkeypatch.setattr(environments, "BUILD", tmp_path / "build")
    monkeypatch.setattr(environments, "__file__", str(script))
    with pytest.raises(SystemExit) as stopped:
        environments.check_side_by_side(["oldest", "newest"])
        sys.exit(0)
    assert bool(stopped.value.code) == bool(code)
    printed = capsys.readouterr().out
    assert "oldest was run" in printed and "newest was run" in printed

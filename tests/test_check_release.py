"""A release is stopped by each thing that is easily forgotten, in a sentence that says what to do."""

import re
import subprocess

import pytest

import check_release
from braintut.errors import DataError

ADDRESS = "https://github.com/ada/braintut"
FILES = {
    "pyproject.toml": f'[project]\nname = "braintut"\n[project.urls]\nRepository = "{ADDRESS}"\n',
    "braintut/__init__.py": '__version__ = "1.2.0"\n',
    "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n## 1.2.0 (2027-01-31)\n\n- A lesson.\n\n## 1.1.0 (2026-12-24)\n",
    "CITATION.cff": "title: braintut\nversion: 1.2.0\n",
    "README.md": f"[badge](https://colab.research.google.com/github/ada/braintut)\n{ADDRESS}\n",
    "lessons/00.ipynb": f"git+{ADDRESS}\n",
}
OWNER = "OWNER" + "/braintut"  # in two halves, so that this file does not count as a place of the address


def git(folder, *arguments):
    command = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init")
    commit(tmp_path)
    return tmp_path


def commit(folder):
    git(folder, "add", "--all")
    git(folder, "commit", "--message", "All", "--allow-empty")


def test_a_whole_clone_can_be_released(clone):
    assert check_release.faults(clone) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("pyproject.toml", "ada/braintut", OWNER, "pyproject.toml still names .*put the real address"),
        ("pyproject.toml", ADDRESS, "https://example.org/x", r"pyproject.toml is 'https://example.org/x', but should"),
        ("README.md", "github/ada/braintut", f"github/{OWNER}", "^README.md still names OWNER: run `make addresses`"),
        ("lessons/00.ipynb", "ada/braintut", OWNER, r"^lessons/00.ipynb still names OWNER"),
        ("CHANGELOG.md", "1.2.0 (2027-01-31)", "1.1.5 (2027-01-31)", r"no heading '## 1.2.0 \(YYYY-MM-DD\)'"),
        ("CHANGELOG.md", "1.2.0 (2027-01-31)", "1.2.0", r"no heading '## 1.2.0 \(YYYY-MM-DD\)'"),
        ("CHANGELOG.md", "## Unreleased\n", "## Unreleased\n\n- A thing.\n", "lines under Unreleased: move them"),
        ("CITATION.cff", "1.2.0", "1.1.0", "cites version 1.1.0, but braintut/__init__.py says 1.2.0"),
    ],
    ids=["owner", "no GitHub", "badge", "lesson", "no section", "no day", "unreleased", "citation"],
)
def test_what_was_forgotten_is_said(clone, name, old, new, fault):
    text = (clone / name).read_text()
    assert old in text
    (clone / name).write_text(text.replace(old, new))
    commit(clone)
    (found,) = check_release.faults(clone)
    assert re.search(fault, found), found


@pytest.mark.parametrize(("name", "text"), [("README.md", "changed"), ("new.py", "x = 1")], ids=["changed", "new"])
def test_what_is_not_committed_is_said(clone, name, text):
    (clone / name).write_text(text)
    assert check_release.faults(clone) == [f"Not committed: 1 changed or new, for example {name}."]


def test_a_version_is_released_once(clone):
    git(clone, "tag", "v1.2.0")
    (found,) = check_release.faults(clone)
    assert "v1.2.0 is there already" in found


def test_a_folder_without_git_is_one_sentence(clone):
    (clone / ".git").rename(clone / "git")
    with pytest.raises(DataError, match="is no git checkout"):
        check_release.faults(clone)


def test_this_version_is_cited_and_has_its_section():
    version = check_release.stated_version(check_release.ROOT)
    assert not list(check_release._faults_of_citation(check_release.ROOT, version))
    assert f"\n## {version} (" in (check_release.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

"""Say what is missing before a version can be released: `make release-check`.

The steps by hand stand in docs/releasing.md.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from braintut.errors import DataError
from braintut.teaching.addresses import repository_address

ROOT = Path(__file__).resolve().parents[1]
PLACEHOLDER = "OWNER"


def faults(clone: Path) -> list[str]:
    """Say what keeps a clone from being released.

    Parameters
    ----------
    clone : Path
        Top folder of a git checkout.

    Returns
    -------
    list of str
        One sentence a fault, none where the version can be tagged.

    Raises
    ------
    DataError
        If the folder is no git checkout.
    """
    version = stated_version(clone)
    return [
        *_faults_of_address(clone),
        *_faults_of_changelog(clone, version),
        *_faults_of_citation(clone, version),
        *_faults_of_git(clone, version),
    ]


def stated_version(clone: Path) -> str:
    """Read the version from braintut/__init__.py, its only place, without importing it."""
    source = (clone / "braintut" / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE)[1]


def _faults_of_address(clone: Path) -> Iterator[str]:
    try:
        address = repository_address(clone)
    except DataError as error:
        yield str(error)
        return
    if f"/{PLACEHOLDER}/" in address:
        yield f"pyproject.toml still names {address}: put the real address there, then run `make addresses`."
        return
    names = ("-e", f"github.com/{PLACEHOLDER}/", "-e", f"github/{PLACEHOLDER}/")
    for name in _git(clone, "grep", "--files-with-matches", *names, "--", "README.md", "lessons"):
        yield f"{name} still names {PLACEHOLDER}: run `make addresses`."


def _faults_of_changelog(clone: Path, version: str) -> Iterator[str]:
    text = (clone / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = {
        heading: body.strip() for heading, body in re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", text, re.MULTILINE)
    }
    if sections.get("Unreleased"):
        yield f"CHANGELOG.md has lines under Unreleased: move them below a heading '## {version} (the day)'."
    dated = [heading for heading in sections if re.fullmatch(rf"{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)", heading)]
    if not dated:
        yield f"CHANGELOG.md has no heading '## {version} (YYYY-MM-DD)', which is the version in braintut/__init__.py."


def _faults_of_citation(clone: Path, version: str) -> Iterator[str]:
    cited = str(yaml.safe_load((clone / "CITATION.cff").read_text(encoding="utf-8")).get("version"))
    if cited != version:
        yield f"CITATION.cff cites version {cited}, but braintut/__init__.py says {version}."


def _faults_of_git(clone: Path, version: str) -> Iterator[str]:
    if changed := _git(clone, "status", "--porcelain"):
        yield f"Not committed: {len(changed)} changed or new, for example {changed[0][3:]}."
    if _git(clone, "tag", "--list", f"v{version}"):
        yield f"The tag v{version} is there already: raise __version__ in braintut/__init__.py."


def _git(clone: Path, *arguments: str) -> list[str]:
    """Lines that a git command prints; `grep` exits with 1 where it finds nothing."""
    done = subprocess.run(["git", *arguments], cwd=clone, capture_output=True, text=True)
    if done.returncode > 1:
        raise DataError(f"{clone} is no git checkout ({done.stderr.strip()}): a release is made from a clone.")
    return done.stdout.splitlines()


def main() -> int:
    """Print what is missing; 0 if nothing is."""
    found = faults(ROOT)
    print("\n".join(found) or f"Version {stated_version(ROOT)} can be tagged: docs/releasing.md says how.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())

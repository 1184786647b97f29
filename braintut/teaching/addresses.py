"""The repository's address stands in pyproject.toml; this writes it into every lesson.

`python -m braintut.teaching.addresses`, or `make addresses`.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from braintut.dataset.locations import lessons_folder
from braintut.errors import DataError
from braintut.teaching.notebooks import lesson_paths, read_lesson, tagged, write_lesson

BRANCH = "main"
BADGE_PICTURE = "open_in_colab.svg"
"""Lies beside the lessons, so that it is seen without a network, too."""
_COLAB = "https://colab.research.google.com/github"
_BADGE_LINK = re.compile(_COLAB + r"/[^/\s]+/[^/\s]+/blob/[^/\s]+/lessons/")


def repository_address(clone: Path) -> str:
    """The repository's address from `[project.urls]` in a clone, without a slash at the end.

    A `DataError` if it is no address on GitHub, the only place from which Colab opens notebooks.
    """
    project = tomllib.loads((clone / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address = project.get("urls", {}).get("Repository", "").rstrip("/").removesuffix(".git")
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", address):
        raise DataError(
            f"[project.urls] Repository in pyproject.toml is '{address}', but should be like https://github.com/ME/NAME."
        )
    return address


def colab_badge(address: str, lesson: str) -> str:
    """Markdown of the badge that opens a lesson (its file name) in Colab."""
    return f"[![Open in Colab]({BADGE_PICTURE})]({_colab_folder(address)}{lesson})"


def setup_source(address: str) -> str:
    """Source of the setup cell: nothing to do on a machine of one's own, one install in Colab.

    pip leaves alone what satisfies a bound, and all bounds are lower ones, so Colab's own packages stay.
    """
    return f"""import sys
from importlib.util import find_spec

# On your own machine this does nothing; in Colab it installs what is missing.
if "google.colab" in sys.modules and find_spec("braintut") is None:
    %pip install -q "git+{address}"
"""[:-1]


def write_addresses(clone: Path) -> list[Path]:
    """Write the repository's address into all lessons and into the README's badges; give the files that changed."""
    address = repository_address(clone)
    changed = [path for path in lesson_paths(clone / "lessons") if _renew_lesson(path, address)]
    readme = clone / "README.md"
    text = readme.read_text(encoding="utf-8")
    renewed = _BADGE_LINK.sub(_colab_folder(address), text)
    if renewed != text:
        readme.write_text(renewed, encoding="utf-8", newline="\n")
        changed.append(readme)
    return changed


def _renew_lesson(path: Path, address: str) -> bool:
    notebook = read_lesson(path)
    wanted = {"badge": colab_badge(address, path.name), "setup": setup_source(address)}
    before = [cell.source for tag in wanted for cell in tagged(notebook, tag)]
    for tag, source in wanted.items():
        for cell in tagged(notebook, tag):
            cell.source = source
    if before == [cell.source for tag in wanted for cell in tagged(notebook, tag)]:
        return False
    write_lesson(notebook, path)
    return True


def _colab_folder(address: str) -> str:
    return f"{_COLAB}/{address.removeprefix('https://github.com/')}/blob/{BRANCH}/lessons/"


def main() -> None:
    """Renew the clone that this package is run from, and say what changed."""
    clone = lessons_folder().parent
    changed = write_addresses(clone)
    print("\n".join(f"renewed {path.relative_to(clone)}" for path in changed) or "All addresses are up to date.")


if __name__ == "__main__":
    main()

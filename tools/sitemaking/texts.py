"""Markdown of the project as pages of the site: sections cut out, links made to fit the new place."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
COLAB_BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
INSTEAD_OF_README = "start.md"
"""The README is cut into pages; this one takes the links to it as a whole."""

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")


class SiteError(Exception):
    """One sentence that says why no site can be made."""


def section(text: str, heading: str, file: str = "README.md") -> str:
    r"""Cut a section out of a Markdown text, with its heading as the page's title.

    Raises
    ------
    SiteError
        If there is no such section.

    Examples
    --------
    >>> section("# A\n\n## B\nwords\n\n## C\n", "B")
    '# B\nwords\n'
    """
    found = re.search(rf"^## ({re.escape(heading)}\n.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    if not found:
        raise SiteError(
            f"{file} has no section '## {heading}', which the site shows; tell tools/sitemaking its new name."
        )
    return "# " + found[1].rstrip("\n") + "\n"


def lowered(text: str) -> str:
    """Put each heading of a text one level lower, so that it can follow another below one title."""
    return _outside_code(text, lambda part: re.sub(r"^(#+ )", r"#\1", part, flags=re.MULTILINE))


def moved(text: str, before: str, after: str) -> str:
    """Rewrite the relative links of a file that is shown at another place.

    Parameters
    ----------
    text : str
        Markdown.
    before, after : str
        The file's path, and its page's, both from the top folder and with slashes.

    Examples
    --------
    >>> moved("[card](data/README.md#traps)", "README.md", "results/index.md")
    '[card](../data/README.md#traps)'
    >>> moved("[all](../README.md)", "docs/x.md", "docs/x.md")
    '[all](../start.md)'
    """

    def rewrite(link: re.Match[str]) -> str:
        return link[1] + _link_from(link[2], before, after) + link[3]

    return _outside_code(text, lambda part: _LINK.sub(rewrite, part))


def linked_files(text: str, file: str) -> set[str]:
    """Paths, from the top folder, of all files that a Markdown text links to."""
    targets: set[str] = set()
    _outside_code(text, lambda part: targets.update(link[2] for link in _LINK.finditer(part)) or part)
    return {_from_top(target.split("#")[0], file) for target in targets if _is_relative(target)}


def _link_from(target: str, before: str, after: str) -> str:
    if target == COLAB_BADGE:
        return os.path.relpath("lessons/open_in_colab.svg", str(PurePosixPath(after).parent))
    if not _is_relative(target):
        return target
    path, hash_mark, anchor = target.partition("#")
    place = _from_top(path, before)
    if (ROOT / place / "README.md").is_file():
        place = f"{place}/README.md".removeprefix("./")
    if place == "README.md":
        place = INSTEAD_OF_README
    return os.path.relpath(place, str(PurePosixPath(after).parent)) + hash_mark + anchor


def _is_relative(target: str) -> bool:
    return not re.match(r"[a-z]+:|#|/", target)


def _from_top(target: str, file: str) -> str:
    return os.path.normpath(PurePosixPath(file).parent / target)


def _outside_code(text: str, change) -> str:
    """Change what lies between fenced blocks of code."""
    parts, end = [], 0
    for fence in _FENCE.finditer(text):
        parts += [change(text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, change(text[end:])])

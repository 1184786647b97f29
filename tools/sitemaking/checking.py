"""What each built page is held to: it loads nothing from another host, and its links inside the site lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

MOST_BYTES = 30e6
LOADING = {
    "audio": ("src",), "embed": ("src",), "iframe": ("src",), "image": ("href", "xlink:href"), "img": ("src", "srcset"),
    "input": ("src",), "link": ("href",), "object": ("data",), "script": ("src",), "source": ("src", "srcset"),
    "track": ("src",), "use": ("href", "xlink:href"), "video": ("src", "poster"),
    "base": ("href",), "body": ("background",),
}  # fmt: skip
"""Attributes whose address a browser fetches by itself."""
NOT_FETCHED = {"canonical", "next", "prev", "search", "index", "author", "license", "help"}
"""Kinds of `<link>` that are told and not loaded."""

_IN_CSS = re.compile(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""")
_IN_SCRIPT = re.compile(
    r"""(?:\bfetch|\bimport|\bimportScripts|\.open|new\s+(?:Worker|WebSocket|EventSource|Request))\s*\(\s*['"`]"""
    r"""(?:GET['"],\s*['"])?((?:https?:|wss?:)?//[^'"`]+)|\bfrom\s*['"]((?:https?:)?//[^'"]+)['"]"""
    r"""|\.src\s*=\s*['"`]((?:https?:)?//[^'"`]+)"""
)


class _Page(HTMLParser):
    """What a page loads, links to and can be linked at."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.twice: set[str] = set()
        self._inside: str | None = None
        self.feed(text)
        self.close()
        self.loaded = [address for address in self.loaded if address]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._inside = tag if tag in ("script", "style") else None
        if "id" in given:
            (self.twice if given["id"] in self.anchors else self.anchors).add(given["id"])
        if tag == "a":
            self.anchors.add(given.get("name", ""))
            self.links.append(given.get("href", ""))
        if tag == "link" and set(given.get("rel", "").split()) & NOT_FETCHED:
            return
        for name in LOADING.get(tag, ()):
            value = given.get(name, "")
            self.loaded += (
                [part.split()[0] for part in value.split(",") if part.split()] if name == "srcset" else [value]
            )
        self.loaded += in_css(given.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.loaded += in_css(data)
        elif self._inside == "script":
            self.loaded += in_script(data)


def in_css(text: str) -> list[str]:
    """Addresses that a style sheet loads."""
    return [first or second for first, second in _IN_CSS.findall(text)]


def in_script(text: str) -> list[str]:
    """Addresses of other hosts that a script loads, as far as they stand in it in one piece."""
    return ["".join(found) for found in _IN_SCRIPT.findall(text)]


def is_foreign(address: str) -> bool:
    """Whether a browser would ask another host for it."""
    return bool(re.match(r"\s*(?:[a-z][\w+.-]*:)?//", address, re.IGNORECASE))


def loads_of(path: Path) -> list[str]:
    """All addresses that a file of the site loads."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".css":
        return in_css(text)
    if path.suffix in (".js", ".mjs"):
        return in_script(text)
    return _Page(text).loaded


def foreign_loads(folder: Path) -> Iterator[str]:
    """One line for each thing that a page, style sheet, script or drawing of a site loads from another host."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".html", ".css", ".js", ".mjs", ".svg"):
            for address in loads_of(path):
                if is_foreign(address):
                    yield f"{path.relative_to(folder)} loads {address}"


def broken_links(folder: Path) -> Iterator[str]:
    """One line for each link or picture that leads nowhere inside a site, and each id that a page has twice."""
    pages = {path.resolve(): _Page(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}
    for path, page in sorted(pages.items()):
        here = path.relative_to(folder.resolve())
        for address in [*page.links, *page.loaded]:
            if wrong := _why_broken(address, path, pages, folder.resolve()):
                yield f"{here} links to {address}: {wrong}"
        for anchor in sorted(page.twice):
            yield f"{here} has the id {anchor} twice"


def _why_broken(address: str, path: Path, pages: dict[Path, _Page], folder: Path) -> str:
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not address:
        return ""
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_relative_to(folder):
        return "outside the site"
    if not target.is_file():
        return "no such file"
    anchor = unquote(parts.fragment)
    if anchor and target in pages and anchor not in pages[target].anchors:
        return "no such anchor"
    return ""


def size(folder: Path) -> int:
    """Bytes of all files of a site."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

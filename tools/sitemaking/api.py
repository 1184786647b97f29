"""The pages of public names, grouped by the lesson that takes each first; made from the notebooks and docstrings."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

import braintut
from sitemaking.lessons import Facts, imported_names

NOT_SHOWN = "braintut.teaching.exercises"
"""Checks of exercises: each stands in its lesson."""


@dataclass(frozen=True)
class Name:
    """A public name, as its users import it."""

    dotted: str
    thing: object

    @property
    def key(self) -> object:
        """The same for each way to import the same thing."""
        if inspect.isfunction(self.thing) or inspect.isclass(self.thing):
            return f"{self.thing.__module__}.{self.thing.__qualname__}"
        return self.dotted.rpartition(".")[2]

    @property
    def directive(self) -> str:
        """What autodoc calls it."""
        if inspect.isclass(self.thing):
            return f".. autoclass:: {self.dotted}\n   :members:"
        if inspect.isfunction(self.thing):
            return f".. autofunction:: {self.dotted}"
        return f".. autodata:: {self.place}\n   :no-value:"

    @property
    def place(self) -> str:
        """Where its docstring is found: for a constant that is the file which sets it."""
        if callable(self.thing):
            return self.dotted
        room, _, name = self.dotted.rpartition(".")
        listed = Path(importlib.import_module(room).__file__).with_suffix(".pyi")
        found = listed.exists() and re.search(rf"from \.(\S+) import {name} as", listed.read_text(encoding="utf-8"))
        return f"{room}.{found[1]}.{name}" if found else self.dotted


def find(dotted: str) -> Name:
    """Import what a dotted name means."""
    module, _, name = dotted.rpartition(".")
    return Name(dotted, getattr(importlib.import_module(module), name))


def public_names() -> Iterator[Name]:
    """All names of the package's rooms, those of the top first."""
    rooms = [m.name for m in pkgutil.iter_modules(braintut.__path__) if m.ispkg]
    for room in ["braintut", *(f"braintut.{room}" for room in rooms)]:
        for name in getattr(importlib.import_module(room), "__all__", []):
            found = find(f"{room}.{name}")
            if not inspect.ismodule(found.thing):
                yield found


def by_lesson(notebooks: dict[str, NotebookNode]) -> dict[str, list[Name]]:
    """Share out the public names among the lessons that import them first; '' has those of no lesson.

    Parameters
    ----------
    notebooks : dict
        Each lesson by its name, in order.
    """
    met: set[object] = set()
    groups: dict[str, list[Name]] = {}
    for lesson, notebook in notebooks.items():
        found = [find(dotted) for dotted in imported_names(notebook) if not dotted.startswith(NOT_SHOWN)]
        groups[lesson] = _new([name for name in found if not inspect.ismodule(name.thing)], met)
    groups[""] = _new(public_names(), met)
    return groups


def _new(names, met: set[object]) -> list[Name]:
    fresh = []
    for name in names:
        if name.key not in met:
            met.add(name.key)
            fresh.append(name)
    return fresh


def page(title: str, words: str, names: list[Name]) -> str:
    """A page of names: a table of all, then each with its docstring."""
    listed = "\n".join(f"   ~{name.place}" for name in names)
    entries = "\n\n".join(name.directive for name in names)
    table = f"```{{eval-rst}}\n.. autosummary::\n   :nosignatures:\n\n{listed}\n```"
    return f"# {title}\n\n{words}\n\n{table}\n\n```{{eval-rst}}\n{entries}\n```\n"


def write_all(folder: Path, facts: list[Facts], notebooks: dict[str, NotebookNode]) -> None:
    """Write a page for each lesson that brings new names, one for all other names, and one above them."""
    folder.mkdir(parents=True, exist_ok=True)
    groups, titles = by_lesson(notebooks), {f.name: f"{f.number} {f.title}" for f in facts}
    pages = {}
    for lesson, names in groups.items():
        if not names:
            continue
        name = f"lesson_{lesson[:2]}" if lesson else "in_no_lesson"
        pages[name] = titles.get(lesson, "In no lesson")
        words = (
            f"What [lesson {pages[name]}](../lessons/{lesson}.ipynb) imports first."
            if lesson
            else "Public names that no lesson imports: they work behind those of the lessons, or serve scripts."
        )
        (folder / f"{name}.md").write_text(page(_title(pages[name]), words, names), encoding="utf-8")
    (folder / "index.md").write_text(_index(pages, groups), encoding="utf-8")


def _title(shown: str) -> str:
    return f"New in lesson {shown}" if shown[0].isdigit() else f"Names {shown[0].lower()}{shown[1:]}"


def _index(pages: dict[str, str], groups: dict[str, list[Name]]) -> str:
    count = sum(map(len, groups.values()))
    listed = "\n".join(f"{title} <{name}>" for name, title in pages.items())
    return (
        f"# API\n\nThe {count} public names of the package, grouped by the lesson that takes each first.\n\n"
        f"```{{toctree}}\n:maxdepth: 2\n\n{listed}\n```\n"
    )

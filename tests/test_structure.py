"""The house keeps its floors, and every public name says what it is."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import braintut

PACKAGE = Path(braintut.__file__).parent
ROOMS = ["dataset", "segmentation", "classification"]
# What each part may import of ours, besides itself and errors.
ALLOWED = {
    "errors": set(),
    "card": set(),
    "keras_settings": set(),
    "quiet": {"keras_settings"},
    "dataset": set(),
    "drawing": {"dataset", "report"},
    "segmentation": {"dataset", "keras_settings"},
    "classification": {"dataset"},
    "pictures": {"drawing"},
    "drawing_lessons": {"dataset", "drawing"},
    "drawing_counts": {"dataset", "drawing"},
    "drawing_dataset": {"dataset", "drawing"},
    "drawing_results": {"dataset", "drawing"},
    "results": set(),
    "report": {"drawing", "report_page"},
    "report_page": {"drawing", "pictures", "report"},
    "pipeline": {"dataset", "segmentation", "classification", "drawing", "report", "card"},
    "fitting": {"dataset", "segmentation", "classification", "drawing", "report", "card", "pipeline"},
    "evaluation": {"dataset", "segmentation", "classification", "drawing", "report", "pipeline"},
    "teaching": set(ROOMS)
    | {"quiet", "drawing", "pictures", "report", "report_page", "pipeline", "fitting", "evaluation"},
    "cli": set(ROOMS) | {"quiet", "card", "drawing", "report", "pipeline", "fitting", "evaluation", "teaching"},
}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of_ours(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found |= {name.split(".")[1] for name in names if name.startswith("braintut.")}
    return found


FILES = sorted(p for p in PACKAGE.rglob("*.py") if p.parent != PACKAGE or p.name != "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_floors(path):
    part = part_of(path)
    assert imports_of_ours(path) <= ALLOWED[part] | {part, "errors"}


def public_names():
    for room in ROOMS:
        module = importlib.import_module(f"braintut.{room}")
        for name in module.__all__:
            yield f"{room}.{name}", getattr(module, name)


@pytest.mark.parametrize(("name", "thing"), list(public_names()), ids=lambda v: v if isinstance(v, str) else "")
def test_public_names_are_documented_and_say_which_lesson(name, thing):
    if not (inspect.isfunction(thing) or inspect.isclass(thing)):
        return
    assert thing.__doc__, name
    assert "lesson 0" in thing.__doc__, f"{name} does not say which lesson introduces it"


def test_top_level_names_load():
    for name in braintut.__all__:
        assert getattr(braintut, name) is not None

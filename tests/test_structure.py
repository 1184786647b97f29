"""Every public name says what it is."""

import importlib
import inspect

import pytest

import braintut

ROOMS = ["dataset", "phantom", "plotting", "segmentation", "features", "classification", "report"]


def public_names():
    for room in ROOMS:
        module = importlib.import_module(f"braintut.{room}")
        for name in module.__all__:
            yield f"{room}.{name}", getattr(module, name)


@pytest.mark.parametrize(("name", "thing"), list(public_names()), ids=lambda v: v if isinstance(v, str) else "")
def test_public_names_are_documented(name, thing):
    if not (inspect.isfunction(thing) or inspect.isclass(thing)):
        return
    assert thing.__doc__, name
    # Cells move, and typed numbers stay behind; the imports of the lessons tell it.
    assert "ntroduced in lesson" not in thing.__doc__, name


def test_top_level_names_load():
    for name in braintut.__all__:
        assert getattr(braintut, name) is not None

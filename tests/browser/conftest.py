"""Browser tests run only when they are asked for (`make test-browser`): they need Chromium and some minutes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from browsing import chromium, left_out_unless_named

__all__ = ["chromium"]  # a fixture

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # lab.py, beside this file


def pytest_ignore_collect(collection_path, config):
    """Leave this folder out unless the command line names it."""
    return left_out_unless_named(HERE.name, config)


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory):
    """A JupyterLab of its own, in a folder of its own, with this Python as its kernel."""
    from lab import Lab

    running = Lab(chromium, tmp_path_factory.mktemp("lab"))
    yield running
    running.stop()

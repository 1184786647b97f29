"""Browser tests run only when they are asked for (`make test-browser`): they need Chromium and some minutes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # lab.py, beside this file


def pytest_ignore_collect(collection_path, config):
    """Leave this folder out unless the command line names it."""
    asked_for = any(HERE.name in Path(str(argument).split("::")[0]).parts for argument in config.args)
    return None if asked_for else True


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, started once; the tests are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install 'braintut[browser]'")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory):
    """A JupyterLab of its own, in a folder of its own, with this Python as its kernel."""
    from lab import Lab

    running = Lab(chromium, tmp_path_factory.mktemp("lab"))
    yield running
    running.stop()

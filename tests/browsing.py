"""Fixtures of all tests that look at pages in a browser."""

from __future__ import annotations

import shutil

import pytest


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


def left_out_unless_named(folder: str, config: pytest.Config) -> bool | None:
    """For `pytest_ignore_collect`: leave a folder of tests out unless the command line names it."""
    asked_for = any(folder in str(argument).split("::")[0].split("/") for argument in config.args)
    return None if asked_for else True

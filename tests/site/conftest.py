"""Tests of the built site run only when they are asked for (`make test-site`): they need its packages and a minute."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from browsing import chromium, left_out_unless_named

__all__ = ["chromium"]  # a fixture
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
AXE = "axe-core@4.10.3"


def pytest_ignore_collect(collection_path, config):
    """Leave this folder out unless the command line names it."""
    return left_out_unless_named(HERE.name, config)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The site, built once; BRAINTUT_SITE names a folder that holds it already."""
    if built := os.environ.get("BRAINTUT_SITE"):
        return Path(built)
    pytest.importorskip("myst_nb", reason="no packages of the site: make test-site installs them")
    folder = tmp_path_factory.mktemp("site") / "html"
    done = subprocess.run([sys.executable, ROOT / "tools" / "make_site.py", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    return folder


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words) -> None:
        """Say nothing of each page."""


@pytest.fixture(scope="session")
def address(site):
    """Where a plain file server serves the site: as `python -m http.server` does."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The script of axe-core, from npm."""
    if shutil.which("npm") is None:
        pytest.skip("no npm on this machine: apt-get install npm")
    folder = tmp_path_factory.mktemp("axe")
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", AXE], cwd=folder, check=True, timeout=300)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")

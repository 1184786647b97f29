"""JupyterLab as a person meets it: a server, a page, notebooks that are opened and run."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat

SECONDS = 300  # for a notebook to open or run: a slow machine may take its time
MOMENT = 60  # for a widget to answer
SETTINGS = {
    # All cells are in the page, in sight or not; no questions about news.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
# What Lab itself says on the console of an offline machine.
NOT_OURS = ("favicon", "extensions/", "api/news", "Failed to load resource", "ResizeObserver", "webgl", "workspace")


class Lab:
    """A server and what to do with it."""

    def __init__(self, browser, folder: Path) -> None:
        self.browser, self.folder = browser, folder
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir()
        self.token = secrets.token_hex(8)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self._write_settings()
        self.server = self._start()

    def stop(self) -> None:
        self.server.terminate()
        self.server.wait(30)

    def put(self, notebook: Path | list[str], name: str) -> str:
        """Put a notebook into the server's folder: a file, or the sources of its code cells."""
        if isinstance(notebook, Path):
            shutil.copy(notebook, self.notebooks / name)
        else:
            kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
            made = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
            made.cells = [nbformat.v4.new_code_cell(source) for source in notebook]
            nbformat.write(made, self.notebooks / name)
        return name

    def open(self, name: str) -> Sheet:
        return Sheet(self, name)

    def _write_settings(self) -> None:
        for where, settings in SETTINGS.items():
            package, plugin = where.rsplit("/", 1)
            path = self.folder / "settings" / package / f"{plugin}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(settings))

    def _start(self) -> subprocess.Popen:
        port = self.address.rsplit(":", 1)[1]
        own = {
            f"JUPYTER_{name}_DIR": str(self.folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")
        } | {"IPYTHONDIR": str(self.folder / "ipython")}  # fmt: skip
        command = [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
            f"--IdentityProvider.token={self.token}", f"--ServerApp.token={self.token}",
            f"--ServerApp.root_dir={self.notebooks}", "--LabApp.expose_app_in_browser=True",
            f"--LabApp.user_settings_dir={self.folder / 'settings'}",
            f"--LabApp.workspaces_dir={self.folder / 'workspaces'}",
        ]  # fmt: skip
        with (self.folder / "server.log").open("w") as log:
            server = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)
        self._wait_for_answer(server)
        return server

    def _wait_for_answer(self, server: subprocess.Popen) -> None:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and server.poll() is None:
            try:
                # Always the server started above, by http.
                urllib.request.urlopen(f"{self.address}/api?token={self.token}", timeout=2)
                return
            except OSError:
                time.sleep(0.3)
        raise RuntimeError(f"JupyterLab did not start: {(self.folder / 'server.log').read_text()[-2000:]}")


class Sheet:
    """One notebook in a page of its own."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.page = lab.browser.new_page(viewport={"width": 1400, "height": 1300})
        self.page.set_default_timeout(1000 * MOMENT)
        self.errors: list[str] = []
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{lab.address}/lab/tree/{name}?reset&token={lab.token}")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=1000 * SECONDS)
        self.page.wait_for_function(
            "() => window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=1000 * SECONDS,
        )

    def run_all(self) -> list[dict]:
        """Run all cells; return the cells as a saved notebook would hold them."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        return self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells")

    def close(self) -> None:
        self.page.close()

    def _listen(self, message) -> None:
        if message.type == "error" and not any(word in message.text for word in NOT_OURS):
            self.errors.append(message.text)


def errors_of(cells: list[dict]) -> list[str]:
    """What cells ended with that stopped in an error."""
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [f"{o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"]


def handle(box, name: str):
    """The handle of a slider, by the name that a screen reader reads."""
    return box.get_by_role("slider", name=name, exact=True)


def click_on_track(page, box, name: str, share: float) -> None:
    """Click somewhere on a slider's track: 0 left end, 1 right end."""
    track = handle(box, name).locator("xpath=ancestor::*[contains(@class, 'noUi-base')]").bounding_box()
    page.mouse.click(track["x"] + share * track["width"], track["y"] + track["height"] / 2)

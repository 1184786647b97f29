"""How real heads come into a notebook: by themselves in Colab, by a button in JupyterLab."""

import sys
import types
from pathlib import Path

import pytest

from braintut.dataset import load
from braintut.dataset.load import load_slices
from braintut.dataset.sample import SAMPLE_FILE
from braintut.errors import DownloadError
from braintut.teaching import sample_button, status
from braintut.teaching.sample_button import SampleButton
from making import write_mat

FAILURE = "The sample could not be downloaded, because <b>.zip could not be read from afar."


class Server:
    """Stands for figshare: brings a sample of one slice, or fails."""

    def __init__(self, folder: Path):
        self.folder, self.failure, self.calls = folder, None, 0

    def __call__(self, progress=None):
        self.calls += 1
        for done in (1, 2):
            if progress:
                progress(done, 3)
        if self.failure:
            raise self.failure
        return self.put()

    def put(self):
        import zipfile

        self.folder.mkdir()
        mat = write_mat(self.folder / "1.mat")
        with zipfile.ZipFile(self.folder / SAMPLE_FILE, "w") as archive:
            archive.write(mat, "1.mat")
        mat.unlink()
        return self.folder


@pytest.fixture
def server(monkeypatch, tmp_path):
    """Nobody chose what to load, nothing is downloaded yet, and the folders are the test's own."""
    monkeypatch.delenv("BRAINTUT_DATA")
    server = Server(tmp_path / "sample")
    for module in (load, status):
        monkeypatch.setattr(module, "sample_folder", lambda: tmp_path / "sample")
    monkeypatch.setattr(load, "default_data_folder", lambda: tmp_path / "figshare")
    for module in (status, sample_button):
        monkeypatch.setattr(module, "download_sample", server)
    status._fetch_in_colab.cache_clear()
    yield server
    status._fetch_in_colab.cache_clear()


@pytest.fixture
def colab(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))


def lines_after_device(capsys):
    status.show_status()
    return capsys.readouterr().out.splitlines()[2:]


def test_colab_fetches_real_heads_once_and_says_so(server, colab, capsys):
    said, data = lines_after_device(capsys)
    assert "Fetching real heads" in said and "54 MB" in said and "once a session" in said and "BRAINTUT_DATA" in said
    assert data == "Data: real slices, a sample" and load_slices(32).source == "figshare, 1 of 3064 slices"
    assert lines_after_device(capsys) == [data] and server.calls == 1


@pytest.mark.parametrize("failure", [DownloadError(FAILURE), RuntimeError("two\nlines")], ids=["known", "unknown"])
def test_where_colab_cannot_fetch_phantoms_stand_in_and_one_line_says_why(server, colab, capsys, failure):
    server.failure = failure
    _, said, data = lines_after_device(capsys)
    assert "phantoms stand in" in said and str(failure).split()[-1] in said and data.startswith("Data: phantoms")
    assert load_slices(32).source.startswith("phantom")
    assert len(lines_after_device(capsys)) == 1 and server.calls == 1


def test_colab_fetches_nothing_for_whoever_chose(server, colab, capsys, monkeypatch):
    monkeypatch.setenv("BRAINTUT_DATA", "phantoms")
    assert lines_after_device(capsys) == ["Data: phantoms"] and server.calls == 0


def test_colab_fetches_nothing_where_real_heads_are(server, colab, capsys):
    server.put()
    assert lines_after_device(capsys) == ["Data: real slices, a sample"] and server.calls == 0


def test_elsewhere_the_status_names_the_command(server, capsys):
    (data,) = lines_after_device(capsys)
    assert data.startswith("Data: phantoms") and "`braintut download --sample`" in data and server.calls == 0


def test_the_status_tells_the_downloaded_set(server, capsys, tmp_path):
    (tmp_path / "figshare").mkdir()
    write_mat(tmp_path / "figshare" / "1.mat")
    assert lines_after_device(capsys) == ["Data: real slices, downloaded"]


def test_the_button_fetches_shows_progress_and_says_what_to_do(server):
    button = SampleButton()
    assert button.progress.layout.visibility == "hidden" and not button.button.disabled
    seen = []
    button.progress.observe(lambda change: seen.append((change["new"], button.progress.max)), "value")
    button.button.click()
    assert seen == [(1, 3), (2, 3)] and button.progress.layout.visibility == "hidden"
    assert "Real heads are in" in button.message.value and "Run All" in button.message.value
    assert button.button.disabled and SampleButton().button.disabled
    assert "already" in SampleButton().message.value


def test_the_button_says_why_not_and_may_be_pressed_again(server):
    button, server.failure = SampleButton(), DownloadError(FAILURE)
    button.button.click()
    assert "could not be read from afar" in button.message.value and "<b>" not in button.message.value
    assert not button.button.disabled and button.progress.layout.visibility == "hidden"
    server.failure = None
    button.button.click()
    assert "Real heads are in" in button.message.value and server.calls == 2


def test_the_button_names_the_setting_that_keeps_phantoms(server, monkeypatch):
    monkeypatch.setenv("BRAINTUT_DATA", "phantoms")
    button = SampleButton()
    button.button.click()
    assert "BRAINTUT_DATA" in button.message.value and "unset it" in button.message.value

"""`braintut doctor`: one line a question, status 1 where something will not work, and what to do about it."""

import shutil
import sys
from importlib import metadata
from types import SimpleNamespace

import pytest

from braintut.teaching import doctor
from test_cli import run


def test_this_machine_is_ready(monkeypatch, capsys):
    # A JupyterLab beside Colab's old ipywidgets does not fit them, and the doctor is right to say so.
    if metadata.version("ipywidgets").startswith("7."):
        monkeypatch.setattr(doctor, "widgets", lambda: doctor.Finding("widgets", True, "Colab's own"))
    code, out, _ = run(monkeypatch, capsys, "doctor")
    lines = out.strip().splitlines()
    assert code == 0 and len(lines) == 9 and all(line.startswith("ok ") for line in lines[:8]), out
    assert "one report in" in out and "Ready" in lines[8]


def test_a_finding_that_will_not_work_ends_with_status_1(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "memory", lambda: doctor.Finding("memory", False, "1.0 GB: close other programs."))
    monkeypatch.setattr(doctor, "trial", lambda: 1 / 0)
    code, out, err = run(monkeypatch, capsys, "doctor")
    assert code == 1 and "NOT  memory    1.0 GB: close" in out and "Something will not work" in err
    assert "NOT  trial     ZeroDivisionError: division by zero; install braintut again." in out


def versions(monkeypatch, **found):
    def version(name):
        if found.get(name) is None:
            raise metadata.PackageNotFoundError(name)
        return found[name]

    monkeypatch.setattr(metadata, "version", version)


@pytest.mark.parametrize(
    ("found", "works", "says"),
    [
        ({"keras": "3.10", "tensorflow": "2.19.1"}, True, "Keras 3.10, TensorFlow 2.19.1"),
        ({"keras": "3.9.2", "tensorflow": "2.19"}, False, "keras 3.9.2 is older than 3.10"),
        ({"keras": "3.10.0rc1", "tensorflow": None}, False, "tensorflow missing: run `pip install"),
    ],
    ids=["fit", "old", "missing"],
)
def test_packages(monkeypatch, found, works, says):
    wanted = ["keras>=3.10", "tensorflow>=2.19", 'jupyterlab>=99; extra == "lab"']
    monkeypatch.setattr(metadata, "requires", lambda name: wanted)
    versions(monkeypatch, **found)
    finding = doctor.packages()
    assert finding.works == works and says in finding.says


@pytest.mark.parametrize(
    ("found", "works", "says"),
    [
        ({"ipywidgets": "8.1.5", "jupyterlab_widgets": "3.0.13", "jupyterlab": "4.2"}, True, "8.1.5 with"),
        ({"ipywidgets": "7.7.1", "jupyterlab_widgets": "3.0.13", "jupyterlab": "4.2"}, False, "does not fit"),
        ({"ipywidgets": "8.1.5", "jupyterlab": "4.2"}, False, "does not fit jupyterlab_widgets None"),
        ({"ipywidgets": "8.1.5"}, True, "8.1.5"),
        ({}, False, "pip install ipywidgets"),
    ],
)
def test_widgets(monkeypatch, found, works, says):
    versions(monkeypatch, **found)
    finding = doctor.widgets()
    assert finding.works == works and says in finding.says


def test_jupyter_names_what_is_missing(monkeypatch):
    versions(monkeypatch, ipykernel="6", nbformat="5")
    assert doctor.jupyter() == doctor.Finding(
        "Jupyter", False, "jupyterlab missing: run `pip install 'braintut[lab]'` or `make lab`."
    )


@pytest.mark.parametrize(("version", "works"), [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)])
def test_python(monkeypatch, version, works):
    monkeypatch.setattr(sys, "version_info", version)
    assert doctor.python().works == works


@pytest.mark.parametrize(("limit", "works"), [("1500000000", False), ("max", True), ("9000000000", True)])
def test_memory_is_that_of_the_container(monkeypatch, tmp_path, limit, works):
    (tmp_path / "memory.max").write_text(limit)
    monkeypatch.setattr(doctor, "LIMITS", (str(tmp_path / "memory.max"),))
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_PAGE_SIZE": 4096}.get(name, 2_000_000))
    finding = doctor.memory()
    assert finding.works == works and ("close other programs" in finding.says) == (not works)


def test_a_system_that_tells_no_memory_is_no_fault(monkeypatch):
    monkeypatch.delattr("os.sysconf")
    assert doctor.memory().works


def test_a_full_disk_is_named(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1e8))
    assert not doctor.disk().works and "make room" in doctor.disk().says


def test_a_data_folder_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("BRAINTUT_DATA", str(tmp_path / "absent"))
    finding = doctor.data()
    assert not finding.works and "absent, which is not there" in finding.says

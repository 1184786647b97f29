"""The `.mat` files behind a set: real ones where `load_slices` takes them, else those of six phantoms."""

import shutil
import zipfile

import pytest

from braintut.dataset import load, load_phantoms, original_mats
from braintut.dataset.locations import phantom_folder
from braintut.errors import DataError

SIX = ["1", "2", "3", "4", "5", "6"]


def numbers():
    return [entry.id for entry in original_mats()]


@pytest.fixture
def two(tmp_path):
    """A folder with two slices, as files."""
    for name, number in (("1.mat", "10.mat"), ("2.mat", "9.mat")):
        shutil.copy(phantom_folder() / "figshare_layout" / name, tmp_path / number)
    return tmp_path


def test_a_folder_gives_its_slices_by_number(monkeypatch, two):
    monkeypatch.setenv("BRAINTUT_DATA", str(two))
    assert numbers() == ["9", "10"] and original_mats()[1].read().patient == "PH001"


def test_a_zip_gives_its_members(monkeypatch, two):
    with zipfile.ZipFile(two / "all.zip", "w") as archive:
        archive.write(two / "9.mat", "9.mat")
    monkeypatch.setenv("BRAINTUT_DATA", str(two / "all.zip"))
    assert numbers() == ["9"] and original_mats()[0].read().image.ndim == 2


def test_the_downloaded_set_is_found(monkeypatch, two):
    monkeypatch.setenv("BRAINTUT_DATA", "")
    monkeypatch.setattr(load, "default_data_folder", lambda: two)
    monkeypatch.setattr(load, "sample_folder", lambda: two / "nowhere")
    assert numbers() == ["9", "10"]


@pytest.mark.parametrize("where", ["phantoms", "saved", "nothing downloaded"])
def test_where_there_are_none_phantoms_stand_in(monkeypatch, tmp_path, where):
    load_phantoms()[:2].save(tmp_path / "two.h5")
    monkeypatch.setenv("BRAINTUT_DATA", {"phantoms": "phantoms", "saved": str(tmp_path / "two.h5")}.get(where, ""))
    for name in ("default_data_folder", "sample_folder"):
        monkeypatch.setattr(load, name, lambda: tmp_path / "nowhere")
    assert numbers() == SIX


def test_a_folder_without_slices_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("BRAINTUT_DATA", str(tmp_path))
    with pytest.raises(DataError, match="holds no"):
        original_mats()

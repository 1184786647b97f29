"""Pairs in folders: kept, found by name or by what the slices are, damaged."""

import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from braintut.errors import ModelError
from braintut.pipeline.card import shipped_pairs
from braintut.pipeline.pipeline import load_pipeline
from braintut.pipeline.storage import as_stored


@pytest.mark.parametrize("weight", [np.nan, np.inf, 1e6])
def test_a_diverged_network_is_not_stored(tiny_pipeline, tmp_path, weight):
    unet = keras.models.clone_model(tiny_pipeline.unet)
    weights = tiny_pipeline.unet.get_weights()
    weights[0] = np.full_like(weights[0], weight)  # 1e6 is too large for the 16 bits that kernels are stored in
    unet.set_weights(weights)
    with pytest.raises(ModelError, match="its training diverged; train again with a smaller learning rate"):
        replace(tiny_pipeline, unet=unet).save(tmp_path / "pair")
    assert not list(tmp_path.rglob("*.npz"))
    with pytest.raises(ModelError, match="diverged"):
        as_stored(unet, 64, {"filters": 4, "depth": 3})


def test_a_folder_of_ones_own_wins_over_a_shipped_pair(tiny_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "figshare").mkdir()  # the data set, perhaps: no pair lies in it
    (tmp_path / "figshare" / "1.mat").write_text("")
    shutil.copytree(tiny_folder, "phantom")
    for own in ("phantom", "./phantom", Path("phantom"), tmp_path / "phantom"):
        assert load_pipeline(own).name == "tiny"
    assert load_pipeline("figshare").name == "figshare"
    (tmp_path / "phantom" / "card.json").unlink()  # half a pair is damaged, not another one
    with pytest.raises(ModelError, match="no trained pair 'phantom'"):
        load_pipeline("phantom")
    with pytest.raises(ModelError, match="no trained pair 'figshare'"):
        load_pipeline(Path("figshare"))  # a Path is always a folder


def test_the_pair_of_choice_is_the_shipped_one(tiny_folder, phantoms, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_folder, "phantom")
    assert load_pipeline(slices=phantoms).name == "phantom"


def test_text_of_a_pair_ends_its_lines_the_same_on_every_system(tiny_pipeline, tmp_path, monkeypatch):
    monkeypatch.setattr("os.linesep", "\r\n")  # as on Windows
    folder = tiny_pipeline.save(tmp_path / "pair")
    for name in ("card.json", "reference.csv"):
        assert b"\r" not in (folder / name).read_bytes()


@pytest.mark.parametrize("file", ["unet.npz", "classifier.skops", "card.json", "reference.csv"])
def test_damaged_pairs_are_named(tiny_pipeline, tmp_path, file):
    folder = tiny_pipeline.save(tmp_path / "pair")
    data = (folder / file).read_bytes()
    (folder / file).write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError, match=file):
        load_pipeline(folder)
    (folder / file).unlink()
    with pytest.raises(ModelError):
        load_pipeline(folder)


def test_pairs_are_chosen_by_what_the_slices_are(phantoms, capsys):
    assert {"phantom", "figshare"} <= set(shipped_pairs())
    assert load_pipeline(slices=phantoms).name == "phantom"
    assert load_pipeline().name == "figshare"
    assert "pair 'figshare'" in capsys.readouterr().err
    with pytest.raises(ModelError, match=r"no trained pair 'nonsense'.*phantom"):
        load_pipeline("nonsense")


@pytest.mark.parametrize(
    ("patients", "name"),
    [
        (["108931"], "figshare_without_fold_4"),  # of fold 4
        (["108931", "MR040240B"], "figshare_without_fold_4"),  # the second of fold 3: two against one
        (["MR040240B"], "figshare"),  # both know it
        (["somebody"], "figshare"),  # none does
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else "",
)
def test_real_slices_get_the_pair_that_has_met_the_fewest_of_their_patients(phantoms, patients, name):
    n = len(patients)
    real = replace(phantoms[:n], patients=np.array(patients), source=f"figshare, {n} of 3064 slices")
    assert load_pipeline(slices=real).name == name

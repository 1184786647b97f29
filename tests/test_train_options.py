"""What `braintut train` refuses before it loads a slice, and where it puts what it makes."""

import errno
import os
from pathlib import Path

import pytest

from braintut import cli
from braintut.errors import CheckpointError, DataError
from braintut.pipeline import fitting
from braintut.pipeline.pipeline import Pipeline
from test_cli import run


@pytest.fixture
def nothing_is_loaded(monkeypatch):
    monkeypatch.setattr(cli, "_training_slices", lambda *_: pytest.fail("slices were loaded"))


FAULTS = {
    "a word among folds": ("--folds", "1,2,three", "--folds '1,2,three': 'three' is none of the folds"),
    "a range upside down": ("--folds", "4-2", "--folds '4-2'"),
    "fold 0": ("--folds", "0", "--folds '0'"),
    "fold 6": ("--folds", "6", "--folds '6'"),
    "nothing between commas": ("--folds", "1,,2", "--folds '1,,2': ''"),
    "no fold": ("--folds", "", "--folds ''"),
    "digits of another script": ("--folds", "٣", "--folds '٣'"),
    "half a fold": ("--folds", "1.5", "--folds '1.5'"),
    "unknown precision": ("--precision", "fp16", "--precision (fp16) must be one of auto, float32, mixed_float16"),
    "precision in capitals": ("--precision", "Float32", "--precision (Float32) must be one of"),
    "no number as rate": ("--learning-rate", "nan", "--learning-rate (nan)"),
    "endless rate": ("--learning-rate", "inf", "--learning-rate (inf)"),
    "no rate": ("--learning-rate", "0", "--learning-rate (0)"),
    "negative rate": ("--learning-rate", "-0.1", "--learning-rate (-0.1)"),
    "average of itself": ("--ema-momentum", "1", "--ema-momentum (1.0)"),
    "odd size": ("--size", "100", "--size (100) must be a multiple of stem x 2^depth, here 32"),
    "three classes": ("--classes", "3", "--classes (3)"),
    "faint above clear": ("--faint-threshold", "0.6", "--faint-threshold (0.6) must lie below --threshold (0.5)"),
    "no such pair to start from": ("--start-from", "nonsense", "no trained pair 'nonsense'"),
    "no such pair for masks": ("--masks-from", "nonsense", "no trained pair 'nonsense'"),
}


@pytest.mark.parametrize(("option", "value", "words"), FAULTS.values(), ids=FAULTS)
def test_a_faulty_option_is_named_before_anything_is_loaded(
    monkeypatch, capsys, tmp_path, nothing_is_loaded, option, value, words
):
    code, _, err = run(monkeypatch, capsys, "train", "phantoms", "--out", tmp_path / "pair", option, value)
    assert code == 1 and words in err and len(err.strip().splitlines()) == 1
    assert not (tmp_path / "pair").exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--batch-size", v) for v in ("0", "-3")),
        *(("--epochs", v) for v in ("0", "-1", "2.5")),
        *(("--size", v) for v in ("0", "-32", "100000")),
        *(("--filters", v) for v in ("0", "100000")),
        *(("--depth", v) for v in ("0", "30")),
        ("--stem", "0"),
        ("--hold-out", "9"),
    ],
)
def test_a_number_out_of_range_is_a_wrong_call_that_names_the_option(
    monkeypatch, capsys, tmp_path, nothing_is_loaded, option, value
):
    code, _, err = run(monkeypatch, capsys, "train", "phantoms", "--out", tmp_path / "pair", option, value)
    assert code == 2 and option in err


@pytest.mark.parametrize(
    ("text", "folds"),
    [("1,2,4", [1, 2, 4]), ("1,2-4", [1, 2, 3, 4]), (" 4 , 1 - 2 ", [1, 2, 4]), ("3-3", [3]), ("2,1-3,2", [1, 2, 3])],
)
def test_folds_are_numbers_and_ranges(text, folds):
    assert cli._fold_numbers(text) == folds


def test_the_checkpoints_follow_the_whole_path(monkeypatch, tmp_path):
    monkeypatch.setenv("BRAINTUT_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    folder = fitting.run_folder("pair", tmp_path / "real" / "pair")
    assert folder.parent == tmp_path / "runs"
    assert folder == fitting.run_folder("pair", "real/pair") == fitting.run_folder("pair", "link/../real/./pair")
    others = [("pair", "other/pair"), ("other", "real/pair"), ("pair", "pair"), ("pair", "real/pair/pair")]
    assert len({folder, *(fitting.run_folder(name, out) for name, out in others)}) == 5


@pytest.mark.parametrize("name", ["../../etc", "a/b", "..", "C:\\pairs", "müller's pair", "x" * 300, "\udce9"])
def test_no_name_leads_out_of_the_runs(monkeypatch, tmp_path, name):
    monkeypatch.setenv("BRAINTUT_RUNS", str(tmp_path))
    folder = fitting.run_folder(name, "pair")
    folder.mkdir()
    assert folder.resolve().parent == tmp_path.resolve()


def test_runs_without_a_home_lie_somewhere(monkeypatch):
    monkeypatch.delenv("BRAINTUT_RUNS", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # what it does where there is no home
    assert fitting.runs_folder() == Path("~/.cache/braintut/runs")


@pytest.mark.parametrize("place", ["file", "file/pair"])
def test_a_place_that_takes_no_pair_is_named_before_the_training(monkeypatch, capsys, tmp_path, place):
    monkeypatch.setattr(fitting, "fit_pipeline", lambda *_, **__: pytest.fail("the training began"))
    (tmp_path / "file").write_text("mine")
    code, _, err = run(monkeypatch, capsys, "train", "phantoms", "--out", tmp_path / place)
    assert code == 1 and f"Nothing can be written to '{tmp_path / place}'" in err
    assert (tmp_path / "file").read_text() == "mine"


def test_runs_that_take_nothing_are_named_before_the_training(monkeypatch, capsys, tmp_path):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("BRAINTUT_RUNS", str(tmp_path / "file" / "runs"))
    code, _, err = run(monkeypatch, capsys, "train", "phantoms", "--out", tmp_path / "pair", "--epochs", 1)
    assert code == 1 and "file' is a file, not a folder" in err and "BRAINTUT_RUNS" in err and "epoch" not in err


def test_a_full_disk_after_the_training_costs_nothing(monkeypatch, capsys, tmp_path, tiny_pipeline):
    def full(self, folder):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv("BRAINTUT_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(fitting, "fit_pipeline", lambda *_, **__: tiny_pipeline)
    monkeypatch.setattr(Pipeline, "save", full)
    code, _, err = run(monkeypatch, capsys, "train", "phantoms", "--out", tmp_path / "pair")
    assert code == 1 and f"{tmp_path / 'pair'} (No space left on device)" in err
    assert f"kept in {fitting.run_folder('pair', tmp_path / 'pair')}" in err


def test_a_fault_in_the_test_slices_does_not_cost_the_pair(monkeypatch, capsys, tmp_path, tiny_pipeline):
    def faulty(*_, **__):
        raise DataError("1.mat is damaged.")

    monkeypatch.setattr(fitting, "fit_pipeline", lambda *_, **__: tiny_pipeline)
    monkeypatch.setattr("braintut.pipeline.evaluation.evaluate_slices", faulty)
    code, _, err = run(monkeypatch, capsys, "train", "phantoms", "--out", tmp_path / "pair", "--hold-out", 5)
    assert code == 1 and "1.mat is damaged" in err and (tmp_path / "pair" / "card.json").is_file()


def test_checkpoints_of_another_training_name_the_way_out(monkeypatch, capsys, tmp_path):
    def other(*_, **__):
        raise CheckpointError("FOLDER holds a training with other settings: epochs was 1, is now 2; choose another.")

    monkeypatch.setattr(fitting, "fit_pipeline", other)
    code, _, err = run(monkeypatch, capsys, "train", "phantoms", "--out", tmp_path / "pair")
    assert code == 1 and all(word in err for word in ("FOLDER", "--out", "--name", "BRAINTUT_RUNS"))

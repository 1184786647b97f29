"""What `braintut train` refuses before it loads a slice, and where it puts what it makes."""

import errno
import os
from pathlib import Path

import pytest

from braintut.errors import CheckpointError, DataError
from braintut.pipeline import fitting, making
from braintut.pipeline.pipeline import Pipeline
from braintut.pipeline.recipe import Cycle, Network, Recipe
from test_cli import run


@pytest.fixture
def nothing_is_loaded(monkeypatch):
    monkeypatch.setattr(making, "load_training_slices", lambda *_: pytest.fail("slices were loaded"))


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


# Of a recipe: text and what is said of it. Where a number leaves its range, the range is told.
RECIPES = {
    "no TOML": ("epochs: 3", "is no recipe in TOML (Expected '='"),
    "no text": (b"\xff", "is no recipe in TOML"),
    "an unknown key": ("size = 128", "there is no key 'size'; known are unet_size, unet, cycle, a"),
    "a key of a cycle outside": ("epochs = 3", "there is no key 'epochs'"),
    "an unknown key of the network": ("[unet]\nwidth = 8", "unet: there is no key 'width'; known are filters, depth,"),
    "an unknown key of a cycle": (
        "[[cycle]]\n[[cycle]]\nrate = 8",
        "cycle 2: there is no key 'rate'; known are epochs,",
    ),
    "an unknown change": ("[augmentation]\nblur = 1", "augmentation: there is no key 'blur'; known are flip,"),
    "a text for a number": ("unet_size = '128'", "unet_size (128) must be a whole number from 16 to 1024"),
    "a number for yes or no": ("mirror = 1", "mirror (1) must be one of false, true"),
    "yes for a number": ("jitters = true", "jitters (True) must be a whole number from 0 on"),
    "yes for a choice": ("[unet]\nclasses = true", "unet: classes (True) must be one of 4, 1"),
    "a list for a choice": ("classifier = ['svm']", "classifier (['svm']) must be one of svm,"),
    "no classifier": ("classifier = 'net'", "classifier (net) must be one of svm, random_forest, boosting, logistic"),
    "one cycle as a table": ("[cycle]\nepochs = 3", "write [[cycle]] above each"),
    "cycles": ("[[cycles]]\nepochs = 3", "write [[cycle]] above each"),
    "no cycle": ("cycle = []", "There must be one cycle at least"),
    "a number as a cycle": ("cycle = [3]", "cycle 1: a table of keys and values must stand here"),
    "a number as a network": ("unet = 3", "unet: a table of keys and values must stand here"),
    "changes as a word": ("augmentation = 'all'", "augmentation: a table of keys and values must"),
    "unknown precision": ("precision = 'fp16'", "precision (fp16) must be one of auto, float32, mixed_float16"),
    "no number as rate": ("[[cycle]]\nlearning_rate = nan", "cycle 1: learning_rate (nan) must be a number above 0"),
    "endless rate": ("[[cycle]]\nlearning_rate = inf", "learning_rate (inf)"),
    "no rate": ("[[cycle]]\nlearning_rate = 0", "learning_rate (0)"),
    "negative rate": ("[[cycle]]\nlearning_rate = -0.1", "learning_rate (-0.1)"),
    "average of itself": ("[[cycle]]\nema_momentum = 1.0", "ema_momentum (1.0) must be at least 0 and below 1"),
    "odd size": ("unet_size = 100", "unet_size (100) must be a multiple of stem x 2^depth, here 32"),
    "three classes": ("[unet]\nclasses = 3", "unet: classes (3) must be one of 4, 1"),
    "threshold of one": ("threshold = 1", "threshold (1) must be a number from 0 to 0.99"),
    "threshold no number": ("threshold = nan", "threshold (nan) must be a number from 0 to 0.99"),
    "faint above clear": ("faint_threshold = 0.6", "faint_threshold (0.6) must lie below threshold (0.5)"),
    "faint below nothing": ("faint_threshold = -0.1", "faint_threshold (-0.1) must lie below threshold (0.5), from 0"),
    "a turn and a half": (
        "[augmentation]\nrotation = 540",
        "augmentation: rotation (540) must be a number from 0 to 180",
    ),
    "a zoom away": ("[augmentation]\nzoom = 1.5", "augmentation: zoom (1.5) must be a number from 0 to 1"),
    "half a flip": ("[augmentation]\nflip = 0.5", "augmentation: flip (0.5) must be true or false"),
    **{f"batches of {v}": (f"[[cycle]]\nbatch_size = {v}", f"batch_size ({v})") for v in (0, -3)},
    **{f"{v} epochs": (f"[[cycle]]\nepochs = {v}", f"cycle 1: epochs ({v})") for v in (0, -1, 2.5)},
    **{f"{v} px": (f"unet_size = {v}", f"unet_size ({v}) must be a whole number") for v in (0, -32, 100000)},
    **{f"{v} filters": (f"[unet]\nfilters = {v}", f"filters ({v}) must be a whole") for v in (0, 100000)},
    **{f"{v} levels": (f"[unet]\ndepth = {v}", f"depth ({v}) must be a whole number from 1 to 8") for v in (0, 30)},
    "stem of nothing": ("[unet]\nstem = 0", "unet: stem (0) must be a whole number from 1 to 16"),
}


@pytest.mark.parametrize(("text", "words"), RECIPES.values(), ids=RECIPES)
def test_a_faulty_recipe_is_named_before_anything_is_loaded(
    monkeypatch, capsys, tmp_path, nothing_is_loaded, text, words
):
    recipe = tmp_path / "recipe.toml"
    recipe.write_bytes(text if isinstance(text, bytes) else text.encode())
    code, _, err = run(monkeypatch, capsys, "train", "phantoms", "--out", tmp_path / "pair", "--recipe", recipe)
    assert code == 1 and f"{recipe}" in err and words in err and len(err.strip().splitlines()) == 1
    assert not (tmp_path / "pair").exists()


@pytest.mark.parametrize(
    ("option", "value"), [*(("--epochs", v) for v in ("0", "-1", "2.5")), ("--hold-out", "9"), ("--hold-out", "0")]
)
def test_a_number_out_of_range_is_a_wrong_call_that_names_the_option(
    monkeypatch, capsys, tmp_path, nothing_is_loaded, option, value
):
    code, _, err = run(monkeypatch, capsys, "train", "phantoms", "--out", tmp_path / "pair", option, value)
    assert code == 2 and option in err


def test_what_a_recipe_does_not_name_is_as_in_the_plain_one(tmp_path):
    (tmp_path / "empty.toml").write_text("")
    assert Recipe.load(tmp_path / "empty.toml") == Recipe()
    (tmp_path / "some.toml").write_text("seed = 7\n[unet]\ndepth = 3\n[augmentation]\nzoom = 0\n[[cycle]]\nepochs = 2")
    some = Recipe.load(tmp_path / "some.toml")
    assert some == Recipe(seed=7, unet=Network(depth=3), augmentation={"zoom": 0}, cycles=(Cycle(epochs=2),))
    changes = some.make_augmentation().settings
    assert changes["zoom"] == 0 and changes["noise"] == 0.02 and changes["rotation"] == 15
    assert [cycle.epochs for cycle in Recipe(cycles=(Cycle(), Cycle(9))).with_epochs(3).cycles] == [3, 3]


@pytest.mark.parametrize(
    ("text", "folds"),
    [("1,2,4", [1, 2, 4]), ("1,2-4", [1, 2, 3, 4]), (" 4 , 1 - 2 ", [1, 2, 4]), ("3-3", [3]), ("2,1-3,2", [1, 2, 3])],
)
def test_folds_are_numbers_and_ranges(text, folds):
    assert making.fold_numbers(text) == folds


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

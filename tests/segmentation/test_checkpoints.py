"""What a folder of checkpoints belongs to, and what it says when something is wrong with it."""

import json
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops

from braintut.errors import CheckpointError, DataError, ModelError
from braintut.segmentation.augmentation import Augmentation
from braintut.segmentation.callbacks import StopAtNoNumber
from braintut.segmentation.checkpoints import Checkpoints, digest, digests
from braintut.segmentation.losses import DiceLoss
from braintut.segmentation.training import train_unet
from braintut.segmentation.unet import build_unet

TINY = {"filters": 4, "depth": 2}
HOW = {"epochs": 1, "batch_size": 8, "unet": TINY, "log": lambda line: None}


@pytest.fixture(scope="module")
def small(few):
    return few[:8].resized(32)


@pytest.fixture(scope="module")
def trained(small, tmp_path_factory):
    """A folder with one training that is done."""
    folder = tmp_path_factory.mktemp("trained")
    train_unet(small, small[:2], **HOW, folder=folder)
    return folder


def changed(slices, name):
    values = getattr(slices, name).copy()
    values[-1] = values[-1][::-1] if values.ndim == 3 else {"labels": 3, "folds": 5}.get(name, "x")
    return replace(slices, **{name: values})


@pytest.mark.parametrize("name", ["ids", "images", "masks", "labels", "patients", "folds"])
def test_other_slices_are_told_by_each_thing_that_is_learnt_from(small, name):
    before, after = digests(small, "training"), digests(changed(small, name), "training")
    assert [key for key in before if before[key] != after[key]] == [f"training {name}"]


def test_the_same_slices_are_the_same_however_they_are_stored(small):
    again = replace(
        small,
        images=np.asfortranarray(small.images),
        labels=small.labels.astype(np.int32),
        patients=small.patients.astype("U30"),
        ids=small.ids.astype(object),
    )
    assert digests(again, "training") == digests(small, "training")
    assert digest(np.array(["ab", "c"])) != digest(np.array(["a", "bc"]))


OTHERS = {
    "another mask": ({"train": "masks"}, "with other slices: the training masks are not the same"),
    "other slices": ({"train": "ids"}, "with other slices: the training slices are not the same"),
    "another validation": ({"validation": "images"}, "with other slices: the validation images are not the same"),
    "augmentation": ({"augmentation": Augmentation(noise=0.1)}, "augmentation was None, is now {'flip'"),
    "loss": ({"loss": DiceLoss()}, "loss was default, is now {'name'"),
    "precision": ({"precision": "mixed_bfloat16"}, "precision was float32, is now mixed_bfloat16"),
    "rate": ({"learning_rate": 0.1}, "learning_rate was 0.002, is now 0.1"),
    "ema_momentum": ({"ema_momentum": 0.9}, "ema_momentum was None, is now 0.9"),
}


@pytest.mark.parametrize(("changes", "words"), OTHERS.values(), ids=OTHERS)
def test_another_training_never_goes_on_in_the_folder(small, trained, changes, words):
    sets = {"train": small, "validation": small[:2]}
    sets |= {role: changed(sets[role], changes[role]) for role in sets if role in changes}
    settings = {name: value for name, value in changes.items() if name not in sets}
    with pytest.raises(CheckpointError) as caught:
        train_unet(sets["train"], sets["validation"], **{**HOW, **settings}, folder=trained)
    assert words in str(caught.value) and str(trained) in str(caught.value) and "choose another" in str(caught.value)


def test_the_same_training_is_taken_as_it_is(small, trained):
    lines = []
    run = train_unet(small, small[:2], **HOW | {"log": lines.append}, folder=trained)
    assert len(run.history) == 1 and lines == [f"going on after epoch 1 of 1 ({trained})"]


@pytest.fixture
def two_epochs(tmp_path):
    """Checkpoints of a network with one weight, after two epochs; the first was the best."""
    network = one_weight()
    checkpoints = Checkpoints(tmp_path / "run", {"epochs": 3})
    history, best = [], None
    for epoch, dice in ((1, 0.9), (2, 0.1)):
        network.set_weights([np.full((1, 1), epoch, "f4")])
        best = best or network.get_weights()
        history.append({"epoch": epoch, "loss": 1.0, "val_dice": dice})
        checkpoints.keep(network, history, best)
    return checkpoints


def one_weight():
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    network.compile("adam", "mse")
    network.optimizer.build(network.trainable_variables)
    return network


def test_the_last_and_the_best_epoch_come_back(two_epochs):
    network = one_weight()
    history, best = two_epochs.restore(network)
    assert [entry["epoch"] for entry in history] == [1, 2]
    assert network.get_weights()[0] == 2 and best[0] == 1
    names = ["epoch_0001.weights.h5", "epoch_0002.weights.h5", "state.json"]
    assert sorted(file.name for file in two_epochs.folder.iterdir()) == names


def cut(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def rewrite(**entries):
    return lambda file: file.write_text(json.dumps({**json.loads(file.read_text()), **entries}))


def with_nan(file):
    network = one_weight()
    network.set_weights([np.full((1, 1), np.nan, "f4")])
    network.save_weights(file)


DAMAGES = {
    "state cut": ("state.json", cut),
    "state empty": ("state.json", lambda file: file.write_bytes(b"")),
    "state no text": ("state.json", lambda file: file.write_bytes(b"\xff\xfe\x00")),
    "state of something else": ("state.json", lambda file: file.write_text("[1, 2]")),
    "state without history": ("state.json", rewrite(history=None)),
    "history of words": ("state.json", rewrite(history=["epoch 1"])),
    "history with a gap": ("state.json", rewrite(history=[{"epoch": 2, "loss": 1.0}])),
    "loss of text": ("state.json", rewrite(history=[{"epoch": 1, "loss": "1.0"}])),
    "Dice of several numbers": ("state.json", rewrite(history=[{"epoch": 1, "loss": 1.0, "val_dice": [0.5, [1]]}])),
    "no last epoch": ("state.json", rewrite(last=7)),
    "weights missing": ("epoch_0002.weights.h5", lambda file: file.unlink()),
    "weights cut": ("epoch_0002.weights.h5", cut),
    "weights no HDF5": ("epoch_0002.weights.h5", lambda file: file.write_text("hello")),
    "best missing": ("epoch_0001.weights.h5", lambda file: file.unlink()),
    "weights of another network": ("epoch_0002.weights.h5", lambda file: build_unet(32, **TINY).save_weights(file)),
    "weights that are no numbers": ("epoch_0002.weights.h5", with_nan),
}


@pytest.mark.parametrize(("name", "damage"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_named_and_what_to_do(two_epochs, name, damage):
    damage(two_epochs.folder / name)
    with pytest.raises(CheckpointError, match=r"is damaged .*; delete the folder") as caught:
        two_epochs.restore(one_weight())
    assert str(two_epochs.folder / name) in str(caught.value) and "\n" not in str(caught.value)


def test_an_optimiser_that_does_not_fit_is_no_silent_loss(two_epochs):
    other = one_weight()
    other.compile("sgd", "mse")
    other.optimizer.build(other.trainable_variables)
    with pytest.raises(CheckpointError, match="is damaged"):
        two_epochs.restore(other)


@pytest.mark.parametrize("step", ["half the weights", "before the state"])
def test_a_break_while_an_epoch_is_kept_leaves_the_one_before(two_epochs, monkeypatch, step):
    network = one_weight()
    history, best = two_epochs.restore(network)

    def die(*arguments, **settings):
        if step == "half the weights":
            arguments[0].write_bytes(b"half")
        raise KeyboardInterrupt

    target = (network, "save_weights") if step == "half the weights" else (json, "dumps")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(*target, die)
        two_epochs.keep(network, [*history, {"epoch": 3, "loss": 1.0, "val_dice": 0.2}], best)
    history, best = two_epochs.restore(one_weight())
    assert [entry["epoch"] for entry in history] == [1, 2]
    two_epochs.keep(network, [*history, {"epoch": 3, "loss": 1.0, "val_dice": 0.2}], best)
    names = ["epoch_0001.weights.h5", "epoch_0003.weights.h5", "state.json"]
    assert sorted(file.name for file in two_epochs.folder.iterdir()) == names


def test_a_full_disk_says_what_is_kept(two_epochs, monkeypatch):
    network = one_weight()
    history, best = two_epochs.restore(network)

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(network, "save_weights", full)
    with pytest.raises(CheckpointError, match=r"No space left on device.*goes on after epoch 2"):
        two_epochs.keep(network, [*history, {"epoch": 3, "loss": 1.0, "val_dice": 0.2}], best)


def test_a_folder_that_is_a_file_is_named(small, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match="is a file, not a folder"):
        train_unet(small, **HOW, folder=tmp_path / "file")


class Doomed(keras.losses.Loss):
    """A loss that is no number from a moment on that somebody else chooses."""

    def __init__(self):
        super().__init__(name="doomed")
        self.factor = keras.Variable(1.0, trainable=False)

    def call(self, y_true, y_pred):
        return self.factor * ops.mean(ops.square(y_true - y_pred))


def test_a_training_that_diverges_stops_and_keeps_the_good_epochs(small, tmp_path):
    loss, lines = Doomed(), []

    def doom(line):
        lines.append(line)
        loss.factor.assign(np.nan)

    with pytest.raises(ModelError) as caught:
        train_unet(small, **HOW | {"epochs": 3, "log": doom}, loss=loss, ema_momentum=0.5, folder=tmp_path / "run")
    words = str(caught.value)
    assert words.startswith("The training diverged in epoch 2: the loss is nan at a learning rate of 0.002")
    assert f"epochs before are kept in {tmp_path / 'run'}" in words and len(lines) == 1
    state = json.loads((tmp_path / "run" / "state.json").read_text())
    assert len(state["history"]) == 1 and state["last"] == "epoch_0001.weights.h5"


@pytest.mark.parametrize(
    ("loss", "weight", "words"),
    [(1.0, 1.0, None), (np.inf, 1.0, "the loss is inf"), (1.0, np.inf, "weights that are no numbers")],
)
def test_an_epoch_is_good_only_if_loss_and_weights_are_numbers(loss, weight, words):
    stop = StopAtNoNumber(0.002)
    stop.set_model(SimpleNamespace(get_weights=lambda: [np.array([1.0, weight])]))
    if words is None:
        stop.on_epoch_end(0, {"loss": loss})
        return
    with pytest.raises(ModelError, match=words):
        stop.on_epoch_end(0, {"loss": loss})


ARGUMENTS = {
    "precision": ({"precision": "fp16"}, "precision must be one of auto, float32, mixed_float16"),
    "keep": ({"keep": "first"}, "keep must be"),
    "ema_momentum": ({"ema_momentum": np.nan}, "ema_momentum must be"),
    "learning rate": ({"learning_rate": np.nan}, "learning_rate must be a number above 0, but is nan"),
    "epochs": ({"epochs": 1.5}, "epochs must be a whole number from 0 on, but is 1.5"),
    "batch size": ({"batch_size": 0}, "batch_size must be a whole number from 1 on, but is 0"),
    "size": ({"unet": {"filters": 4, "depth": 6}}, r"multiples of 64 px, .* 32 x 32; use `slices.resized\(64\)`"),
}


@pytest.mark.parametrize(("changes", "words"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_what_cannot_be_trained_is_said_before_the_training(small, tmp_path, changes, words):
    with pytest.raises(ModelError, match=words):
        train_unet(small, **HOW | changes, folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_start_from_another_network_is_said_before_the_training(small, tmp_path):
    with pytest.raises(ModelError, match="start_from is another U-Net"):
        train_unet(small, **HOW, start_from=build_unet(filters=2, depth=2), folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_no_slices_are_nothing_to_train_on(small):
    with pytest.raises(DataError, match="no slice to train on"):
        train_unet(small[:0], **HOW)

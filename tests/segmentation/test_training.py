"""Batches and training."""

import json
import signal
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest

from braintut.dataset.load import load_phantoms
from braintut.errors import ModelError
from braintut.segmentation import callbacks
from braintut.segmentation.augmentation import Augmentation
from braintut.segmentation.batches import SliceBatches
from braintut.segmentation.losses import DiceTypeLoss
from braintut.segmentation.metrics import dice_score
from braintut.segmentation.prediction import predict_probabilities
from braintut.segmentation.training import train_unet

TINY = {"filters": 4, "depth": 2}


@pytest.fixture(scope="module")
def few():
    return load_phantoms()[:24].resized(32)


def test_batches_depend_on_seed_epoch_and_number_only(few):
    make = lambda epoch: SliceBatches(few, 8, Augmentation(), seed=1, epoch=epoch)  # noqa: E731
    first, later = make(2), make(2)
    later[0]  # asking for another batch before must not matter
    np.testing.assert_array_equal(first[1][0], later[1][0])
    assert not np.array_equal(first[1][0], make(3)[1][0])
    assert sorted(first.order) == list(range(len(few)))


def test_typed_batches_hold_labels(few):
    plain, typed = (SliceBatches(few, 8, Augmentation(), seed=1, typed=t)[0][1] for t in (False, True))
    assert set(np.unique(plain)) == {0, 1}
    order = SliceBatches(few, 8, seed=1).order[:8]
    np.testing.assert_array_equal(typed, plain * few.labels[order][:, None, None, None])


def test_a_network_with_types_learns_both(few):
    run = train_unet(few, epochs=3, batch_size=8, unet={**TINY, "classes": 4}, log=lambda line: None)
    assert run.history[-1]["loss"] < run.history[0]["loss"]
    assert isinstance(run.model.loss, DiceTypeLoss)


def test_training_learns_and_keeps_the_best_epoch(few):
    lines = []
    run = train_unet(few, few, epochs=3, batch_size=8, unet=TINY, log=lines.append)
    assert run.history[-1]["loss"] < run.history[0]["loss"]
    assert len(lines) == 3 and lines[0].startswith("epoch   1/3  loss")
    assert {"epoch", "loss", "val_dice", "val_missed", "seconds"} == set(run.history[0])


TRAIN = """
import json, sys
import numpy as np
from braintut.dataset.load import load_phantoms
from braintut.segmentation.augmentation import Augmentation
from braintut.segmentation.training import train_unet
few = load_phantoms()[:24].resized(32)
run = train_unet(few, few[:8], epochs=4, batch_size=8, unet={"filters": 4, "depth": 2}, augmentation=Augmentation(),
                 ema_momentum=0.8, folder=sys.argv[1], log=lambda line: print(line, flush=True))
print(json.dumps([[e["loss"], e["val_dice"]] for e in run.history]))
"""


def run_training(folder, kill_after=None):
    process = subprocess.Popen([sys.executable, "-c", TRAIN, str(folder)], stdout=subprocess.PIPE, text=True)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if kill_after and line.startswith(kill_after):
            process.send_signal(signal.SIGKILL)
    process.wait()
    return lines


def test_training_killed_goes_on_as_if_unbroken(tmp_path):
    unbroken = json.loads(run_training(tmp_path / "unbroken")[-1])
    run_training(tmp_path / "killed", kill_after="epoch   2/4")
    assert not (tmp_path / "killed" / "epoch_0004.weights.h5").exists()
    lines = run_training(tmp_path / "killed")
    assert lines[0].startswith("going on after epoch")
    np.testing.assert_allclose(json.loads(lines[-1]), unbroken, atol=5e-4)


def test_averaging_returns_the_average_and_validates_it(few):
    how = {"epochs": 2, "batch_size": 8, "unet": TINY, "keep": "last", "log": lambda line: None}
    plain, at_once, slow = (train_unet(few, few, **how, ema_momentum=share) for share in (None, 1e-9, 1 - 1e-9))
    first = train_unet(few, **{**how, "epochs": 0}).model.get_weights()
    for name, one, other in (("at once", at_once, plain.model.get_weights()), ("slow", slow, first)):
        np.testing.assert_allclose(one.model.get_weights()[0], other[0], atol=1e-4, err_msg=name)
    assert not np.allclose(plain.model.get_weights()[0], first[0], atol=1e-3)
    predicted = predict_probabilities(slow.model, few.images) >= 0.5
    dice = np.mean([dice_score(t, p) for t, p in zip(few.masks, predicted, strict=True)])
    assert slow.history[-1]["val_dice"] == pytest.approx(dice, abs=1e-3)


@pytest.mark.parametrize("share", [-0.5, 1.0])
def test_averaging_is_a_share(few, share):
    with pytest.raises(ModelError, match=f"below 1, but is {share}"):
        train_unet(few, epochs=1, unet=TINY, ema_momentum=share)


def test_checkpoints_leave_other_files_alone(few, tmp_path):
    mine = tmp_path / "mine.weights.h5"
    mine.write_bytes(b"mine")
    how = {"batch_size": 8, "unet": TINY, "log": lambda line: None}
    train_unet(few, epochs=2, **how, ema_momentum=0.5, folder=tmp_path)
    names = {"mine.weights.h5", "epoch_0002.weights.h5", "average_0002.weights.h5", "state.json"}
    assert {file.name for file in tmp_path.iterdir()} == names and mine.read_bytes() == b"mine"


def test_other_settings_do_not_go_on_in_the_same_folder(few, tmp_path):
    train_unet(few, epochs=1, batch_size=8, unet=TINY, folder=tmp_path, log=lambda line: None)
    with pytest.raises(ModelError, match="batch_size was 8, is now 4"):
        train_unet(few, epochs=1, batch_size=4, unet=TINY, folder=tmp_path, log=lambda line: None)


def test_keep_decides_which_weights_come_back(few, monkeypatch):
    # The first epoch is told to be the best one.
    scores = iter([0.9, 0.1, 0.9, 0.1])
    monkeypatch.setattr(callbacks, "validate", lambda *_: {"val_dice": next(scores), "val_missed": 0.0})
    how = {"epochs": 2, "batch_size": 8, "unet": TINY, "log": lambda line: None}
    best, last = (train_unet(few, few, **how, keep=keep).model.get_weights() for keep in ("best", "last"))
    assert any(not np.array_equal(a, b) for a, b in zip(best, last, strict=True))
    once = train_unet(few, epochs=2, batch_size=8, unet=TINY, log=lambda line: None).model.get_weights()
    np.testing.assert_allclose(last[0], once[0], atol=1e-4)
    with pytest.raises(ModelError, match="keep must be 'best' or 'last'"):
        train_unet(few, **how, keep="first")


def test_mixed_precision_is_put_back(few):
    run = train_unet(few, epochs=1, batch_size=8, unet=TINY, precision="mixed_bfloat16", log=lambda line: None)
    assert keras.config.dtype_policy().name == "float32"
    assert run.model.output.dtype == "float32"


def test_two_devices_share_a_batch_and_agree_with_one(tmp_path):
    code = textwrap.dedent(
        """
        import sys
        import tensorflow as tf
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        from braintut.dataset.load import load_phantoms
        from braintut.segmentation import predict_probabilities, train_unet
        few = load_phantoms()[:24].resized(32)
        devices = ["CPU:0", "CPU:1"] if sys.argv[1] == "2" else None
        # Batch statistics are counted on each device, so without them both ways are the same arithmetic.
        run = train_unet(few, few[:5], epochs=2, batch_size=8, devices=devices, log=lambda line: None,
                         unet={"filters": 4, "depth": 2, "normalisation": "none"}, ema_momentum=0.5,
                         loss=__import__("keras").losses.BinaryCrossentropy())
        shape = predict_probabilities(run.model, few[:5].images, mirror=True).shape
        print(shape[0], *[e["loss"] for e in run.history])
        """
    )
    numbers = [
        [float(v) for v in subprocess.check_output([sys.executable, "-c", code, n], text=True).split()[-3:]]
        for n in ("1", "2")
    ]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=1e-2)
    assert numbers[0][0] == 5

"""U-Net, augmentation, batches and training."""

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
from braintut.segmentation.prediction import (
    predict_classes,
    predict_probabilities,
    tumour_probability,
    types_inside,
)
from braintut.segmentation.training import train_unet
from braintut.segmentation.unet import build_unet, fold_normalisation

TINY = {"filters": 4, "depth": 2}


@pytest.fixture(scope="module")
def few():
    return load_phantoms()[:24].resized(32)


def test_unet_takes_any_size_that_its_depth_divides():
    model = build_unet(filters=4, depth=3)
    for size in (32, 48):
        assert model.predict_on_batch(np.zeros((1, size, size, 1), "f4")).shape == (1, size, size, 1)


@pytest.mark.parametrize("normalisation", ["batch", "group", "none"])
def test_unet_gives_probabilities(normalisation):
    images = np.random.default_rng(0).random((2, 32, 32, 1))
    out = build_unet(32, **TINY, normalisation=normalisation).predict_on_batch(images)
    assert 0 < out.min() < out.max() < 1


def test_unet_refuses_what_it_cannot_build():
    with pytest.raises(ModelError, match="100 px cannot be halved 4 times"):
        build_unet(100)
    with pytest.raises(ModelError, match="Unknown normalisation 'layer'"):
        build_unet(32, normalisation="layer")
    with pytest.raises(ModelError, match="1 class .* or 4 .*, not 3"):
        build_unet(32, classes=3)


def test_a_stem_shrinks_the_inside_and_keeps_the_outside():
    model = build_unet(64, **TINY, stem=2)
    assert model.output.shape == (None, 64, 64, 1)
    assert max(layer.output.shape[1] for layer in model.layers if "batch_norm" in layer.name) == 32
    with pytest.raises(ModelError, match="36 px cannot be halved 2 times after a stem of 2; use a multiple of 8"):
        build_unet(36, **TINY, stem=2)


def test_four_classes_share_each_pixel():
    images = np.random.default_rng(0).random((2, 32, 32))
    classes = predict_classes(build_unet(32, **TINY, classes=4), images)
    assert classes.shape == (2, 32, 32, 4)
    np.testing.assert_allclose(classes.sum(axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(tumour_probability(classes), classes[..., 1:].sum(axis=-1), atol=1e-5)


TYPES_CASES = [
    # none, meningioma, glioma, pituitary of two pixels; how much of each lies in the mask; mean types
    ([[0.0, 1, 0, 0], [0.5, 0, 0.5, 0]], [1, 0], [1, 0, 0]),
    ([[0.0, 1, 0, 0], [0.5, 0, 0.5, 0]], [1, 1], [2 / 3, 1 / 3, 0]),
    ([[0.0, 1, 0, 0], [0.5, 0, 0.5, 0]], [0.5, 1], [1 / 2, 1 / 2, 0]),
    ([[0.9, 0, 0, 0.1], [1.0, 0, 0, 0]], [1, 1], [0, 0, 1]),
]


@pytest.mark.parametrize(("pixels", "mask", "types"), TYPES_CASES)
def test_types_inside_a_mask(pixels, mask, types):
    np.testing.assert_allclose(types_inside(np.array([pixels]), np.array([mask])), types, atol=1e-6)


def test_who_knows_no_types_names_none():
    assert types_inside(np.ones((2, 2, 1)), np.ones((2, 2))) is None
    assert types_inside(np.full((2, 2, 4), 0.25), np.zeros((2, 2))) is None


SURE, HALF = [0.0, 0, 1, 0], [0.0, 0.5, 0.5, 0]
TYPE_LOSS_CASES = [
    # truth of four pixels, prediction, loss with smooth 0 and type weight 1
    ([2, 2, 0, 0], [SURE, SURE, [1, 0, 0, 0], [1, 0, 0, 0]], 0),
    ([2, 2, 0, 0], [SURE, [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]], 1 - 2 / 3 + np.log(1e6) / 3),
    ([2, 2, 0, 0], [HALF, HALF, [1, 0, 0, 0], [1, 0, 0, 0]], 2 * np.log(2) / 3),
    ([2, 2, 0, 0], [SURE, SURE, SURE, SURE], 1 - 4 / 6),  # types outside the tumour don't count
]


@pytest.mark.parametrize(("truth", "predicted", "loss"), TYPE_LOSS_CASES)
def test_loss_of_place_and_type(truth, predicted, loss):
    truth = np.array(truth, "f4").reshape(1, 2, 2, 1)
    predicted = np.array(predicted, "f4").reshape(1, 2, 2, 4)
    counted = keras.ops.convert_to_numpy(DiceTypeLoss(type_weight=1.0, smooth=0.0)(truth, predicted))
    assert counted == pytest.approx(loss, abs=2e-5)
    again = DiceTypeLoss.from_config(DiceTypeLoss(0.7, 2.0).get_config())
    assert (again.type_weight, again.smooth) == (0.7, 2.0)


def test_parameters_as_counted_by_hand():
    # depth 1, 2 filters, no normalisation: 3x3 kernels with biases, a 2x2 up-convolution, a 1x1 output.
    convolutions = [(1, 2), (2, 2), (2, 4), (4, 4), (4, 2), (2, 2)]
    by_hand = sum(9 * a * b + b for a, b in convolutions) + (4 * 4 * 2 + 2) + (2 * 1 + 1)
    assert build_unet(filters=2, depth=1, normalisation="none").count_params() == by_hand


def batch(n=8, size=64):
    images, masks = np.zeros((n, size, size, 1), "f4"), np.zeros((n, size, size, 1), "f4")
    images[:, 20:40, 16:30] = 0.8
    masks[:, 20:40, 16:30] = 1
    return images, masks


@pytest.mark.parametrize(
    "settings", [{"flip": True}, {"rotation": 20}, {"zoom": 0.2}, {"shift": 0.1}], ids=lambda s: next(iter(s))
)
def test_mask_follows_each_move_and_stays_a_mask(settings):
    off = {"flip": False, "rotation": 0, "zoom": 0, "shift": 0, "contrast": 0}
    images, masks = Augmentation(**{**off, **settings})(*batch(), seed=3)
    assert set(np.unique(masks)) == {0, 1}
    assert not np.array_equal(masks, batch()[1])
    # The bright block is the mask, so moving both alike keeps them together but for blurred edges.
    overlap = 2 * ((images > 0.4) * masks).sum() / ((images > 0.4).sum() + masks.sum())
    assert overlap > 0.97


def test_holes_cut_the_picture_and_the_mask_only_if_asked():
    off = {"flip": False, "rotation": 0, "zoom": 0, "shift": 0, "contrast": 0, "holes": 1.0, "hole_size": 0.3}
    images, masks = np.full((8, 64, 64, 1), 0.5, "f4"), np.ones((8, 64, 64, 1), "f4")
    kept_images, kept = Augmentation(**off)(images, masks, seed=1)
    cut_images, cut = Augmentation(**off, cut_mask=True)(images, masks, seed=1)
    assert (kept == 1).all()
    assert ((kept_images == 0).sum(axis=(1, 2, 3)) > 0).all()
    np.testing.assert_array_equal(cut_images == 0, cut == 0)


def test_intensities_stay_in_range_and_leave_the_mask_alone():
    images, masks = Augmentation(flip=False, rotation=0, zoom=0, shift=0, contrast=0.5, noise=0.1)(*batch(), seed=0)
    assert images.min() >= 0 and images.max() <= 1
    np.testing.assert_array_equal(masks, batch()[1])


def test_augmentation_repeats_with_its_seed():
    augmentation = Augmentation(holes=0.5, noise=0.02)
    first, again, other = (augmentation(*batch(), seed=s)[0] for s in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


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


@pytest.mark.parametrize("more", [{}, {"stem": 2, "classes": 4}])
def test_folded_normalisation_gives_the_same_answers(few, more):
    model = build_unet(32, **TINY, **more)
    rng = np.random.default_rng(0)
    model.set_weights([w + rng.uniform(0.1, 0.5, w.shape) for w in model.get_weights()])  # as if trained
    folded = fold_normalisation(model, build_unet(32, **TINY, **more, normalisation="none"))
    seen = few.images[:4, ..., None]
    np.testing.assert_allclose(folded.predict_on_batch(seen), model.predict_on_batch(seen), atol=1e-4)
    assert not any("normalization" in layer.name for layer in folded.layers)


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
        from braintut.segmentation.training import train_unet
        few = load_phantoms()[:24].resized(32)
        devices = ["CPU:0", "CPU:1"] if sys.argv[1] == "2" else None
        # Batch statistics are counted on each device, so without them both ways are the same arithmetic.
        run = train_unet(few, epochs=2, batch_size=8, unet={"filters": 4, "depth": 2, "normalisation": "none"},
                         devices=devices, log=lambda line: None,
                         loss=__import__("keras").losses.BinaryCrossentropy())
        print(*[e["loss"] for e in run.history])
        """
    )
    losses = [
        [float(v) for v in subprocess.check_output([sys.executable, "-c", code, n], text=True).split()[-2:]]
        for n in ("1", "2")
    ]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-2)


def test_mirror_averaging_does_not_care_which_way_round(few):
    model = build_unet(32, **TINY)
    straight = predict_probabilities(model, few.images[:3], mirror=True)
    mirrored = predict_probabilities(model, few.images[:3, :, ::-1], mirror=True)
    np.testing.assert_allclose(straight, mirrored[:, :, ::-1], atol=1e-5)
    assert straight.shape == (3, 32, 32)

"""Training a U-Net: batches, schedule, checkpoints, and going on after a break."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from braintut.dataset.files import whole_file
from braintut.dataset.slices import Slices
from braintut.errors import ModelError
from braintut.segmentation.augmentation import Augmentation
from braintut.segmentation.losses import DiceCrossEntropyLoss, DiceTypeLoss
from braintut.segmentation.metrics import MISSED_BELOW, dice_score
from braintut.segmentation.prediction import predict_probabilities
from braintut.segmentation.unet import build_unet


@dataclass(frozen=True)
class TrainingRun:
    """What a training leaves behind: the model, and one dict an epoch (loss, Dice, seconds).

    Introduced in lesson 02.
    """

    model: keras.Model
    history: list[dict]


class SliceBatches(keras.utils.PyDataset):
    """One epoch of shuffled, augmented batches, made in the background while the network computes.

    The order and the augmentation depend on (seed, epoch, batch) alone, so a
    training that was interrupted sees the same batches as an unbroken one.
    With `typed`, the masks hold the label of the tumour's type in place of 1.
    Introduced in lesson 05.
    """

    def __init__(
        self,
        slices: Slices,
        batch_size: int,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        epoch: int = 0,
        typed: bool = False,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)
        self.slices, self.batch_size, self.augmentation = slices, batch_size, augmentation
        self.seed, self.epoch, self.typed = seed, epoch, typed
        self.order = np.random.default_rng([seed, epoch]).permutation(len(slices))

    def __len__(self) -> int:
        # A last, smaller batch would make batch statistics noisy; its slices come in another epoch.
        return max(1, len(self.slices) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        images = self.slices.images[chosen][..., None]
        masks = self.slices.masks[chosen][..., None].astype(np.float32)
        if self.augmentation is not None:
            batch_seed = np.random.default_rng([self.seed, self.epoch, index]).integers(2**31)
            images, masks = self.augmentation(images, masks, int(batch_seed))
        if self.typed:
            masks = masks * self.slices.labels[chosen].astype(np.float32)[:, None, None, None]
        return images, masks


def train_unet(
    train: Slices,
    validation: Slices | None = None,
    *,
    epochs: int = 30,
    batch_size: int = 16,
    learning_rate: float = 2e-3,
    loss: keras.losses.Loss | None = None,
    augmentation: Augmentation | None = None,
    unet: dict | None = None,
    start_from: keras.Model | None = None,
    averaging: float | None = None,
    folder: str | os.PathLike | None = None,
    keep: str = "best",
    seed: int = 0,
    precision: str = "auto",
    devices: list[str] | None = None,
    report: Callable[[str], None] | None = None,
) -> TrainingRun:
    """Train a U-Net; call it again with the same folder and it goes on where it stopped.

    Parameters
    ----------
    train : Slices
        Training slices at the size that the network shall see.
    validation : Slices, optional
        Slices of other patients, on which each epoch is measured.
    epochs, batch_size : int
    learning_rate : float
        Highest rate; it rises for one epoch and then falls along a cosine.
    loss : keras.losses.Loss, optional
        Default: `DiceCrossEntropyLoss` per batch; for a U-Net with four
        classes `DiceTypeLoss`.
    augmentation : Augmentation, optional
        None trains on the slices as they are.
    unet : dict, optional
        Arguments of `build_unet`.
    start_from : keras.Model, optional
        Take the first weights from this network instead of drawing them.
    averaging : float, optional
        Return (and validate) a running average of the weights instead of the
        weights: of it, each step keeps this share, 0..1, for example 0.998.
        The steps go back and forth around a good network; their average lies
        nearer to it.
    folder : path, optional
        Where each whole epoch is kept. A broken training resumes from it.
    keep : {"best", "last"}
        Which weights are returned: those of the epoch with the best validation
        Dice (a choice that flatters the validation slices), or the last
        epoch's. Without validation slices it is always the last.
    seed : int
        Fixes first weights, order and augmentation.
    precision : {"auto", "float32", "mixed_float16", "mixed_bfloat16"}
        "auto" takes mixed_float16 on a GPU and float32 otherwise.
    devices : list of str, optional
        TensorFlow devices to share each batch; default: all GPUs if there are
        several.
    report : callable, optional
        Gets one line an epoch; default: standard error.

    Returns
    -------
    TrainingRun

    Raises
    ------
    ModelError
        If the folder holds a training with other settings, `keep` is unknown,
        or `averaging` isn't a share.

    Notes
    -----
    Introduced in lesson 05.
    """
    report = report or (lambda line: print(line, file=sys.stderr, flush=True))
    if keep not in ("best", "last"):
        raise ModelError(f"keep must be 'best' or 'last', but is '{keep}'.")
    if averaging is not None and not 0 <= averaging < 1:
        raise ModelError(f"averaging must be at least 0 and below 1, but is {averaging}.")
    unet = unet or {}
    typed = unet.get("classes", 1) > 1
    settings = {
        "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed, "unet": unet,
        "loss": loss.name if loss else "default", "n_slices": len(train), "size": train.images.shape[1],
        "augmentation": augmentation.settings if augmentation else None,
        "start_from": _weights_digest(start_from), "averaging": averaging,
    }  # fmt: skip
    checkpoints = _Checkpoints(Path(folder), settings) if folder else None
    with _precision(precision), _share_devices(devices):
        keras.utils.set_random_seed(seed)
        model = build_unet(**unet)
        batches = max(1, len(train) // batch_size)
        default_loss = DiceTypeLoss() if typed else DiceCrossEntropyLoss("batch")
        model.compile(_optimiser(learning_rate, batches, epochs), loss or default_loss)
        model.optimizer.build(model.trainable_variables)
        if start_from is not None:
            model.set_weights(start_from.get_weights())
    average = None if averaging is None else _RunningAverage(averaging, model.get_weights())
    history, best_weights = checkpoints.restore(model, average) if checkpoints else ([], None)
    if history:
        report(f"going on after epoch {len(history)} of {epochs} ({folder})")
    for epoch in range(len(history), epochs):
        start = time.perf_counter()
        batches_of_epoch = SliceBatches(train, batch_size, augmentation, seed, epoch, typed)
        fitted = model.fit(batches_of_epoch, verbose=0, shuffle=False, callbacks=[average] if average else None)
        entry = {"epoch": epoch + 1, "loss": float(fitted.history["loss"][0])}
        if validation is not None:
            with _weights_of(model, average):
                entry |= _validate(model, validation)
                if entry["val_dice"] >= max((e["val_dice"] for e in history), default=0.0):
                    best_weights = model.get_weights()
        entry["seconds"] = round(time.perf_counter() - start, 1)
        history.append(entry)
        if checkpoints:
            checkpoints.keep(model, history, best_weights, average)
        report(_line(entry, epochs))
    if best_weights is not None and keep == "best":
        model.set_weights(best_weights)
    elif average:
        model.set_weights(average.weights)
    return TrainingRun(model, history)


def _weights_digest(model: keras.Model | None) -> str | None:
    """Tell two starting points apart, so that a folder is not resumed with another one."""
    if model is None:
        return None
    return hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()[:12]


def _optimiser(learning_rate: float, batches: int, epochs: int) -> keras.optimizers.Optimizer:
    warmup = min(batches, max(1, batches * epochs // 10))
    schedule = keras.optimizers.schedules.CosineDecay(
        learning_rate / 10,
        max(1, batches * epochs - warmup),
        warmup_target=learning_rate,
        warmup_steps=warmup,
    )
    return keras.optimizers.AdamW(schedule, weight_decay=1e-4, clipnorm=1.0)


def _validate(model: keras.Model, validation: Slices) -> dict:
    predicted = predict_probabilities(model, validation.images) >= 0.5
    dice = np.array([dice_score(t, p) for t, p in zip(validation.masks, predicted, strict=True)])
    return {"val_dice": float(dice.mean()), "val_missed": float((dice < MISSED_BELOW).mean())}


def _line(entry: dict, epochs: int) -> str:
    text = f"epoch {entry['epoch']:3d}/{epochs}  loss {entry['loss']:.3f}"
    if "val_dice" in entry:
        text += f"  validation Dice {entry['val_dice']:.3f}, missed {entry['val_missed']:.0%}"
    return text + f"  {entry['seconds']:.0f} s"


@contextlib.contextmanager
def _precision(name: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    if name == "auto":
        name = "mixed_float16" if _gpus() else "float32"
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _gpus() -> list[str]:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return [device.name for device in tf.config.list_logical_devices("GPU")]
    return [name for name in keras.distribution.list_devices() if not name.startswith("cpu")]


def _share_devices(devices: list[str] | None) -> contextlib.AbstractContextManager:
    """Let several devices share each batch; a single one needs no strategy."""
    if keras.backend.backend() != "tensorflow":
        return contextlib.nullcontext()
    devices = devices or _gpus()
    if len(devices) < 2:
        return contextlib.nullcontext()
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(devices).scope()


class _RunningAverage(keras.callbacks.Callback):
    """Follows the weights of a training, and the statistics of its normalisation, at a slower pace.

    Keras' optimisers can average as well (`use_ema`), but put the average in
    place of the weights at the end of each `fit`, which here is each epoch.
    """

    def __init__(self, share: float, weights: list[np.ndarray]) -> None:
        super().__init__()
        self.share, self.weights = share, weights

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        for mean, now in zip(self.weights, self.model.get_weights(), strict=True):
            mean += (1 - self.share) * (now - mean)


@contextlib.contextmanager
def _weights_of(model: keras.Model, average: _RunningAverage | None) -> Iterator[None]:
    """Give the model the averaged weights for a moment; without an average leave it as it is."""
    if average is None:
        yield
        return
    now = model.get_weights()
    model.set_weights(average.weights)
    try:
        yield
    finally:
        model.set_weights(now)


class _Checkpoints:
    """Whole epochs in a folder. `state.json` is written last, so it never names a half-written file."""

    def __init__(self, folder: Path, settings: dict) -> None:
        self.folder, self.settings = folder, json.loads(json.dumps(settings))
        self.state_file = folder / "state.json"
        folder.mkdir(parents=True, exist_ok=True)

    def restore(
        self, model: keras.Model, average: _RunningAverage | None
    ) -> tuple[list[dict], list[np.ndarray] | None]:
        if not self.state_file.exists():
            return [], None
        state = json.loads(self.state_file.read_text())
        different = [k for k, v in self.settings.items() if state["settings"].get(k) != v]
        if different:
            raise ModelError(
                f"{self.folder} holds a training with other settings: {different[0]} was "
                f"{state['settings'].get(different[0])}, is now {self.settings[different[0]]}; choose another folder."
            )
        best_weights = None
        if state["best"]:
            model.load_weights(self.folder / state["best"])
            best_weights = model.get_weights()
        if average:
            model.load_weights(self.folder / state["average"])
            average.weights = model.get_weights()
        model.load_weights(self.folder / state["last"])
        return state["history"], best_weights

    def keep(
        self,
        model: keras.Model,
        history: list[dict],
        best_weights: list[np.ndarray] | None,
        average: _RunningAverage | None,
    ) -> None:
        epoch = history[-1]["epoch"]
        last, best, averaged = f"epoch_{epoch:04d}.weights.h5", None, None
        model.save_weights(self.folder / last)
        if average:
            averaged = f"average_{epoch:04d}.weights.h5"
            with _weights_of(model, average):
                model.save_weights(self.folder / averaged)
        if best_weights is not None:
            best_epoch = max(history, key=lambda e: (e["val_dice"], e["epoch"]))["epoch"]
            best = f"{'average' if average else 'epoch'}_{best_epoch:04d}.weights.h5"
        state = {"settings": self.settings, "history": history, "last": last, "best": best, "average": averaged}
        with whole_file(self.state_file) as part:
            part.write_text(json.dumps(state, indent=1))
        for old in (*self.folder.glob("epoch_*.weights.h5"), *self.folder.glob("average_*.weights.h5")):
            if old.name not in (last, best, averaged):
                old.unlink()

"""Training a U-Net, and going on after a break."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from braintut.dataset.slices import Slices
from braintut.errors import DataError, ModelError
from braintut.segmentation.augmentation import Augmentation
from braintut.segmentation.batches import SliceBatches
from braintut.segmentation.callbacks import Epochs, RunningAverage, StopAtNoNumber, Validation
from braintut.segmentation.checkpoints import Checkpoints, digest, digests
from braintut.segmentation.losses import DiceCrossEntropyLoss, DiceTypeLoss
from braintut.segmentation.unet import build_unet

PRECISIONS = ("auto", "float32", "mixed_float16", "mixed_bfloat16")
"""What `train_unet` can compute in."""


@dataclass(frozen=True)
class TrainingRun:
    """What a training leaves behind: the model, and one dict an epoch (loss, Dice, seconds)."""

    model: keras.Model
    history: list[dict]


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
    ema_momentum: float | None = None,
    folder: str | os.PathLike | None = None,
    keep: str = "best",
    seed: int = 0,
    precision: str = "auto",
    devices: list[str] | None = None,
    log: Callable[[str], None] | None = None,
) -> TrainingRun:
    """Train a U-Net; call it again with the same folder and it goes on where it stopped.

    Parameters
    ----------
    train : Slices
        Training slices at the size that the network shall see.
    validation : Slices, optional
        Slices of other patients, on which each epoch is measured.
    learning_rate : float
        Highest rate; it rises for one epoch and then falls along a cosine.
    loss : keras.losses.Loss, optional
        Default: `DiceCrossEntropyLoss` per batch; for a U-Net with four classes `DiceTypeLoss`.
    augmentation : Augmentation, optional
        None trains on the slices as they are.
    unet : dict, optional
        Arguments of `build_unet`.
    start_from : keras.Model, optional
        Take the first weights from this network instead of drawing them.
    ema_momentum : float, optional
        Return (and validate) a running average of the weights instead of the weights: of it, each step keeps this
        share, 0..1, for example 0.998. The steps go back and forth around a good network; their average lies nearer to
        it.
    folder : path, optional
        Where each whole epoch is kept. A broken training resumes from it. It belongs to these slices and settings:
        others are refused.
    keep : {"best", "last"}
        Which weights are returned: those of the epoch with the best validation Dice (a choice that flatters the
        validation slices), or the last epoch's. Without validation slices it is always the last.
    seed : int
        Fixes first weights, order and augmentation.
    precision : {"auto", "float32", "mixed_float16", "mixed_bfloat16"}
        "auto" takes mixed_float16 on a GPU and float32 otherwise.
    devices : list of str, optional
        TensorFlow devices to share each batch; default: all GPUs if there are several.
    log : callable, optional
        Gets one line an epoch; default: standard error.

    Raises
    ------
    ModelError
        If an argument is out of its range, `start_from` is another U-Net, or the training diverges: the loss or the
        weights are no numbers any more.
    CheckpointError
        If the folder holds a training with other slices or settings, or is damaged.
    DataError
        If nothing can be written to the folder.

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> two = load_phantoms()[:2].resized(16)
    >>> run = train_unet(two, epochs=1, batch_size=2, unet={"filters": 1, "depth": 1}, log=lambda line: None)
    >>> [sorted(epoch) for epoch in run.history]
    [['epoch', 'loss', 'seconds']]
    """
    log = log or (lambda line: print(line, file=sys.stderr, flush=True))
    unet = unet or {}
    _check_arguments(train, unet, epochs, batch_size, learning_rate, ema_momentum, keep, precision)
    if precision == "auto":
        precision = "mixed_float16" if _gpus() else "float32"
    batches = SliceBatches(train, batch_size, augmentation, seed, typed=unet.get("classes", 1) > 1)
    with _precision(precision), _share_devices(devices):
        keras.utils.set_random_seed(seed)
        model = build_unet(**unet)
        default_loss = DiceTypeLoss() if batches.typed else DiceCrossEntropyLoss("batch")
        model.compile(_optimiser(learning_rate, len(batches), epochs), loss or default_loss)
        model.optimizer.build(model.trainable_variables)
        if start_from is not None:
            _take_weights(model, start_from)
    settings = {
        "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed, "unet": unet,
        "loss": _loss_settings(loss), "augmentation": augmentation.settings if augmentation else None,
        "start_from": digest(*start_from.get_weights()) if start_from else None, "ema_momentum": ema_momentum,
        "precision": precision, "size": train.images.shape[1], "n_slices": len(train),
    }  # fmt: skip
    averaged = None if ema_momentum is None else model.get_weights()
    checkpoints, history, best_weights = None, [], None
    if folder:
        checkpoints = Checkpoints(Path(folder), settings | _slices_settings(train, validation))
        history, best_weights = checkpoints.restore(model, averaged)
    if history:
        log(f"going on after epoch {len(history)} of {epochs} ({folder})")
    average = None if averaged is None else RunningAverage(ema_momentum, averaged)
    validating = None if validation is None else Validation(validation, average, history, best_weights)
    keeping = Epochs(batches, history, checkpoints, validating, average, log)
    steps = [StopAtNoNumber(learning_rate, folder), average, validating, keeping]
    if len(history) < epochs:
        model.fit(
            batches,
            epochs=epochs,
            initial_epoch=len(history),
            callbacks=[step for step in steps if step],
            verbose=0,
            shuffle=False,
        )
    if validating and validating.best_weights is not None and keep == "best":
        model.set_weights(validating.best_weights)
    elif average:
        model.set_weights(average.weights)
    return TrainingRun(model, history)


def _check_arguments(
    train: Slices,
    unet: dict,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    ema_momentum: float | None,
    keep: str,
    precision: str,
) -> None:
    """Refuse what cannot be trained before anything is built."""
    if keep not in ("best", "last"):
        raise ModelError(f"keep must be 'best' or 'last', but is '{keep}'.")
    if precision not in PRECISIONS:
        raise ModelError(f"precision must be one of {', '.join(PRECISIONS)}, but is '{precision}'.")
    if ema_momentum is not None and not 0 <= ema_momentum < 1:
        raise ModelError(f"ema_momentum must be at least 0 and below 1, but is {ema_momentum}.")
    if not 0 < learning_rate < math.inf:
        raise ModelError(f"learning_rate must be a number above 0, but is {learning_rate}.")
    for name, value, least in (("epochs", epochs, 0), ("batch_size", batch_size, 1)):
        if not isinstance(value, int | np.integer) or value < least:
            raise ModelError(f"{name} must be a whole number from {least} on, but is {value!r}.")
    if not len(train):
        raise DataError(f"There is no slice to train on ({train.source}).")
    height, width = train.images.shape[1:]
    divisor = unet.get("stem", 1) * 2 ** unet.get("depth", 4)
    if height % divisor or width % divisor:
        raise ModelError(
            f"This U-Net takes pictures whose sides are multiples of {divisor} px, but these slices have "
            f"{height} x {width}; use `slices.resized({max(divisor, height - height % divisor)})`."
        )


def _slices_settings(train: Slices, validation: Slices | None) -> dict[str, str]:
    of_validation = digests(validation, "validation") if validation is not None else {}
    return digests(train, "training") | of_validation


def _loss_settings(loss: keras.losses.Loss | None) -> object:
    if loss is None:
        return "default"
    return {"name": type(loss).__name__} | (loss.get_config() if hasattr(loss, "get_config") else {"is": repr(loss)})


def _take_weights(model: keras.Model, start_from: keras.Model) -> None:
    shapes, wanted = ([w.shape for w in one.get_weights()] for one in (start_from, model))
    if shapes != wanted:
        raise ModelError(
            "start_from is another U-Net than the one that is to be trained: filters, depth, stem, normalisation and "
            "classes must be the same."
        )
    model.set_weights(start_from.get_weights())


def _optimiser(learning_rate: float, batches: int, epochs: int) -> keras.optimizers.Optimizer:
    warmup = min(batches, max(1, batches * epochs // 10))
    schedule = keras.optimizers.schedules.CosineDecay(
        learning_rate / 10, max(1, batches * epochs - warmup), warmup_target=learning_rate, warmup_steps=warmup
    )
    return keras.optimizers.AdamW(schedule, weight_decay=1e-4, clipnorm=1.0)


@contextlib.contextmanager
def _precision(name: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
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

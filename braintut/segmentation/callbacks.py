"""What a training does after each batch and each epoch, as Keras callbacks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import keras
import numpy as np

from braintut.dataset.slices import Slices
from braintut.errors import ModelError
from braintut.segmentation.batches import SliceBatches
from braintut.segmentation.checkpoints import Checkpoints, all_finite, weights_of
from braintut.segmentation.metrics import MISSED_BELOW, dice_score
from braintut.segmentation.prediction import predict_probabilities


class StopAtNoNumber(keras.callbacks.Callback):
    """Ends a training whose loss or weights are no numbers any more: nothing good comes after that.

    Keras' `TerminateOnNaN` stops as well, but prints, and keeps the epoch. The epochs before lie in `kept_in`, if at
    all.
    """

    def __init__(self, learning_rate: float, kept_in: object = None) -> None:
        super().__init__()
        self.learning_rate, self.kept_in = learning_rate, kept_in

    def on_train_batch_end(self, batch: int, logs: dict) -> None:
        """Break off the epoch at the first loss that is no number."""
        if not math.isfinite(logs["loss"]):
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        """Raise a `ModelError` that says what is wrong, and what is kept."""
        if not math.isfinite(logs["loss"]):
            wrong = f"the loss is {logs['loss']}"
        elif not all_finite(self.model.get_weights()):
            wrong = "there are weights that are no numbers"
        else:
            return
        kept = f"; the {epoch} epochs before are kept in {self.kept_in}" if self.kept_in and epoch else ""
        raise ModelError(
            f"The training diverged in epoch {epoch + 1}: {wrong} at a learning rate of "
            f"{self.learning_rate:g}; take a smaller one, 0.002 for example{kept}."
        )


class RunningAverage(keras.callbacks.Callback):
    """Follows the weights of a training, and the statistics of its normalisation, at a slower pace.

    After each batch the average keeps the share `momentum` of itself. It stays on the device. Keras' optimisers can
    average as well (`use_ema`), but not the statistics of the normalisation.
    """

    def __init__(self, momentum: float, weights: list[np.ndarray]) -> None:
        super().__init__()
        self.momentum = momentum
        self.means = [keras.Variable(values, dtype=values.dtype, trainable=False) for values in weights]
        if keras.backend.backend() == "tensorflow":  # one call for all weights instead of three for each
            import tensorflow as tf

            self._move = tf.function(self._move)

    @property
    def weights(self) -> list[np.ndarray]:
        """A copy of the average, in the order of `model.get_weights()`."""
        return [mean.numpy() for mean in self.means]

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Move the average a little towards the weights."""
        self._move()

    def _move(self) -> None:
        for mean, now in zip(self.means, self.model.weights, strict=True):
            mean.assign_add((1 - self.momentum) * (now - mean))


class Validation(keras.callbacks.Callback):
    """Measures each epoch on slices of other patients, and keeps the weights of the best one.

    What is measured are the weights, or their average if there is one.
    """

    def __init__(
        self, slices: Slices, average: RunningAverage | None, history: list[dict], best_weights: list | None
    ) -> None:
        super().__init__()
        self.slices, self.average, self.best_weights = slices, average, best_weights
        self.best_dice = max((entry["val_dice"] for entry in history), default=0.0)

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        """Add the mean Dice and the share of missed tumours to the numbers of the epoch."""
        model = self.model
        with weights_of(model, self.average and self.average.weights):
            logs |= validate(model, self.slices)
            if logs["val_dice"] >= self.best_dice:
                self.best_dice, self.best_weights = logs["val_dice"], model.get_weights()


def validate(model: keras.Model, validation: Slices) -> dict[str, float]:
    """Mean Dice of a network on slices, and the share of tumours that it missed."""
    predicted = predict_probabilities(model, validation.images) >= 0.5
    dice = np.array([dice_score(t, p) for t, p in zip(validation.masks, predicted, strict=True)])
    return {"val_dice": float(dice.mean()), "val_missed": float((dice < MISSED_BELOW).mean())}


class Epochs(keras.callbacks.Callback):
    """Gives each epoch its batches; writes its numbers into `history`, keeps it and logs a line.

    Stands last: what the other callbacks found out about an epoch is in its numbers by then.
    """

    def __init__(
        self,
        batches: SliceBatches,
        history: list[dict],
        checkpoints: Checkpoints | None,
        validation: Validation | None,
        average: RunningAverage | None,
        log: Callable[[str], None],
    ) -> None:
        super().__init__()
        self.batches, self.history, self.checkpoints = batches, history, checkpoints
        self.validation, self.average, self.log = validation, average, log

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Start the clock, and shuffle."""
        self.start = time.perf_counter()
        self.batches.begin(epoch)

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        """Keep the epoch first, then speak of it."""
        self.history.append({"epoch": epoch + 1, **logs, "seconds": round(time.perf_counter() - self.start, 1)})
        if self.checkpoints:
            best_weights = self.validation and self.validation.best_weights
            self.checkpoints.keep(self.model, self.history, best_weights, self.average and self.average.weights)
        self.log(_line(self.history[-1], self.params["epochs"]))


def _line(entry: dict, epochs: int) -> str:
    text = f"epoch {entry['epoch']:3d}/{epochs}  loss {entry['loss']:.3f}"
    if "val_dice" in entry:
        text += f"  validation Dice {entry['val_dice']:.3f}, missed {entry['val_missed']:.0%}"
    return text + f"  {entry['seconds']:.0f} s"

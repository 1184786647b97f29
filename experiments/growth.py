"""How does an outline grow? A training on phantoms, filmed on heads that it never meets.

Run: python experiments/growth.py

After every epoch the network is asked about the same three slices, one a type. What it says is kept as pictures, so
that a notebook or a web page can show it without a network.
"""

from __future__ import annotations

import base64
import io
import time

import keras
import numpy as np
import typer
from common import write_result
from PIL import Image

from braintut.dataset.load import load_phantoms
from braintut.dataset.slices import Slices, to_grey_levels
from braintut.dataset.splits import split_by_fold
from braintut.segmentation.augmentation import Augmentation
from braintut.segmentation.batches import SliceBatches
from braintut.segmentation.losses import DiceCrossEntropyLoss
from braintut.segmentation.metrics import dice_score
from braintut.segmentation.prediction import predict_probabilities
from braintut.segmentation.unet import build_unet

SIZE, EPOCHS, BATCH, SEED = 128, 24, 4, 0
UNET = {"filters": 12, "depth": 4, "stem": 2, "normalisation": "group"}


class Filming(keras.callbacks.Callback):
    """Shuffles before each epoch, and keeps the network's probabilities on some slices after it."""

    def __init__(self, batches: SliceBatches, watched: Slices) -> None:
        super().__init__()
        self.batches, self.watched, self.frames = batches, watched, []

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Give the epoch its batches."""
        self.batches.begin(epoch)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Ask the network."""
        self.frames.append(predict_probabilities(self.model, self.watched.images))
        print(f"epoch {epoch + 1:2d}  mean Dice {dices(self.watched.masks, self.frames[-1]).mean():.2f}", flush=True)


def dices(masks: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Dice of each slice at threshold 0.5."""
    return np.array([dice_score(mask, p >= 0.5) for mask, p in zip(masks, probabilities, strict=True)])


def train_and_film(train: Slices, watched: Slices, epochs: int = EPOCHS) -> list[np.ndarray]:
    """Train a small U-Net, and give its probabilities on the watched slices after each epoch, (N, H, W) each."""
    keras.utils.set_random_seed(SEED)
    batches = SliceBatches(train, BATCH, Augmentation(), SEED)
    model = build_unet(**UNET)
    warmup, steps = len(batches), epochs * len(batches)
    rate = keras.optimizers.schedules.CosineDecay(4e-4, steps - warmup, warmup_target=4e-3, warmup_steps=warmup)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4, clipnorm=1.0), DiceCrossEntropyLoss("batch"))
    filming = Filming(batches, watched)
    model.fit(batches, epochs=epochs, callbacks=[filming], verbose=0, shuffle=False)
    return filming.frames


def typical_of_each_type(slices: Slices, dice: np.ndarray) -> list[int]:
    """Which slice of each type has the median Dice of its type: neither a success nor a failure is picked out."""
    chosen = []
    for label in np.unique(slices.labels):
        here = np.flatnonzero(slices.labels == label)
        chosen.append(int(here[np.argsort(dice[here], kind="stable")[len(here) // 2]]))
    return chosen


def as_png(picture: np.ndarray) -> str:
    """Values in 0..1 as the base64 text of a PNG with 256 greys."""
    buffer = io.BytesIO()
    Image.fromarray(to_grey_levels(picture)).save(buffer, format="png", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def film_of(head: np.ndarray, true_mask: np.ndarray, frames: list[np.ndarray]) -> dict:
    """One slice and its probabilities after each epoch, as text."""
    return {
        "head": as_png(head),
        "true_mask": as_png(true_mask * 1.0),
        "probabilities": [as_png(frame) for frame in frames],
    }


def main() -> None:
    """Train, choose three slices, and write `growth.json`."""
    phantoms = load_phantoms()
    fold = int(phantoms.folds.max())
    train, watched = split_by_fold(phantoms.resized(SIZE), fold)
    heads = phantoms[phantoms.folds == fold]
    start = time.perf_counter()
    frames = train_and_film(train, watched)
    minutes = (time.perf_counter() - start) / 60
    films = {}
    for i in typical_of_each_type(watched, dices(watched.masks, frames[-1])):
        numbers = [float(dice_score(watched.masks[i], frame[i] >= 0.5)) for frame in frames]
        about = {"slice": watched.ids[i], "patient": watched.patients[i], "dice": numbers}
        films[watched.types[i]] = about | film_of(heads.images[i], heads.masks[i], [frame[i] for frame in frames])
    write_result(
        "growth",
        "How does an outline grow?",
        f"small U-Net ({SIZE} px, {UNET['filters']} filters, {UNET['depth']} levels behind a stem), Dice per batch + "
        f"cross-entropy, augmented, {EPOCHS} epochs on the phantoms of all folds but {fold}; asked after each epoch "
        "about slices of that fold, of each type the one with the median Dice at the end; threshold 0.5. Pictures are "
        "base64 PNGs: the head, its true mask, and the probabilities as 256 greys.",
        minutes,
        {
            "command": "python experiments/growth.py",
            "data": "the phantoms that come with braintut",
            "epochs": list(range(1, EPOCHS + 1)),
            "films": films,
        },
    )


if __name__ == "__main__":
    typer.run(main)

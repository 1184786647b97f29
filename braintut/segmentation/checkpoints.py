"""Whole epochs of a training in a folder: what they belong to, keeping them, and going on from them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from braintut.dataset.arrays import is_number
from braintut.dataset.files import check_writable_folder, write_text
from braintut.dataset.slices import Slices
from braintut.errors import CheckpointError, brief

LEARNT_FROM = ("ids", "images", "masks", "labels", "patients", "folds")
"""What of the slices a folder of checkpoints belongs to: another set never goes on from it."""


def digests(slices: Slices, role: str) -> dict[str, str]:
    """Short hashes that tell two sets of slices apart: one for each of `LEARNT_FROM`, "training images" for example.

    `role` is "training" or "validation". Hashing all 2421 slices of folds 1 to 4 takes half a second at 128 px.
    """
    return {f"{role} {name}": digest(np.asarray(getattr(slices, name))) for name in LEARNT_FROM}


def digest(*arrays: np.ndarray) -> str:
    """A short hash of the values and shapes of arrays; how wide their numbers and texts are stored doesn't matter."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(str(array.shape).encode())
        if array.dtype.kind in "biuf":
            plain = {"b": "u1", "i": "<i8", "u": "<i8", "f": "<f4"}[array.dtype.kind]
            total.update(np.ascontiguousarray(array, plain).data)
        else:
            total.update("\0".join(map(str, array.ravel())).encode("utf-8", "surrogatepass"))
    return total.hexdigest()[:12]


def all_finite(weights: list[np.ndarray]) -> bool:
    """Whether there is no NaN and no infinity among the weights of a network."""
    return all(np.isfinite(w).all() for w in weights)


@contextlib.contextmanager
def weights_of(model: keras.Model, weights: list[np.ndarray] | None) -> Iterator[None]:
    """Give the model other weights for a moment; without any leave it as it is."""
    if weights is None:
        yield
        return
    now = model.get_weights()
    model.set_weights(weights)
    try:
        yield
    finally:
        model.set_weights(now)


class Checkpoints:
    """Whole epochs of one training in a folder, which is made if it is missing; a `DataError` if it takes no files.

    Every file is written under another name and renamed; `state.json` comes last. So whenever the writing is broken
    off, the folder holds the epoch before or the new one, whole. `settings` are all that decides what the training ends
    with, the hashes of its slices included.
    """

    def __init__(self, folder: Path, settings: dict) -> None:
        self.folder = check_writable_folder(folder)
        self.settings = json.loads(json.dumps(settings, default=_plain))
        self.state_file = folder / "state.json"

    def restore(
        self, model: keras.Model, average: list[np.ndarray] | None = None
    ) -> tuple[list[dict], list[np.ndarray] | None]:
        """Give the model, its optimiser and the running average (in place) what the last whole epoch left.

        The model is compiled, its optimiser built. Returned are one entry for each epoch that is done, and the weights
        of the best one; nothing if the folder is new. A `CheckpointError` if it belongs to another training, or a file
        is damaged.
        """
        state = self._read_state()
        if state is None:
            return [], None
        self._check_same(state["settings"])
        best_weights = self._load(model, state["best"]) if state["best"] else None
        if average is not None:
            average[:] = self._load(model, state["average"])
        self._load(model, state["last"])
        return state["history"], best_weights

    def keep(
        self,
        model: keras.Model,
        history: list[dict],
        best_weights: list[np.ndarray] | None = None,
        average: list[np.ndarray] | None = None,
    ) -> None:
        """Write the last epoch of `history`, and remove the epochs that are not needed any more.

        A `CheckpointError` if the folder takes no more; the epochs before are still there.
        """
        epoch = history[-1]["epoch"]
        last, best, averaged = f"epoch_{epoch:04d}.weights.h5", None, None
        if average is not None:
            averaged = f"average_{epoch:04d}.weights.h5"
        if best_weights is not None:
            best_epoch = max(history, key=lambda e: (e["val_dice"], e["epoch"]))["epoch"]
            best = f"{'epoch' if average is None else 'average'}_{best_epoch:04d}.weights.h5"
        state = {"settings": self.settings, "history": history, "last": last, "best": best, "average": averaged}
        try:
            self._save(model, last)
            if average is not None:
                with weights_of(model, average):
                    self._save(model, averaged)
            write_text(self.state_file, json.dumps(state, indent=1))
        except (OSError, RuntimeError) as error:  # HDF5 calls a full disk a RuntimeError
            raise CheckpointError(
                f"Epoch {epoch} could not be kept in {self.folder} ({brief(error)}); see to its free space and "
                f"rights and start again: the training goes on after epoch {epoch - 1}."
            ) from error
        for old in (*self.folder.glob("epoch_*.weights.h5"), *self.folder.glob("average_*.weights.h5")):
            if old.name not in (last, best, averaged):
                old.unlink(missing_ok=True)

    def _save(self, model: keras.Model, name: str) -> None:
        part = self.folder / "part.weights.h5"  # Keras insists on this ending
        model.save_weights(part)
        part.replace(self.folder / name)

    def _load(self, model: keras.Model, name: str) -> list[np.ndarray]:
        file = self.folder / str(name)
        if not file.is_file():
            raise self._damaged(file, "it is missing")
        try:
            with warnings.catch_warnings():
                # Keras only warns where it leaves out what doesn't fit, the optimiser for example.
                warnings.filterwarnings("error", message=".*[Ss]kipping")
                model.load_weights(file)
        except Exception as error:  # a damaged file can fail in any way: HDF5, names, shapes
            raise self._damaged(file, brief(error)) from error
        weights = model.get_weights()
        if not all_finite(weights):
            raise self._damaged(file, "it holds weights that are no numbers")
        return weights

    def _read_state(self) -> dict | None:
        try:
            state = json.loads(self.state_file.read_text(encoding="utf-8"))
            whole = (
                isinstance(state["settings"], dict)
                and all(_is_ours(state[key]) for key in ("last", "best", "average") if key == "last" or state[key])
                and all({"epoch", "loss"} <= entry.keys() for entry in state["history"])
                and all(is_number(value) for entry in state["history"] for value in entry.values())
                and [entry["epoch"] for entry in state["history"]] == list(range(1, len(state["history"]) + 1))
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise self._damaged(self.state_file, brief(error)) from error
        if not whole:
            raise self._damaged(self.state_file, "it does not say which epochs are done")
        return state

    def _check_same(self, before: dict) -> None:
        names = [name for name in {**self.settings, **before} if before.get(name) != self.settings.get(name)]
        if not names:
            return
        of_slices = [name for name in names if name.startswith(("training ", "validation "))]
        if of_slices:
            # Where the ids differ everything does.
            what = [name.replace("ids", "slices") for name in of_slices if name.endswith("ids")] or of_slices
            raise CheckpointError(
                f"{self.folder} holds a training with other slices: the {_in_words(what)} are not the same; "
                f"choose another folder."
            )
        raise CheckpointError(
            f"{self.folder} holds a training with other settings: {brief(names[0])} was {brief(before.get(names[0]))}, "
            f"is now {brief(self.settings.get(names[0]))}; choose another folder."
        )

    def _damaged(self, file: Path, reason: str) -> CheckpointError:
        return CheckpointError(
            f"{file} is damaged ({reason}); delete the folder {self.folder} and the training starts afresh, "
            f"or choose another folder."
        )


def _is_ours(name: object) -> bool:
    """Whether a file has a name that we give, so that a damaged state leads nowhere else."""
    return isinstance(name, str) and re.fullmatch(r"(epoch|average)_\d+\.weights\.h5", name) is not None


def _in_words(names: list[str]) -> str:
    return " and ".join(", ".join(names).rsplit(", ", 1))


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else str(value)

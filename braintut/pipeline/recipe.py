"""A recipe: all that decides how a pair is trained, checked, and kept in a TOML file."""

from __future__ import annotations

import inspect
import math
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from braintut.classification.classifier import KINDS
from braintut.dataset.arrays import is_number
from braintut.errors import ModelError, brief
from braintut.segmentation.augmentation import Augmentation
from braintut.segmentation.mask import THRESHOLD
from braintut.segmentation.training import PRECISIONS

AUGMENTATION: dict[str, bool | float] = {
    **{name: parameter.default for name, parameter in inspect.signature(Augmentation).parameters.items()},
    "noise": 0.02,
}
"""Changes of the slices that a recipe makes unless it says otherwise: those of `Augmentation`, and a little noise."""


def _number(default: float | None, fits: Callable[[float], bool], words: str) -> Any:
    """A field with what it takes, as a test and in words; so are the next two. Without a default it may be None."""
    takes = lambda v: (v is None and default is None) or (is_number(v) and fits(v))  # noqa: E731
    return field(default=default, metadata={"takes": takes, "words": words})


def _whole(default: int, least: int, most: float = math.inf) -> Any:
    words = f"a whole number from {least} {'on' if most == math.inf else f'to {most}'}"
    return _number(default, lambda v: isinstance(v, int) and least <= v <= most, words)


def _choice(*choices: object) -> Any:
    takes = lambda v: v in choices and type(v) is type(choices[0])  # noqa: E731
    words = f"one of {', '.join(str(choice).lower() for choice in choices)}"
    return field(default=choices[0], metadata={"takes": takes, "words": words})


class _Checked:
    """A dataclass whose fields are looked at when it is made; a `ModelError` names the first that does not fit."""

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if entry.metadata and not entry.metadata["takes"](value):
                raise ModelError(f"{entry.name} ({str(value)[:80]}) must be {entry.metadata['words']}.")


@dataclass(frozen=True)
class Network(_Checked):
    """The U-Net of a recipe, `[unet]` in a file; see `build_unet`.

    Parameters
    ----------
    filters : int
        Filters of the first level, 1..256.
    depth : int
        How often the picture is halved, 1..8.
    stem : int
        Factor by which the first convolution shrinks the picture, 1..16.
    classes : {4, 1}
        4: it tells the types apart, too; 1: tumour or not.
    """

    filters: int = _whole(24, 1, 256)
    depth: int = _whole(4, 1, 8)
    stem: int = _whole(2, 1, 16)
    classes: int = _choice(4, 1)


@dataclass(frozen=True)
class Cycle(_Checked):
    """One cycle of the learning rate, `[[cycle]]` in a file; see `train_unet`.

    Parameters
    ----------
    epochs : int
        Passes over the slices.
    batch_size : int
        Slices a step.
    learning_rate : float
        Highest learning rate.
    ema_momentum : float, optional
        Keep a running average of the weights, of which each step keeps this share, 0..1.
    """

    epochs: int = _whole(45, 1)
    batch_size: int = _whole(16, 1)
    learning_rate: float = _number(2e-3, lambda v: v > 0, "a number above 0")
    ema_momentum: float | None = _number(None, lambda v: 0 <= v < 1, "at least 0 and below 1")


@dataclass(frozen=True)
class Recipe(_Checked):
    """How a pair is trained.

    Parameters
    ----------
    unet_size : int
        Side of the picture that the U-Net sees, in pixels, 16..1024.
    cycles : tuple of Cycle
        Each goes on with the U-Net of the one before.
    augmentation : dict
        Settings of `Augmentation` that are to differ from `AUGMENTATION`; `[augmentation]` in a file.
    classifier : str
        Kind, as in `make_classifier`.
    jitters : int
        Jittered copies of each true mask that the classifier is fitted on, beside the U-Net's own masks. A classifier
        fitted on true masks only meets masks in use that it has never seen the like of.
    mirror : bool
        Average each prediction with that of the mirrored slice.
    threshold : float
        A pixel belongs to the tumour from this probability on, 0..0.99.
    faint_threshold : float, optional
        Second, lower one where nothing reaches the first, see `mark_tumour`. For sets without healthy heads.
    presence : bool
        Train a small network besides that says whether there is a tumour at all, see `train_presence`.
    seed : int
        Fixes all that is drawn by lot.
    precision : {"auto", "float32", "mixed_float16", "mixed_bfloat16"}
        As in `train_unet`.

    Examples
    --------
    >>> Recipe(cycles=(Cycle(epochs=45), Cycle(learning_rate=0.0015, ema_momentum=0.998))).unet.filters
    24
    """

    unet_size: int = _whole(128, 16, 1024)
    unet: Network = Network()
    cycles: tuple[Cycle, ...] = (Cycle(),)
    augmentation: dict[str, bool | float] = field(default_factory=dict)
    classifier: str = _choice(*KINDS)
    jitters: int = _whole(3, 0)
    mirror: bool = _choice(False, True)
    threshold: float = _number(THRESHOLD, lambda v: 0 <= v <= 0.99, "a number from 0 to 0.99")
    faint_threshold: float | None = _number(None, lambda v: True, "a number")
    presence: bool = _choice(False, True)
    seed: int = _whole(0, 0, 2**32 - 1)
    precision: str = _choice(*PRECISIONS)

    def __post_init__(self) -> None:
        """Look at each value, then at those that must fit together."""
        super().__post_init__()
        divisor = self.unet.stem * 2**self.unet.depth
        if self.unet_size % divisor:
            raise ModelError(f"unet_size ({self.unet_size}) must be a multiple of stem x 2^depth, here {divisor}.")
        if self.faint_threshold is not None and not 0 <= self.faint_threshold < self.threshold:
            raise ModelError(
                f"faint_threshold ({self.faint_threshold:g}) must lie below threshold ({self.threshold:g}), from 0 on."
            )
        if not self.cycles:
            raise ModelError("There must be one cycle at least.")
        for name, value in self.augmentation.items():
            _check_change(name, value)

    @property
    def looking(self) -> dict[str, Any]:
        """How the U-Net looks at a slice: arguments of `Segmenter`."""
        return {name: getattr(self, name) for name in ("unet_size", "mirror", "threshold", "faint_threshold")}

    def make_augmentation(self) -> Augmentation:
        """The changes of the training slices, ready to use."""
        return Augmentation(**AUGMENTATION | self.augmentation)

    def with_epochs(self, epochs: int) -> Recipe:
        """The same with another number of epochs in each cycle."""
        return replace(self, cycles=tuple(replace(cycle, epochs=epochs) for cycle in self.cycles))

    @classmethod
    def load(cls, path: str | os.PathLike) -> Recipe:
        """Read a recipe from a TOML file; what it does not name is as in `Recipe()`.

        A `ModelError` that names file and key if it cannot be read, or a key is unknown, of another type or out of
        range.
        """
        try:
            entries = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise ModelError(f"{path} is no recipe in TOML ({brief(error)}).") from error
        try:
            cycles = entries.pop("cycle", [{}])
            if not isinstance(cycles, list) or "cycles" in entries:
                raise ModelError("Cycles are a list of tables; write [[cycle]] above each.")
            entries["cycles"] = tuple(_make(Cycle, one, f"cycle {n}: ") for n, one in enumerate(cycles, 1))
            entries["unet"] = _make(Network, entries.get("unet", {}), "unet: ")
            _demand_table(entries.get("augmentation", {}), "augmentation: ")
            return _make(cls, entries)
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error


def _check_change(name: str, value: object) -> None:
    if name not in AUGMENTATION:
        raise ModelError(f"augmentation: there is no key '{name}'; known are {', '.join(AUGMENTATION)}.")
    most = 180 if name == "rotation" else 1
    if isinstance(AUGMENTATION[name], bool):
        words, fits = "true or false", isinstance(value, bool)
    else:
        words, fits = f"a number from 0 to {most}", is_number(value) and 0 <= value <= most
    if not fits:
        raise ModelError(f"augmentation: {name} ({str(value)[:80]}) must be {words}.")


def _make(part: type, entries: object, place: str = "") -> Any:
    """Make a part of a recipe of the entries of a file; errors begin with its place there."""
    _demand_table(entries, place)
    known = [entry.name for entry in fields(part)]
    unknown = [key for key in entries if key not in known]
    if unknown:
        in_file = ", ".join("cycle" if key == "cycles" else key for key in known)  # it writes [[cycle]] above each
        raise ModelError(f"{place}there is no key '{unknown[0]}'; known are {in_file}.")
    try:
        return part(**entries)
    except ModelError as error:
        raise ModelError(f"{place}{error}") from error


def _demand_table(entries: object, place: str) -> None:
    if not isinstance(entries, dict):
        raise ModelError(f"{place}a table of keys and values must stand here.")

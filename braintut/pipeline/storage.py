"""The files of a trained pair: plain arrays, skops files, a table and a card, each checked before it is believed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline as SklearnPipeline

from braintut.classification.storing import load_classifier, save_classifier
from braintut.dataset.files import whole_file, write_text
from braintut.errors import ModelError, brief
from braintut.features.look import LOOK_LENGTH
from braintut.pipeline.card import CARD_FILE, FAMILIARITY, FILES, NEW, PRESENCE, load_card, read_card
from braintut.pipeline.familiarity import ABOUT, Familiarity
from braintut.segmentation.checkpoints import all_finite
from braintut.segmentation.unet import build_unet

ABOUT_PRESENCE = (
    "A tumour is reported where a network of its own says so; it learnt from heads whose tumour had been cut out and "
    "replaced. How often a report says no to a tumour, and yes to an emptied head, experiments/no_tumour.py counts; "
    "elsewhere both rates will differ."
)
"""What the card says of it."""


@dataclass
class StoredPair:
    """What lies in the folder of a pair, read and checked: U-Net, classifiers, a table of features, and the card."""

    unet: keras.Model
    classifier: SklearnPipeline
    classifier_true_mask: SklearnPipeline
    reference: pd.DataFrame
    card: dict = field(default_factory=dict)
    familiarity: Familiarity | None = None
    presence_unet: keras.Model | None = None


def load_pair(folder: Path) -> StoredPair:
    """Read all parts of a pair from the folder that `save_pair` wrote; no pickle is loaded.

    A `ModelError` if there is no pair, or a file of it is missing, damaged or not the one that its card names.
    """
    card = load_card(folder)
    files = {file: _stored(folder, file, card) for file in FILES}
    unet = _build(folder, card)
    load_weights(files["unet.npz"], unet)
    return StoredPair(
        unet,
        load_classifier(files["classifier.skops"]),
        load_classifier(files["classifier_true_mask.skops"]),
        read_reference(files["reference.csv"]),
        card,
        read_familiarity(_stored(folder, FAMILIARITY, card)) if FAMILIARITY in card["files"] else None,
        _read_presence(folder, card) if PRESENCE in card["files"] else None,
    )


def save_pair(folder: str | os.PathLike, pair: StoredPair) -> Path:
    """Write a pair to a folder, as `Pipeline.save` tells; the hashes of the files go into the card."""
    folder = Path(folder)
    _finish_save(folder)
    save_weights(folder / f"unet.npz{NEW}", pair.unet)
    save_classifier(folder / f"classifier.skops{NEW}", pair.classifier)
    save_classifier(folder / f"classifier_true_mask.skops{NEW}", pair.classifier_true_mask)
    with whole_file(folder / f"reference.csv{NEW}") as part:
        pair.reference.to_csv(part, index=False, float_format="%.4g", lineterminator="\n")
    written: tuple[str, ...] = FILES
    if pair.familiarity is not None:
        save_familiarity(folder / f"{FAMILIARITY}{NEW}", pair.familiarity)
        pair.card["about_familiarity"] = ABOUT
        written = (*written, FAMILIARITY)
    if pair.presence_unet is not None:
        save_weights(folder / f"{PRESENCE}{NEW}", pair.presence_unet)
        pair.card["about_presence"] = ABOUT_PRESENCE
        written = (*written, PRESENCE)
    pair.card["files"] = {name: _sha256(folder / f"{name}{NEW}") for name in written}
    write_text(folder / CARD_FILE, json.dumps(pair.card, indent=1) + "\n")
    _finish_save(folder)
    return folder


def add_familiarity(folder: Path, familiarity: Familiarity) -> None:
    """Give a stored pair its familiarity, or another one; all else of it stays as it is, to the byte."""
    _finish_save(folder)
    card = load_card(folder)
    save_familiarity(folder / f"{FAMILIARITY}{NEW}", familiarity)
    card["about_familiarity"] = ABOUT
    card["files"][FAMILIARITY] = _sha256(folder / f"{FAMILIARITY}{NEW}")
    write_text(folder / CARD_FILE, json.dumps(card, indent=1) + "\n")
    _finish_save(folder)


def save_familiarity(path: Path, familiarity: Familiarity) -> None:
    """Write how training slices look as plain arrays."""
    with whole_file(path) as part, part.open("wb") as file:
        np.savez(file, centre=familiarity.centre, whitening=familiarity.whitening)


def read_familiarity(path: Path) -> Familiarity:
    """Read what `save_familiarity` wrote; arrays of another name, shape or kind are refused before they are read."""
    with _archive(path, "arrays") as archive:
        centre = _read_array(archive, "centre.npy", (LOOK_LENGTH,))
        whitening = _read_array(archive, "whitening.npy", (LOOK_LENGTH, LOOK_LENGTH))
    return Familiarity(centre, whitening)


def save_weights(path: Path, model: keras.Model) -> None:
    """Write the weights of a U-Net as plain arrays, in their order; refused if they are no numbers."""
    weights = _stored_weights(model)
    with whole_file(path) as part, part.open("wb") as file:
        np.savez(file, **{f"{i:03d}": w for i, w in enumerate(weights)})


def _stored_weights(model: keras.Model) -> list[np.ndarray]:
    # Kernels as float16 halve the file; short vectors stay exact, because a variance can be tiny.
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
        weights = [w.astype(np.float16) if w.ndim > 1 else w for w in model.get_weights()]
    if not all_finite(weights):
        raise ModelError(
            "The U-Net holds weights that are no numbers, or too large for 16 bits (65504): its training diverged; "
            "train again with a smaller learning rate."
        )
    return weights


def load_weights(path: Path, model: keras.Model) -> None:
    """Give a U-Net the weights that `save_weights` wrote; a file that doesn't fit it is refused before it is read."""
    with _archive(path, "weights") as archive:
        names = sorted(archive.namelist())
        if len(names) != len(model.weights):
            raise ModelError(f"{path} holds {len(names)} arrays, but this U-Net has {len(model.weights)}.")
        weights = [_read_array(archive, name, w.shape) for name, w in zip(names, model.weights, strict=True)]
    model.set_weights(weights)


@contextlib.contextmanager
def _archive(path: Path, what: str) -> Iterator[zipfile.ZipFile]:
    """An .npz to read from; a damaged one can fail in any way (zip, zlib, NumPy's headers), and is a `ModelError`."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{path} cannot be read as {what} ({brief(error)}); train or install again.") from error


def _read_array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """One array of an archive as float32. Its header is looked at first, so that none is made that fills the memory."""
    with archive.open(name) as file:
        np.lib.format.read_magic(file)
        found, _, dtype = np.lib.format.read_array_header_1_0(file)
    if found != tuple(shape) or dtype.kind != "f":
        raise ModelError(
            f"{archive.filename}: the array '{name}' is {dtype} {found}, but this model needs float {tuple(shape)}."
        )
    with archive.open(name) as file:
        array = np.lib.format.read_array(file, allow_pickle=False).astype(np.float32)
    if not np.isfinite(array).all():
        raise ModelError(f"{archive.filename}: the array '{name}' holds NaN or infinite numbers; train again.")
    return array


def as_stored(model: keras.Model, size: int, unet: dict) -> keras.Model:
    """Rebuild a U-Net as `load_pipeline` will from what is kept, so that a pair answers alike before and after."""
    weights = _stored_weights(model)
    rebuilt = build_unet(size, **unet)
    rebuilt.set_weights([w.astype(np.float32) for w in weights])
    return rebuilt


def read_reference(path: Path) -> pd.DataFrame:
    """Read the rows of features that a pair compares with; columns of numbers, at least one row."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise ModelError(f"{path} is no table of features ({brief(error)}); train again.") from error
    numbers = table.select_dtypes("number")
    if table.empty or numbers.shape != table.shape or np.isinf(numbers).any(axis=None):
        raise ModelError(f"{path} is no table of features: it must have rows, and numbers only; train again.")
    return table


def _read_presence(folder: Path, card: dict) -> keras.Model:
    network = _build(folder, card, "presence_unet")
    load_weights(_stored(folder, PRESENCE, card), network)
    return network


def _build(folder: Path, card: dict, network: str = "unet") -> keras.Model:
    try:
        return build_unet(card["settings"]["unet_size"], **card["settings"].get(network, {}))
    except ModelError as error:
        raise ModelError(f"{folder / CARD_FILE}: {error}") from error


def _stored(folder: Path, file: str, card: dict) -> Path:
    """The file that the card names, under its name or, where a save was broken off, still waiting for it."""
    for path in (folder / file, folder / f"{file}{NEW}"):
        if path.is_file() and _sha256(path) == card["files"].get(file):
            return path
    raise ModelError(f"{folder / file} is missing or not the one that its card names; install or train again.")


def _finish_save(folder: Path) -> None:
    """Give the waiting files that the card names their own names."""
    with contextlib.suppress(FileNotFoundError, ModelError):  # no card, or none to be kept
        card = read_card(folder)
        for file in (*FILES, FAMILIARITY, PRESENCE):
            waiting = folder / f"{file}{NEW}"
            if waiting.is_file() and _sha256(waiting) == card["files"].get(file):
                waiting.replace(folder / file)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

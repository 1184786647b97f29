"""The model card of a pair: what it was trained on, how, and how good it was. Read here, and checked, without Keras."""

from __future__ import annotations

import hashlib
import json
import os
import reprlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeGuard

from braintut.dataset.arrays import is_number
from braintut.dataset.slices import merged_patient
from braintut.errors import DataError, ModelError, brief

Card: TypeAlias = dict[str, Any]
"""A card, as it stands in its file: JSON."""

ASSETS = Path(__file__).parents[1] / "assets" / "models"

CARD_FILE = "card.json"
FILES = ("unet.npz", "classifier.skops", "classifier_true_mask.skops", "reference.csv")
"""What lies beside the card of a pair; it names the hash of each."""
PRESENCE = "presence.npz"
"""A pair may hold a network of its own that says whether there is a tumour; named like the next one."""
FAMILIARITY = "familiarity.npz"
"""A pair may also know how its training slices look; the card names the hash of that file if there is one."""

NEW = ".new"
"""Ending of the files of a pair until the card names them."""

FORMAT = 2
"""Cards of a higher number come from a newer braintut. Format 1, without a number, had other names of features."""

SIDES = (16, 4096)
"""Pixels along one side of a picture that a pair may work on."""
MAX_TEXT = 5000


@dataclass(frozen=True)
class _Entry:
    """What a card must hold at a place such as `settings.unet_size`; `words` say it to people."""

    place: str
    words: str
    fits: Callable[[object], bool]
    optional: bool = False


def read_card(folder: Path) -> Card:
    """Read the card of a trained pair; every entry that braintut itself relies on is there, and of the right type.

    `FileNotFoundError` if there is no card; a `ModelError` if it cannot be read, belongs to a newer braintut, or an
    entry is missing or odd.
    """
    path = folder / CARD_FILE
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged or no card of a pair ({brief(error)}); train again.") from error
    check_card(card, path)
    return card


def load_card(name: str | os.PathLike[str]) -> Card:
    """Read the card of a pair by its name or folder, without its network.

    Parameters
    ----------
    name : str or path
        `"phantom"`, `"figshare"`, or a folder that `Pipeline.save` wrote, which wins over a shipped pair of the same
        name.

    Raises
    ------
    ModelError
        If there is no such pair, or its card is damaged.

    Examples
    --------
    >>> load_card("phantom")["data"]["summary"][:10]
    '161 slices'
    """
    folder = pair_folder(name)
    try:
        return read_card(folder)
    except FileNotFoundError as error:
        raise ModelError(
            f"There is no trained pair '{folder}'; give one of {', '.join(shipped_pairs()) or '(none shipped)'} "
            f"or a folder that `braintut train` wrote."
        ) from error


def pair_folder(name: str | os.PathLike[str]) -> Path:
    """The folder that a name means: one's own where it holds a pair, even a damaged one; a shipped pair's otherwise."""
    own = Path(name)
    if any((own / file).exists() for file in (CARD_FILE, *FILES, *(file + NEW for file in FILES))):
        return own
    return ASSETS / name if name in shipped_pairs() else own


def shipped_pairs() -> list[str]:
    """Names of the pairs that come with braintut."""
    return sorted(path.parent.name for path in ASSETS.glob(f"*/{CARD_FILE}"))


def training_losses(card: Card) -> list[float]:
    """Mean training loss of every epoch that a U-Net went through, those of the pair it started from first.

    Examples
    --------
    >>> before = {"loss_per_epoch": [0.9, 0.5]}
    >>> training_losses({"settings": {"loss_per_epoch": [0.4], "start_from": before}})
    [0.9, 0.5, 0.4]
    """
    losses: list[float] = []
    for settings in _settings_and_before(card):
        losses = settings["loss_per_epoch"] + losses
    return losses


def was_fitted_on(card: Card, patient: str) -> bool:
    """Whether a pair was fitted on slices of this patient (the exact id decides)."""
    _check_id(patient)
    return _fingerprint(card["salt"], patient) in card["patients"]


def was_fitted_on_twin(card: Card, patient: str) -> bool:
    """Whether a pair was fitted on this patient or one whose merged id is the same."""
    _check_id(patient)
    return _fingerprint(card["salt"], merged_patient(patient)) in card["merged_patients"]


def _check_id(patient: object) -> None:
    if not isinstance(patient, str):
        raise DataError(
            f"A patient's id is text, but this is of type {type(patient).__name__}; ask for one patient at a time."
        )


def fingerprints(salt: str, patients: Iterable[str]) -> dict[str, list[str]]:
    """Salted SHA-256 of patient ids and of merged ids: whoever has the dataset can tell who took part, nobody else."""
    patients = sorted(set(patients))
    merged = sorted({merged_patient(p) for p in patients})
    return {
        "patients": sorted(_fingerprint(salt, p) for p in patients),
        "merged_patients": sorted(_fingerprint(salt, p) for p in merged),
    }


def _fingerprint(salt: str, patient: str) -> str:
    return hashlib.sha256((salt + patient).encode(errors="surrogatepass")).hexdigest()


def check_card(card: Any, name: object) -> None:
    """Raise a `ModelError` that calls the card by `name` if an entry that braintut relies on is missing or odd."""
    number = card.get("format", 1) if isinstance(card, dict) else FORMAT
    if _is_count(number) and number > FORMAT:
        raise ModelError(f"{name} is a card of format {number}, but this braintut reads {FORMAT}; update braintut.")
    if _is_count(number) and number < FORMAT:
        raise ModelError(f"{name} was written by an earlier braintut, whose features had other names; train again.")
    _check_entries(card, _ENTRIES, name)
    for settings in _settings_and_before(card):
        _check_entries(settings, _OF_ALL_SETTINGS, name)
    if card.get("numbers") is not None:
        check_numbers(card["numbers"], name)


def check_numbers(numbers: Any, name: object, complete: bool = False) -> None:
    """Raise a `ModelError` if numbers of a card lack what reports tell, or (`complete`) what `weak_points` compares."""
    _check_entries(numbers, _OF_NUMBERS, name)
    if not complete:
        return
    for key in ("per_type", "per_size"):
        groups = numbers.get(key)
        if not isinstance(groups, dict) or not groups:
            raise ModelError(f"{name} holds no numbers '{key}'; train that pair again with --hold-out.")
        for group in groups.values():
            _check_entries(group, _OF_GROUP, f"{name}, '{key}'")


def _check_entries(holder: object, entries: tuple[_Entry, ...], name: object) -> None:
    for entry in entries:
        value = _MISSING if holder is None else holder
        for key in entry.place.split("."):
            value = value.get(key, _MISSING) if isinstance(value, dict) else _MISSING
        if entry.optional and (value is _MISSING or value is None):
            continue
        if value is _MISSING or not entry.fits(value):
            found = "is missing" if value is _MISSING else f"is {ascii(reprlib.repr(value))[1:-1]}"
            raise ModelError(f"{name}: '{entry.place}' {found}, but must be {entry.words}; train or install again.")


def _settings_and_before(card: Card) -> Iterator[Card]:
    """The settings of a pair, then those of the pair that it started from, and so on."""
    settings = card["settings"]
    while settings is not None:
        yield settings
        settings = settings.get("start_from")


_MISSING = object()


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_share(value: object) -> bool:
    return is_number(value) and 0 <= value <= 1


def _is_side(value: object) -> bool:
    return _is_count(value) and SIDES[0] <= value <= SIDES[1]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) for v in value)


def _is_numbers(value: object) -> bool:
    return isinstance(value, list) and all(map(is_number, value))


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _is_unet(value: object) -> bool:
    return isinstance(value, dict) and all(
        key in _OF_UNET and (_is_text(v) if key == "normalisation" else is_number(v)) for key, v in value.items()
    )


def _is_presence(value: object) -> bool:
    names = ("slope", "intercept", "threshold")
    return isinstance(value, dict) and sorted(value) == sorted(names) and all(is_number(value[n]) for n in names)


_OF_UNET = ("filters", "depth", "normalisation", "dropout", "stem", "classes")
_SIDE = f"a whole number from {SIDES[0]} to {SIDES[1]}"
_ENTRIES = (
    _Entry("format", "a whole number", _is_count),
    _Entry("name", f"a text of at most {MAX_TEXT} characters", _is_text),
    _Entry("data.summary", f"a text of at most {MAX_TEXT} characters", _is_text),
    _Entry("settings.unet_size", _SIDE, _is_side),
    _Entry("settings.working_size", _SIDE, _is_side),
    _Entry("settings.unet", f"some of {', '.join(_OF_UNET)}", _is_unet),
    _Entry("settings.mirror", "true or false", lambda value: isinstance(value, bool)),
    _Entry("settings.threshold", "a number from 0 to 1", _is_share, optional=True),
    _Entry("settings.faint_threshold", "a number from 0 to 1", _is_share, optional=True),
    _Entry("settings.presence", "slope, intercept and threshold, three numbers", _is_presence, optional=True),
    _Entry("settings.presence_unet", f"some of {', '.join(_OF_UNET)}", _is_unet, optional=True),
    _Entry("numbers", "a table of numbers, or null", _is_table, optional=True),
    _Entry("salt", f"a text of at most {MAX_TEXT} characters", _is_text),
    _Entry("patients", "a list of texts", _is_texts),
    _Entry("merged_patients", "a list of texts", _is_texts),
    _Entry("files", "the hash of each file", lambda v: isinstance(v, dict) and all(map(_is_text, v.values()))),
    _Entry("fails_for", f"a text of at most {MAX_TEXT} characters", _is_text, optional=True),
    _Entry("numbers_from", f"a text of at most {MAX_TEXT} characters", _is_text, optional=True),
)  # fmt: skip
_OF_ALL_SETTINGS = (
    _Entry("loss_per_epoch", "a list of numbers", _is_numbers),
    _Entry("start_from", "the settings of the pair before", _is_table, optional=True),
)
_OF_NUMBERS = (
    _Entry("n_slices", "a whole number", _is_count),
    _Entry("n_patients", "a whole number", _is_count),
    _Entry("dice.mean", "a number from 0 to 1", _is_share),
    _Entry("dice.not_found_fraction", "a number from 0 to 1", _is_share),
    _Entry("accuracy.predicted_mask", "a number from 0 to 1", _is_share),
)
_OF_GROUP = (
    _Entry("dice.mean", "a number from 0 to 1", _is_share),
    _Entry("missed_fraction", "a number from 0 to 1", _is_share),
    _Entry("type_right.mean", "a number from 0 to 1", _is_share),
)

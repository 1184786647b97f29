"""Writing files so that nothing is ever half written, and no work is done for a place that takes no answer."""

from __future__ import annotations

import contextlib
import glob
import json
import math
import os
import secrets
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from braintut.errors import DataError

DAY = 24 * 3600  # seconds: whoever has not written to a part file for so long does not live any more
ESCAPED = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of control characters, undecodable bytes and line breaks."""

FORBIDDEN = '<>:"/\\|?*'
DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{i}" for port in ("COM", "LPT") for i in range(1, 10))}
"""Characters and names that Windows keeps for itself."""
LONGEST_NAME = 200  # bytes: file systems take 255, of which an ending, a number and that of a part file need some


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a part file to write to, and rename it once it is whole.

    Parameters
    ----------
    path : path
        The file to be. What was there stays until the new one is whole; missing folders are made.

    Yields
    ------
    Path
        The part file, one's own even where two write the same file at once. It is removed if the writing fails.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, whole_file(Path(folder, "answer.json")) as part:
    ...     _ = part.write_text("{}")
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_forgotten_parts(path.parent, f"{path.name}.")
    part = _part_of(path)
    try:
        yield part
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _part_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")


def remove_forgotten_parts(folder: Path, beginning: str) -> None:
    """Remove what writers that were killed left of files of such names; leave those alone that may still write."""
    for part in folder.glob(f"{glob.escape(beginning)}*.part"):
        with contextlib.suppress(OSError):
            if part.stat().st_mtime < time.time() - DAY:
                part.unlink()


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write a text file whole (see `whole_file`): UTF-8, and a line ends in one newline character on every system."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    return Path(path)


def json_text(value: object) -> str:
    """Write plain values as indented ASCII JSON that every program can read: NaN and infinity become `null`.

    Names of files that are no text come back as they were from `json.loads`.
    """
    return json.dumps(_finite(value), indent=2, allow_nan=False)


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def readable(text: str | os.PathLike[str]) -> str:
    r"""Show a name as one line of text: line breaks, commands to a terminal and bytes that are no text as escapes.

    Examples
    --------
    >>> readable("two\nlines.png")
    'two\\nlines.png'
    """
    return "".join(
        c.encode("unicode_escape").decode("ascii") if unicodedata.category(c) in ESCAPED else c for c in os.fspath(text)
    )


def distinct_names(paths: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Name a file to be made from each of these files: no two alike on any system, and each a plain name.

    That is the stem, and a number where several have the same; "A" and "a" are alike, as are two ways to spell "ä".
    Characters that some system forbids become `_`.

    Examples
    --------
    >>> distinct_names(["a.png", "a.jpg", "a_1.png"])
    ['a_2', 'a_3', 'a_1']
    """
    stems = [_plain_name(Path(path).stem) for path in paths]
    alike = Counter(map(_folded, stems))
    taken = {stem for stem, number in alike.items() if number == 1}
    names = []
    for stem in stems:
        if alike[_folded(stem)] > 1:
            stem = next(name for i in count(1) if _folded(name := f"{stem}_{i}") not in taken)
            taken.add(_folded(stem))
        names.append(stem)
    return names


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _plain_name(stem: str) -> str:
    """A stem that every system takes: no forbidden character, no device of Windows, not hidden, not too long."""
    plain = "".join("_" if c in FORBIDDEN or unicodedata.category(c) in ESCAPED else c for c in stem)
    plain = plain.encode()[:LONGEST_NAME].decode(errors="ignore").strip(" .")
    return f"{plain}_" if not plain or plain.split(".")[0].upper() in DEVICES else plain


def check_writable_folder(folder: str | os.PathLike[str]) -> Path:
    """Make a folder if it is missing, and try whether files can be written into it before hours of work go into them.

    A `DataError` if it is a file, lies in one, or nothing can be written there.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".braintut_") as trial:
            trial.write(b"can this place be written to?")
            trial.flush()  # a full disk says so only now
    except (OSError, ValueError) as error:  # ValueError: a name that this system cannot have
        raise DataError(_cannot_write(folder, error)) from error
    return folder


def check_writable_file(path: str | os.PathLike[str]) -> Path:
    """Try whether a file can be written before the work that goes into it; what is there stays as it is.

    Missing folders are made. A `DataError` if it is a folder, its name is impossible, or nothing can be written there.
    """
    path = Path(path)
    check_writable_folder(path.parent)
    try:
        with contextlib.suppress(FileNotFoundError):
            _part_of(path).stat()  # too long a name says so here
        is_other_thing = path.exists() and not path.is_file()
    except (OSError, ValueError) as error:
        raise DataError(_cannot_write(path, error)) from error
    if is_other_thing:
        what = "a folder" if path.is_dir() else "no plain file"
        raise DataError(f"'{path}' is {what}, but a file is to be written there; choose another name.")
    return path


def _cannot_write(path: Path, error: Exception) -> str:
    # Unlike Path's own, os.path's takes what may not be looked at for no file.
    in_the_way = next((place for place in (path, *path.parents) if os.path.isfile(place)), None)  # noqa: PTH113
    if in_the_way:
        return f"Nothing can be written to '{path}': '{in_the_way}' is a file, not a folder; choose another place."
    reason = getattr(error, "strerror", None) or error
    return f"Nothing can be written to '{path}' ({reason}); choose another place, or see to its rights and free space."

"""Writing files so that nothing is ever half written, and no work is done for a place that takes no answer."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from braintut.errors import DataError


@contextlib.contextmanager
def whole_file(path: str | os.PathLike) -> Iterator[Path]:
    """Give a part file to write to, and rename it once it is whole.

    Parameters
    ----------
    path : path
        The file to be. What was there stays until the new one is whole; missing
        folders are made.

    Yields
    ------
    Path
        The part file. It is removed if the writing fails.

    Examples
    --------
    >>> with whole_file("answer.json") as part:
    ...     part.write_text("{}")

    Notes
    -----
    Introduced in lesson 05.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two programs may write the same file at once: each has a part file of its own.
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    part.replace(path)


def write_text(path: str | os.PathLike, text: str) -> Path:
    """Write a text file whole: UTF-8, and a line ends in one newline character on every system.

    Parameters
    ----------
    path : path
        As in `whole_file`.
    text : str

    Returns
    -------
    Path

    Notes
    -----
    Introduced in lesson 05.
    """
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    return Path(path)


def check_writable_folder(folder: str | os.PathLike) -> Path:
    """Try whether files can be written into a folder, before hours of work go into what shall lie there.

    Parameters
    ----------
    folder : path
        Is made if it is missing, with its parents.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    DataError
        If it is a file, lies in one, or nothing can be written there.

    Notes
    -----
    Introduced in lesson 05.
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


def check_writable_file(path: str | os.PathLike) -> Path:
    """Try whether a file can be written, before the work that goes into it; what is there stays as it is.

    Parameters
    ----------
    path : path
        Missing folders are made.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        If it is a folder, its name is impossible, or nothing can be written there.

    Notes
    -----
    Introduced in lesson 05.
    """
    path = Path(path)
    check_writable_folder(path.parent)
    try:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ".part").stat()  # too long a name says so here
        is_other_thing = path.exists() and not path.is_file()
    except (OSError, ValueError) as error:
        raise DataError(_cannot_write(path, error)) from error
    if is_other_thing:
        what = "a folder" if path.is_dir() else "no plain file"
        raise DataError(f"'{path}' is {what}, but a file is to be written there; choose another name.")
    return path


def _cannot_write(path: Path, error: Exception) -> str:
    in_the_way = next((place for place in (path, *path.parents) if _is_file(place)), None)
    if in_the_way:
        return f"Nothing can be written to '{path}': '{in_the_way}' is a file, not a folder; choose another place."
    reason = getattr(error, "strerror", None) or error
    return f"Nothing can be written to '{path}' ({reason}); choose another place, or see to its rights and free space."


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False

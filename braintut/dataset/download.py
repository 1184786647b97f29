"""Fetch the real slices from figshare: checked, resumed after a break, never half-written.

`pooch.retrieve` knows one address a file and starts again after a break. With
880 MB and servers that answer some visitors with a bot check, both matter, so
the loop below is our own; the cache folder is pooch's.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from braintut.dataset.files import check_writable_folder
from braintut.dataset.locations import default_data_folder
from braintut.dataset.web import BrokeOff, Busy, Refused, asked, content_of, is_compressed
from braintut.errors import DataError, DownloadError
from braintut.quiet import say

if TYPE_CHECKING:
    from requests import Response

HOMEPAGE = "https://doi.org/10.6084/m9.figshare.1512427"
ADDRESSES = (
    "https://api.figshare.com/v2/file/download/{id}",
    "https://ndownloader.figshare.com/files/{id}",
    "https://figshare.com/ndownloader/files/{id}",
)
"""Where a file may be had, best first. `{id}` stands for figshare's number of the file."""

BREAKS = 20  # how often one address may break off, as long as bytes arrived in between
PAUSES = (2, 10, 30)  # seconds to wait before a busy server is asked again


@dataclass(frozen=True)
class PublishedFile:
    """A file as figshare publishes it: its name, number, bytes and MD5."""

    name: str
    id: int
    size: int
    md5: str


ZIP = "brainTumorDataPublic_{}.zip".format
FILES = (
    PublishedFile(ZIP("1-766"), 3381290, 214401279, "74b949ad33f042e6e103523091cd1428"),
    PublishedFile(ZIP("767-1532"), 3381296, 217848429, "7e8a875500d2c8a346f270538e29890e"),
    PublishedFile(ZIP("1533-2298"), 3381293, 215563856, "8227bf6080cb71f15a88be8d25c79ae7"),
    PublishedFile(ZIP("2299-3064"), 3381302, 231679762, "b378a80d6174e5317d59eb28430c6652"),
    PublishedFile("cvind.mat", 7005344, 5736, "5ea82eb3212c9fcb84290ccf0beb486d"),
)
"""The four zips in slice order (their numbers are not), then the official folds."""


def download_figshare(
    folder: str | Path | None = None,
    part: int | None = None,
    addresses: Sequence[str] = ADDRESSES,
    files: Sequence[PublishedFile] = FILES,
) -> Path:
    """Download the figshare set, or a part of it. Good files that are there are kept.

    Parameters
    ----------
    folder : path, optional
        Where to put the files; `default_data_folder()` if not given.
    part : int, optional
        1, 2, 3 or 4 fetches one zip (about 215 MB) and `cvind.mat`; all 880 MB come otherwise.
    addresses : sequence of str, optional
        Tried in turn, with `{id}` for the file's number.
    files : sequence of PublishedFile, optional
        The zips, then `cvind.mat`.

    Returns
    -------
    Path
        The folder with the files, each checked by size and MD5.

    Raises
    ------
    DownloadError
        If a file could not be had; what has arrived is kept, and the next call goes on from there.
    """
    folder = Path(folder) if folder is not None else default_data_folder()
    wanted = [*_zip_of(part, files[:-1]), files[-1]]
    with in_one_sentence(folder):
        if missing := _missing(wanted, folder):
            with one_at_a_time(folder):
                _fetch_all(_missing(missing, folder), folder, addresses)
    return folder


@contextlib.contextmanager
def in_one_sentence(folder: Path) -> Iterator[None]:
    """Let a `DownloadError` say why a folder cannot be used, whatever the system calls it."""
    try:
        yield
    except DataError as error:
        raise DownloadError(f"The folder {folder} cannot be used: {error}") from error
    except OSError as error:
        reason = error.strerror or error
        raise DownloadError(
            f"The folder {folder} cannot be used: {reason}. What has arrived is kept; make room there or see to its "
            "rights, and start again, or name another folder."
        ) from error


def _fetch_all(missing: list[PublishedFile], folder: Path, addresses: Sequence[str]) -> None:
    check_room(folder, sum(file.size - min(_size(_part_path(folder, file)), file.size) for file in missing))
    while missing:
        _fetch(missing[0], folder, addresses, by_hand=missing)
        missing.pop(0)


def _missing(wanted: Sequence[PublishedFile], folder: Path) -> list[PublishedFile]:
    return [file for file in wanted if not is_good(folder / file.name, file)]


@contextlib.contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Make a folder, and wait until no other download into it is at work: two would write into one part file."""
    check_writable_folder(folder)
    try:
        import fcntl
    except ImportError:  # Windows, which keeps a file from being renamed while another process has it open
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a network drive may know no locks
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"another download into {folder} is at work; waiting for it.")
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _zip_of(part: int | None, zips: Sequence[PublishedFile]) -> Sequence[PublishedFile]:
    if part is None:
        return zips
    if part not in range(1, len(zips) + 1):
        raise DataError(f"part is {part!r}, but the set has parts 1 to {len(zips)}: choose one of them.")
    return zips[part - 1 : part]


def is_good(path: Path, file: PublishedFile) -> bool:
    """Whether a file is there and is the published one."""
    return path.is_file() and path.stat().st_size == file.size and _md5(path) == file.md5


def _md5(path: Path) -> str:
    # It tells damage, not forgery; said so, it is there in Pythons of strict security rules, too.
    with path.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _part_path(folder: Path, file: PublishedFile) -> Path:
    return folder / f"{file.name}.part"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def check_room(folder: Path, needed: int) -> None:
    """Say before anything is fetched that a disk has not so many bytes left."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DownloadError(
            f"{folder} has {free / 1e6:.0f} MB left, but {needed / 1e6:.0f} MB are needed: "
            "make room or name another folder."
        )


def _fetch(file: PublishedFile, folder: Path, addresses: Sequence[str], by_hand: Sequence[PublishedFile]) -> None:
    """Try each address in turn until the whole, right file is there; else say how to go on by hand."""
    part, tried = _part_path(folder, file), []
    for address in (pattern.format(id=file.id) for pattern in addresses):
        try:
            _fetch_from(address, file, part)
        except Refused as reason:
            tried.append(f"{address} ({reason})")
        else:
            part.replace(folder / file.name)  # one step: the final name never holds half a file
            return
    names = ", ".join(other.name for other in by_hand)
    stale = "; the one there now is not the published one" if (folder / file.name).is_file() else ""
    raise DownloadError(
        f"{file.name} could not be downloaded{stale}. Tried: {', '.join(tried)}. Try again later (what has "
        f"arrived is kept), or open {HOMEPAGE} in a browser, download {names}, and put them into {folder} "
        "as they are, zips unopened."
    )


def _fetch_from(address: str, file: PublishedFile, part: Path) -> None:
    """Fetch the rest of a file from one address, going on after breaks."""
    reason = "it broke off"
    for _ in range(BREAKS):
        start = _size(part)
        if start < file.size:
            reason = _receive_patiently(address, file, part)
        if is_good(part, file):
            return
        if _size(part) >= file.size:
            part.unlink()
            if start == 0:
                raise Refused("it sent another file than the published one")
            # The beginning came from an earlier try, perhaps from elsewhere: once more from scratch.
        elif _size(part) <= start:
            break
    raise Refused(reason)


def _receive_patiently(address: str, file: PublishedFile, part: Path) -> str:
    """Ask a busy server again after a while."""
    for pause in PAUSES:
        try:
            return _receive(address, file, part)
        except Busy:
            time.sleep(pause)
    return _receive(address, file, part)


def _receive(address: str, file: PublishedFile, part: Path, afresh: bool = False) -> str:
    """Append what one request brings; say how it ended if it ended early."""
    start = 0 if afresh else _size(part)
    try:
        with asked(address, {"Range": f"bytes={start}-"} if start else {}) as answer:
            if answer.status_code == 416 and start:  # it knows no ranges, and says so instead of sending all
                return _receive(address, file, part, afresh=True)
            goes_on = start > 0 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
            start = start if goes_on and answer.status_code == 206 else 0
            content = content_of(answer)
            _refuse_a_wrong_length(answer, file.size - start)
            _append(part, file, start, content)
    except BrokeOff as reason:
        return str(reason)
    return f"it sent {_size(part)} of {file.size} bytes"


def _refuse_a_wrong_length(answer: Response, expected: int) -> None:
    length = answer.headers.get("Content-Length")
    if not is_compressed(answer) and length is not None and int(length) != expected:
        raise Refused(f"it offered {length} bytes instead of {expected}")


def _append(part: Path, file: PublishedFile, start: int, content: Iterable[bytes]) -> None:
    from tqdm.auto import tqdm

    look = {"unit": "B", "unit_scale": True, "disable": sys.stderr is None}
    with (
        part.open("r+b" if start else "wb") as out,
        tqdm(desc=file.name, total=file.size, initial=start, **look) as bar,
    ):
        out.seek(start)
        for chunk in content:
            out.write(chunk)
            bar.update(len(chunk))
            if out.tell() > file.size:  # too long to be right: the check of the MD5 will say so
                break

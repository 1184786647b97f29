"""Fetch the real slices from figshare: checked, resumed after a break, never half-written.

`pooch.retrieve` knows one address a file and starts again after a break. With
880 MB and servers that answer some visitors with a bot check, both matter, so
the loop below is our own; hashing and the cache folder are pooch's.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from braintut.dataset.locations import default_data_folder
from braintut.errors import DataError, DownloadError

if TYPE_CHECKING:
    from requests import Response

HOMEPAGE = "https://doi.org/10.6084/m9.figshare.1512427"
ADDRESSES = (
    "https://api.figshare.com/v2/file/download/{id}",
    "https://ndownloader.figshare.com/files/{id}",
    "https://figshare.com/ndownloader/files/{id}",
)
"""Where a file may be had, best first. `{id}` stands for figshare's number of the file."""

TIMEOUT = (15, 60)  # seconds to connect, seconds without a byte
BREAKS = 20  # how often one address may break off, as long as bytes arrived in between
CHUNK = 1 << 18


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


class _Refused(Exception):
    """An address did not give the file; the text says why."""


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
        1, 2, 3 or 4 fetches one zip (about 215 MB) and `cvind.mat`; all 880 MB
        come otherwise.
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
        If a file could not be had; what has arrived is kept, and the next call
        goes on from there.

    Notes
    -----
    Introduced in lesson 01.
    """
    folder = Path(folder) if folder is not None else default_data_folder()
    wanted = [*_zip_of(part, files[:-1]), files[-1]]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        missing = [file for file in wanted if not _is_good(folder / file.name, file)]
        _check_room(folder, missing)
        while missing:
            _fetch(missing[0], folder, addresses, by_hand=missing)
            missing.pop(0)
    except OSError as error:
        raise DownloadError(f"The folder {folder} cannot be used: {error.strerror or error}.") from error
    return folder


def _zip_of(part: int | None, zips: Sequence[PublishedFile]) -> Sequence[PublishedFile]:
    if part is None:
        return zips
    if part not in range(1, len(zips) + 1):
        raise DataError(f"part is {part!r}, but the set has parts 1 to {len(zips)}: choose one of them.")
    return zips[part - 1 : part]


def _is_good(path: Path, file: PublishedFile) -> bool:
    import pooch

    same_size = path.is_file() and path.stat().st_size == file.size
    return same_size and pooch.file_hash(str(path), alg="md5") == file.md5


def _part_path(folder: Path, file: PublishedFile) -> Path:
    return folder / f"{file.name}.part"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _check_room(folder: Path, missing: Sequence[PublishedFile]) -> None:
    needed = sum(file.size - min(_size(_part_path(folder, file)), file.size) for file in missing)
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
        except _Refused as reason:
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
            reason = _receive(address, file, part)
        if _is_good(part, file):
            return
        if _size(part) >= file.size:
            part.unlink()
            if start == 0:
                raise _Refused("it sent another file than the published one")
            # The beginning came from an earlier try, perhaps from elsewhere: once more from scratch.
        elif _size(part) <= start:
            break
    raise _Refused(reason)


def _receive(address: str, file: PublishedFile, part: Path) -> str:
    """Append what one request brings; say how it ended if it ended early."""
    import requests

    start = _size(part)
    # A compressed answer would make sizes and ranges meaningless.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        with requests.get(address, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            goes_on = start > 0 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
            start = start if goes_on and answer.status_code == 206 else 0
            chunks = answer.iter_content(CHUNK)
            first = next(chunks, b"")
            _refuse_what_is_no_file(answer, first, file.size - start)
            _append(part, file, start, first, chunks)
    except requests.Timeout:
        return "no answer in time"
    except requests.RequestException as error:
        return "the connection broke off" if _size(part) else f"no connection: {type(error).__name__}"
    return f"it sent {_size(part)} of {file.size} bytes"


def _refuse_what_is_no_file(answer: Response, first: bytes, expected: int) -> None:
    """Notice bot checks, error pages and wrong lengths before a byte is written."""
    if answer.status_code not in (200, 206):
        raise _Refused(f"it answered {answer.status_code} instead of the file")
    if not first:
        raise _Refused("its answer was empty")
    # The rest of a file (206) may start with any byte, its beginning with no "<".
    looks_like_a_page = answer.status_code == 200 and first.lstrip()[:1] == b"<"
    if looks_like_a_page or "text/html" in answer.headers.get("Content-Type", ""):
        raise _Refused("it answered with a web page instead of the file")
    length = answer.headers.get("Content-Length")
    if length is not None and int(length) != expected:
        raise _Refused(f"it offered {length} bytes instead of {expected}")


def _append(part: Path, file: PublishedFile, start: int, first: bytes, chunks: Iterable[bytes]) -> None:
    from tqdm.auto import tqdm

    with (
        open(part, "r+b" if start else "wb") as out,
        tqdm(desc=file.name, total=file.size, initial=start, unit="B", unit_scale=True) as bar,
    ):
        out.seek(start)
        for chunk in chain([first], chunks):
            out.write(chunk)
            bar.update(len(chunk))
            if out.tell() > file.size:  # too long to be right: the check of the MD5 will say so
                break

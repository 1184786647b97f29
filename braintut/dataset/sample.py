"""A taste of the real set: 186 slices straight out of the published zips, without the other 2878.

A zip's directory stands at its end and tells where each member lies, so a byte range brings one slice. Libraries do
that (remotezip, fsspec), but they notice neither a file that changes between two requests nor a signed address that
has expired, and fsspec's HTTP part would bring aiohttp; `zipfile` reads our `RemoteFile` as well.
"""

from __future__ import annotations

import contextlib
import csv
import shutil
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from braintut.dataset.download import (
    ADDRESSES,
    FILES,
    PublishedFile,
    check_room,
    in_one_sentence,
    is_good,
    one_at_a_time,
)
from braintut.dataset.entries import FOLDS_FILE
from braintut.dataset.files import whole_file
from braintut.dataset.locations import PACKAGE, sample_folder
from braintut.dataset.remote import OtherContent, RemoteFile, RemoteZip
from braintut.dataset.web import Refused
from braintut.errors import DownloadError
from braintut.quiet import say

if TYPE_CHECKING:
    from requests import Session

SAMPLE_FILE = "brainTumorDataSample.zip"
KEPT = ".brainTumorDataSample"
"""Folder of what has arrived; hidden, so that nobody takes it for a set."""

AT_ONCE = 8  # requests
NEEDED = 150_000_000  # bytes on the disk: what arrives, and the file that is made of it

Progress = Callable[[int, int], None]
"""Is told how many slices are there, and how many are wanted."""


def sample_numbers() -> list[int]:
    """Numbers of the 186 slices in the sample: 16 patients of each type, at most four slices each, from all five folds.

    No hidden twins are among them. `braintut/assets/sample.csv` names their types and folds, too.

    Examples
    --------
    >>> len(sample_numbers()), sample_numbers()[:3]
    (186, [1, 20, 32])
    """
    with (PACKAGE / "assets" / "sample.csv").open(encoding="utf-8", newline="") as file:
        return [int(row["slice"]) for row in csv.DictReader(file)]


def download_sample(
    folder: str | Path | None = None,
    addresses: Sequence[str] = ADDRESSES,
    files: Sequence[PublishedFile] = FILES,
    progress: Progress | None = None,
) -> Path:
    """Download 186 real slices of 48 patients and the official folds, about 54 MB.

    Parameters
    ----------
    folder : path, optional
        Where to put `brainTumorDataSample.zip`; where `load_slices` looks for it if not given.
    addresses, files
        As in `download_figshare`.
    progress : callable, optional
        Called with the number of slices that are there and of those wanted; a progress bar if not given.

    Returns
    -------
    Path
        The folder, which `load_figshare` and `list_slices` read. Each slice is the published `.mat` file, checked by
        its size and CRC-32.

    Raises
    ------
    DownloadError
        If it could not be had; what has arrived is kept, and the next call goes on from there.
    """
    folder = Path(folder) if folder is not None else sample_folder()
    with in_one_sentence(folder):
        if not _is_whole(folder / SAMPLE_FILE):
            with one_at_a_time(folder):
                if not _is_whole(folder / SAMPLE_FILE):  # another download may have brought it meanwhile
                    check_room(folder, NEEDED)
                    with _told(progress) as tell:
                        _fetch_all(folder / KEPT, addresses, files, tell)
                    _pack(folder / KEPT, folder / SAMPLE_FILE)
    return folder


def _is_whole(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return FOLDS_FILE in archive.namelist() and archive.testzip() is None
    except Exception:  # no file, or a damaged one, which makes zipfile raise nearly any kind: it is made again
        return False


@contextlib.contextmanager
def _told(progress: Progress | None) -> Iterator[Progress]:
    """Whoever is told of the progress; a bar if nobody wants to be."""
    if progress:
        yield progress
        return
    from tqdm.auto import tqdm

    with tqdm(desc="real heads", unit=" slices", disable=sys.stderr is None) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show


def _fetch_all(kept: Path, addresses: Sequence[str], files: Sequence[PublishedFile], tell: Progress) -> None:
    """Bring the folds and all slices of the sample into a folder, zip by zip."""
    import requests

    collection = _Collection(kept, {f"{number}.mat" for number in sample_numbers()}, tell)
    *zips, folds = files
    with requests.Session() as session:
        _from_any(addresses, folds, session, collection.take_whole)
        for file in zips:
            _from_any(addresses, file, session, collection.take_members)
    collection.name_missing()


def _from_any(
    addresses: Sequence[str], file: PublishedFile, session: Session, take: Callable[[RemoteFile], None]
) -> None:
    """Take something out of a published file at the first address that gives it; else say how to go on."""
    tried = []
    for address in (pattern.format(id=file.id) for pattern in addresses):
        try:
            try:
                take(RemoteFile(address, file, session))
            except OtherContent:  # damaged on the way, or changed under our hands: once more from the beginning
                take(RemoteFile(address, file, session))
        except Refused as reason:
            tried.append(f"{address} ({reason})")
        else:
            return
    raise DownloadError(
        f"The sample could not be downloaded, because {file.name} could not be read from afar. Tried: "
        f"{', '.join(tried)}. Try again later (what has arrived is kept), or fetch the whole set by "
        "`braintut download`, which needs no server that sends parts of a file."
    )


@dataclass
class _Collection:
    """What has been found of the wanted members; those that have arrived lie in a folder."""

    kept: Path
    wanted: set[str]
    tell: Progress
    found: set[str] = field(default_factory=set)

    def take_whole(self, remote: RemoteFile) -> None:
        """Bring a small file as it is."""
        path = self.kept / remote.file.name
        if not is_good(path, remote.file):
            _keep(path, remote.fetch(0, remote.file.size))
            if not is_good(path, remote.file):
                path.unlink()
                raise OtherContent("it sent another file than the published one")

    def take_members(self, remote: RemoteFile) -> None:
        """Bring all wanted members of a zip, several at once; each is checked while it is unpacked."""
        archive = RemoteZip(remote)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            jobs = {}
            for name in self.wanted & archive.members.keys():
                if _is_member(self.kept / name, archive.members[name]):
                    self._count(name)
                else:
                    jobs[pool.submit(archive.fetch, name)] = name
            try:
                for job in as_completed(jobs):
                    name = jobs[job]
                    _keep(self.kept / name, archive.unpack(name, job.result()))
                    self._count(name)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)  # after a failure the rest is for the next address

    def _count(self, name: str) -> None:
        self.found.add(name)
        self.tell(len(self.found), len(self.wanted))

    def name_missing(self) -> None:
        """Say which members no zip held; it is an error if none was there."""
        missing = sorted(self.wanted - self.found, key=lambda name: int(name.removesuffix(".mat")))
        if not missing:
            return
        names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        if not self.found:
            raise DownloadError(f"The published zips hold no slice of the sample (neither {names}): update braintut.")
        say(f"the published zips do not hold {names}; the sample is made of the other {len(self.found)}.")


def _is_member(path: Path, info: zipfile.ZipInfo) -> bool:
    """Whether a file that is kept is this member."""
    return path.is_file() and path.stat().st_size == info.file_size and zlib.crc32(path.read_bytes()) == info.CRC


def _keep(path: Path, content: bytes) -> None:
    with whole_file(path) as part:
        part.write_bytes(content)


def _pack(kept: Path, path: Path) -> None:
    """Make one zip of a folder. Nothing is squeezed: MATLAB did that already."""
    with whole_file(path) as part, zipfile.ZipFile(part, "w") as archive:
        for mat in sorted(kept.glob("*.mat")):
            archive.write(mat, mat.name)
    shutil.rmtree(kept)

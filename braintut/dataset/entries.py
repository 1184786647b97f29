"""Where the slices of a set lie: `.mat` files in a folder, its sub-folders and zips."""

from __future__ import annotations

import io
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from braintut.dataset.mat import read_mat
from braintut.dataset.scan import Scan
from braintut.dataset.zips import forget_inner_zips, is_junk, is_zip, list_members, name_in_zip, open_zip
from braintut.errors import DataError

FOLDS_FILE = "cvind.mat"
FOLDS_ID = "cvind"
_ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".z01")
_UNFINISHED = (".part", ".crdownload", ".download", ".partial", ".aria2")
_COPY = "copy|copie|kopie|kopia|kopi|copia|cópia|kopio|копия|副本|拷贝|複製|コピー|복사본"
# "1 (1)", "1 - Copy", "1 copy 2", "1 - Kopie (3)", "Copy of 1", "Copy (2) of 1"
_COPY_MARKS = re.compile(
    rf"\s*\(\d+\)$|\s*[ _–—-]\s*(?:{_COPY})(?:\s*\(?\d+\)?)?$|^(?:{_COPY})\s+(?:\(\d+\)\s+)?(?:of|von|de|di|av|af)\s+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class MatEntry:
    """Where one slice lies: a loose file, or a member of a zip. `id` is its number as text.

    `crc` is what a zip states of its member. `within` names the zips between `path` and `member`, outermost first,
    where zips lie in a zip.
    """

    id: str
    path: Path
    member: str | None = None
    within: tuple[str, ...] = ()
    size: int = 0
    crc: int | None = None

    def __str__(self) -> str:
        return name_in_zip(self.path, self.within, self.member)

    @property
    def has_number(self) -> bool:
        """Whether `id` is a number, as in the published set."""
        return _is_number(self.id)

    @property
    def stem(self) -> str:
        """Name of the file without folders and `.mat`."""
        return _stem(self.member or self.path.name)

    def read(self) -> Scan:
        """Read the slice; a zip's member is read in memory, nothing is unpacked."""
        return read_mat(self.open(), name=str(self))

    def open(self) -> Path | io.BytesIO:
        """What `read_mat` reads: the path of a loose file, or the bytes of a zip's member."""
        if self.member is None:
            return self.path
        with open_zip(self.path, self.within, str(self)) as archive:
            return io.BytesIO(archive.read(self.member))

    def fingerprint(self) -> tuple[int, int]:
        """Size and CRC-32 of the file: alike where the content is."""
        if self.crc is not None:
            return self.size, self.crc
        try:
            return self.size, zlib.crc32(self.path.read_bytes())
        except OSError as error:
            raise DataError(f"{self} cannot be read ({error.strerror}).") from error


def find_mats(place: Path) -> list[MatEntry]:
    """All `.mat` files of a folder (with sub-folders and zips) or of one zip, `cvind.mat` and copies among them.

    A `DataError` if the place is neither, may not be read, or a zip in it is damaged, locked or too large.
    """
    found: list[MatEntry] = []
    for path in find_files(place):
        if path.suffix.lower() == ".mat":
            found.append(MatEntry(_id_of(_stem(path.name)), path, size=_stat(path).st_size))
        elif is_zip(path):
            for within, m in list_members(path, ".mat"):
                found.append(MatEntry(_id_of(_stem(m.filename)), path, m.filename, within, m.file_size, m.CRC))
    forget_inner_zips()
    return found


def find_files(place: Path) -> list[Path]:
    """All files of a folder and its sub-folders, hidden ones left out; of a zip, the zip itself."""
    try:
        if place.is_dir():
            return list(_walk(place))
        if place.is_file() and is_zip(place):
            return [place]
    except OSError as error:
        raise DataError(f"{place} may not be read ({error.strerror}); change its rights.") from error
    raise DataError(f"{place} is no folder and no zip; give one with the figshare .mat files or zips.")


def is_folds(path: Path) -> bool:
    """Whether a file is `cvind.mat` or a copy of it, by its name."""
    return path.suffix.lower() == ".mat" and _id_of(_stem(path.name)) == FOLDS_ID


def unread(place: Path, found: Iterable[MatEntry] = ()) -> list[Path]:
    """Files that may hold slices in a form that is not read: other archives, unfinished downloads, `1.mat.txt`.

    So is a zip that gave none of the entries that were `found`.
    """
    gave = {entry.path for entry in found}
    return [path for path in find_files(place) if _is_unread(path) or (is_zip(path) and path not in gave)]


def _is_unread(path: Path) -> bool:
    name, suffix = path.name.lower(), path.suffix.lower()
    if suffix in (".mat", ".zip") or "slices_" in name:
        return False
    return suffix in _ARCHIVES + _UNFINISHED or ".mat" in name


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder, junk left out; folders behind links are entered, each once."""
    seen = set()
    for here, folders, names in os.walk(folder, followlinks=True, onerror=_refuse):
        if (real := os.path.realpath(here)) in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not is_junk(name))
        yield from (Path(here, name) for name in sorted(names) if not is_junk(name))


def _refuse(error: OSError) -> None:
    raise DataError(f"{error.filename} may not be read ({error.strerror}); change its rights.") from error


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); a link to a file that is not there?") from error


def _stem(name: str) -> str:
    stem = name.replace("\\", "/").rsplit("/")[-1][: -len(".mat")]
    # Not every name on a disk is valid text; an id must be.
    return stem.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _without_copy_marks(stem: str) -> str:
    before = None
    while before != stem:
        before, stem = stem, _COPY_MARKS.sub("", stem, count=1).strip()
    return stem


def _id_of(stem: str) -> str:
    """The number of a slice as text without leading zeros ("004" and "4 (1)" are "4"), or its name."""
    original = _without_copy_marks(stem)
    if _is_number(original):
        return str(int(original))
    return FOLDS_ID if original.lower() == FOLDS_ID else stem


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10  # "²" is a digit to Python, but no number

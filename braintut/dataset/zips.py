"""Zips as people have them: zips within zips, names with backslashes, damaged, locked and boundless ones."""

from __future__ import annotations

import contextlib
import functools
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from braintut.errors import BraintutError, DataError, brief

MAX_MEMBER = 2**28
"""Largest `.mat` file that is unpacked from a zip, in bytes; one of the figshare set has 0.3 MB."""
MAX_INNER_ZIP = 2**30
"""Largest zip that is unpacked from a zip, in bytes; those of the figshare set have 0.2 GB."""
MAX_ZIPS_IN_ZIPS = 2


def is_zip(path: Path) -> bool:
    """Whether a file is a zip by its name, or, without any suffix (as some downloads), by its content."""
    if path.suffix:
        return path.suffix.lower() == ".zip"
    try:
        return path.is_file() and zipfile.is_zipfile(path)
    except OSError:
        return False


def is_junk(name: str) -> bool:
    """Hidden files, and what a Mac leaves beside its own: `._1.mat`, `__MACOSX`."""
    return name.startswith((".", "$")) or name == "__MACOSX"


def list_members(
    path: Path, suffix: str, within: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], zipfile.ZipInfo]]:
    """Files of one kind (".mat") in a zip and in zips in it, each with the zips it lies in, outermost first.

    `within` looks into a zip in the zip. A `DataError` if it is damaged or locked, may not be read, or claims too much.
    """
    name = name_in_zip(path, within)
    with open_zip(path, within, name) as archive:
        infos = [info for info in archive.infolist() if not _is_folder_or_junk(info)]
    for info in infos:
        if info.filename.lower().endswith(suffix):
            _check_claims(info, name, MAX_MEMBER)
            yield within, info
        elif info.filename.lower().endswith(".zip"):
            _check_claims(info, name, MAX_INNER_ZIP)
            if len(within) >= MAX_ZIPS_IN_ZIPS:
                raise DataError(f"{name}/{info.filename} is a zip too deep in zips; unpack the outer one.")
            yield from list_members(path, suffix, (*within, info.filename))


def name_in_zip(path: Path, within: tuple[str, ...], member: str | None = None) -> str:
    """What errors call a zip, a zip in it, or a member."""
    return "/".join([str(path), *within, *([member] if member else [])])


@contextlib.contextmanager
def open_zip(path: Path, within: tuple[str, ...], name: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip, or one in a zip; whatever zipfile raises while it is read comes out as a `DataError`."""
    is_open = False
    try:
        source = io.BytesIO(_inner_zip(path, path.stat().st_mtime_ns, within)) if within else path
        with zipfile.ZipFile(source) as archive:
            is_open = True
            yield archive
    except BraintutError:
        raise
    except PermissionError as error:
        raise DataError(
            f"{path} may not be read by you; change its rights, or copy it to a folder of your own."
        ) from error
    except NotImplementedError as error:  # Deflate64, as Windows packs large files, is one
        raise DataError(f"{name} is packed in a way that Python cannot read ({error}); unpack it yourself.") from error
    except Exception as error:  # a damaged zip makes zipfile raise nearly any kind
        why = brief(error)
        what = "is damaged in its zip" if is_open else "is no whole zip"
        raise DataError(f"{name} {what} ({why}); download it again.") from error


@functools.lru_cache(maxsize=1)
def _inner_zip(path: Path, changed: int, within: tuple[str, ...]) -> bytes:
    """Bytes of a zip in a zip; kept, because its members are read one after the other."""
    with open_zip(path, within[:-1], name_in_zip(path, within)) as archive:
        return archive.read(within[-1])


def forget_inner_zips() -> None:
    """Give back the memory of a zip that was unpacked from a zip."""
    _inner_zip.cache_clear()


def _is_folder_or_junk(info: zipfile.ZipInfo) -> bool:
    parts = info.filename.replace("\\", "/").split("/")
    return not parts[-1] or any(is_junk(part) for part in parts if part not in (".", ".."))


def _check_claims(info: zipfile.ZipInfo, name: str, largest: int) -> None:
    if info.flag_bits & 1:
        raise DataError(f"{name} is locked by a password; unpack it yourself and put the .mat files there instead.")
    if info.file_size > largest:
        raise DataError(
            f"{name}/{info.filename} claims to unpack to {info.file_size / 1e9:.1f} GB, far more than any file "
            "of the set; it is not read."
        )

"""A published file that stays where it is: only the bytes that are asked for come, in the manner of an open file."""

from __future__ import annotations

import io
import os
import re
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from braintut.dataset.web import BrokeOff, Busy, Refused, asked, content_of
from braintut.errors import BraintutError, brief

if TYPE_CHECKING:
    from requests import Response, Session

    from braintut.dataset.download import PublishedFile

PAUSES = (0, 1, 3)  # seconds to wait before the rest of a part is asked for again
TAIL = 1 << 17  # bytes at a zip's end in which its directory lies, if it is no longer than those of the set
LARGEST = 1 << 24  # bytes; a slice has 0.3 million


class OtherContent(Refused):
    """What came is not what was there before, or not what was promised."""


class RemoteFile(io.RawIOBase):
    """A published file, read by HTTP byte ranges from one address over the connections of a session.

    The address may lead to another one, signed for a while: that one is kept, and a new one is had once it has expired.
    The server must state the published size. `fetch` may be called by several threads at once; reading, as `zipfile`
    does, is for one.
    """

    def __init__(self, address: str, file: PublishedFile, session: Session) -> None:
        self.file = file
        self._address, self._session = address, session
        self._direct: str | None = None  # where the address led to
        self._version: str | None = None  # what the server calls the state of the file
        self._answered = False
        self._position = 0
        self._held: tuple[int, bytes] = (0, b"")

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a position, as in any file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.file.size}[whence]
        if base + offset < 0:
            raise OSError("a position before the beginning of a file")
        self._position = base + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Read from the position on: out of what is held, else from the server."""
        start = self._position
        stop = self.file.size if size < 0 else min(start + size, self.file.size)
        held_from, held = self._held
        if stop <= start:
            content = b""
        elif held_from <= start and stop <= held_from + len(held):
            content = held[start - held_from : stop - held_from]
        else:
            content = self.fetch(start, stop)
        self._position += len(content)
        return content

    @contextmanager
    def holding(self, start: int, content: bytes) -> Iterator[None]:
        """Read from these bytes, which came before, as long as they suffice."""
        self._held = (start, content)
        try:
            yield
        finally:
            self._held = (0, b"")

    def fetch(self, start: int, stop: int) -> bytes:
        """Ask for bytes `start` to `stop`, and for their rest where the connection broke off.

        `Refused` if they cannot be had; `OtherContent` if the file has changed since it was asked for first.
        """
        content, reason = b"", "it sent too little"
        for pause in (0, *PAUSES):
            time.sleep(pause)
            try:
                for chunk in self._receive(start + len(content), stop):
                    content += chunk
            except (Busy, BrokeOff) as error:
                if isinstance(error, BrokeOff) and not self._answered:
                    raise Refused(str(error)) from error  # nobody is there: the next address is the better try
                self._direct, reason = None, str(error)
            if len(content) == stop - start:
                return content
        raise Refused(reason)

    def _receive(self, start: int, stop: int) -> Iterator[bytes]:
        """Pass on what one request brings, and never more than it was to bring."""
        direct = self._direct
        with asked(direct or self._address, {"Range": f"bytes={start}-{stop - 1}"}, self._session) as answer:
            if direct and answer.status_code not in (200, 206):
                raise Busy(f"the address that it led to answered {answer.status_code}")  # perhaps it has expired
            content = content_of(answer)
            self._refuse_another_part(answer, start)
            self._direct, self._answered = answer.url, True
            missing = stop - start
            for chunk in content:
                yield chunk[:missing]
                missing -= len(chunk)
                if missing <= 0:
                    return

    def _refuse_another_part(self, answer: Response, start: int) -> None:
        stated = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
        if answer.status_code == 200 or not stated:
            raise Refused("it sends whole files only, no parts of them")
        if stated[2] not in ("*", str(self.file.size)):
            raise OtherContent(f"its file has {stated[2]} bytes instead of {self.file.size}")
        if int(stated[1]) != start:
            raise Refused("it sent another part than was asked for")
        version = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        if self._answered and version != self._version:
            raise OtherContent("its file changed while it was read")
        self._version = version


class RemoteZip:
    """A zip that stays where it is; its directory comes at once, its members when they are asked for.

    `OtherContent` if what comes is no directory of a zip.
    """

    def __init__(self, remote: RemoteFile) -> None:
        self._remote = remote
        start = max(0, remote.file.size - TAIL)
        with _damage_named("its directory"), remote.holding(start, remote.fetch(start, remote.file.size)):
            self._archive = zipfile.ZipFile(remote)
        infos = self._archive.infolist()
        self.members = {PurePosixPath(info.filename).name: info for info in infos}
        starts = sorted({info.header_offset for info in infos} | {self._archive.start_dir})
        self._stops = dict(pairwise(starts))  # a member ends where the next one begins, or the directory

    def fetch(self, name: str) -> bytes:
        """Bring a member as it lies in the zip; several threads may do so at once."""
        info = self.members[name]
        start, stop = info.header_offset, self._stops[info.header_offset]
        if max(stop - start, info.file_size) > LARGEST:
            raise Refused(f"it claims that {info.filename} has {max(stop - start, info.file_size)} bytes")
        return self._remote.fetch(start, stop)

    def unpack(self, name: str, packed: bytes) -> bytes:
        """Give the content of a member out of what `fetch` brought, its size and CRC-32 checked."""
        info = self.members[name]
        with _damage_named(info.filename), self._remote.holding(info.header_offset, packed):
            return self._archive.read(info)


@contextmanager
def _damage_named(what: str) -> Iterator[None]:
    """Whatever zipfile raises of damaged content comes out as `OtherContent`."""
    try:
        yield
    except (Refused, BraintutError):
        raise
    except Exception as error:  # a damaged zip makes zipfile raise nearly any kind
        raise OtherContent(f"{what} arrived damaged: {brief(error)}") from error

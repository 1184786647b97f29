"""Speaking to a console that may know another alphabet, hang up, or not be there at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TextIO

from braintut.dataset.files import readable


class _LastingStream:
    """A standard stream that swallows what is said after its reader has gone, as after `| head`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            forget_unsaid(self._stream)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            forget_unsaid(self._stream)


def open_console() -> None:
    """Give this process two streams to speak to, whatever it was started from.

    A character that the console's alphabet lacks is shown as an escape. Without a console (`pythonw`, `2>&-`) what is
    said goes nowhere.
    """
    for number in (0, 1, 2):
        _occupy(number)
    sys.stdout, sys.stderr = (
        stream if isinstance(stream, _LastingStream) else _LastingStream(_tolerant(stream))
        for stream in (sys.stdout, sys.stderr)
    )


def say(*lines: str, error: bool = False) -> None:
    """Print lines above a progress bar, at once, and each as one line whatever names it quotes."""
    from tqdm import tqdm

    stream = sys.stderr if error else sys.stdout
    for line in lines:
        tqdm.write(readable(line), file=stream)
    stream.flush()


def forget_unsaid(stream: TextIO) -> None:
    """Let a stream that takes no more lead nowhere, so that Python's last flush does not fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _occupy(number: int) -> None:
    # Else the next file to be opened would get the number of a standard stream, and warnings written into it.
    try:
        os.fstat(number)
    except OSError:
        os.open(os.devnull, os.O_RDWR)


def _tolerant(stream: TextIO | None) -> TextIO:
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    return stream

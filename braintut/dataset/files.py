"""Writing files so that nothing is ever half written."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path


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

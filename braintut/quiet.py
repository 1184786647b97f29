"""Importing TensorFlow without its greeting, which no setting silences and which reads like an error."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType


def import_quietly(module: str) -> ModuleType:
    """Import a module that may pull in TensorFlow; whatever its C++ side says meanwhile is dropped.

    Its Python side is told to speak of errors only: in a notebook its advice lands among a lesson's own output.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _no_stderr() if "tensorflow" not in sys.modules else contextlib.nullcontext():
        imported = importlib.import_module(module)
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].get_logger().setLevel("ERROR")
    return imported


@contextlib.contextmanager
def _no_stderr() -> Iterator[None]:
    # TensorFlow writes to the file descriptor, past sys.stderr.
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # no console, so there is nothing to be kept quiet
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)

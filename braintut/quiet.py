"""What reads like an error and is none: TensorFlow's greeting is left out, our own lines are told apart from errors."""

from __future__ import annotations

import contextlib
import html
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from braintut.errors import ModelError
from braintut.keras_settings import keras_file, settle_keras


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Import here what may pull in TensorFlow; whatever its C++ side says meanwhile is dropped.

    Its Python side is told to speak of errors only: in a notebook its advice lands among a lesson's own output. Keras
    is set to what this course computes with; a `ModelError` if the user's own settings keep it from starting.

    Examples
    --------
    >>> with quietly():
    ...     from braintut.pipeline.pipeline import load_pipeline
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _no_stderr() if "tensorflow" not in sys.modules else contextlib.nullcontext():
        try:
            yield
        except Exception as error:
            if "keras" not in sys.modules:
                _blame_settings(error)
            raise
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].get_logger().setLevel("ERROR")
    if "keras" in sys.modules:
        settle_keras()


def say(sentence: str) -> None:
    """Tell what was chosen or found: in grey below a notebook's cell, on stderr everywhere else.

    A notebook gives stderr the red ground of an error. HTML is also what comparisons of outputs leave out, as they do
    stderr: such lines differ from machine to machine.

    Examples
    --------
    >>> with contextlib.redirect_stderr(sys.stdout):
    ...     say("200 slices of 40 patients")
    braintut: 200 slices of 40 patients
    """
    line = f"braintut: {sentence}"
    if not _in_notebook():
        print(line, file=sys.stderr)
        return
    from IPython.display import display

    display({"text/html": f'<span style="opacity:0.7">{html.escape(line)}</span>'}, raw=True)


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs this; IPython in a terminal has none."""
    ipython = sys.modules.get("IPython")
    return hasattr(ipython.get_ipython() if ipython else None, "kernel")


def _blame_settings(error: Exception) -> None:
    """Say which file is to blame if Keras could not be imported because of what stands in it."""
    tried = error.__traceback__
    while tried.tb_next:
        tried = tried.tb_next
    if {"keras", "src"} <= set(Path(tried.tb_frame.f_code.co_filename).parts) and keras_file().exists():
        # Older versions of Keras only assert: then the settings themselves must tell.
        reason = str(error) or " ".join(keras_file().read_text(encoding="utf-8", errors="replace").split())
        raise ModelError(f"Keras cannot start with the settings in {keras_file()} ({reason}); correct or remove it.")


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

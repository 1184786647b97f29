"""A Keras that was set up for something else: what this course computes with, whatever `keras.json` says.

Keras reads its settings once, when it is imported: from the environment variable `KERAS_BACKEND` and from the file
`keras.json` in `~/.keras` (or in `KERAS_HOME`), where an earlier course may have left them.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")
"""What can train here. Others (theano, cntk) are gone, or only predict (openvino)."""

OURS = {"image_data_format": "channels_last", "floatx": "float32", "epsilon": 1e-7}
"""Keras' own defaults, which every array of this course is made for."""


def keras_file() -> Path:
    """The file that Keras reads its settings from, whether it is there or not."""
    home = os.path.expanduser("~")
    folder = os.environ.get("KERAS_HOME") or os.path.join(home if os.access(home, os.W_OK) else "/tmp", ".keras")
    return Path(folder).expanduser() / "keras.json"


def choose_installed_backend() -> None:
    """Let Keras take TensorFlow where it was told to take a backend that is not here; say so."""
    told = os.environ.get("KERAS_BACKEND")
    wanted, who = (told, "KERAS_BACKEND") if told else (_backend_in_file(), str(keras_file()))
    if "keras" in sys.modules or wanted is None or (wanted in BACKENDS and importlib.util.find_spec(wanted)):
        return
    if importlib.util.find_spec("tensorflow"):
        os.environ["KERAS_BACKEND"] = "tensorflow"
        _say(f"{who} asks Keras for the backend '{wanted}', which cannot train here; this session takes tensorflow")


def settle_keras() -> None:
    """Set what an earlier course may have set otherwise; say so."""
    import keras

    for name, ours in OURS.items():
        theirs = getattr(keras.config, name)()
        if theirs == ours:
            continue
        _say(f"Keras is set to {name} '{theirs}' (see {keras_file()}); this course needs '{ours}' and sets that now")
        getattr(keras.config, f"set_{name}")(ours)
        if keras.config.dtype_policy().name == theirs:
            keras.config.set_dtype_policy(ours)


def _backend_in_file() -> str | None:
    try:
        return str(json.loads(keras_file().read_text(encoding="utf-8"))["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no file, or none that names a backend; Keras itself says what it cannot read


def _say(sentence: str) -> None:
    print(f"braintut: {sentence}.", file=sys.stderr)

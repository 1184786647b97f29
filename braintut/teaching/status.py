"""The status cell of a lesson: is this machine ready?"""

from __future__ import annotations

import functools
import importlib
import os
import platform
import sys

from braintut.dataset.load import real_folder
from braintut.dataset.locations import sample_folder
from braintut.dataset.sample import download_sample
from braintut.errors import DataError
from braintut.quiet import quietly


def show_status() -> None:
    """Print versions, device and data in use, what to do without a GPU, and how to get real heads.

    In Colab the sample of real slices is fetched first, once a session, unless there are real slices already or
    `BRAINTUT_DATA` is set. Where that fails, phantoms stand in.

    Examples
    --------
    >>> show_status()  # doctest: +ELLIPSIS
    Python 3..., Keras 3... on ...
    Data: phantoms
    """
    with quietly():
        import keras

        backend = keras.backend.backend()
        version = importlib.import_module(backend).__version__
    print(f"Python {platform.python_version()}, Keras {keras.__version__} on {backend} {version}")
    print(_device(backend))
    if "google.colab" in sys.modules:
        _fetch_in_colab()
    print(f"Data: {_data()}")


def _data() -> str:
    """What `load_slices` will take."""
    if chosen := os.environ.get("BRAINTUT_DATA", "").strip():
        return chosen
    try:
        folder = real_folder()
    except DataError as error:
        return str(error)
    if folder is None:
        return "phantoms; for real heads run `braintut download --sample` (54 MB), or use the button in lesson 00"
    return "real slices, a sample" if folder == sample_folder() else "real slices, downloaded"


@functools.cache  # once a session, even if it fails: the lesson goes on
def _fetch_in_colab() -> None:
    try:
        if os.environ.get("BRAINTUT_DATA", "").strip() or real_folder() is not None:
            return
        print("Fetching real heads, once a session (54 MB; BRAINTUT_DATA=phantoms would stop it) ...")
        download_sample()
    except Exception as error:  # whatever it is, phantoms do
        print(f"No real heads this time, phantoms stand in: {' '.join(str(error).split())}")


def _device(backend: str) -> str:
    with quietly():
        import keras

        if backend == "tensorflow":
            import tensorflow as tf

            gpus = tf.config.list_physical_devices("GPU")
        else:
            gpus = [name for name in keras.distribution.list_devices() if not name.startswith("cpu")]
    if gpus:
        return f"GPU: {len(gpus)} found"
    return (
        f"No GPU, {os.cpu_count()} CPU cores: enough for every lesson as it stands. For long trainings take "
        "Colab's Runtime > Change runtime type > GPU."
    )

"""The status cell of a lesson: is this machine ready?"""

from __future__ import annotations

import importlib
import os
import platform

from braintut.dataset.locations import default_data_folder
from braintut.quiet import quietly


def show_status() -> None:
    """Print versions, device and data in use, and what to do without a GPU.

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
    chosen = os.environ.get("BRAINTUT_DATA") or f"{default_data_folder().name} if downloaded, else phantoms"
    print(f"Data: {chosen}")


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

"""The status cell of a lesson: is this machine ready?"""

from __future__ import annotations

import os
import platform

from braintut.dataset.locations import default_data_folder
from braintut.quiet import import_quietly


def show_status() -> None:
    """Print versions, device and data in use, and what to do without a GPU.

    Examples
    --------
    >>> show_status()  # doctest: +ELLIPSIS
    Python 3..., Keras 3... on ...
    Data: phantoms
    """
    keras = import_quietly("keras")
    backend = keras.backend.backend()
    version = import_quietly(backend).__version__
    print(f"Python {platform.python_version()}, Keras {keras.__version__} on {backend} {version}")
    print(_device(backend))
    chosen = os.environ.get("BRAINTUT_DATA") or f"{default_data_folder().name} if downloaded, else phantoms"
    print(f"Data: {chosen}")


def _device(backend: str) -> str:
    if backend == "tensorflow":
        gpus = [gpu.name for gpu in import_quietly("tensorflow").config.list_physical_devices("GPU")]
    else:
        gpus = [name for name in import_quietly("keras").distribution.list_devices() if not name.startswith("cpu")]
    if gpus:
        return f"GPU: {len(gpus)} found"
    return (
        f"No GPU, {os.cpu_count()} CPU cores: enough for every lesson as it stands. For long trainings take "
        "Colab's Runtime > Change runtime type > GPU."
    )

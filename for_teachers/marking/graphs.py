"""Keras over the wire: a learner's function gets symbolic inputs, and a drawing of its layers comes back.

Only layers of Keras itself come back, none that holds code, and none so large that it would fill the memory.
"""

from __future__ import annotations

import json
from typing import Any

from marking.wire import WireError

LARGEST, WIDEST, MOST_LAYERS = 128, 8, 40
"""Largest number in a layer (filters), in a window or step of one, and most layers."""
_MODULES = ("keras", "keras.layers", "keras.initializers", "keras.activations", "builtins")
_WINDOWS = ("kernel_size", "pool_size", "strides", "size", "dilation_rate", "padding", "cropping")
_FORBIDDEN = ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer")


def is_symbolic(value: object) -> bool:
    """Whether it is what Keras passes from layer to layer while a network is built."""
    return type(value).__name__ == "KerasTensor"


def is_layer(value: object) -> bool:
    """Whether it is a layer of Keras; nothing is imported to find out."""
    return any(kind.__module__.startswith("keras.") and kind.__name__ == "Layer" for kind in type(value).__mro__)


def draw(inputs: list, output: object) -> str:
    """Write down the layers that lead from inputs to an output, as JSON."""
    import keras

    # The inputs go out again, too: some versions of Keras refuse a model that leaves one unused.
    outputs = [output, *(keras.layers.Identity()(each) for each in inputs)]
    return keras.Model(inputs, outputs).to_json()


def rebuild(drawing: str, inputs: list) -> Any:
    """Lay the same layers on other inputs and return the output.

    Raises
    ------
    WireError
        If the drawing holds anything but small layers of Keras itself.
    """
    import keras

    layers = json.loads(drawing)["config"]["layers"]
    if len(layers) > MOST_LAYERS:
        raise WireError(f"there are {len(layers)} layers in one step")
    for layer in layers:
        _check(layer)
    model = keras.models.model_from_json(drawing)
    return keras.models.clone_model(model, input_tensors=inputs).outputs[0]


def _check(part: object, name: str = "") -> None:
    if isinstance(part, dict):
        if "class_name" in part and (
            (part.get("module", "keras") not in _MODULES and not str(part.get("module")).startswith("keras.src.ops."))
            or part.get("registered_name") not in (None, "", part["class_name"])
            or part["class_name"] in _FORBIDDEN
        ):
            raise WireError(f"a layer '{str(part['class_name'])[:40]}' is not taken")
        for key, value in part.items():
            _check(value, key)
    elif isinstance(part, list):
        for value in part:
            _check(value, name)
    elif isinstance(part, int | float) and abs(part) > (WIDEST if name in _WINDOWS else LARGEST):
        raise WireError(f"a layer's {name} is {part}")

"""Checks of lesson 02: shapes, parameters, one step of the decoder, and what overfitting a slice tells."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from braintut.dataset.scan import Scan
from braintut.quiet import quietly
from braintut.teaching.exercises.checking import as_number, as_numbers, call, demand, exercise, expect


@exercise
def second_convolution(parameters: object) -> str:
    """Check the number of parameters of a 3 x 3 convolution from 16 channels to 32."""
    number = as_number(parameters, "parameters")
    expect(
        number,
        3 * 3 * 16 * 32 + 32,
        {
            3 * 3 * 16 * 32: "the weights are all there, but each filter also has a bias.",
            3 * 3 * 16 * 32 + 16: "there is one bias for each filter that writes, not for each channel that is read.",
            3 * 3 * 32 + 32: "each filter looks at one channel only in your count; it looks at all that come in.",
            3 * 3 * 1 * 32 + 32: "each filter looks at one channel only in your count; it looks at all that come in.",
            3 * 3 * 16 + 16: "that is one filter after the other way round: how many filters are there?",
            16 * 32 + 32: "each filter sees one pixel only in your count; its window is 3 pixels wide and 3 high.",
            3 * 16 * 32 + 32: "the window of your filters is a line; it is 3 pixels wide and 3 high.",
        },
        "the count is something else: window x window x channels in, times filters, and something for each filter.",
    )
    return "The size of the picture plays no part: the same weights slide over all of it."


@exercise
def bottom(shape: object) -> str:
    """Check the shape at the bottom of a U-Net: 256 px, 8 filters, halved 4 times."""
    height, width, channels = as_numbers(shape, "shape", 3)
    demand(height == width, "height and width differ, but the slice is a square and both are halved alike.")
    expect(
        height,
        16,
        {
            32: "you halved the picture three times; the depth is 4.",
            8: "you halved the picture once too often: the last level is below the last pooling, and has none itself.",
            256: "the picture still has its full size; each level down halves it.",
            64: "the picture is a quarter of its side, as after two levels; the depth is 4.",
        },
        "the height is not what repeated halving of 256 leaves.",
    )
    expect(
        channels,
        128,
        {
            64: "the size is right, but the channels double once more on the way to the bottom.",
            256: "the size is right, but the channels doubled once too often.",
            8: "the size is right, but the channels double at each level down.",
            32: "the size is right; you seem to have added 8 at each level, or stopped early, where channels double.",
            40: "the size is right; you added 8 at each level, but channels double.",
        },
        "the size is right, the channels are not: 8 at the top, and twice as many at each level down.",
    )
    return "Half the side and twice the channels: each level down holds half as many numbers as the one above."


@exercise
def decoder_step(up_one_level: Callable) -> str:
    """Check a function (x, bridge, filters) that goes up one level of a U-Net."""
    with quietly():
        import keras
    x, bridge = keras.Input((8, 8, 32)), keras.Input((16, 16, 12))
    result = call(up_one_level, x, bridge, 10, what="an 8 x 8 picture with 32 channels and a 16 x 16 bridge")
    demand(hasattr(result, "shape"), f"the function returned a {type(result).__name__}, not the output of a layer.")
    shape = tuple(result.shape[1:])
    demand(len(shape) == 3, f"the output has shape {shape}; it should have height, width and channels.")
    demand(shape[0] != 8, "the output is as small as what came in: nothing made it larger.")
    demand(shape[:2] == (16, 16), f"the output is {shape[0]} x {shape[1]}, not as large as the bridge.")
    # Both inputs go out again, too: Colab's Keras refuses a model that leaves an input unused.
    model = keras.Model([x, bridge], [result, keras.layers.Identity()(x), keras.layers.Identity()(bridge)])
    demand(_answers_to(model, 0), "what comes from below goes in, but the output does not change with it.")
    demand(_answers_to(model, 1), "the bridge goes in, but the output does not change with it.")
    kinds = [type(layer).__name__ for layer in model.layers]
    demand("Add" not in kinds, "the bridge is added to the picture; a U-Net puts it beside it, as further channels.")
    demand("Conv2D" in kinds, "the two lie side by side, but no convolution mixes them.")
    demand(shape[2] == 10, f"the output has {shape[2]} channels, but `filters` was 10.")
    demand("Concatenate" in kinds, "the bridge is not put beside the picture as further channels.")
    demand(kinds.count("Conv2D") >= 2, "only one convolution follows where the two are joined; there should be two.")
    return "Larger, joined, mixed: that is all a decoder does, level after level."


def three_trainings(build: Callable, scan: Scan, steps: int = 100) -> dict[str, list[float]]:
    """Let three networks learn one slice by heart; two of them cannot.

    Parameters
    ----------
    build : callable
        Called without arguments it gives a Keras model for one slice.
    scan : Scan
        One slice of a set, `slices[0]` for example.
    steps : int

    Returns
    -------
    dict of str to list of float
        Dice loss after each step, for A, B and C.
    """
    with quietly():
        import keras

        from braintut.segmentation.losses import DiceLoss
    images, masks = scan.image[None, ..., None], scan.true_mask[None, ..., None].astype(np.float32)
    out_of_order = np.random.default_rng(0).permutation(masks.ravel()).reshape(masks.shape)
    keras.utils.set_random_seed(0)
    model = build()
    optimizer = keras.optimizers.Adam()
    model.compile(optimizer, DiceLoss())
    first_weights = model.get_weights()
    curves = {}
    # One model that starts anew three times: Keras takes longer to prepare a network than to train it here.
    for name, rate, target in (("A", 1e-6, masks), ("B", 5e-4, masks), ("C", 5e-4, out_of_order)):
        model.set_weights(first_weights)
        for variable in optimizer.variables:
            variable.assign(np.zeros(variable.shape))
        optimizer.learning_rate = rate
        curves[name] = model.fit(images, target, epochs=steps, verbose=0).history["loss"]
    return curves


@exercise
def diagnosis(cause: object) -> str:
    """Check which of three trainings (A, B, C) has which cause."""
    demand(isinstance(cause, dict), f"`cause` should be a dictionary, as in the starter, not a {type(cause).__name__}.")
    demand(set(cause) == {"A", "B", "C"}, "`cause` should have exactly the keys A, B and C.")
    words = {str(value).strip().lower() for value in cause.values()}
    known = {"healthy", "learning rate", "wrong mask"}
    demand(words <= known, f"{sorted(words - known)[:1]} is none of the three causes; copy their spelling.")
    demand(len(words) == 3, "you gave one cause twice; each belongs to one curve.")
    given = {key: str(value).strip().lower() for key, value in cause.items()}
    demand(given["B"] == "healthy", f"curve {_key(given, 'healthy')} is not the healthy one: which falls close to 0?")
    demand(given["A"] == "learning rate", "the other two are swapped: one hardly moves at all, the other gets stuck.")
    return "A network that cannot learn one slice by heart will not learn a hundred."


def _key(given: dict, value: str) -> str:
    return next(key for key, cause in given.items() if cause == value)


def _answers_to(model: object, which: int) -> bool:
    """Whether the first output changes when one of the two inputs does."""
    rng = np.random.default_rng(0)
    inputs = [rng.random((1, *tensor.shape[1:]), dtype=np.float32) for tensor in model.inputs]
    before = model.predict_on_batch(inputs)[0]
    inputs[which] = inputs[which] + 1
    return not np.allclose(before, model.predict_on_batch(inputs)[0])

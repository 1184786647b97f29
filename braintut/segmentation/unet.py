"""The U-Net: a contracting path, an expanding path, and bridges between them."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from braintut.errors import ModelError
from braintut.keras_settings import settle_keras

MAX_CHANNELS = 2048
"""Channels at the bottom of the largest U-Net that is built: about 125 million weights, half a gigabyte."""


def build_unet(
    size: int | None = None,
    filters: int = 16,
    depth: int = 4,
    normalisation: str = "batch",
    dropout: float = 0.0,
    stem: int = 1,
    classes: int = 1,
) -> keras.Model:
    """Build a U-Net that turns a slice into a probability of tumour for each pixel.

    Parameters
    ----------
    size : int, optional
        Side of the input in pixels; without it any size that `2 ** depth` divides is taken.
    filters : int
        Filters of the first level; each level below has twice as many.
    depth : int
        How often the picture is halved.
    normalisation : {"batch", "group", "none"}
        What follows each convolution.
    dropout : float
        Share of the bottom's channels that are dropped in training, 0..1.
    stem : int
        Shrink the picture by this factor in the first convolution and enlarge the answer again in the last but one.
        With 2, twice the filters cost less time than a plain U-Net, and the bottom sees twice as far.
    classes : {1, 4}
        1: the probability of tumour. 4: the probabilities of no tumour, meningioma, glioma and pituitary tumour, which
        add up to 1.

    Returns
    -------
    keras.Model
        Input (batch, size, size, 1) in 0..1, output (batch, size, size, classes) in 0..1.

    Raises
    ------
    ModelError
        If `size` cannot be halved `depth` times, the normalisation is unknown, or the number of classes is neither 1
        nor 4.

    References
    ----------
    Ronneberger, Fischer and Brox, 2015, doi:10.1007/978-3-319-24574-4_28

    Examples
    --------
    >>> model = build_unet(filters=2, depth=1, normalisation="none")
    >>> model.output.shape, model.count_params()
    ((None, None, None, 1), 431)
    """
    settle_keras()
    _check_dimensions(filters, depth, stem, dropout)
    if size is not None and size % (stem * 2**depth):
        raise ModelError(
            f"A picture of {size} px cannot be halved {depth} times after a stem of {stem}; "
            f"use a multiple of {stem * 2**depth} or a smaller depth."
        )
    if classes not in (1, 4):
        raise ModelError(f"A U-Net has 1 class (tumour) or 4 (none and three types), not {classes}.")
    inputs = keras.Input((size, size, 1), name="slice")
    x = inputs if stem == 1 else _convolution(inputs, filters, normalisation, size=2 * stem, strides=stem)
    bridges = []
    for level in range(depth):
        x = _two_convolutions(x, filters * 2**level, normalisation)
        bridges.append(x)
        x = layers.MaxPooling2D()(x)
    x = _two_convolutions(x, filters * 2**depth, normalisation)
    if dropout:
        x = layers.SpatialDropout2D(dropout)(x)
    for level in reversed(range(depth)):
        x = layers.Conv2DTranspose(filters * 2**level, 2, strides=2)(x)
        x = layers.Concatenate()([x, bridges[level]])
        x = _two_convolutions(x, filters * 2**level, normalisation)
    if stem > 1:
        x = layers.Conv2DTranspose(8, stem, strides=stem)(x)
    # Probabilities stay float32 also under mixed precision, where float16 would round small ones to 0.
    # After a stem the last convolution also smooths the seams between enlarged pixels.
    outputs = layers.Conv2D(
        classes,
        1 if stem == 1 else 3,
        padding="same",
        activation="sigmoid" if classes == 1 else "softmax",
        dtype="float32",
        name="probability",
    )(x)
    return keras.Model(inputs, outputs, name="unet")


def _check_dimensions(filters: int, depth: int, stem: int, dropout: float) -> None:
    """Refuse what no memory holds, before Keras tries."""
    for name, value in (("filters", filters), ("depth", depth), ("stem", stem)):
        if not isinstance(value, int | np.integer) or value < 1:
            raise ModelError(f"{name} must be a whole number from 1 on, but is {value!r}.")
    if depth > 10 or stem > 16 or filters * 2**depth > MAX_CHANNELS:
        raise ModelError(
            f"A U-Net of {filters} filters, {depth} levels and a stem of {stem} is too large; filters x 2^depth may be "
            f"{MAX_CHANNELS} at most, depth 10, and the stem 16."
        )
    if not 0 <= dropout < 1:
        raise ModelError(f"dropout must be at least 0 and below 1, but is {dropout}.")


def fold_normalisation(model: keras.Model, plain: keras.Model) -> keras.Model:
    """Work each batch normalisation of a trained U-Net into the convolution before it: the same answers in less time.

    Once trained, a normalisation multiplies each channel by one number and adds another, so kernel and bias of the
    convolution can do both (Jacob et al., 2018, section 3.2, doi:10.1109/CVPR.2018.00286). `plain` is built with the
    same arguments, but without normalisation; it gets the weights and is returned.
    """
    weights: list[np.ndarray] = []
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            scale = gamma / np.sqrt(variance + layer.epsilon)
            weights[-1] = weights[-1] * scale  # the kernel of the convolution before it, output channels last
            weights.append(beta - mean * scale)
        else:
            weights += layer.get_weights()
    plain.set_weights(weights)
    return plain


def _two_convolutions(x: keras.KerasTensor, filters: int, normalisation: str) -> keras.KerasTensor:
    return _convolution(_convolution(x, filters, normalisation), filters, normalisation)


def _convolution(
    x: keras.KerasTensor, filters: int, normalisation: str, size: int = 3, strides: int = 1
) -> keras.KerasTensor:
    x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=normalisation == "none")(x)
    if normalisation == "batch":
        x = layers.BatchNormalization()(x)
    elif normalisation == "group":
        x = layers.GroupNormalization(groups=max(n for n in range(1, 9) if filters % n == 0))(x)
    elif normalisation != "none":
        raise ModelError(f"Unknown normalisation '{normalisation}'; choose batch, group or none.")
    return layers.ReLU()(x)

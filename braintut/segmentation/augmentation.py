"""Augmentation with Keras layers: the picture changes, the mask follows and stays a mask."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from braintut.dataset.arrays import as_mask
from braintut.keras_settings import settle_keras

SEED_LIMIT = 2**31 - 1


class Augmentation:
    """Random changes of a batch, decided by one seed, so that a run can be repeated exactly.

    Parameters
    ----------
    flip : bool
        Mirror left and right.
    rotation : float
        Largest turn in degrees, either way.
    zoom : float
        Largest change of scale, 0.15 for 15 %.
    shift : float
        Largest shift as a share of the picture's side.
    holes : float
        Share of pictures that get a black hole, 0..1.
    hole_size : float
        Largest share of the picture's area that a hole covers.
    cut_mask : bool
        Whether the mask is cut under a hole, as the project that gave the idea did.
    contrast : float
        Largest change of contrast; brightness changes by half of it.
    noise : float
        Standard deviation of the noise that is added, in units of the picture (0..1).

    See Also
    --------
    keras.layers.RandomFlip, RandomRotation, RandomZoom, RandomTranslation, RandomErasing, RandomContrast

    Notes
    -----
    Everything that a picture is turned into is filled up with black (`fill_mode="constant"`): the default mirrors the
    edge and with it, sometimes, a second tumour.

    Examples
    --------
    >>> masks = np.zeros((4, 32, 32, 1)); masks[:, 4:12, 4:12] = 1
    >>> images, moved = Augmentation(rotation=0, zoom=0, shift=0)(0.8 * masks, masks, seed=1)
    >>> moved.sum(axis=(1, 2, 3)).tolist()  # a flip keeps the area
    [64.0, 64.0, 64.0, 64.0]
    """

    def __init__(
        self,
        flip: bool = True,
        rotation: float = 15.0,
        zoom: float = 0.15,
        shift: float = 0.08,
        holes: float = 0.0,
        hole_size: float = 0.03,
        cut_mask: bool = False,
        contrast: float = 0.2,
        noise: float = 0.0,
    ) -> None:
        self.settings = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        settle_keras()
        black = {"fill_mode": "constant", "fill_value": 0.0}
        self.moves = []
        if flip:
            self.moves.append(layers.RandomFlip("horizontal"))
        if rotation:
            self.moves.append(layers.RandomRotation(rotation / 360, **black))
        if zoom:
            self.moves.append(layers.RandomZoom(zoom, **black))
        if shift:
            self.moves.append(layers.RandomTranslation(shift, shift, **black))
        self.hole = layers.RandomErasing(
            factor=(1.0, 1.0), scale=(hole_size / 4, hole_size), fill_value=0.0, value_range=(0, 1)
        )
        self.tones = []
        if contrast:
            self.tones.append(layers.RandomContrast(contrast, value_range=(0, 1)))
            self.tones.append(layers.RandomBrightness(contrast / 2, value_range=(0, 1)))

    def __call__(self, images: np.ndarray, masks: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Change a batch.

        Parameters
        ----------
        images : ndarray of float32, shape (N, H, W, 1)
        masks : ndarray of float32, shape (N, H, W, 1)
            0 outside, 1 inside.
        seed : int
            The same seed gives the same change.

        Returns
        -------
        (ndarray, ndarray)
            Images in 0..1 and masks of exactly 0 and 1.
        """
        rng = np.random.default_rng(seed)
        for layer in (*self.moves, *self.tones, self.hole):
            _reseed(layer, rng)
        batch = {"images": images, "segmentation_masks": as_mask(masks, "Masks").astype(np.float32)}
        for move in self.moves:
            batch = move(batch, training=True)
        images, masks = batch["images"], batch["segmentation_masks"]
        if self.settings["holes"]:
            images, masks = self._cut_holes(images, masks, rng)
        for tone in self.tones:
            images = tone(images, training=True)
        images = ops.convert_to_numpy(images)
        if self.settings["noise"]:
            images = images + rng.normal(0, self.settings["noise"], images.shape).astype(np.float32)
        # Older Keras moves masks bilinearly and leaves greys at the edge.
        masks = (ops.convert_to_numpy(masks) >= 0.5).astype(np.float32)
        return np.clip(images, 0, 1), masks

    def _cut_holes(self, images: object, masks: object, rng: np.random.Generator) -> tuple[object, object]:
        # A picture of ones goes through the same layer and comes back with the hole in it.
        whole = self.hole(ops.ones_like(images), training=True)
        chosen = ops.convert_to_tensor(rng.random((len(images), 1, 1, 1)) < self.settings["holes"])
        kept = ops.where(chosen, whole, ops.ones_like(whole))
        return images * kept, masks * kept if self.settings["cut_mask"] else masks


def _reseed(layer: keras.layers.Layer, rng: np.random.Generator) -> None:
    seed = rng.integers(0, SEED_LIMIT, 2)
    layer.generator.state.assign(ops.convert_to_tensor(seed.astype("uint32")))

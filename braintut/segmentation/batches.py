"""Batches of a training: shuffled, augmented, and the same again after a break."""

from __future__ import annotations

import threading

import keras
import numpy as np

from braintut.dataset.slices import Slices
from braintut.segmentation.augmentation import Augmentation


class SliceBatches(keras.utils.PyDataset):
    """Shuffled, augmented batches of one epoch at a time, made in the background while the network computes.

    The order and the augmentation depend on (seed, epoch, batch) alone, so a training that was interrupted sees the
    same batches as an unbroken one. With `typed`, the masks hold the label of the tumour's type in place of 1.
    """

    def __init__(
        self,
        slices: Slices,
        batch_size: int,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        epoch: int = 0,
        typed: bool = False,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)
        self.slices, self.batch_size, self.augmentation = slices, batch_size, augmentation
        self.seed, self.typed = seed, typed
        # Where devices share batches, Keras lets two threads ask for some at the turn of an epoch.
        self._one_at_a_time = threading.Lock()
        self.begin(epoch)

    def begin(self, epoch: int) -> None:
        """Give the batches of this epoch from now on.

        To be called before the epoch: at its end, Keras may have asked for the next batches already.
        """
        self.epoch = epoch
        self.order = np.random.default_rng([self.seed, epoch]).permutation(len(self.slices))

    def __len__(self) -> int:
        # A last, smaller batch would make batch statistics noisy; its slices come in another epoch.
        return max(1, len(self.slices) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        images = self.slices.images[chosen][..., None]
        masks = self.slices.masks[chosen][..., None].astype(np.float32)
        if self.augmentation is not None:
            batch_seed = np.random.default_rng([self.seed, self.epoch, index]).integers(2**31)
            with self._one_at_a_time:
                images, masks = self.augmentation(images, masks, int(batch_seed))
        if self.typed:
            masks = masks * self.slices.labels[chosen].astype(np.float32)[:, None, None, None]
        return images, masks

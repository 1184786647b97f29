"""Losses for small objects, built from true positives, false positives and false negatives."""

from __future__ import annotations

import keras
from keras import ops

from braintut.errors import ModelError


@keras.saving.register_keras_serializable("braintut")
class DiceLoss(keras.losses.Loss):
    """One minus the soft Dice score.

    Parameters
    ----------
    per : {"image", "batch"}
        One Dice for each image, then the mean; or one Dice over all pixels of
        the batch, which lets images with small tumours weigh less.
    smooth : float
        Added above and below the fraction bar, in pixels. It makes the loss 0
        where an empty mask is predicted empty, and keeps gradients finite.

    Notes
    -----
    With probabilities p and truth t in 0..1: TP = sum(p t), FP = sum(p (1 - t)),
    FN = sum((1 - p) t), and

        loss = 1 - (2 TP + smooth) / (2 TP + FP + FN + smooth)

    References
    ----------
    Milletari et al., 2016, doi:10.1109/3DV.2016.79; Jadon, 2020, arXiv:2006.14822.
    Introduced in lesson 03.
    """

    def __init__(self, per: str = "image", smooth: float = 1.0, name: str = "dice_loss", **kwargs: object) -> None:
        super().__init__(name=name, **kwargs)
        if per not in ("image", "batch"):
            raise ModelError(f"Dice is counted per image or per batch, not per '{per}'.")
        self.per, self.smooth = per, smooth

    def call(self, y_true: object, y_pred: object) -> object:
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.cast(y_true, y_pred.dtype)
        axes = (1, 2, 3) if self.per == "image" else (0, 1, 2, 3)
        tp = ops.sum(y_true * y_pred, axis=axes)
        fp = ops.sum((1 - y_true) * y_pred, axis=axes)
        fn = ops.sum(y_true * (1 - y_pred), axis=axes)
        return 1 - (2 * tp + self.smooth) / (2 * tp + fp + fn + self.smooth)

    def get_config(self) -> dict:
        return {**super().get_config(), "per": self.per, "smooth": self.smooth}


@keras.saving.register_keras_serializable("braintut")
class DiceCrossEntropyLoss(keras.losses.Loss):
    """Dice loss plus binary cross-entropy: overlap and every single pixel together.

    Parameters
    ----------
    per : {"image", "batch"}
        As in `DiceLoss`.
    cross_entropy_weight : float
        How much one unit of mean pixel cross-entropy counts.

    References
    ----------
    Ma et al., 'Loss odyssey', 2021, doi:10.1016/j.media.2021.102035. Introduced in lesson 03.
    """

    def __init__(
        self,
        per: str = "image",
        cross_entropy_weight: float = 1.0,
        name: str = "dice_cross_entropy",
        **kwargs: object,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.dice = DiceLoss(per)
        self.cross_entropy_weight = cross_entropy_weight

    def call(self, y_true: object, y_pred: object) -> object:
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.cast(y_true, y_pred.dtype)
        cross_entropy = ops.mean(ops.binary_crossentropy(y_true, y_pred), axis=(1, 2, 3))
        return self.dice.call(y_true, y_pred) + self.cross_entropy_weight * cross_entropy

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "per": self.dice.per,
            "cross_entropy_weight": self.cross_entropy_weight,
        }

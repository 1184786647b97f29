"""Losses for small objects, built from true positives, false positives and false negatives."""

from __future__ import annotations

import keras
from keras import ops

from braintut.errors import ModelError
from braintut.segmentation.presence import SUREST_SHARE


@keras.saving.register_keras_serializable("braintut")
class DiceLoss(keras.losses.Loss):
    """One minus the soft Dice score.

    Parameters
    ----------
    per : {"image", "batch"}
        One Dice for each image, then the mean; or one Dice over all pixels of the batch, which lets images with small
        tumours weigh less.
    smooth : float
        Added above and below the fraction bar, in pixels. It makes the loss 0 where an empty mask is predicted empty,
        and keeps gradients finite.

    See Also
    --------
    keras.losses.Dice : One Dice a batch unless `axis=(1, 2, 3)`; the loss of two empty masks is 1 there, not 0.

    Notes
    -----
    With probabilities p and truth t in 0..1 (255 counts as 1): TP = sum(p t), FP = sum(p (1 - t)), FN = sum((1 - p)
    t), and

        loss = 1 - (2 TP + smooth) / (2 TP + FP + FN + smooth)

    References
    ----------
    Milletari et al., 2016, doi:10.1109/3DV.2016.79; Jadon, 2020, arXiv:2006.14822.

    Examples
    --------
    >>> truth, found = ops.ones((1, 1, 2, 1)), ops.reshape([1.0, 0.0], (1, 1, 2, 1))
    >>> round(float(DiceLoss(smooth=0)(truth, found)), 3)  # 1 - 2 / (2 + 0 + 1)
    0.333
    """

    def __init__(self, per: str = "image", smooth: float = 1.0, name: str = "dice_loss", **kwargs: object) -> None:
        super().__init__(name=name, **kwargs)
        if per not in ("image", "batch"):
            raise ModelError(f"Dice is counted per image or per batch, not per '{per}'.")
        self.per, self.smooth = per, smooth

    def call(self, y_true: object, y_pred: object) -> object:
        """Loss of each image, shape (N,), or of the whole batch, a single number."""
        tp, fp, fn = _soft_counts(y_true, y_pred, self.per)
        return 1 - (2 * tp + self.smooth) / (2 * tp + fp + fn + self.smooth)

    def get_config(self) -> dict:
        """What makes the same loss again, for Keras to store."""
        return {**super().get_config(), "per": self.per, "smooth": self.smooth}


@keras.saving.register_keras_serializable("braintut")
class DiceCrossEntropyLoss(keras.losses.Loss):
    """Dice loss plus binary cross-entropy: overlap and every single pixel together (Ma et al., 'Loss odyssey', 2021).

    Parameters
    ----------
    per : {"image", "batch"}
        As in `DiceLoss`.
    cross_entropy_weight : float
        How much one unit of mean pixel cross-entropy counts.

    See Also
    --------
    keras.losses.BinaryCrossentropy : The second part alone.

    References
    ----------
    doi:10.1016/j.media.2021.102035

    Examples
    --------
    >>> truth, unsure = ops.ones((1, 1, 2, 1)), 0.5 * ops.ones((1, 1, 2, 1))
    >>> round(float(DiceCrossEntropyLoss()(truth, unsure)), 3)  # 1 - (2 + 1) / (2 + 1 + 1) + log 2
    0.943
    """

    def __init__(
        self, per: str = "image", cross_entropy_weight: float = 1.0, name: str = "dice_cross_entropy", **kwargs: object
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.dice = DiceLoss(per)
        self.cross_entropy_weight = cross_entropy_weight

    def call(self, y_true: object, y_pred: object) -> object:
        """Loss of each image, shape (N,)."""
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = _as_truth(y_true, y_pred.dtype)
        cross_entropy = ops.mean(ops.binary_crossentropy(y_true, y_pred), axis=(1, 2, 3))
        return self.dice.call(y_true, y_pred) + self.cross_entropy_weight * cross_entropy

    def get_config(self) -> dict:
        """What makes the same loss again, for Keras to store."""
        return {**super().get_config(), "per": self.dice.per, "cross_entropy_weight": self.cross_entropy_weight}


@keras.saving.register_keras_serializable("braintut")
class TverskyLoss(keras.losses.Loss):
    """Dice loss in which a missed pixel may cost more than a false one.

    Parameters
    ----------
    false_positive_weight, false_negative_weight : float
        What FP and FN count; 0.5 and 0.5 give the Dice loss.
    gamma : float
        Exponent of the loss. Below 1, slices that are nearly right keep pulling; this is the focal Tversky loss.
    per, smooth
        As in `DiceLoss`.

    See Also
    --------
    keras.losses.Tversky : The same over the whole batch, without `gamma`.

    Notes
    -----
        loss = (1 - (TP + smooth) / (TP + a FP + b FN + smooth)) ** gamma

    References
    ----------
    Salehi et al., 2017, doi:10.1007/978-3-319-67389-9_44; Abraham and Khan, 2019, doi:10.1109/ISBI.2019.8759329.
    """

    def __init__(
        self,
        false_positive_weight: float = 0.3,
        false_negative_weight: float = 0.7,
        gamma: float = 1.0,
        per: str = "batch",
        smooth: float = 1.0,
        name: str = "tversky_loss",
        **kwargs: object,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if per not in ("image", "batch"):
            raise ModelError(f"Tversky is counted per image or per batch, not per '{per}'.")
        self.per, self.smooth, self.gamma = per, smooth, gamma
        self.false_positive_weight, self.false_negative_weight = false_positive_weight, false_negative_weight

    def call(self, y_true: object, y_pred: object) -> object:
        """Loss of each image, shape (N,), or of the whole batch, a single number."""
        tp, fp, fn = _soft_counts(y_true, y_pred, self.per)
        wrong = self.false_positive_weight * fp + self.false_negative_weight * fn
        # The gradient of a power below 1 has no limit at 0, so the loss never quite gets there.
        return ops.maximum(1 - (tp + self.smooth) / (tp + wrong + self.smooth), 1e-6) ** self.gamma

    def get_config(self) -> dict:
        """What makes the same loss again, for Keras to store."""
        return {
            **super().get_config(),
            "false_positive_weight": self.false_positive_weight,
            "false_negative_weight": self.false_negative_weight,
            "gamma": self.gamma,
            "per": self.per,
            "smooth": self.smooth,
        }


@keras.saving.register_keras_serializable("braintut")
class DiceTypeLoss(keras.losses.Loss):
    """Dice loss of tumour against the rest, and inside the tumour the cross-entropy of its type.

    Parameters
    ----------
    type_weight : float
        How much one unit of cross-entropy of the type counts.
    smooth : float
        As in `DiceLoss`, which is counted per image here.
    presence_weight : float
        How much the answer counts whether there is a tumour at all; above 0 it makes sense with slices without one.

    See Also
    --------
    keras.losses.CategoricalCrossentropy : What is counted inside the tumour.

    Notes
    -----
    For a network with four classes, see `build_unet`. The truth is 0 outside the tumour and the label of its type
    (1..3) inside; the predictions are four probabilities a pixel, the first that of no tumour. With p_k the
    probability of type k and p = p_1 + p_2 + p_3, a pixel of type k inside the tumour costs -log(p_k / p), so that
    this part says nothing about where the tumour is. A network that is asked both finds tumours as well as one that is
    asked where only, and names their types besides (experiments/two_questions.py). Whether there is a tumour, the
    surest pixels say: with q the mean of the highest probabilities, see `presence_score`, a slice with a tumour costs
    -log(q), one without -log(1 - q).

    References
    ----------
    Caruana, 1997, doi:10.1023/A:1007379606734 (learning two tasks at once)
    """

    def __init__(
        self,
        type_weight: float = 0.3,
        smooth: float = 1.0,
        presence_weight: float = 0.0,
        name: str = "dice_type",
        **kwargs: object,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.type_weight, self.smooth, self.presence_weight = type_weight, smooth, presence_weight

    def call(self, y_true: object, y_pred: object) -> object:
        """Loss of each image, shape (N,)."""
        y_pred = ops.convert_to_tensor(y_pred)
        labels = ops.cast(ops.convert_to_tensor(y_true)[..., 0], "int32")
        inside = ops.cast(labels > 0, y_pred.dtype)
        dice_loss = DiceLoss("image", self.smooth).call(inside[..., None], 1 - y_pred[..., :1])
        types = y_pred[..., 1:] / (ops.sum(y_pred[..., 1:], axis=-1, keepdims=True) + 1e-6)
        truth = ops.one_hot(ops.maximum(labels - 1, 0), 3, dtype=y_pred.dtype)
        cross_entropy = -ops.sum(truth * ops.log(types + 1e-6), axis=-1)
        mean_inside = ops.sum(cross_entropy * inside, axis=(1, 2)) / (ops.sum(inside, axis=(1, 2)) + 1)
        loss = dice_loss + self.type_weight * mean_inside
        if not self.presence_weight:
            return loss
        said = _surest(1 - y_pred[..., 0])
        there = ops.max(inside, axis=(1, 2))
        return loss - self.presence_weight * ops.log(ops.where(there > 0, said, 1 - said) + 1e-6)

    def get_config(self) -> dict:
        """What makes the same loss again, for Keras to store."""
        presence = {"presence_weight": self.presence_weight} if self.presence_weight else {}
        return {**super().get_config(), "type_weight": self.type_weight, "smooth": self.smooth, **presence}


def _surest(probability: object) -> object:
    """Mean of the highest probabilities of each picture, shape (N, H, W) to (N,); see `presence_score`."""
    pixels = ops.reshape(probability, (-1, probability.shape[1] * probability.shape[2]))
    n = max(1, round(pixels.shape[-1] * SUREST_SHARE))
    return ops.mean(ops.top_k(pixels, n, sorted=False)[0], axis=-1)


def _as_truth(y_true: object, dtype: str) -> object:
    """A mask as numbers in 0..1. A mask of 0 and 255 becomes 0 and 1: taken as it is, it makes a Dice below 0."""
    return ops.clip(ops.cast(y_true, dtype), 0, 1)


def _soft_counts(y_true: object, y_pred: object, per: str) -> tuple[object, object, object]:
    """TP, FP and FN of probabilities, one each per image or one each per batch."""
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = _as_truth(y_true, y_pred.dtype)
    axes = (1, 2, 3) if per == "image" else (0, 1, 2, 3)
    tp = ops.sum(y_true * y_pred, axis=axes)
    fp = ops.sum((1 - y_true) * y_pred, axis=axes)
    return tp, fp, ops.sum(y_true * (1 - y_pred), axis=axes)

"""Is there a tumour at all? One probability a slice, from the pixels of which the network is surest."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from braintut.errors import DataError

SUREST_SHARE = 1 / 1024
"""Of the U-Net's picture, the share of pixels that speak for a slice: 16 at 128 px, less than the smallest tumours."""


@dataclass(frozen=True)
class Presence:
    """How a network's surest pixels become the probability that a slice shows a tumour.

    Parameters
    ----------
    slope, intercept : float
        Of a logistic curve over `presence_score`, calibrated where one slice in two shows a tumour.
    threshold : float
        From this probability on, 0..1, a tumour is reported.

    Examples
    --------
    >>> presence = Presence(slope=1.0, intercept=0.0, threshold=0.5)
    >>> round(presence.probability(0.0), 2), round(presence.probability(0.0, prevalence=0.1), 2)
    (0.5, 0.1)
    """

    slope: float
    intercept: float
    threshold: float

    def probability(self, score: float, prevalence: float = 0.5) -> float:
        """Probability of a tumour where this share of the slices that one sees has one.

        Notes
        -----
        The odds at one in two are multiplied by the odds of the prevalence (Bayes).

        References
        ----------
        Saerens et al., 2002, doi:10.1162/089976602753284446
        """
        if not 0 < prevalence < 1:
            raise DataError(f"A prevalence is a share between 0 and 1, both left out, but this is {prevalence:g}.")
        log_odds = self.slope * score + self.intercept + np.log(prevalence / (1 - prevalence))
        return float(1 / (1 + np.exp(-np.clip(log_odds, -50, 50))))

    def alarm(self, score: float) -> bool:
        """Whether a tumour is reported. The prevalence does not move this: it is one point of the ROC curve."""
        return self.probability(score) >= self.threshold

    def to_dict(self) -> dict[str, float]:
        """As it stands in a card."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def presence_score(probability: np.ndarray) -> np.ndarray:
    """Log-odds of the mean of the highest probabilities of each picture.

    Parameters
    ----------
    probability : ndarray of float, shape (..., S, S)
        Probability of tumour on the grid that the U-Net sees, 0..1.

    Returns
    -------
    ndarray of float, shape (...)
        -14 (nothing anywhere) to 14.
    """
    pixels = probability.reshape(*probability.shape[:-2], -1)
    n = max(1, round(pixels.shape[-1] * SUREST_SHARE))
    surest = np.partition(pixels, -n)[..., -n:].mean(axis=-1, dtype=float)
    surest = np.clip(surest, 1e-6, 1 - 1e-6)
    return np.log(surest / (1 - surest))


def fit_presence(scores: np.ndarray, there: np.ndarray, keep: float = 0.95) -> Presence:
    """Calibrate scores of slices of patients whom the network does not know.

    Parameters
    ----------
    scores : ndarray of float, shape (N,)
        From `presence_score`.
    there : ndarray of bool, shape (N,)
        Whether the slice shows a tumour. Both kinds weigh the same, however many there are.
    keep : float
        Share of the tumours that shall raise an alarm, 0..1.

    Returns
    -------
    Presence

    References
    ----------
    Platt, 1999, 'Probabilistic outputs for support vector machines' (the logistic curve)
    """
    from sklearn.linear_model import LogisticRegression

    curve = LogisticRegression(C=1e6, class_weight="balanced").fit(scores[:, None], there)
    presence = Presence(float(curve.coef_[0, 0]), float(curve.intercept_[0]), 0.0)
    least = float(np.quantile(scores[there], 1 - keep))
    return Presence(presence.slope, presence.intercept, presence.probability(least))

"""Is a slice like those that a pair has learnt from? A distance, and the limit that slices of strangers stay below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.covariance import LedoitWolf
from sklearn.model_selection import GroupKFold

from braintut.dataset.grid import to_square
from braintut.dataset.slices import Slices, merged_patient
from braintut.features.look import measure_look

KEPT = 0.99
"""Of the slices of patients that a fit has not met, so many lie below the limit."""
INNER_FOLDS = 5
MIN_PATIENTS = 10
"""Of fewer patients nobody can say what is usual."""
LEAST_SPREAD = 0.02
"""A number that hardly differs among the training slices must not make a stranger of one that differs a little."""

ABOUT = (
    f"A scan is marked as unfamiliar beyond the limit below which {KEPT:.0%} of the slices of patients stay that an "
    "inner fit had not met. The mark compares looks: it does not know whether an answer is right, and scans from "
    "elsewhere are marked more often."
)
"""What the card says of it."""


@dataclass(frozen=True, eq=False)
class Familiarity:
    """How slices usually look, and how far from it is too far.

    Parameters
    ----------
    centre : ndarray of float32, shape (L,)
        The mean look (see `measure_look`) of the training slices.
    whitening : ndarray of float32, shape (L, L)
        Turns a difference from it into a vector whose length is 1 at the limit.
    """

    centre: np.ndarray
    whitening: np.ndarray

    def unlike(self, square: np.ndarray) -> float:
        """How unlike the training slices a picture is, in multiples of the limit; familiar up to 1.

        Parameters
        ----------
        square : ndarray of float32, shape (S, S)
            Normalised, 0..1, on a square grid.
        """
        return float(self.distances(measure_look(square)[None])[0])

    def distances(self, looks: np.ndarray) -> np.ndarray:
        """The same for many looks, shape (N, L) -> (N,)."""
        return np.linalg.norm((looks - self.centre) @ self.whitening.T, axis=1)


def fit_familiarity(slices: Slices) -> Familiarity | None:
    """Learn how the training slices look.

    Parameters
    ----------
    slices : Slices
        All that the pair learns from.

    Returns
    -------
    Familiarity or None
        None where there are fewer than 10 patients.

    Notes
    -----
    The distance is Mahalanobis', with the covariance that Ledoit and Wolf shrink. Slices that a fit has met lie nearer
    to it than those of other patients, so the limit is read off at strangers: the patients are dealt into five groups,
    each is measured by a fit on the other four, and 99 % of all these slices stay below the limit.

    References
    ----------
    O. Ledoit and M. Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", 2004.
    """
    return fit_looks(looks_of(slices), slices.patients)


def looks_of(slices: Slices) -> np.ndarray:
    """The look of each slice, shape (N, L)."""
    return np.stack([measure_look(to_square(image, max(image.shape))) for image in slices.images])


def fit_looks(looks: np.ndarray, patients: np.ndarray) -> Familiarity | None:
    """Do the same from looks that were measured already, shape (N, L), and the patient of each."""
    groups = np.array([merged_patient(str(patient)) for patient in patients])
    if len(np.unique(groups)) < MIN_PATIENTS:
        return None
    distances = np.zeros(len(looks))
    for met, strange in GroupKFold(INNER_FOLDS).split(looks, groups=groups):
        distances[strange] = _fit(looks[met]).distances(looks[strange])
    fitted = _fit(looks)
    return Familiarity(fitted.centre, fitted.whitening / np.float32(np.quantile(distances, KEPT)))


def _fit(looks: np.ndarray) -> Familiarity:
    """Centre and whitening of these looks, without a limit."""
    looks = looks.astype(np.float64)
    centre, spread = looks.mean(axis=0), np.maximum(looks.std(axis=0), LEAST_SPREAD)
    precision = LedoitWolf().fit((looks - centre) / spread).precision_
    whitening = np.linalg.cholesky(precision).T / spread
    return Familiarity(centre.astype(np.float32), whitening.astype(np.float32))

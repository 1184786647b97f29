"""Ways of cutting a set in two. All but one keep a patient's slices together."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from braintut.dataset.slices import Slices
from braintut.errors import SplitError


def split_by_patient(slices: Slices, test_share: float = 0.25, seed: int = 0) -> tuple[Slices, Slices]:
    """Give a training and a test side with no patient on both, and the three types shared out evenly.

    Parameters
    ----------
    test_share : float
        Share of the patients of each type that go to the test side, 0..1.

    Raises
    ------
    SplitError
        If a type has fewer than two patients, so it cannot be on both sides.

    See Also
    --------
    sklearn.model_selection.GroupShuffleSplit, sklearn.model_selection.StratifiedGroupKFold

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> train, test = split_by_patient(load_phantoms())
    >>> train.n_patients, test.n_patients, set(train.patients) & set(test.patients)
    (30, 10, set())
    """
    return _split_by_group(slices, slices.patients, test_share, seed)


def split_by_merged_patient(slices: Slices, test_share: float = 0.25, seed: int = 0) -> tuple[Slices, Slices]:
    """Split like `split_by_patient`, with hidden twins counted as one patient.

    Parameters, return value and errors as there.
    """
    return _split_by_group(slices, slices.merged_patients, test_share, seed)


def last_fold(slices: Slices) -> int:
    """Name the highest official fold that is there: the one to test on, whatever part of the set one has.

    Returns
    -------
    int
        5 for the whole set, the sample and the phantoms.

    Raises
    ------
    SplitError
        If the slices have no folds, or there is none.

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> slices = load_phantoms()
    >>> last_fold(slices), last_fold(slices[slices.folds < 5])
    (5, 4)
    """
    if not len(slices) or not (slices.folds > 0).all():
        raise SplitError("These slices have no official folds; put cvind.mat beside the .mat files and load again.")
    return int(slices.folds.max())


def split_by_fold(slices: Slices, fold: int | None = None) -> tuple[Slices, Slices]:
    """Give a training and a test side along the official folds.

    Parameters
    ----------
    fold : int, optional
        1..5, becomes the test; the last one that is there if not given.

    Raises
    ------
    SplitError
        If the slices have no folds, none of this fold, or no other one.

    See Also
    --------
    sklearn.model_selection.PredefinedSplit

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> [len(side) for side in split_by_fold(load_phantoms(), 5)]
    [161, 39]
    >>> [len(side) for side in split_by_fold(load_phantoms())]
    [161, 39]
    """
    last = last_fold(slices)
    fold = last if fold is None else fold
    test = slices.folds == fold
    if not test.any() or test.all():
        here = ", ".join(str(f) for f in np.unique(slices.folds))
        raise SplitError(f"Fold {fold} leaves one side empty; the folds here are {here}.")
    return slices[~test], slices[test]


def leaky_split_by_slice(slices: Slices, test_share: float = 0.25, seed: int = 0) -> tuple[Slices, Slices]:
    """Split slice by slice, which is WRONG: a patient's neighbouring slices land on both sides.

    It exists so that a lesson can show how much it flatters. Parameters as in `split_by_patient`.

    See Also
    --------
    sklearn.model_selection.train_test_split

    Examples
    --------
    >>> from braintut import load_phantoms
    >>> train, test = leaky_split_by_slice(load_phantoms())
    >>> len(set(train.patients) & set(test.patients))  # of 40 patients
    29
    """
    try:
        train, test = train_test_split(
            np.arange(len(slices)), test_size=test_share, random_state=seed, stratify=slices.labels
        )
    except (TypeError, ValueError) as error:
        raise SplitError(f"{len(slices)} slices cannot be split with test_share {test_share}: {error}") from error
    return slices[np.sort(train)], slices[np.sort(test)]


def patient_folds(slices: Slices, n_folds: int = 4, seed: int = 0) -> np.ndarray:
    """Deal patients into folds of our own, types shared out evenly.

    Returns
    -------
    ndarray of int, shape (N,)
        Fold 1..n_folds of each slice.

    Raises
    ------
    SplitError
        If a type has fewer patients than there are folds, or folds are fewer than 2.

    See Also
    --------
    sklearn.model_selection.StratifiedGroupKFold
    """
    if not isinstance(n_folds, int | np.integer) or isinstance(n_folds, bool) or n_folds < 2 or not len(slices):
        raise SplitError(f"{len(slices)} slices cannot be dealt into {n_folds!r} folds; give slices and at least 2.")
    for label in np.unique(slices.labels):
        n = len(np.unique(slices.patients[slices.labels == label]))
        if n < n_folds:
            raise SplitError(f"Label {label} has {n} patients, too few for {n_folds} folds; choose at most {n}.")
    folds = np.zeros(len(slices), int)
    cutter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    for number, (_, test) in enumerate(cutter.split(slices.labels, slices.labels, slices.patients), start=1):
        folds[test] = number
    return folds


def _split_by_group(slices: Slices, groups: np.ndarray, test_share: float, seed: int) -> tuple[Slices, Slices]:
    if isinstance(test_share, str) or not 0 < test_share < 1:
        raise SplitError(f"test_share must lie between 0 and 1, but is {test_share}.")
    if not len(slices):
        raise SplitError("There is no slice to split.")
    # A merged group has one type only, so its first slice tells the type of all.
    names, first = np.unique(groups, return_index=True)
    labels = slices.labels[first]
    rng = np.random.default_rng(seed)
    test_names: list[str] = []
    for label in np.unique(labels):
        of_label = rng.permutation(names[labels == label])
        if len(of_label) < 2:
            raise SplitError(f"Label {label} has {len(of_label)} patient; two are needed to have it on both sides.")
        n_test = int(np.clip(round(test_share * len(of_label)), 1, len(of_label) - 1))
        test_names.extend(of_label[:n_test])
    test = np.isin(groups, test_names)
    return slices[~test], slices[test]

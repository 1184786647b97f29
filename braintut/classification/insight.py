"""Which features matter: for a whole table (backward elimination) and for one scan (what-if)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.pipeline import Pipeline

from braintut.classification.classifier import found_rows, type_probabilities
from braintut.errors import DataError


def backward_elimination(table: pd.DataFrame, labels: np.ndarray, p_value: float = 0.05) -> list[str]:
    """Drop the least useful feature again and again, until all that are left matter.

    Parameters
    ----------
    table : DataFrame, shape (N, n_features)
        From `measure_table`; take a dozen columns, not all.
    labels : ndarray of int, shape (N,)
        True types.
    p_value : float
        A feature stays if its p-value is at most this, 0..1.

    Returns
    -------
    list of str
        Names of the features that stay.

    Raises
    ------
    DataError
        If there are too few rows for so many features.

    See Also
    --------
    sklearn.feature_selection.SequentialFeatureSelector : Judges by cross-validation instead of p-values.

    Notes
    -----
    Each round fits a straight-line model of the features to each type's 0/1 and asks by an F-test how much worse the
    fit gets without one feature (Wilks' lambda, all types at once). A p-value assumes rows that do not depend on each
    other; slices of one patient do, so it is too optimistic here. Use it to tidy up, not to prove.

    Examples
    --------
    >>> labels = np.repeat([1, 2, 3], 20)
    >>> noise = np.random.default_rng(0).normal(size=(60, 2))
    >>> backward_elimination(pd.DataFrame({"size": labels + noise[:, 0], "luck": noise[:, 1]}), labels)
    ['size']
    """
    found = found_rows(table)
    values = table[found].fillna(table[found].median())
    kept = [name for name in table.columns if values[name].std() > 0]
    targets = pd.get_dummies(np.asarray(labels)[found]).to_numpy(float)[:, 1:]
    if len(values) <= len(kept) + targets.shape[1] + 1:
        raise DataError(f"{len(values)} rows are too few to judge {len(kept)} features.")
    while kept:
        p_values = _p_values(values[kept].to_numpy(float), targets)
        worst = int(np.argmax(p_values))
        if p_values[worst] <= p_value:
            break
        kept.pop(worst)
    return kept


def _p_values(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """P-value of each feature, given all the others (partial Wilks' lambda)."""
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    design = np.column_stack([np.ones(len(scaled)), scaled])
    full = _unexplained(design, targets)
    n_targets, freedom = targets.shape[1], len(design) - design.shape[1] - targets.shape[1] + 1
    without = [_unexplained(np.delete(design, column, axis=1), targets) for column in range(1, design.shape[1])]
    # lambda = unexplained with / without the feature; it is exactly F-distributed for one feature at a time.
    ratio = np.exp(np.array(without) - full)
    return stats.f.sf((ratio - 1) * freedom / n_targets, n_targets, freedom)


def _unexplained(design: np.ndarray, targets: np.ndarray) -> float:
    """Logarithm of the volume of what a straight-line fit leaves over."""
    left = targets - design @ np.linalg.lstsq(design, targets, rcond=None)[0]
    return float(np.linalg.slogdet(left.T @ left)[1])


def explain(
    classifier: Pipeline, row: pd.DataFrame, reference_table: pd.DataFrame, label: int | None = None
) -> list[tuple[str, float]]:
    """Ask 'what if this were average?' and see how sure the classifier stays.

    Parameters
    ----------
    classifier : Pipeline
        Fitted.
    row : DataFrame, shape (1, n_features)
        The scan: one row of `measure_table`, not all NaN.
    reference_table : DataFrame
        What average means: the training table, or just its medians.
    label : int, optional
        The type that is asked about, 1..3; the likeliest one if left out.

    Returns
    -------
    list of (str, float)
        Group (the first word of a feature's name) and its effect, largest first: by how much that type's probability
        falls (-1..1) once the group is at its medians. Above 0 speaks for the type, below 0 against it.

    Raises
    ------
    DataError
        If `row` is not one row with a measured tumour.

    See Also
    --------
    sklearn.inspection.permutation_importance : What matters over a whole table, not for one scan.

    Notes
    -----
    All variants go through the classifier in one call, so this takes a few milliseconds. Features that say the same
    cover for each other one by one; groups are the more honest answer.

    Examples
    --------
    >>> from braintut.classification import fit_classifier, make_classifier
    >>> areas = pd.DataFrame({"shape_area_mm2": [100.0, 120.0, 900.0, 920.0]})
    >>> fitted = fit_classifier(make_classifier("logistic", list(areas)), areas, [1, 1, 3, 3])
    >>> [(group, effect > 0) for group, effect in explain(fitted, areas[:1], areas)]
    [('shape', True)]
    """
    if len(row) != 1 or not found_rows(row)[0]:
        raise DataError("Explain needs exactly one row in which a tumour was measured.")
    used = list(classifier.named_steps["columns"].transformers_[0][2])
    name_of = np.array([name.split("_")[0] for name in used])
    names = list(dict.fromkeys(name_of.tolist()))
    average = np.nanmedian(reference_table[used].to_numpy(), axis=0)
    variants = np.repeat(row[used].to_numpy(), len(names) + 1, axis=0)
    for number, name in enumerate(names, start=1):
        variants[number, name_of == name] = average[name_of == name]
    probabilities = type_probabilities(classifier, pd.DataFrame(variants, columns=used))
    winner = probabilities[0].argmax() if label is None else label - 1
    effects = zip(names, (probabilities[0, winner] - probabilities[1:, winner]).tolist(), strict=True)
    return sorted(effects, key=lambda effect: -abs(effect[1]))

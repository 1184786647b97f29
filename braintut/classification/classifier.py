"""From a row of features to a tumour type: fit, test by patient, ask why, save."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, StratifiedGroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from braintut.dataset.scan import TUMOUR_TYPES
from braintut.errors import DataError, ModelError, SplitError
from braintut.features.table import FEATURES

KINDS = ("svm", "random_forest", "boosting", "logistic")
"""Names that `make_classifier` knows."""


def make_classifier(kind: str = "svm", features: Sequence[str] | None = None, seed: int = 0) -> Pipeline:
    """Build a classifier that has not seen anything yet.

    Parameters
    ----------
    kind : {"svm", "random_forest", "boosting", "logistic"}
        A support vector machine with a round kernel, a forest of trees, trees that correct each other, or a weighted
        sum of the features.
    features : sequence of str, optional
        Columns of the table to look at; all of `FEATURES` if left out. `BASELINE_FEATURES` gives the twelve of the
        project that started this course.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Steps: choose columns, fill gaps with the median, scale, model. It takes a table of `measure_table` and has
        `predict_proba`.

    Raises
    ------
    ModelError
        If the kind is unknown.
    DataError
        If a feature is unknown.

    See Also
    --------
    sklearn.pipeline.Pipeline, sklearn.svm.SVC, sklearn.calibration.CalibratedClassifierCV : The default's parts.

    Examples
    --------
    >>> list(make_classifier("logistic", ["shape_area_mm2"]).named_steps)
    ['columns', 'gaps', 'scale', 'model']
    """
    columns = list(FEATURES if features is None else features)
    unknown = [name for name in columns if name not in FEATURES]
    if unknown:
        raise DataError(f"There is no feature '{unknown[0]}'; look at `FEATURES` for the names.")
    return Pipeline(
        [
            ("columns", ColumnTransformer([("chosen", "passthrough", columns)])),
            ("gaps", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("scale", StandardScaler()),
            ("model", _model(kind, seed)),
        ]
    )


def _model(kind: str, seed: int):
    if kind == "svm":
        # An SVM only says on which side of a border a row lies; the calibration turns that into probabilities.
        machine = SVC(C=5.0, gamma=0.003)
        return CalibratedClassifierCV(machine, method="sigmoid", cv=4, ensemble=False)
    if kind == "random_forest":
        return RandomForestClassifier(200, min_samples_leaf=2, random_state=seed)
    if kind == "boosting":
        return HistGradientBoostingClassifier(max_iter=150, learning_rate=0.08, random_state=seed)
    if kind == "logistic":
        return LogisticRegression(C=0.03, max_iter=500)
    raise ModelError(f"There is no classifier '{kind}'; choose one of {', '.join(KINDS)}.")


def fit_classifier(
    classifier: Pipeline, table: pd.DataFrame, labels: np.ndarray, groups: np.ndarray | None = None
) -> Pipeline:
    """Fit a classifier on the rows in which a tumour was found, of slices that show one.

    Parameters
    ----------
    classifier : Pipeline
        From `make_classifier`; a fitted copy comes back.
    table : DataFrame, shape (N, n_features)
        From `measure_table`. Rows that are all NaN are left out.
    labels : ndarray of int, shape (N,)
        True types, 1..3. Rows with label 0 (no tumour) are left out: whatever was found there is of no type.
    groups : ndarray of str, shape (N,), optional
        Patient of each row. With it, the SVM's probabilities are calibrated on patients that its own training did not
        see.

    Raises
    ------
    DataError
        If a label is unknown, no row is left, or only one type.
    SplitError
        If the SVM is to be calibrated by patient, and a type has one patient only.

    Examples
    --------
    >>> areas = pd.DataFrame({"shape_area_mm2": [100.0, 120.0, np.nan, 900.0, 920.0]})
    >>> fit_classifier(make_classifier("logistic", ["shape_area_mm2"]), areas, [1, 1, 1, 3, 3]).classes_
    array([1, 3])
    """
    labels = np.asarray(labels)
    unknown = labels[~np.isin(labels, (0, 1, 2, 3))]
    if len(unknown):
        raise DataError(f"Unknown label {unknown[0]}; labels are 1, 2 and 3, or 0 for no tumour.")
    found = found_rows(table) & (labels > 0)
    labels = labels[found]
    if len(np.unique(labels)) < 2:
        raise DataError("A classifier needs found tumours of at least two types to learn from.")
    fitted = clone(classifier)
    if groups is None or "model__cv" not in fitted.get_params():
        return fitted.fit(table[found], labels)
    fitted.set_params(model__cv=PredefinedSplit(_deal_groups(labels, np.asarray(groups)[found])))
    fitted.fit(table[found], labels)
    return fitted.set_params(model__cv=4)  # the row numbers have done their work; don't save them with the model


def found_rows(table: pd.DataFrame) -> np.ndarray:
    """Rows of a feature table that hold a measured tumour (not all NaN), bool, shape (N,)."""
    return table.notna().any(axis=1).to_numpy()


def cross_validate_by_patient(
    classifier: Pipeline, table: pd.DataFrame, labels: np.ndarray, groups: np.ndarray, folds: np.ndarray | None = None
) -> pd.DataFrame:
    """Predict every row with a classifier that never saw its patient.

    Parameters
    ----------
    classifier : Pipeline
        From `make_classifier`.
    table : DataFrame, shape (N, n_features)
        From `measure_table`. Rows that are all NaN are not trained on.
    labels : ndarray of int, shape (N,)
        True types, 1..3. Rows with label 0 (no tumour) are not trained on.
    groups : ndarray of str, shape (N,)
        Patient of each row.
    folds : ndarray of int, shape (N,), optional
        Fold of each row; four folds are dealt by patient if left out.

    Returns
    -------
    DataFrame, N rows
        Index as in `table`. Columns: `label`, `fold`, `predicted` (0 where no tumour was found), and one probability
        for each type, NaN where no tumour was found.

    Raises
    ------
    SplitError
        If a patient lies in two folds, or there is only one fold.

    See Also
    --------
    sklearn.model_selection.cross_val_predict : For any classifier; takes `groups`, and does not insist on them.

    Examples
    --------
    >>> areas = pd.DataFrame({"shape_area_mm2": [100.0, 120.0, 900.0, 920.0]})
    >>> classifier = make_classifier("logistic", ["shape_area_mm2"])
    >>> cross_validate_by_patient(classifier, areas, [1, 1, 3, 3], list("abcd"), [1, 2, 1, 2])["predicted"].tolist()
    [1, 1, 3, 3]
    """
    labels, groups = np.asarray(labels), np.asarray(groups)
    folds = _deal_groups(labels, groups) if folds is None else np.asarray(folds)
    _check_folds(folds, groups)
    parts = []
    for fold in np.unique(folds):
        train, test = folds != fold, folds == fold
        fitted = fit_classifier(classifier, table[train], labels[train], groups[train])
        parts.append(predict_types(fitted, table[test]).assign(label=labels[test], fold=fold))
    order = np.argsort(np.concatenate([np.flatnonzero(folds == fold) for fold in np.unique(folds)]))
    return pd.concat(parts).iloc[order][["label", "fold", "predicted", *TUMOUR_TYPES]]


def predict_types(classifier: Pipeline, table: pd.DataFrame) -> pd.DataFrame:
    """Predict with a fitted classifier the type of each row of `measure_table`, 'no tumour found' included.

    Returns
    -------
    DataFrame, N rows
        `predicted` (0 where a row is all NaN: no tumour was found) and one probability for each type, which sum to 1
        (NaN where none was found).

    Examples
    --------
    >>> areas = pd.DataFrame({"shape_area_mm2": [100.0, np.nan, 900.0]})
    >>> fitted = fit_classifier(make_classifier("logistic", ["shape_area_mm2"]), areas, [1, 2, 3])
    >>> predict_types(fitted, areas)["predicted"].tolist()  # NaN: no tumour found
    [1, 0, 3]
    """
    found = found_rows(table)
    answer = pd.DataFrame(np.nan, index=table.index, columns=list(TUMOUR_TYPES))
    if found.any():
        answer.loc[found] = type_probabilities(classifier, table[found])
    predicted = np.zeros(len(table), int)
    predicted[found] = answer.to_numpy()[found].argmax(axis=1) + 1
    return answer.assign(predicted=predicted)


def type_probabilities(classifier: Pipeline, table: pd.DataFrame) -> np.ndarray:
    """Probability of each type (columns as in `TUMOUR_TYPES`) in rows that are not all NaN; 0 for a type never seen.

    Each row adds up to 1. A `ModelError` if the classifier was fitted on other labels than 1, 2 and 3.
    """
    known = np.asarray(classifier.classes_)
    if not np.isin(known, (1, 2, 3)).all():
        raise ModelError(
            f"This classifier was fitted on labels {', '.join(map(str, known))}, but types are 1, 2 and 3; "
            f"fit it again with `fit_classifier`, which leaves out slices without a tumour."
        )
    probabilities = np.zeros((len(table), len(TUMOUR_TYPES)))
    probabilities[:, known - 1] = classifier.predict_proba(table)
    return probabilities


def check_patients(labels: np.ndarray, groups: np.ndarray) -> int:
    """How many patients the rarest type has, label 0 aside; a `SplitError` if one has a single patient only."""
    patients = {label: len(np.unique(groups[labels == label])) for label in np.unique(labels[labels > 0])}
    for label, n in patients.items():
        if n < 2:
            raise SplitError(
                f"{TUMOUR_TYPES[label - 1].capitalize()} has a single patient only; two are needed to have one on each "
                f"side. Add patients of this type, or leave it out."
            )
    return min(patients.values(), default=2)


def _deal_groups(labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Deal groups into up to four folds, types shared out evenly."""
    fewest = check_patients(labels, groups)
    folds = np.zeros(len(labels), int)
    cutter = StratifiedGroupKFold(min(4, fewest), shuffle=True, random_state=0)
    for number, (_, test) in enumerate(cutter.split(labels, labels, groups), start=1):
        folds[test] = number
    return folds


def _check_folds(folds: np.ndarray, groups: np.ndarray) -> None:
    pairs = pd.DataFrame({"group": groups, "fold": folds}).drop_duplicates()
    leaking = pairs["group"][pairs["group"].duplicated()]
    if len(leaking):
        raise SplitError(f"Patient '{leaking.iloc[0]}' lies in more than one fold; split by patient.")
    if len(np.unique(folds)) < 2:
        raise SplitError("Cross-validation needs at least two folds.")

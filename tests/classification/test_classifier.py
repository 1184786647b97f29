"""Classifiers on a small made-up table in which the answer is known."""

import zipfile

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from braintut.classification.classifier import (
    KINDS,
    cross_validate_by_patient,
    fit_classifier,
    make_classifier,
    predict_types,
    type_probabilities,
)
from braintut.classification.insight import backward_elimination, explain
from braintut.classification.jitter import jitter_mask
from braintut.classification.storing import load_classifier, save_classifier
from braintut.errors import DataError, ModelError, SplitError
from braintut.features.table import BASELINE_FEATURES, FEATURES
from braintut.plotting.classifier import GROUPS_IN_WORDS


def made_up(n_patients=24, slices_each=5, seed=0):
    """Three types that differ in their area and their depth only."""
    rng = np.random.default_rng(seed)
    patients = np.repeat([f"p{i:02d}" for i in range(n_patients)], slices_each)
    labels = np.repeat(np.arange(n_patients) % 3 + 1, slices_each)
    table = pd.DataFrame(rng.normal(size=(len(labels), len(FEATURES))), columns=list(FEATURES))
    table["shape_area_mm2"] += 6 * (labels == 1)
    table["place_depth_mm"] += 6 * (labels == 3)
    return table, labels, patients


def dice(first, second):
    return 2 * (first & second).sum() / (first.sum() + second.sum())


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_learns_saves_and_loads(kind, tmp_path):
    table, labels, patients = made_up()
    features = ["shape_area_mm2", "place_depth_mm", "glcm_contrast"]
    fitted = fit_classifier(make_classifier(kind, features), table, labels, patients)
    probabilities = fitted.predict_proba(table)
    assert probabilities.shape == (len(table), 3)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert (fitted.predict(table) == labels).mean() > 0.95
    path = save_classifier(tmp_path / "deep" / "model.skops", fitted)
    np.testing.assert_allclose(load_classifier(path).predict_proba(table), probabilities)
    assert [file.name for file in path.parent.iterdir()] == ["model.skops"]


def test_all_features_are_the_default_and_twelve_are_the_seeds():
    table, labels, _ = made_up()
    assert fit_classifier(make_classifier(), table, labels).named_steps["gaps"].n_features_in_ == len(FEATURES)
    seed = fit_classifier(make_classifier("random_forest", BASELINE_FEATURES), table, labels)
    assert seed.named_steps["gaps"].n_features_in_ == 12


def test_unknown_names_are_refused():
    with pytest.raises(ModelError, match="'oracle'"):
        make_classifier("oracle")
    with pytest.raises(DataError, match="'shape_colour'"):
        make_classifier(features=["shape_colour"])


def test_single_gaps_are_filled_and_empty_rows_mean_nothing_found():
    table, labels, patients = made_up()
    table.iloc[0, :5] = np.nan
    table.iloc[1] = np.nan
    answer = predict_types(fit_classifier(make_classifier("logistic"), table, labels, patients), table)
    assert answer["predicted"].iloc[0] > 0 and answer.iloc[0].notna().all()
    assert answer["predicted"].iloc[1] == 0
    assert answer.iloc[1][["meningioma", "glioma", "pituitary"]].isna().all()


@pytest.mark.parametrize("dealt", [True, False])
def test_cross_validation_keeps_patients_together_and_the_order(dealt):
    table, labels, patients = made_up()
    folds = None if dealt else np.array([int(p[1:]) // 3 % 4 + 1 for p in patients])
    classifier = make_classifier("logistic", [*BASELINE_FEATURES, "place_depth_mm"])
    result = cross_validate_by_patient(classifier, table, labels, patients, folds)
    assert list(result.index) == list(table.index) and list(result["label"]) == list(labels)
    assert (result.groupby(patients)["fold"].nunique() == 1).all()
    assert (result["predicted"] == result["label"]).mean() > 0.9
    if not dealt:
        assert list(result["fold"]) == list(folds)


def test_cross_validation_cannot_learn_a_patient_by_heart():
    table, labels, patients = made_up()
    table[:] = np.random.default_rng(1).normal(size=table.shape)
    table["glcm_energy"] = pd.factorize(patients)[0]  # tells the patient, nothing about the type
    result = cross_validate_by_patient(make_classifier("random_forest"), table, labels, patients)
    assert (result["predicted"] == result["label"]).mean() < 0.6


def test_leaks_are_refused():
    table, labels, patients = made_up()
    with pytest.raises(SplitError, match="'p00' lies in more than one fold"):
        cross_validate_by_patient(make_classifier(), table, labels, patients, np.arange(len(table)) % 4)
    with pytest.raises(SplitError, match="two folds"):
        cross_validate_by_patient(make_classifier(), table, labels, patients, np.ones(len(table)))
    with pytest.raises(SplitError, match="has a single patient only; two are needed"):
        cross_validate_by_patient(make_classifier(), table[:15], labels[:15], patients[:15])


@pytest.mark.parametrize("size", [128, 256])
def test_jitter_spoils_but_never_empties(size):
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    mask = ((y - 0.4) / 0.1) ** 2 + ((x - 0.6) / 0.06) ** 2 < 1
    rng = np.random.default_rng(0)
    overlaps = [dice(mask, jitter_mask(mask, rng)) for _ in range(100)]
    assert 0.7 < np.mean(overlaps) < 0.9
    assert np.mean([dice(mask, jitter_mask(mask, rng, 0.3)) for _ in range(30)]) > 0.9
    assert (jitter_mask(mask, rng, 0) == mask).all()


@pytest.mark.parametrize("strength", [0.5, 1, 2, 4])
def test_jitter_leaves_something_of_tiny_masks_at_the_edge(strength):
    mask = np.zeros((40, 40), bool)
    mask[0, 0] = True
    for seed in range(50):
        assert jitter_mask(mask, np.random.default_rng(seed), strength).any()


def test_jitter_repeats_with_its_seed_and_refuses_nothing():
    mask = np.zeros((40, 40), bool)
    mask[10:20, 10:25] = True
    first, second = (jitter_mask(mask, np.random.default_rng(3)) for _ in range(2))
    assert (first == second).all() and mask.sum() == 150
    with pytest.raises(DataError, match="not empty"):
        jitter_mask(~mask & mask, np.random.default_rng(0))


TYPES = ["meningioma", "glioma", "pituitary"]


@pytest.mark.parametrize("kind", KINDS)
def test_slices_without_a_tumour_are_of_no_type(kind):
    table, labels, patients = made_up()
    healthy = patients >= "p21"  # what was found on three healthy heads is a false alarm
    mixed = np.where(healthy, 0, labels)
    features = ["shape_area_mm2", "place_depth_mm", "glcm_contrast"]
    with_healthy = fit_classifier(make_classifier(kind, features), table, mixed, patients)
    without = fit_classifier(make_classifier(kind, features), table[~healthy], labels[~healthy], patients[~healthy])
    said = predict_types(with_healthy, table)
    np.testing.assert_allclose(said[TYPES], predict_types(without, table)[TYPES])
    assert said[TYPES].sum(axis=1).to_numpy() == pytest.approx(1)
    assert set(said["predicted"]) <= {1, 2, 3}


def test_cross_validation_is_not_trained_on_slices_without_a_tumour():
    table, labels, patients = made_up()
    mixed = np.where(patients >= "p21", 0, labels)
    folds = np.array([int(p[1:]) // 3 % 4 + 1 for p in patients])
    classifier = make_classifier("logistic", ["shape_area_mm2", "place_depth_mm"])
    result = cross_validate_by_patient(classifier, table, mixed, patients, folds)
    assert list(result["label"]) == list(mixed)
    assert result[TYPES].sum(axis=1).to_numpy() == pytest.approx(1)
    assert (result["predicted"] == mixed)[mixed > 0].mean() > 0.9


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_type_that_was_never_seen_has_probability_0_in_its_own_column(missing):
    table, labels, patients = made_up()
    here = labels != missing
    fitted = fit_classifier(make_classifier("logistic"), table[here], labels[here], patients[here])
    probabilities = type_probabilities(fitted, table)
    assert (probabilities[:, missing - 1] == 0).all()
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert (predict_types(fitted, table[here])["predicted"] == labels[here]).mean() > 0.95
    # Asked why not the missing type: nothing speaks for it, nothing against it.
    assert {effect for _, effect in explain(fitted, table[:1], table, label=missing)} == {0}


def test_a_classifier_of_other_labels_is_refused():
    table, labels, _ = made_up()
    fitted = make_classifier("logistic").fit(table, labels - 1)  # by hand: 0, 1 and 2
    with pytest.raises(ModelError, match="fitted on labels 0, 1, 2, but types are 1, 2 and 3"):
        predict_types(fitted, table)


@pytest.mark.parametrize("label", [4, -1, "glioma"])
def test_unknown_labels_are_named(label):
    table, labels, _ = made_up()
    odd = labels.astype(object)
    odd[7] = label
    with pytest.raises(DataError, match=f"Unknown label {label}"):
        fit_classifier(make_classifier("logistic"), table, odd)


def test_backward_elimination_keeps_what_matters():
    table, labels, _ = made_up()
    names = [*BASELINE_FEATURES, "place_depth_mm"]
    kept = backward_elimination(table[names], labels, p_value=0.001)
    assert set(kept) == {"shape_area_mm2", "place_depth_mm"}
    with pytest.raises(DataError, match="too few"):
        backward_elimination(table[:10], labels[:10])


@pytest.mark.parametrize("kind", ["svm", "logistic"])
def test_explain_names_the_group_that_decided(kind):
    table, labels, patients = made_up()
    fitted = fit_classifier(make_classifier(kind, [*BASELINE_FEATURES, "place_depth_mm"]), table, labels, patients)
    scan = table[labels == 1].iloc[[0]]
    by_group = explain(fitted, scan, table)
    assert (
        by_group[0][0] == "shape"
        and by_group[0][1] > 0.2
        and {name for name, _ in by_group} == {"shape", "place", "glcm"}
    )
    with pytest.raises(DataError, match="one row"):
        explain(fitted, table[:2], table)


def test_explaining_one_scan_asks_the_classifier_once():
    table, labels, _ = made_up()
    fitted = fit_classifier(make_classifier("logistic"), table, labels)
    predict, asked = fitted.predict_proba, []
    fitted.predict_proba = lambda rows: asked.append(len(rows)) or predict(rows)
    assert len(explain(fitted, table[:1], table)) == len(GROUPS_IN_WORDS)
    assert asked == [1 + len(GROUPS_IN_WORDS)]  # the scan as it is, and once with each group at its average


def test_groups_cover_all_features():
    assert {name.split("_")[0] for name in FEATURES} == set(GROUPS_IN_WORDS)


@pytest.fixture
def saved(tmp_path):
    table, labels, _ = made_up()
    fitted = fit_classifier(make_classifier("logistic", BASELINE_FEATURES), table, labels)
    return save_classifier(tmp_path / "model.skops", fitted)


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "no schema"])
def test_damaged_file_is_named(saved, damage):
    data = saved.read_bytes()
    saved.write_bytes({"cut": data[: len(data) // 2], "text": b"not a model", "empty": b"", "no schema": b""}[damage])
    if damage == "no schema":
        with zipfile.ZipFile(saved, "w") as file:
            file.writestr("hello.txt", "hello")
    with pytest.raises(ModelError, match=r"model\.skops"):
        load_classifier(saved)


def test_missing_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(ModelError, match="There is no classifier"):
        load_classifier(tmp_path / "none.skops")
    skops.io.dump(LogisticRegression(), tmp_path / "bare.skops")
    with pytest.raises(ModelError, match="Pipeline"):
        load_classifier(tmp_path / "bare.skops")
    skops.io.dump(made_up, tmp_path / "code.skops")  # a function of ours: foreign code
    with pytest.raises(ModelError, match="made_up"):
        load_classifier(tmp_path / "code.skops")

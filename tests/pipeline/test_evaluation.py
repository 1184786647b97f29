"""How good is a pair? Strangers only, misses counted, and the numbers of a table by hand."""

import numpy as np
import pandas as pd
import pytest

from braintut.errors import DataError
from braintut.pipeline.evaluation import evaluate_slices
from braintut.pipeline.pipeline import load_pipeline
from braintut.pipeline.scores import calibration, summarise, weak_points
from making import with_classes, with_mask


def test_evaluation_tells_features_and_network_apart(typed_pipeline, tiny_pipeline, phantoms):
    test = phantoms[phantoms.folds == 5]
    accuracy = evaluate_slices(with_classes(typed_pipeline, [0, 1, 0]), test, progress=False).numbers["accuracy"]
    assert accuracy["network"] == pytest.approx((test.labels == 2).mean(), abs=1e-4)
    assert {"measured_features", "predicted_mask"} <= set(accuracy)
    plain = evaluate_slices(tiny_pipeline, test, progress=False).numbers["accuracy"]
    assert "network" not in plain and "measured_features" not in plain


def test_evaluation_and_report_give_the_same_type(typed_pipeline, phantoms):
    some = phantoms[phantoms.folds == 5][:6]
    table = evaluate_slices(typed_pipeline, some, progress=False).table
    said = [typed_pipeline(one) for one in some]
    assert list(table["type_predicted_mask"]) == [report.tumour_type or "not_found" for report in said]


def test_shipped_phantom_pair_finds_tumours_it_never_saw(phantoms):
    pipeline = load_pipeline("phantom")
    unseen = phantoms[[not pipeline.was_fitted_on(p) for p in phantoms.patients]]
    assert unseen.n_patients >= 5
    numbers = evaluate_slices(pipeline, unseen, progress=False).numbers
    assert numbers["dice"]["mean"] > 0.45
    assert numbers["accuracy"]["predicted_mask"] > 0.5
    assert numbers["dice"]["mean"] == pytest.approx(pipeline.card["numbers"]["dice"]["mean"], abs=0.02)


def test_evaluation_leaves_training_patients_out(tiny_pipeline, phantoms):
    some = phantoms[np.isin(phantoms.folds, [4, 5])]
    numbers = evaluate_slices(tiny_pipeline, some, progress=False).numbers
    unseen, seen = (some[some.folds == f] for f in (5, 4))
    assert (numbers["n_slices"], numbers["n_patients"]) == (len(unseen), unseen.n_patients)
    assert (numbers["n_excluded_slices"], numbers["n_excluded_patients"]) == (len(seen), seen.n_patients)
    with pytest.raises(DataError, match="Nothing is left to count"):
        evaluate_slices(tiny_pipeline, seen, progress=False)
    assert evaluate_slices(tiny_pipeline, seen, True, progress=False).numbers["n_slices"] == len(seen)


def test_misses_count_as_zero_and_as_wrong(tiny_pipeline, phantoms):
    nothing = with_mask(tiny_pipeline, np.zeros((64, 64)))
    numbers = evaluate_slices(nothing, phantoms[phantoms.folds == 5], progress=False).numbers
    assert numbers["dice"]["mean"] == 0 and numbers["dice"]["not_found_fraction"] == 1
    assert numbers["accuracy"]["predicted_mask"] == numbers["accuracy"]["patient_vote"] == 0
    confusion = np.array(numbers["confusion_predicted_mask"])
    assert confusion.shape == (3, 4) and confusion[:, :3].sum() == 0
    assert confusion[:, 3].sum() == numbers["n_slices"]


def test_summary_of_a_table_computed_by_hand():
    table = pd.DataFrame(
        {
            "patient": ["a", "a", "b", "c"],
            "twin": [False, False, True, False],
            "type": ["glioma", "glioma", "meningioma", "pituitary"],
            "area_mm2": [400.0, 30.0, 20.0, 10.0],
            "dice": [0.9, 0.05, 0.5, 0.0],
            "nsd_2mm": [1.0, 0.0, 0.5, 0.0],
            "not_found": [False, False, False, True],
            "type_true_mask": ["glioma", "glioma", "meningioma", "glioma"],
            "type_predicted_mask": ["glioma", "meningioma", "meningioma", "not_found"],
            "meningioma": [0.1, 0.5, 0.8, np.nan],
            "glioma": [0.8, 0.4, 0.1, np.nan],
            "pituitary": [0.1, 0.1, 0.1, np.nan],
        }
    )
    numbers = summarise(table)
    assert numbers["dice"]["mean"] == pytest.approx(1.45 / 4, abs=1e-4)
    assert numbers["dice"]["per_patient_mean"] == pytest.approx((0.475 + 0.5 + 0) / 3, abs=1e-4)
    assert (numbers["dice"]["missed_fraction"], numbers["dice"]["not_found_fraction"]) == (0.5, 0.25)
    assert numbers["dice"]["per_type"] == {"glioma": 0.475, "meningioma": 0.5, "pituitary": 0.0}
    assert numbers["accuracy"]["true_mask"] == 0.75
    assert numbers["accuracy"]["predicted_mask"] == 0.5
    # Patient a: 0.45 for glioma against 0.3, right; b right; c has no vote, wrong.
    assert numbers["accuracy"]["patient_vote"] == pytest.approx(2 / 3, abs=1e-4)
    assert numbers["accuracy"]["recall_predicted_mask"] == {"meningioma": 1.0, "glioma": 0.5, "pituitary": 0.0}
    assert numbers["confusion_predicted_mask"] == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]]
    low, high = numbers["accuracy"]["ci95_patient_vote"]
    assert 0 <= low < 2 / 3 < high <= 1
    assert [g["area_mm2"][0] for g in numbers["per_size"].values()] == [10, 20, 30, 400]
    assert numbers["per_size"]["second quarter"]["dice"] == {"mean": 0.5, "ci95": [0.5, 0.5]}
    assert (
        numbers["per_type"]["glioma"]["missed_fraction"] == numbers["per_type"]["glioma"]["type_right"]["mean"] == 0.5
    )
    assert numbers["without_hidden_twins"]["n_patients"] == 2
    assert weak_points(numbers) == (
        "It does worst on pituitary (mean Dice 0.00, missed on 100% of the slices, type right on 0%) and on the "
        "smallest quarter of the tumours by area (mean Dice 0.00, missed on 100% of the slices, type right on 0%)."
    )


def test_calibration_by_hand():
    # Four answers stated at 0.95, three of them right; two at 0.55, one right; one slice without an answer.
    table = pd.DataFrame(
        {
            "type": ["glioma"] * 7,
            "type_predicted_mask": ["glioma", "glioma", "glioma", "pituitary", "glioma", "meningioma", "not_found"],
            "not_found": [False] * 6 + [True],
            "meningioma": [0.05, 0.05, 0.05, 0.0, 0.45, 0.55, np.nan],
            "glioma": [0.95, 0.95, 0.95, 0.05, 0.55, 0.45, np.nan],
            "pituitary": [0.0, 0.0, 0.0, 0.95, 0.0, 0.0, np.nan],
        }
    )
    assert calibration(table) == {
        "expected_calibration_error": pytest.approx((4 * 0.2 + 2 * 0.05) / 6, abs=1e-4),
        "bins": [{"n_slices": 2, "stated": 0.55, "right": 0.5}, {"n_slices": 4, "stated": 0.95, "right": 0.75}],
    }
    assert calibration(table[table["not_found"]]) is None

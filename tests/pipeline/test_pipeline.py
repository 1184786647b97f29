"""The whole way: a scan goes in, a report comes out; slices of a patient vote."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest

from braintut.dataset.scan import TUMOUR_TYPES
from braintut.errors import DataError
from braintut.pipeline.pipeline import load_pipeline
from making import head, with_classes, with_mask


def test_round_trip_gives_the_same_report(tiny_pipeline, tiny_folder, one):
    again = load_pipeline(tiny_folder)
    before, after = tiny_pipeline(one), again(one)
    np.testing.assert_allclose(before.probability, after.probability, atol=1e-5)
    assert before.to_dict().keys() == after.to_dict().keys()
    assert before.tumour_type == after.tumour_type
    assert again.card == json.loads((tiny_folder / "card.json").read_text())


def test_report_of_a_found_tumour(tiny_pipeline, one):
    disc = np.hypot(*(np.mgrid[:64, :64] - 32)) < 8
    report = with_mask(tiny_pipeline, disc.astype("f4"))(one)
    assert report.tumour_found and report.tumour_type in TUMOUR_TYPES
    assert sum(report.probabilities.values()) == pytest.approx(1)
    assert report.tumour_type == max(report.probabilities, key=report.probabilities.get)
    # 8 of 64 pixels of a 251 mm field of view.
    assert report.area_mm2 == pytest.approx(np.pi * (8 * 0.49 * 8) ** 2, rel=0.05)
    assert report.predicted_mask.shape == one.image.shape
    assert report.features and report.reasons
    assert json.loads(json.dumps(report.to_dict()))["tumour_found"] is True
    assert report.figure().axes and "data:image/png" in report.html()
    assert not report.pixel_mm_assumed


def test_no_tumour_found_is_an_answer(tiny_pipeline, one):
    report = with_mask(tiny_pipeline, np.zeros((64, 64)))(one)
    expected = {"tumour_found": False, "tumour_type": None, "probabilities": None, "area_mm2": 0}
    assert expected.items() <= report.to_dict().items()
    assert str(report) == "no tumour found"
    assert report.figure() and "no tumour found" in report.html()


def test_oblong_scans_are_not_distorted(tiny_pipeline):
    scan = head(96)[:, 16:80]  # 96 x 64
    disc = np.hypot(*(np.mgrid[:64, :64] - 31.5)) < 8
    mask = with_mask(tiny_pipeline, disc.astype("f4"))(scan).predicted_mask
    assert mask.shape == (96, 64)
    height, width = (np.flatnonzero(mask.any(axis)).size for axis in (1, 0))
    assert abs(height - width) <= 1 and abs(height - 24) <= 2


def test_what_is_no_scan_is_refused(tiny_pipeline, phantoms):
    with pytest.raises(DataError, match=r"got 2; write slices\[0\]"):
        tiny_pipeline(phantoms[:2])
    with pytest.raises(DataError, match=r"\(64, 64, 3\)"):
        tiny_pipeline(np.zeros((64, 64, 3)))
    with pytest.raises(DataError, match="one single grey"):
        tiny_pipeline(np.zeros((64, 64)))


def test_features_and_network_decide_together(typed_pipeline, one):
    report = with_classes(typed_pipeline, [0.1, 0.2, 0.7])(one)
    assert set(report.opinions) == {"features", "network"}
    assert report.opinions["network"] == pytest.approx(dict(zip(TUMOUR_TYPES, (0.1, 0.2, 0.7), strict=True)))
    for name in TUMOUR_TYPES:
        mean = (report.opinions["features"][name] + report.opinions["network"][name]) / 2
        assert report.probabilities[name] == pytest.approx(mean)
    assert report.tumour_type == max(report.probabilities, key=report.probabilities.get)


def test_a_network_without_types_leaves_it_to_the_features(tiny_pipeline, one):
    report = with_mask(tiny_pipeline, (np.hypot(*(np.mgrid[:64, :64] - 32)) < 8).astype("f4"))(one)
    assert list(report.opinions) == ["features"] and report.opinions["features"] == report.probabilities


def test_slices_of_a_patient_vote(tiny_pipeline, one):
    report = with_mask(tiny_pipeline, np.ones((64, 64)))(one)
    sure = {"meningioma": 0.9, "glioma": 0.1, "pituitary": 0.0}
    doubt = {"meningioma": 0.3, "glioma": 0.4, "pituitary": 0.3}
    nothing = with_mask(tiny_pipeline, np.zeros((64, 64)))(one)
    vote = tiny_pipeline.vote([replace(report, probabilities=p) for p in (sure, doubt)] + [nothing])
    assert vote == pytest.approx({"meningioma": 0.6, "glioma": 0.25, "pituitary": 0.15})
    assert tiny_pipeline.vote([nothing]) is None


def test_a_scan_goes_through_the_network_once(tiny_pipeline, one):
    batches = []

    class Counting:
        def predict_on_batch(self, batch):
            batches.append(batch.shape)
            return np.full(batch.shape, 0.9, "f4")

    start = time.perf_counter()
    report = replace(tiny_pipeline, unet=Counting())(one)
    assert batches == [(1, 64, 64, 1)] and report.tumour_found
    assert 0 < report.seconds <= time.perf_counter() - start

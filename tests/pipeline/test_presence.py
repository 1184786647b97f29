"""A pair that may say that there is no tumour: what it keeps, what it stores, what it tells."""

from dataclasses import replace

import numpy as np
import pytest

from braintut.errors import DataError, ModelError
from braintut.pipeline.evaluation import evaluate_slices
from braintut.pipeline.pipeline import load_pipeline
from braintut.pipeline.presence import NETWORK, calibrate_presence, with_presence
from braintut.segmentation.presence import Presence
from braintut.segmentation.unet import build_unet

ALWAYS, NEVER = Presence(1.0, 0.0, 0.0), Presence(1.0, 0.0, 1.0)


class Says:
    """A network that says the same of each pixel."""

    def __init__(self, probability):
        self.probability = probability

    def predict_on_batch(self, batch):
        return np.full((*batch.shape[:3], 1), self.probability, "f4")


@pytest.fixture(scope="module")
def finding(tiny_pipeline):
    """A pair that outlines something on each slice."""
    settings = {**tiny_pipeline.card["settings"], "threshold": 0.0}
    return replace(tiny_pipeline, card={**tiny_pipeline.card, "settings": settings})


@pytest.fixture(scope="module")
def unseen(phantoms):
    return phantoms[phantoms.folds == 5][:4]


@pytest.fixture(scope="module")
def saying_no(finding):
    return with_presence(finding, Says(0.2), NEVER)


def test_no_tumour_is_reported_below_the_threshold(saying_no, finding, unseen):
    report = saying_no(unseen[0])
    assert not report.tumour_found and report.tumour_type is None and str(report).startswith("no tumour found")
    assert report.to_dict()["presence"] == pytest.approx(0.2)  # log-odds of 0.2, slope 1
    assert "20% likely" in report.html()
    assert saying_no.without_presence()(unseen[0]).tumour_found
    assert with_presence(finding, Says(0.2), ALWAYS)(unseen[0]).tumour_found


def test_a_pair_without_it_tells_nothing(tiny_pipeline, unseen):
    report = tiny_pipeline(unseen[0])
    assert report.presence is None and report.to_dict()["presence"] is None and "likely" not in report.html()


def test_the_prevalence_moves_what_is_stated_and_not_the_answer(tiny_pipeline, unseen):
    pair = with_presence(tiny_pipeline, Says(0.5), Presence(1.0, 0.0, 0.5))
    rare = replace(pair, prevalence=0.01)
    assert (pair(unseen[0]).presence, rare(unseen[0]).presence) == (pytest.approx(0.5), pytest.approx(0.01))
    assert pair(unseen[0]).tumour_found == rare(unseen[0]).tumour_found


def test_what_is_not_found_counts_as_missed_unless_each_slice_has_a_tumour(saying_no, unseen):
    numbers = evaluate_slices(saying_no, unseen, progress=False).numbers
    assert numbers["dice"]["not_found_fraction"] == 1.0 and numbers["dice"]["mean"] == 0.0
    taken = evaluate_slices(saying_no.without_presence(), unseen, progress=False).numbers
    assert taken["dice"]["not_found_fraction"] < 1.0


def test_the_network_is_stored_with_the_pair(tiny_pipeline, unseen, tmp_path):
    network = build_unet(tiny_pipeline.unet_size, **NETWORK)
    pair = with_presence(tiny_pipeline, network, Presence(0.8, -0.1, 0.3))
    again = load_pipeline(pair.save(tmp_path / "pair"))
    assert again.presence == Presence(0.8, -0.1, 0.3)
    assert again(unseen[0]).presence == pytest.approx(pair(unseen[0]).presence, abs=1e-3)
    (tmp_path / "pair" / "presence.npz").write_bytes(b"no weights")
    with pytest.raises(ModelError, match=r"presence\.npz is missing or not the one that its card names"):
        load_pipeline(tmp_path / "pair")


def test_it_is_calibrated_on_patients_that_the_pair_does_not_know(tiny_pipeline, phantoms, unseen):
    network = build_unet(tiny_pipeline.unet_size, **NETWORK)
    with pytest.raises(DataError, match="calibrate it on patients it does not know"):
        calibrate_presence(tiny_pipeline, network, phantoms[phantoms.folds == 1][:2])
    presence = calibrate_presence(tiny_pipeline, network, unseen)
    assert np.isfinite([presence.slope, presence.intercept]).all() and 0 <= presence.threshold <= 1

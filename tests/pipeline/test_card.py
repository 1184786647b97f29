"""Whom a pair was fitted on: told by hashes, patient by patient."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from braintut.dataset.splits import split_by_fold
from braintut.errors import DataError


def test_card_knows_the_training_patients_and_not_their_names(tiny_pipeline, phantoms):
    train, test = split_by_fold(phantoms, 5)
    assert all(tiny_pipeline.was_fitted_on(p) for p in set(train.patients))
    assert not any(tiny_pipeline.was_fitted_on(p) for p in set(test.patients))
    card = tiny_pipeline.card
    by_hand = hashlib.sha256((card["salt"] + train.patients[0]).encode()).hexdigest()
    assert by_hand in card["patients"] and train.patients[0] not in json.dumps(card)
    assert "not for clinical use" in card["use"]


def test_twins_are_told_by_their_merged_id(tiny_pipeline):
    salt = tiny_pipeline.card["salt"]
    merged = [hashlib.sha256((salt + "MR1234").encode()).hexdigest()]
    twin = replace(tiny_pipeline, card={**tiny_pipeline.card, "merged_patients": merged})
    assert twin.was_fitted_on_twin("MR1234C") and not twin.was_fitted_on("MR1234C")


def test_reports_tell_whether_the_patient_was_trained_on(tiny_pipeline, phantoms):
    train, test = split_by_fold(phantoms, 5)
    assert tiny_pipeline(train[0]).trained_on_patient is True
    assert tiny_pipeline(test[0]).trained_on_patient is False
    assert tiny_pipeline(test.images[0]).trained_on_patient is None  # a bare picture names nobody


@pytest.mark.parametrize("many", [np.array(["PH001", "PH002"]), ["PH001"], 108931], ids=["array", "list", "number"])
def test_it_is_asked_for_one_patient_at_a_time(tiny_pipeline, many):
    for ask in (tiny_pipeline.was_fitted_on, tiny_pipeline.was_fitted_on_twin):
        with pytest.raises(DataError, match="ask for one patient at a time"):
            ask(many)

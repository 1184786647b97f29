"""The shipped classifiers say the same under every scikit-learn that the course meets, and load without a word.

`python tests/classification/test_shipped_classifiers.py` writes the probabilities anew, once pairs are trained anew.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import InconsistentVersionWarning

from braintut.classification import storing
from braintut.classification.storing import load_classifier
from braintut.pipeline.card import ASSETS

STORED = Path(__file__).with_name("shipped_probabilities.json")
CLASSIFIERS = sorted(path.relative_to(ASSETS).as_posix() for path in ASSETS.glob("*/*.skops"))


def probabilities(name: str) -> np.ndarray:
    """What a classifier says to every fourth row that its pair was fitted on; shape (rows, 3)."""
    path = ASSETS / name
    rows = pd.read_csv(path.with_name("reference.csv"))[::4]
    return load_classifier(path).predict_proba(rows)


def test_all_three_pairs_have_their_two_classifiers():
    pairs = ("figshare", "figshare_without_fold_4", "phantom")
    assert [f"{p}/{kind}.skops" for p in pairs for kind in ("classifier", "classifier_true_mask")] == CLASSIFIERS


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_probabilities_are_the_stored_ones(name):
    stored = np.array(json.loads(STORED.read_text(encoding="utf-8"))[name])
    np.testing.assert_allclose(probabilities(name), stored, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_loading_warns_of_nothing(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_classifier(ASSETS / name)


def test_loading_keeps_no_other_warning_back(monkeypatch):
    def loads(data, trusted):
        for warning in (
            InconsistentVersionWarning(
                estimator_name="SVC", current_sklearn_version="1.6.1", original_sklearn_version="1.0"
            ),
            UserWarning("something else"),
        ):
            warnings.warn(warning, stacklevel=1)
        return real(data, trusted=trusted)

    real = storing.skops.io.loads
    monkeypatch.setattr(storing.skops.io, "loads", loads)
    with pytest.warns(UserWarning, match="something else") as heard:
        load_classifier(ASSETS / CLASSIFIERS[0])
    assert [str(warning.message) for warning in heard] == ["something else"]


if __name__ == "__main__":
    lines = (f'"{name}": {json.dumps(probabilities(name).round(9).tolist())}' for name in CLASSIFIERS)
    STORED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")

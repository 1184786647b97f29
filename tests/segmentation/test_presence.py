"""One probability a slice that there is a tumour: counted by hand, and on scores whose answer is known."""

import numpy as np
import pytest
from keras import ops

from braintut.errors import DataError
from braintut.segmentation.losses import DiceTypeLoss
from braintut.segmentation.presence import Presence, fit_presence, presence_score


def test_the_surest_thousandth_of_the_pixels_speaks():
    picture = np.zeros((128, 128))
    picture[:2, :8] = 0.75  # sixteen pixels
    assert presence_score(picture) == pytest.approx(np.log(3))
    picture[0, 0] = 0.0
    assert presence_score(picture) < np.log(3)
    assert presence_score(np.stack([picture, picture])).shape == (2,)


def test_certain_answers_stay_finite():
    assert np.isfinite(presence_score(np.stack([np.zeros((64, 64)), np.ones((64, 64))]))).all()


@pytest.mark.parametrize(
    ("prevalence", "probability"),
    [(0.5, 0.75), (0.1, 3 / 12), (0.01, 3 / 102), (0.9, 27 / 28)],  # odds of 3, times 1, 1/9, 1/99, 9
)
def test_the_prevalence_multiplies_the_odds(prevalence, probability):
    assert Presence(1.0, np.log(3), 0.5).probability(0.0, prevalence) == pytest.approx(probability)


@pytest.mark.parametrize("prevalence", [0, 1, -0.1, 1.5, float("nan")])
def test_a_prevalence_is_a_share(prevalence):
    with pytest.raises(DataError, match="between 0 and 1"):
        Presence(1.0, 0.0, 0.5).probability(0.0, prevalence)


def test_the_calibration_is_that_of_one_in_two_and_keeps_what_it_shall():
    rng = np.random.default_rng(0)
    there = np.repeat([True, False], [1000, 4000])  # few tumours: each kind weighs the same all the same
    scores = np.where(there, rng.normal(2, 1, 5000), rng.normal(-2, 1, 5000))
    presence = fit_presence(scores, there, keep=0.9)
    # Two normal curves at 2 and -2 with a spread of 1 have log-odds of 4 times the score.
    assert presence.slope == pytest.approx(4, rel=0.15) and presence.intercept == pytest.approx(0, abs=0.3)
    assert np.mean([presence.alarm(score) for score in scores[there]]) == pytest.approx(0.9, abs=0.002)


def test_the_loss_asks_whether_there_is_a_tumour():
    said = np.zeros((2, 32, 32, 4), "f4")  # one pixel of 32 x 32 speaks
    said[..., 0] = 1
    said[:, 5, 5] = [0.25, 0.75, 0, 0]
    truth = np.zeros((2, 32, 32, 1), "f4")
    truth[0, 5, 5] = 1
    plain = DiceTypeLoss().call(truth, ops.convert_to_tensor(said))
    asked = DiceTypeLoss(presence_weight=2.0).call(truth, ops.convert_to_tensor(said))
    assert ops.convert_to_numpy(asked - plain) == pytest.approx([-2 * np.log(0.75), -2 * np.log(0.25)], abs=1e-4)
    assert DiceTypeLoss.from_config(DiceTypeLoss(presence_weight=2.0).get_config()).presence_weight == 2.0

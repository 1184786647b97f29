"""The film of a training: what it shows at each moment."""

import numpy as np
import pytest

from braintut.errors import DataError
from braintut.teaching.film import OutlineFilm


@pytest.fixture
def film():
    mask = np.zeros((64, 64), bool)
    mask[16:32, 20:40] = True
    half = mask & (np.arange(64) < 30)
    frames = {"epoch 1": np.zeros((64, 64)), "epoch <2>": 0.6 * half + 0.3 * mask, "epoch 3": 0.9 * mask}
    return OutlineFilm(np.full((64, 64), 0.3), mask, frames)


def test_the_slider_shows_each_moment_with_its_dice(film):
    assert "epoch 1: Dice 0.00" in film.caption.value
    first = film.picture.value
    film.moment.value = 2
    assert "Dice 0.67" in film.caption.value and film.picture.value != first  # half the area: 2 / 3
    film.moment.value = 3
    assert "Dice 1.00" in film.caption.value


def test_a_title_is_no_html(film):
    film.moment.value = 2
    assert "epoch &lt;2&gt;" in film.caption.value


def test_play_moves_the_slider_and_back(film):
    film.play.value = 3
    assert film.moment.value == 3
    film.moment.value = 1
    assert film.play.value == 1


def test_the_threshold_moves_the_outline(film):
    film.moment.value = 2
    film.threshold.value = 0.25
    assert "Dice 1.00" in film.caption.value


def test_a_coarse_frame_lies_over_the_whole_picture():
    mask = np.zeros((64, 64), bool)
    mask[16:32, 32:48] = True
    film = OutlineFilm(np.zeros((64, 64)), mask, {"coarse": mask[::4, ::4] * 1.0})
    assert film.predicted_mask.shape == (64, 64) and "Dice 0.9" in film.caption.value


def test_a_film_without_a_frame_is_refused():
    with pytest.raises(DataError, match="at least one frame"):
        OutlineFilm(np.zeros((8, 8)), np.zeros((8, 8), bool), {})

"""The measured results that lessons quote: complete, and drawable."""

import math

import matplotlib.pyplot as plt
import pytest

from braintut import plotting
from braintut.errors import DataError
from braintut.results import list_results, load_result

DRAWN_BY = {
    "leakage": [plotting.draw_leakage],
    "losses": [plotting.draw_variants],
    "augmentation": [plotting.draw_variants],
    "amount_of_data": [plotting.draw_amount_of_data],
    "feature_ladder": [plotting.draw_feature_ladder],
    "cost_of_a_mask": [plotting.draw_cost_of_a_mask],
    "two_questions": [plotting.draw_variants],
    "recipe": [plotting.draw_variants],
    "records": [plotting.draw_records, plotting.draw_calibration],
    "no_tumour": [plotting.draw_presence],
}
ONLY_QUOTED = {"deep_features", "unlike"}
FILMS = {"growth"}
"""One training on phantoms, watched: nothing is averaged, and no other data are needed."""


def intervals(value, path=""):
    """All (path, mean, low, high) in a result."""
    if isinstance(value, dict):
        if "ci95" in value:
            yield path, value["mean"], *value["ci95"]
        for key, inner in value.items():
            yield from intervals(inner, f"{path}/{key}")


@pytest.mark.parametrize("name", list_results())
def test_a_result_says_how_it_was_made(name):
    result = load_result(name)
    for key in ("question", "protocol", "data", "machine", "minutes", "versions"):
        assert result[key], key
    assert result["name"] == name
    assert result["command"] == f"python experiments/{name}.py" + ("" if name in FILMS else " DATA")


@pytest.mark.parametrize("name", sorted(set(list_results()) - FILMS))
def test_every_mean_lies_in_its_interval(name):
    found = list(intervals(load_result(name)))
    assert found
    for path, mean, low, high in found:
        assert low <= mean <= high and not math.isnan(mean), path


def test_every_result_is_drawn():
    assert set(list_results()) <= set(DRAWN_BY) | ONLY_QUOTED | FILMS  # tests/teaching/test_film.py shows these


@pytest.mark.parametrize(("name", "draw"), [(name, draw) for name in list_results() for draw in DRAWN_BY.get(name, [])])
def test_drawing_names_what_it_shows(name, draw):
    ax = draw(load_result(name))
    ax.figure.canvas.draw()
    assert ax.get_xlabel()
    plt.close(ax.figure)


def test_a_result_that_is_not_there_names_those_that_are():
    with pytest.raises(DataError, match=f"no result 'weather'; choose one of {', '.join(list_results())}"):
        load_result("weather")

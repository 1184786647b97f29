"""Figures about a split say what is in it: tested through their Axes."""

import matplotlib
import numpy as np
import pytest

from braintut.dataset import leaky_split_by_slice, load_phantoms, split_by_patient
from braintut.plotting import draw_look_alikes, draw_sides


@pytest.fixture(scope="module")
def slices():
    return load_phantoms()


def points(ax, label):
    (line,) = [line for line in ax.lines if line.get_label() == label]
    return np.array(line.get_data()).T


def test_every_slice_is_one_mark_and_no_two_lie_on_each_other(slices):
    train, test = leaky_split_by_slice(slices)
    ax = draw_sides(train, test, title="by slice")
    marks = np.concatenate([points(ax, "training"), points(ax, "test")])
    assert len(points(ax, "training")) == len(train) and len(points(ax, "test")) == len(test)
    assert len(np.unique(marks, axis=0)) == len(slices)
    assert marks[:, 0].max() == slices.n_patients - 1 and marks[:, 1].min() == 1


def test_the_title_counts_patients_on_both_sides(slices):
    train, test = leaky_split_by_slice(slices)
    both = len(set(train.patients) & set(test.patients))
    assert draw_sides(train, test, title="by slice").get_title() == f"by slice: {both} of 40 patients on both sides"
    assert draw_sides(*split_by_patient(slices)).get_title() == "0 of 40 patients on both sides"


def test_by_patient_no_column_has_both_marks(slices):
    ax = draw_sides(*split_by_patient(slices))
    assert not set(points(ax, "training")[:, 0]) & set(points(ax, "test")[:, 0])


def test_sides_are_told_apart_without_colour(slices):
    ax = draw_sides(*split_by_patient(slices))
    assert len({line.get_marker() for line in ax.lines}) == 2


def test_look_alikes_stand_below_each_other(slices):
    figure = draw_look_alikes(slices[[0, 60]], slices[[1, 61]])
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == [f"{slices.patients[i]}, {slices.types[i]}" for i in (0, 60, 1, 61)]
    matplotlib.pyplot.close("all")

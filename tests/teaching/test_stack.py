"""What a page without a kernel gets to show: packed without a rounding that could be seen."""

import numpy as np
import pytest

from braintut.errors import DataError
from braintut.segmentation.mask import largest_component
from braintut.teaching.film import OutlineFilm, load_films
from braintut.teaching.findings import Findings
from braintut.teaching.stack import in_hundredths, make_stack, pack, phantom_stack, unpack


def planes_of(stack):
    """Head, true mask and moments of each picture."""
    flat = unpack(stack.planes)
    for entry in stack.about["pictures"]:
        shape = (2 + len(entry["moments"]), entry["height"], entry["width"])
        here, flat = flat[: np.prod(shape)], flat[np.prod(shape) :]
        yield entry, here.reshape(shape)
    assert flat.size == 0


@pytest.mark.parametrize("threshold", range(1, 100))
def test_a_mask_of_hundredths_is_the_mask_of_the_probability(threshold):
    edges = np.arange(1, 101, dtype=np.float32) / 100
    near = np.concatenate([edges, np.nextafter(edges, 0), np.nextafter(edges, 1), np.linspace(0, 1, 999)])
    probability = near.astype(np.float32)
    assert np.array_equal(in_hundredths(probability) >= threshold, probability >= threshold / 100)


def test_packing_loses_nothing():
    planes = [np.uint8([[0, 255], [3, 2]]), np.uint8([[1]])]
    assert unpack(pack(planes)).tolist() == [0, 255, 3, 2, 1]


def test_slices_keep_their_greys_masks_and_facts(few):
    stack = make_stack(few)
    assert stack.about["network"] is None
    for i, (entry, (head, mask)) in enumerate(planes_of(stack)):
        assert np.array_equal(head, np.round(few.images[i] * 255)) and np.array_equal(mask, few.masks[i])
        assert (entry["id"], entry["patient"], entry["type"]) == (few.ids[i], few.patients[i], few.types[i])
        assert entry["pixel_mm"] == few.pixel_mm[i] and not entry["film"]


@pytest.fixture(scope="module")
def course():
    return phantom_stack()


@pytest.fixture(scope="module")
def pipeline():
    from braintut.pipeline.pipeline import load_pipeline

    return load_pipeline("phantom")


def test_the_course_shows_strangers_and_a_training_in_four_megabytes(course):
    pictures = course.about["pictures"]
    assert len(course.planes) < 4e6
    assert not any(picture["known"] for picture in pictures)
    assert sum(not picture["film"] for picture in pictures) == 39  # the slices of fold 5
    films = [picture for picture in pictures if picture["film"]]
    assert [film["type"] for film in films] == ["meningioma", "glioma", "pituitary"]
    assert all(film["moments"] == [f"epoch {n}" for n in range(1, 25)] for film in films)


def test_its_masks_are_those_of_the_widgets_with_a_kernel(course, phantoms, pipeline):
    findings, films = Findings(phantoms, pipeline), load_films()
    for entry, (_, true_mask, *moments) in planes_of(course):
        index = phantoms.ids.tolist().index(entry["id"])
        assert np.array_equal(true_mask, phantoms.masks[index]) and entry["pixel_mm"] == phantoms.pixel_mm[index]
        if entry["film"]:
            film = OutlineFilm(*films[entry["type"]])
            film.moment.value, film.threshold.value = 7, 0.37
            assert np.array_equal(moments[6] >= 37, film.predicted_mask)
        else:
            ours = largest_component(moments[0] >= 37, entry["pixel_mm"])
            assert np.array_equal(ours, findings.mask(index, 0.37))


def test_a_patient_that_the_network_met_is_marked(phantoms, pipeline):
    one_of_each = phantoms[[phantoms.patients.tolist().index(patient) for patient in ("PH001", "PH005")]]
    assert [picture["known"] for picture in make_stack(one_of_each, pipeline).about["pictures"]] == [True, False]


def test_no_slices_are_refused(few):
    with pytest.raises(DataError, match="at least one slice"):
        make_stack(few[:0])


def test_more_slices_than_a_page_takes_are_refused(few, monkeypatch):
    monkeypatch.setattr("braintut.teaching.stack.MAX_BYTES", 5 * 2 * 256 * 256)
    make_stack(few[:5])
    with pytest.raises(DataError, match="give at most 5"):
        make_stack(few[:6])

"""Fitting a pair: cycles, masks of strangers, slices without a tumour, and what is refused before hours are spent."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from braintut.dataset.grid import resize
from braintut.dataset.load import load_phantoms
from braintut.dataset.slices import concatenate
from braintut.errors import DataError, ModelError, SplitError
from braintut.pipeline import fitting
from braintut.pipeline.fitting import fit_pipeline
from braintut.pipeline.recipe import Cycle
from braintut.segmentation.mask import mark_tumour
from braintut.segmentation.prediction import predict_probabilities
from braintut.segmentation.segmenter import Segmenter
from braintut.segmentation.training import TrainingRun
from braintut.segmentation.unet import build_unet
from making import small_recipe, with_classes, with_mask


def test_masks_of_strangers_are_taken_where_there_are_any(tiny_pipeline, phantoms, monkeypatch):
    slices, learnt_from = phantoms[np.isin(phantoms.folds, (4, 5))], []

    def masks(segmenter, slices):
        return np.full(slices.masks.shape, segmenter.unet is tiny_pipeline.unet)

    def fit_on_mixed_masks(slices, predicted, true_table, **settings):
        learnt_from.append(predicted)
        return tiny_pipeline.classifier

    monkeypatch.setattr(Segmenter, "masks", masks)
    monkeypatch.setattr(fitting, "fit_on_mixed_masks", fit_on_mixed_masks)
    pair = fit_pipeline(slices, name="new", recipe=small_recipe(), masks_from=[tiny_pipeline], log=lambda line: None)
    # The tiny pair was fitted on folds 1 to 4: only the patients of fold 5 are strangers to it.
    assert (learnt_from[0].all(axis=(1, 2)) == (slices.folds == 5)).all()
    assert pair.card["settings"]["masks_from"] == ["tiny"]


def test_masks_are_drawn_on_the_grid_of_the_slices(tiny_pipeline, phantoms):
    some = phantoms[:3]
    masks = Segmenter(tiny_pipeline.unet, 64, threshold=0.2, faint_threshold=0.01).masks(some)
    assert masks.shape == some.masks.shape and masks.dtype == bool
    probabilities = predict_probabilities(tiny_pipeline.unet, some.resized(64).images)
    by_hand = [mark_tumour(resize(p, 256), mm, 0.2, 0.01) for p, mm in zip(probabilities, some.pixel_mm, strict=True)]
    np.testing.assert_array_equal(masks, by_hand)


def test_a_second_cycle_remembers_the_patients_of_the_first(tiny_pipeline, phantoms):
    new = phantoms[phantoms.folds == 5]
    second = fit_pipeline(
        new,
        name="second",
        recipe=small_recipe(learning_rate=1e-9),
        start_from=tiny_pipeline,
        log=lambda line: None,
    )
    assert all(second.was_fitted_on(patient) for patient in phantoms.patients)
    # With no learning rate to speak of, the kernels are where the first cycle left them.
    np.testing.assert_allclose(second.unet.get_weights()[0], tiny_pipeline.unet.get_weights()[0], atol=1e-6)
    assert second.training_losses[:-1] == tiny_pipeline.training_losses and len(tiny_pipeline.training_losses) == 4


def test_cycles_of_one_recipe_are_those_of_one_pair_after_another(monkeypatch, phantoms, tmp_path):
    asked, lines = [], []

    def train(slices, *, unet, start_from, **settings):
        asked.append({"start_from": start_from, **settings})
        model = build_unet(slices.images.shape[1], **unet)
        model.set_weights([np.full_like(w, len(asked)) for w in model.get_weights()])
        return TrainingRun(model, [{"loss": float(len(asked))}])

    monkeypatch.setattr(fitting, "train_unet", train)
    cycles = (Cycle(epochs=3), Cycle(epochs=2, batch_size=8, learning_rate=0.001, ema_momentum=0.5))
    recipe = replace(small_recipe(unet_size=32, depth=2), cycles=cycles)
    pair = fit_pipeline(phantoms, name="two", recipe=recipe, folder=tmp_path, log=lines.append)
    first, second = asked
    assert first["start_from"] is None and (second["start_from"].get_weights()[0] == 1).all()
    assert (pair.unet.get_weights()[0] == 2).all() and pair.training_losses == [1.0, 2.0]
    assert [one["folder"] for one in asked] == [tmp_path / "cycle_1", tmp_path / "cycle_2"]
    assert {name: second[name] for name in asdict(cycles[1])} == asdict(cycles[1])
    assert lines[:2] == ["cycle 1 of 2", "cycle 2 of 2"]
    settings = pair.card["settings"]
    assert settings["learning_rate"] == 0.001 and settings["start_from"]["learning_rate"] == 0.002
    assert "cycles" not in settings and "start_from" not in settings["start_from"]


@pytest.fixture
def no_training(monkeypatch):
    """`fit_pipeline` gets a U-Net that was not trained."""

    def untrained(slices, *, unet, **_):
        return TrainingRun(build_unet(slices.images.shape[1], **unet), [])

    monkeypatch.setattr(fitting, "train_unet", untrained)


QUICK = {"recipe": small_recipe(unet_size=32, depth=2, threshold=0.1), "log": lambda line: None}


def test_slices_without_a_tumour_stay_out_of_the_classifiers(no_training, phantoms):
    both = concatenate([phantoms[phantoms.folds <= 3], load_phantoms(tumour_free=True)])
    pair = fit_pipeline(both, name="mixed", **QUICK)
    for classifier in (pair.classifier, pair.classifier_true_mask):
        assert list(classifier.classes_) == [1, 2, 3]
    data = pair.card["data"]
    assert data["without_tumour"] == {"slices": 42, "patients": 8}
    assert len(pair.reference) <= (both.labels > 0).sum() and pair.reference.notna().any(axis=1).all()
    for one in (both[0], both[-1]):
        report = with_mask(pair, (np.hypot(*(np.mgrid[:32, :32] - 16)) < 4).astype("f4"))(one)
        assert sum(report.probabilities.values()) == pytest.approx(1)


def test_a_report_on_a_type_that_only_the_network_knows(no_training, phantoms, typed_pipeline):
    two = phantoms[(phantoms.folds == 1) & (phantoms.labels < 3)]
    pair = fit_pipeline(two, name="two", **QUICK)
    joined = replace(with_classes(typed_pipeline, [0, 0, 1]), classifier=pair.classifier)
    report = joined(phantoms[0])
    assert report.opinions["features"]["pituitary"] == 0 and report.tumour_type == "pituitary"
    assert sum(report.probabilities.values()) == pytest.approx(1)


def test_what_would_stop_the_classifiers_is_said_before_the_training(monkeypatch, phantoms):
    monkeypatch.setattr(fitting, "train_unet", lambda *_, **__: pytest.fail("the training began"))
    pituitary = phantoms.of_type("pituitary")
    lone = concatenate([phantoms[phantoms.labels < 3], pituitary.of_patient(pituitary.patients[0])])
    with pytest.raises(SplitError, match="Pituitary has a single patient only"):
        fit_pipeline(lone, name="lone", **QUICK)
    with pytest.raises(DataError, match="at least two types to learn from; the slices show pituitary only"):
        fit_pipeline(pituitary, name="one", **QUICK)
    with pytest.raises(DataError, match="at least two types"):
        fit_pipeline(load_phantoms(tumour_free=True), name="none", **QUICK)
    masks = phantoms.masks.copy()
    masks[3] = False
    with pytest.raises(DataError, match=f"mask of slice {phantoms.ids[3]} is empty although its label names a tumour"):
        fit_pipeline(replace(phantoms, masks=masks), name="empty", **QUICK)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"unet_size": 32}, "size 64, not 32"),
        ({"depth": 2}, "depth 3, not 2"),
        ({"filters": 8, "classes": 4}, "filters 4, not 8 and classes 1, not 4"),
        ({"stem": 2}, "stem 1, not 2"),
    ],
)
def test_a_start_from_another_network_is_said_before_the_training(monkeypatch, phantoms, tiny_pipeline, changes, words):
    monkeypatch.setattr(fitting, "train_unet", lambda *_, **__: pytest.fail("the training began"))
    with pytest.raises(ModelError, match=f"The pair 'tiny' to start from has a U-Net of {words}"):
        fit_pipeline(phantoms, name="next", start_from=tiny_pipeline, recipe=small_recipe(**changes))

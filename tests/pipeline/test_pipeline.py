"""The whole way: fit, save, load, call, vote, evaluate."""

import hashlib
import json
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from braintut.dataset.grid import resize
from braintut.dataset.load import load_phantoms
from braintut.dataset.scan import TUMOUR_TYPES
from braintut.dataset.slices import concatenate
from braintut.dataset.splits import split_by_fold
from braintut.errors import DataError, ModelError, SplitError
from braintut.pipeline import fitting
from braintut.pipeline.card import shipped_pairs
from braintut.pipeline.evaluation import evaluate_slices
from braintut.pipeline.fitting import fit_pipeline
from braintut.pipeline.pipeline import Pipeline, load_pipeline
from braintut.pipeline.recipe import Cycle
from braintut.pipeline.scores import calibration, summarise, weak_points
from braintut.pipeline.storage import as_stored
from braintut.segmentation.mask import largest_component, mark_tumour
from braintut.segmentation.prediction import predict_probabilities
from braintut.segmentation.segmenter import Segmenter
from braintut.segmentation.training import TrainingRun
from braintut.segmentation.unet import build_unet
from making import head, small_recipe


def with_mask(pipeline: Pipeline, probability: np.ndarray) -> Pipeline:
    """The same pipeline with a U-Net that always answers this probability map."""

    class Fixed:
        def predict_on_batch(self, batch):
            return np.repeat(probability[None, ..., None], len(batch), 0).astype("f4")

    return replace(pipeline, unet=Fixed())


@pytest.fixture(scope="module")
def one(phantoms):
    return phantoms[phantoms.folds == 5][0]


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


@pytest.mark.parametrize(
    ("areas", "pixel_mm", "left"),
    [((9, 25), 1.0, 25), ((9,), 1.0, 0), ((9,), 2.0, 9), ((), 1.0, 0)],
)
def test_largest_piece_is_kept_unless_it_is_noise(areas, pixel_mm, left):
    mask = np.zeros((32, 32), bool)
    for i, area in enumerate(areas):
        side = int(area**0.5)
        mask[2 : 2 + side, 10 * i : 10 * i + side] = True
    assert largest_component(mask, pixel_mm).sum() == left


@pytest.mark.parametrize(
    ("clear", "faint", "threshold", "faint_threshold", "left"),
    [
        (0.9, 0.3, 0.5, None, "clear"),
        (0.9, 0.3, 0.5, 0.02, "clear"),  # a second look is taken only where the first finds nothing
        (0.4, 0.3, 0.5, None, "nothing"),
        (0.4, 0.3, 0.5, 0.35, "clear"),
        (0.4, 0.3, 0.35, None, "clear"),
        (0.0, 0.3, 0.5, 0.02, "faint"),
        (0.0, 0.3, 0.2, None, "faint"),
        (0.0, 0.01, 0.2, 0.02, "nothing"),
    ],
)
def test_second_look(clear, faint, threshold, faint_threshold, left):
    probability = np.zeros((20, 20), np.float32)
    places = {"clear": np.s_[2:7, 2:7], "faint": np.s_[10:15, 10:15]}
    probability[places["clear"]], probability[places["faint"]] = clear, faint
    mask = mark_tumour(probability, 1.0, threshold, faint_threshold)
    assert mask.sum() == (0 if left == "nothing" else 25)
    assert left == "nothing" or mask[places[left]].all()


def with_classes(pipeline: Pipeline, types: list[float]) -> Pipeline:
    """The same pipeline with a U-Net that is sure of a disc in the middle and thinks this of its type."""
    disc = np.hypot(*(np.mgrid[:64, :64] - 32)) < 8
    classes = np.where(disc[..., None], [0, *types], [1, 0, 0, 0])

    class Fixed:
        def predict_on_batch(self, batch):
            return np.repeat(classes[None], len(batch), 0).astype("f4")

    return replace(pipeline, unet=Fixed())


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


def test_evaluation_tells_features_and_network_apart(typed_pipeline, tiny_pipeline, phantoms):
    test = phantoms[phantoms.folds == 5]
    accuracy = evaluate_slices(with_classes(typed_pipeline, [0, 1, 0]), test, progress=False).numbers["accuracy"]
    assert accuracy["network"] == pytest.approx((test.labels == 2).mean(), abs=1e-4)
    assert {"measured_features", "predicted_mask"} <= set(accuracy)
    plain = evaluate_slices(tiny_pipeline, test, progress=False).numbers["accuracy"]
    assert "network" not in plain and "measured_features" not in plain


def test_evaluation_and_report_give_the_same_type(typed_pipeline, phantoms):
    some = phantoms[phantoms.folds == 5][:6]
    table = evaluate_slices(typed_pipeline, some, progress=False).table
    said = [typed_pipeline(one) for one in some]
    assert list(table["type_predicted_mask"]) == [report.tumour_type or "not_found" for report in said]


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


def test_slices_of_a_patient_vote(tiny_pipeline, one):
    report = with_mask(tiny_pipeline, np.ones((64, 64)))(one)
    sure = {"meningioma": 0.9, "glioma": 0.1, "pituitary": 0.0}
    doubt = {"meningioma": 0.3, "glioma": 0.4, "pituitary": 0.3}
    nothing = with_mask(tiny_pipeline, np.zeros((64, 64)))(one)
    vote = tiny_pipeline.vote([replace(report, probabilities=p) for p in (sure, doubt)] + [nothing])
    assert vote == pytest.approx({"meningioma": 0.6, "glioma": 0.25, "pituitary": 0.15})
    assert tiny_pipeline.vote([nothing]) is None


def test_card_knows_the_training_patients_and_not_their_names(tiny_pipeline, phantoms):
    train, test = split_by_fold(phantoms, 5)
    assert all(tiny_pipeline.was_fitted_on(p) for p in set(train.patients))
    assert not any(tiny_pipeline.was_fitted_on(p) for p in set(test.patients))
    card = tiny_pipeline.card
    by_hand = hashlib.sha256((card["salt"] + train.patients[0]).encode()).hexdigest()
    assert by_hand in card["patients"] and train.patients[0] not in json.dumps(card)
    assert "not for clinical use" in card["use"]


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


@pytest.mark.parametrize("weight", [np.nan, np.inf, 1e6])
def test_a_diverged_network_is_not_stored(tiny_pipeline, tmp_path, weight):
    unet = keras.models.clone_model(tiny_pipeline.unet)
    weights = tiny_pipeline.unet.get_weights()
    weights[0] = np.full_like(weights[0], weight)  # 1e6 is too large for the 16 bits that kernels are stored in
    unet.set_weights(weights)
    with pytest.raises(ModelError, match="its training diverged; train again with a smaller learning rate"):
        replace(tiny_pipeline, unet=unet).save(tmp_path / "pair")
    assert not list(tmp_path.rglob("*.npz"))
    with pytest.raises(ModelError, match="diverged"):
        as_stored(unet, 64, {"filters": 4, "depth": 3})


def test_a_folder_of_ones_own_wins_over_a_shipped_pair(tiny_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "figshare").mkdir()  # the data set, perhaps: no pair lies in it
    (tmp_path / "figshare" / "1.mat").write_text("")
    shutil.copytree(tiny_folder, "phantom")
    for own in ("phantom", "./phantom", Path("phantom"), tmp_path / "phantom"):
        assert load_pipeline(own).name == "tiny"
    assert load_pipeline("figshare").name == "figshare"
    (tmp_path / "phantom" / "card.json").unlink()  # half a pair is damaged, not another one
    with pytest.raises(ModelError, match="no trained pair 'phantom'"):
        load_pipeline("phantom")
    with pytest.raises(ModelError, match="no trained pair 'figshare'"):
        load_pipeline(Path("figshare"))  # a Path is always a folder


def test_the_pair_of_choice_is_the_shipped_one(tiny_folder, phantoms, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_folder, "phantom")
    assert load_pipeline(slices=phantoms).name == "phantom"


def test_text_of_a_pair_ends_its_lines_the_same_on_every_system(tiny_pipeline, tmp_path, monkeypatch):
    monkeypatch.setattr("os.linesep", "\r\n")  # as on Windows
    folder = tiny_pipeline.save(tmp_path / "pair")
    for name in ("card.json", "reference.csv"):
        assert b"\r" not in (folder / name).read_bytes()


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


@pytest.mark.parametrize("file", ["unet.npz", "classifier.skops", "card.json", "reference.csv"])
def test_damaged_pairs_are_named(tiny_pipeline, tmp_path, file):
    folder = tiny_pipeline.save(tmp_path / "pair")
    data = (folder / file).read_bytes()
    (folder / file).write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError, match=file):
        load_pipeline(folder)
    (folder / file).unlink()
    with pytest.raises(ModelError):
        load_pipeline(folder)


def test_pairs_are_chosen_by_what_the_slices_are(phantoms, capsys):
    assert {"phantom", "figshare"} <= set(shipped_pairs())
    assert load_pipeline(slices=phantoms).name == "phantom"
    assert load_pipeline().name == "figshare"
    assert "pair 'figshare'" in capsys.readouterr().err
    with pytest.raises(ModelError, match=r"no trained pair 'nonsense'.*phantom"):
        load_pipeline("nonsense")


@pytest.mark.parametrize(
    ("patients", "name"),
    [
        (["108931"], "figshare_without_fold_4"),  # of fold 4
        (["108931", "MR040240B"], "figshare_without_fold_4"),  # the second of fold 3: two against one
        (["MR040240B"], "figshare"),  # both know it
        (["somebody"], "figshare"),  # none does
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else "",
)
def test_real_slices_get_the_pair_that_has_met_the_fewest_of_their_patients(phantoms, patients, name):
    n = len(patients)
    real = replace(phantoms[:n], patients=np.array(patients), source=f"figshare, {n} of 3064 slices")
    assert load_pipeline(slices=real).name == name


def test_shipped_phantom_pair_finds_tumours_it_never_saw(phantoms):
    pipeline = load_pipeline("phantom")
    unseen = phantoms[[not pipeline.was_fitted_on(p) for p in phantoms.patients]]
    assert unseen.n_patients >= 5
    numbers = evaluate_slices(pipeline, unseen, progress=False).numbers
    assert numbers["dice"]["mean"] > 0.45
    assert numbers["accuracy"]["predicted_mask"] > 0.5
    assert numbers["dice"]["mean"] == pytest.approx(pipeline.card["numbers"]["dice"]["mean"], abs=0.02)


def test_evaluation_leaves_training_patients_out(tiny_pipeline, phantoms):
    some = phantoms[np.isin(phantoms.folds, [4, 5])]
    numbers = evaluate_slices(tiny_pipeline, some, progress=False).numbers
    unseen, seen = (some[some.folds == f] for f in (5, 4))
    assert (numbers["n_slices"], numbers["n_patients"]) == (len(unseen), unseen.n_patients)
    assert (numbers["n_excluded_slices"], numbers["n_excluded_patients"]) == (len(seen), seen.n_patients)
    with pytest.raises(DataError, match="Nothing is left to count"):
        evaluate_slices(tiny_pipeline, seen, progress=False)
    assert evaluate_slices(tiny_pipeline, seen, True, progress=False).numbers["n_slices"] == len(seen)


def test_misses_count_as_zero_and_as_wrong(tiny_pipeline, phantoms):
    nothing = with_mask(tiny_pipeline, np.zeros((64, 64)))
    numbers = evaluate_slices(nothing, phantoms[phantoms.folds == 5], progress=False).numbers
    assert numbers["dice"]["mean"] == 0 and numbers["dice"]["not_found_fraction"] == 1
    assert numbers["accuracy"]["predicted_mask"] == numbers["accuracy"]["patient_vote"] == 0
    confusion = np.array(numbers["confusion_predicted_mask"])
    assert confusion.shape == (3, 4) and confusion[:, :3].sum() == 0
    assert confusion[:, 3].sum() == numbers["n_slices"]


def test_summary_of_a_table_computed_by_hand():
    table = pd.DataFrame(
        {
            "patient": ["a", "a", "b", "c"],
            "twin": [False, False, True, False],
            "type": ["glioma", "glioma", "meningioma", "pituitary"],
            "area_mm2": [400.0, 30.0, 20.0, 10.0],
            "dice": [0.9, 0.05, 0.5, 0.0],
            "nsd_2mm": [1.0, 0.0, 0.5, 0.0],
            "not_found": [False, False, False, True],
            "type_true_mask": ["glioma", "glioma", "meningioma", "glioma"],
            "type_predicted_mask": ["glioma", "meningioma", "meningioma", "not_found"],
            "meningioma": [0.1, 0.5, 0.8, np.nan],
            "glioma": [0.8, 0.4, 0.1, np.nan],
            "pituitary": [0.1, 0.1, 0.1, np.nan],
        }
    )
    numbers = summarise(table)
    assert numbers["dice"]["mean"] == pytest.approx(1.45 / 4, abs=1e-4)
    assert numbers["dice"]["per_patient_mean"] == pytest.approx((0.475 + 0.5 + 0) / 3, abs=1e-4)
    assert (numbers["dice"]["missed_fraction"], numbers["dice"]["not_found_fraction"]) == (0.5, 0.25)
    assert numbers["dice"]["per_type"] == {"glioma": 0.475, "meningioma": 0.5, "pituitary": 0.0}
    assert numbers["accuracy"]["true_mask"] == 0.75
    assert numbers["accuracy"]["predicted_mask"] == 0.5
    # Patient a: 0.45 for glioma against 0.3, right; b right; c has no vote, wrong.
    assert numbers["accuracy"]["patient_vote"] == pytest.approx(2 / 3, abs=1e-4)
    assert numbers["accuracy"]["recall_predicted_mask"] == {"meningioma": 1.0, "glioma": 0.5, "pituitary": 0.0}
    assert numbers["confusion_predicted_mask"] == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]]
    low, high = numbers["accuracy"]["ci95_patient_vote"]
    assert 0 <= low < 2 / 3 < high <= 1
    assert [g["area_mm2"][0] for g in numbers["per_size"].values()] == [10, 20, 30, 400]
    assert numbers["per_size"]["second quarter"]["dice"] == {"mean": 0.5, "ci95": [0.5, 0.5]}
    assert (
        numbers["per_type"]["glioma"]["missed_fraction"] == numbers["per_type"]["glioma"]["type_right"]["mean"] == 0.5
    )
    assert numbers["without_hidden_twins"]["n_patients"] == 2
    assert weak_points(numbers) == (
        "It does worst on pituitary (mean Dice 0.00, missed on 100% of the slices, type right on 0%) and on the "
        "smallest quarter of the tumours by area (mean Dice 0.00, missed on 100% of the slices, type right on 0%)."
    )


def test_calibration_by_hand():
    # Four answers stated at 0.95, three of them right; two at 0.55, one right; one slice without an answer.
    table = pd.DataFrame(
        {
            "type": ["glioma"] * 7,
            "type_predicted_mask": ["glioma", "glioma", "glioma", "pituitary", "glioma", "meningioma", "not_found"],
            "not_found": [False] * 6 + [True],
            "meningioma": [0.05, 0.05, 0.05, 0.0, 0.45, 0.55, np.nan],
            "glioma": [0.95, 0.95, 0.95, 0.05, 0.55, 0.45, np.nan],
            "pituitary": [0.0, 0.0, 0.0, 0.95, 0.0, 0.0, np.nan],
        }
    )
    assert calibration(table) == {
        "expected_calibration_error": pytest.approx((4 * 0.2 + 2 * 0.05) / 6, abs=1e-4),
        "bins": [{"n_slices": 2, "stated": 0.55, "right": 0.5}, {"n_slices": 4, "stated": 0.95, "right": 0.75}],
    }
    assert calibration(table[table["not_found"]]) is None


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


@pytest.mark.parametrize("many", [np.array(["PH001", "PH002"]), ["PH001"], 108931], ids=["array", "list", "number"])
def test_it_is_asked_for_one_patient_at_a_time(tiny_pipeline, many):
    for ask in (tiny_pipeline.was_fitted_on, tiny_pipeline.was_fitted_on_twin):
        with pytest.raises(DataError, match="ask for one patient at a time"):
            ask(many)

"""What the experiments count, on cases that can be checked by hand."""

import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from braintut.dataset.load import load_phantoms
from braintut.dataset.scan import Scan
from braintut.errors import DataError, ModelError
from braintut.pipeline.card import load_card
from braintut.pipeline.pipeline import load_pipeline
from braintut.results import list_results
from braintut.segmentation.unet import build_unet
from braintut.teaching import film

EXPERIMENTS = Path(__file__).resolve().parents[1] / "experiments"
sys.path.insert(0, str(EXPERIMENTS))

import amount_of_data  # noqa: E402
import common  # noqa: E402
import cost_of_a_mask  # noqa: E402
import deep_features  # noqa: E402
import feature_ladder  # noqa: E402
import growth  # noqa: E402
import leakage  # noqa: E402
import other_pictures  # noqa: E402
import recipe  # noqa: E402
import records  # noqa: E402
import unlike  # noqa: E402


def test_every_result_has_its_script():
    for name in list_results():
        assert (EXPERIMENTS / f"{name}.py").exists(), name


def test_skull_counts_only_what_is_wrong_and_near_the_surface():
    size, mm = 96, 2.6
    y, x = np.mgrid[:size, :size] - size / 2
    head = (np.hypot(y, x) < 40).astype(np.float32) * 0.5
    nothing, middle, rim = (np.zeros((size, size), bool) for _ in range(3))
    middle[44:52, 44:52] = True
    rim[44:52, 9:12] = True  # the head begins at column 8
    cases = [(nothing, middle, 0), (nothing, rim, rim.sum() * mm**2), (rim, rim, 0), (middle, nothing, 0)]
    for true, predicted, area in cases:
        assert common._false_alarm_in_shell(head, true, predicted, mm) == pytest.approx(area, rel=0.15)


def test_masks_are_counted_with_misses():
    few = load_phantoms()[:6]
    perfect_but_one = few.masks.copy()
    perfect_but_one[0] = False
    table = common.count_masks(few, perfect_but_one)
    assert table["dice"].tolist() == [0, 1, 1, 1, 1, 1]
    summary = common.summarise_masks(table, small_below_mm2=table["area_mm2"].max() + 1)
    assert summary["dice"]["mean"] == pytest.approx(5 / 6, abs=1e-4)
    assert summary["missed"]["mean"] == pytest.approx(1 / 6, abs=1e-4)
    assert summary["small_tumours"]["slices"] == 6


def test_first_reached_adds_up_minutes():
    history = [{"val_dice": d, "seconds": 30} for d in (0.1, 0.4, 0.6, 0.5)]
    assert amount_of_data.first_reached(history, 0.4) == {"epoch": 2, "minutes": 1.0}
    assert amount_of_data.first_reached(history, 0.7) is None


def test_the_bottleneck_is_the_bottom_of_the_network():
    few = load_phantoms()[:2].resized(32)
    model = build_unet(filters=4, depth=3)
    assert deep_features.bottleneck(model, few).shape == (2, 4, 4, 32)
    assert deep_features.deep_table(model, few).shape == (2, 64)


def test_the_best_vote_joins_voters_that_mend_each_other():
    def says(*probabilities):
        return pd.DataFrame(probabilities, columns=["meningioma", "glioma", "pituitary"])

    answers = {
        "a": says((0.9, 0.1, 0.0), (0.6, 0.4, 0.0), (0.5, 0.1, 0.4)),
        "b": says((0.4, 0.6, 0.0), (0.1, 0.9, 0.0), (0.5, 0.1, 0.4)),
        "c": says((0.4, 0.3, 0.3), (0.4, 0.3, 0.3), (0.0, 0.1, 0.9)),
    }
    assert feature_ladder.vote(answers, "ab").tolist() == [1, 2, 1]
    assert feature_ladder.vote(answers, "abc").tolist() == [1, 2, 3]
    assert feature_ladder.best_vote(answers, np.array([1, 2, 3])) == ("a", "b", "c")
    assert feature_ladder.best_vote(answers, np.array([1, 1, 1])) == ("a",)


def test_spelling_reads_no_picture():
    np.testing.assert_array_equal(
        leakage.spelling(np.array(["MR040240B", "100360"])), [[1, 9, 1, 40240], [0, 6, 0, 100360]]
    )


def test_the_most_similar_picture_remembers_patients_and_a_lottery_shows_it():
    few = load_phantoms()[:30].resized(16)
    both = leakage.types_by_lot(few, seed=0)
    assert set(both.labels) <= {1, 2, 3} and both.images is few.images
    assert all(len(set(both.labels[both.patients == patient])) == 1 for patient in np.unique(both.patients))
    assert leakage.most_similar(both, both) == 1  # asked about what it knows, it repeats even nonsense
    known, asked = both[:2], both[[0, 1]]
    assert leakage.most_similar(known, replace(asked, labels=asked.labels % 3 + 1)) == 0


def test_vote_with_all_slices_is_the_patient_vote():
    few = load_phantoms()[:40]
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet((1, 1, 1), len(few))
    probabilities[0] = np.nan
    table = pd.DataFrame(probabilities, index=few.ids, columns=["meningioma", "glioma", "pituitary"])
    table["predicted"] = np.where(np.isnan(probabilities[:, 0]), 0, np.nan_to_num(probabilities).argmax(1) + 1)
    numbers = cost_of_a_mask.numbers_of(few, table)
    all_slices = cost_of_a_mask.vote_of(99, few, table, np.random.default_rng(0))
    assert all_slices == pytest.approx(numbers["patient_vote"]["mean"], abs=1e-4)
    assert numbers["not_found"] == pytest.approx(1 / 40)


def test_rounding_keeps_the_shape():
    assert common.rounded({"a": [0.123456, np.int64(3)], 2: "x"}) == {"a": [0.1235, 3], "2": "x"}


def test_each_rung_is_compared_with_the_one_before():
    def table(*dice):
        return pd.DataFrame({"patient": list("ab"), "type": "glioma", "area_mm2": 9.0, "dice": dice, "skull_mm2": 0.0})

    tables = {
        key: {"development": table(*dice)} for key, dice in {"x": (0, 0.4), "y": (0.5, 0.5), "z": (0.5, 0.6)}.items()
    }
    rungs = recipe.climb(tables, {"x": "first", "y": "then", "z": "last"})
    assert [rung["label"] for rung in rungs.values()] == ["first", "then", "last"]
    assert [rung["development"]["dice"]["mean"] for rung in rungs.values()] == [0.2, 0.5, 0.55]
    assert "gain" not in rungs["x"]["development"]
    assert rungs["y"]["development"]["gain"] == {"mean": 0.3, "ci95": [0.1, 0.5]}
    assert rungs["z"]["development"]["gain"]["mean"] == 0.05


def test_records_are_counted_by_type_plane_and_size():
    table = pd.DataFrame(
        {
            "patient": list("aabbccdd"),
            "type": ["glioma"] * 4 + ["pituitary"] * 4,
            "plane": ["axial", "coronal"] * 4,
            "twin": [False] * 6 + [True] * 2,
            "area_mm2": np.arange(8.0),
            "dice": [0.0, 0.05, 0.5, 0.5, 0.9, 0.9, 0.8, 0.8],
            "nsd_2mm": 0.5,
            "not_found": [True] + [False] * 7,
            "type_true_mask": ["glioma"] * 4 + ["pituitary"] * 4,
            "type_measured_features": ["not_found"] + ["glioma"] * 3 + ["pituitary"] * 4,
            "type_network": ["not_found"] + ["glioma"] * 7,
            "type_predicted_mask": ["not_found"] + ["glioma"] * 3 + ["pituitary"] * 4,
            "meningioma": [np.nan] + [0.0] * 7,
            "glioma": [np.nan] + [0.9] * 3 + [0.1] * 4,
            "pituitary": [np.nan] + [0.1] * 3 + [0.9] * 4,
        }
    )
    official, without_twins = (records.with_intervals(rows) for rows in (table, table[~table["twin"]]))
    assert official["missed"]["mean"] == 0.25 and official["not_found"]["mean"] == 0.125
    assert official["type"]["both"]["mean"] == 0.875 and official["type"]["network"]["mean"] == 0.375
    assert official["patient_vote"]["mean"] == 1.0 and without_twins["slices"] == 6
    card = records.card_numbers(table)
    assert card["n_patients"] == 4 and card["per_type"]["glioma"]["dice"]["mean"] == pytest.approx(1.05 / 4, abs=1e-4)
    assert card["per_plane"]["axial"]["n_slices"] == 4 and "sagittal" not in card["per_plane"]
    assert [g["n_slices"] for g in card["per_size"].values()] == [2, 2, 2, 2]


class AlwaysSays:
    """Stands in for a classifier: one type, whatever the features are."""

    classes_ = np.array([1, 2, 3])

    def __init__(self, label):
        self.label = label

    def predict_proba(self, table):
        return np.eye(3)[np.full(len(table), self.label - 1)]


def test_strangers_masks_come_from_the_pair_that_has_not_seen_the_fold(monkeypatch):
    slices = load_phantoms()
    slices = slices[np.isin(slices.folds, (1, 2))]
    drawn, fitted_on = {}, []

    def masks(name, slices):
        drawn[name] = set(slices.folds)
        return slices.masks

    def fit_on_mixed_masks(slices, predicted):
        np.testing.assert_array_equal(predicted, slices.masks)
        fitted_on.append(set(slices.folds))
        return AlwaysSays(1)

    monkeypatch.setattr(records, "fit_on_mixed_masks", fit_on_mixed_masks)
    pairs = {
        fold: SimpleNamespace(
            segmenter=SimpleNamespace(masks=partial(masks, f"without {fold}")), classifier=AlwaysSays(2)
        )
        for fold in (1, 2)
    }
    result = records.own_or_strangers_masks(pairs, slices)
    assert drawn == {"without 1": {1}, "without 2": {2}}
    assert fitted_on == [{2}, {1}]
    gliomas, meningiomas = (slices.labels == 2).mean(), (slices.labels == 1).mean()
    assert result["own_masks"]["mean"] == pytest.approx(gliomas, abs=1e-4)
    assert result["gain"]["mean"] == pytest.approx(meningiomas - gliomas, abs=1e-4)
    assert set(result["gain_per_fold"]) == {"1", "2"}


def test_verdicts_are_those_of_the_pair():
    pair, head = load_pipeline("phantom"), load_phantoms().images[0]
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    strange = np.clip(1 - np.hypot(x, y), 0, 1)
    pictures = {unlike.PASSED: head, unlike.MARKED: strange, unlike.REFUSED: 1 - head}
    assert [unlike.judge(pair.familiarity, picture) for picture in pictures.values()] == list(pictures)
    assert [pair(Scan("", pictures[said])).familiar for said in (unlike.PASSED, unlike.MARKED)] == [True, False]
    with pytest.raises(DataError):
        pair(Scan("", pictures[unlike.REFUSED]))


def test_verdicts_are_counted():
    verdicts = [unlike.REFUSED, unlike.MARKED, unlike.MARKED, unlike.PASSED]
    counted = unlike.shares(verdicts, np.array(["a", "a", "b", "b"]))
    assert [counted[key] for key in ("n", "refused", "marked", "noticed_share", "patients")] == [4, 1, 2, 0.75, 2]
    assert counted["marked_share"] == {"mean": 0.5, "ci95": [0.5, 0.5]}  # one of two slices of each patient
    together = unlike.summed({"x": unlike.shares(verdicts), "y": unlike.shares(verdicts[:3])})
    assert (together["n"], together["not_noticed"]) == (7, 1)


def test_other_pictures_are_a_thousand_and_the_same_each_time():
    kinds = {**other_pictures.SEEN, **other_pictures.UNSEEN}
    assert (len(kinds) + 1) * unlike.PER_KIND == 1000  # and negatives of slices
    assert len(other_pictures.SEEN) == len(other_pictures.UNSEEN) + 1
    drawn, again = (other_pictures.pictures(kinds, 2) for _ in range(2))
    for kind, pictures in drawn.items():
        assert all(picture.ndim == 2 and np.isfinite(picture).all() for picture in pictures), kind
        assert all(map(np.array_equal, pictures, again[kind])) and not np.array_equal(*pictures), kind


def test_the_shipped_recipe_is_that_of_the_shipped_pairs():
    for name in ("figshare", "figshare_without_fold_4"):
        settings = load_card(name)["settings"]
        expected = {**records.RECIPE.looking, **asdict(records.RECIPE.cycles[-1])}
        assert {key: settings[key] for key in expected} == expected
        assert settings["unet"] == asdict(records.RECIPE.unet)
        assert settings["augmentation"] == records.RECIPE.make_augmentation().settings
        assert (settings["classifier"], settings["jitters"]) == (records.RECIPE.classifier, records.RECIPE.jitters)
    # The one whose numbers are claimed went through these very cycles; the other's card tells of one more.
    records.demand_recipe(SimpleNamespace(name=name, card={"settings": settings}))


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [(None, "threshold", 0.5), (None, "ema_momentum", None), ("start_from", "epochs", 20), (None, "start_from", None)],
)
def test_a_pair_fitted_otherwise_is_no_record(place, key, value):
    settings = load_card("figshare_without_fold_4")["settings"]
    (settings[place] if place else settings)[key] = value
    with pytest.raises(ModelError, match=r"The pair 'mine' was fitted with .* fit it again"):
        records.demand_recipe(SimpleNamespace(name="mine", card={"settings": settings}))


@pytest.mark.parametrize("path", ["README.md", "lessons/04_augmentation.ipynb", "lessons/05_train_on_a_gpu.ipynb"])
def test_commands_that_train_the_shipped_pairs_name_the_shipped_recipe(path):
    lines = (EXPERIMENTS.parent / path).read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if "braintut train DATA" in line and "figshare" in line]
    assert commands and all("--recipe experiments/shipped_recipe.toml" in command for command in commands)


def test_a_film_comes_back_as_it_was_stored():
    rng = np.random.default_rng(0)
    head, frames = rng.random((32, 32)), [rng.random((16, 16)) for _ in range(2)]
    mask = head > 0.5
    read = film._read_film(growth.film_of(head, mask, frames), ["epoch 1", "epoch 2"])
    assert np.array_equal(read.true_mask, mask) and list(read.frames) == ["epoch 1", "epoch 2"]
    for before, after in zip((head, *frames), (read.image, *read.frames.values()), strict=True):
        np.testing.assert_allclose(after, before, atol=1 / 510 + 1e-6)


def test_of_each_type_the_median_slice_is_filmed():
    slices = load_phantoms()
    dice = np.linspace(0, 1, len(slices))
    chosen = growth.typical_of_each_type(slices, dice)
    assert slices.types[chosen].tolist() == ["meningioma", "glioma", "pituitary"]
    for i in chosen:
        of_type = dice[slices.types == slices.types[i]]
        assert abs((of_type < dice[i]).sum() - (of_type > dice[i]).sum()) <= 1

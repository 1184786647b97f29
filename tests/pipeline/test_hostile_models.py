"""Pairs, classifiers and cards that somebody made to do harm: refused in one sentence, before anything runs."""

import io
import json
import os
import pickle
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline as SklearnPipeline

from braintut.classification import storing
from braintut.classification.classifier import fit_classifier, make_classifier
from braintut.classification.storing import load_classifier
from braintut.errors import BraintutError, ModelError
from braintut.features.table import BASELINE_FEATURES
from braintut.pipeline.card import ASSETS, FILES, FORMAT, check_card, read_card
from braintut.pipeline.pipeline import Pipeline, load_pipeline
from braintut.pipeline.storage import NEW, load_weights, save_weights
from braintut.report import Report
from braintut.segmentation.unet import build_unet
from mutating import npy, npy_claiming, zipped


class Trap:
    """Unpickling it makes a folder: the mark that foreign code ran."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def pickled(trap):
    return pickle.dumps(trap)


def as_numpy(trap):
    buffer = io.BytesIO()
    np.save(buffer, np.array([trap], object), allow_pickle=True)
    return buffer.getvalue()


def as_joblib(trap):
    import joblib

    buffer = io.BytesIO()
    joblib.dump(trap, buffer)
    return buffer.getvalue()


PICKLES = {
    "a pickle": pickled,
    "a joblib file": as_joblib,
    "an array of objects": as_numpy,
    "a pickle in a zip": lambda trap: zipped([("000.npy", pickled(trap)), ("schema.json", b"{}")]),
    "objects in a zip": lambda trap: zipped([(f"{i:03d}.npy", as_numpy(trap)) for i in range(N_ARRAYS)]),
}
UNET = {"filters": 1, "depth": 1}
N_ARRAYS = len(build_unet(16, **UNET).weights)


@pytest.mark.parametrize("make", PICKLES.values(), ids=PICKLES)
@pytest.mark.parametrize("name", ["unet.npz", "classifier.skops"])
def test_no_pickle_is_opened(tmp_path, name, make):
    path = tmp_path / name
    path.write_bytes(make(Trap(tmp_path / "ran")))
    load = load_classifier if name.endswith("skops") else (lambda path: load_weights(path, build_unet(16, **UNET)))
    with pytest.raises(ModelError, match=re.escape(name)):
        load(path)
    assert not (tmp_path / "ran").exists()


# --- classifiers ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good_skops():
    return skops.io.dumps(make_classifier("logistic"), compression=8)


def with_schema(data, change):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["schema.json"] = change(members["schema.json"])
    return zipped(list(members.items()))


def naming(old, new):
    return lambda schema: schema.replace(old, new, 1)


HOSTILE_SCHEMAS = {
    "a function of the system": naming(b'"Pipeline"', b'"system"'),
    "a module of the system": naming(b'"sklearn.pipeline"', b'"os"'),
    "a loader that does not exist": naming(b'"__loader__": "', b'"__loader__": "No'),
    "nested a hundred thousand deep": lambda schema: b"[" * 100_000,
    "no object": lambda schema: b"[]",
    "empty": lambda schema: b"",
}


@pytest.mark.parametrize("change", HOSTILE_SCHEMAS.values(), ids=HOSTILE_SCHEMAS)
def test_skops_files_with_foreign_parts_are_refused(tmp_path, good_skops, change):
    path = tmp_path / "model.skops"
    path.write_bytes(with_schema(good_skops, change))
    with pytest.raises(ModelError, match=r"model\.skops") as caught:
        load_classifier(path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


TREES = {
    "a branch that leads outside": ("left", 10**7),
    "a branch that leads back": ("right", 0),
    "a feature that there is not": ("feature", 10**6),
    "a negative feature": ("feature", -5),
}
FIELDS_OF_TREES = {
    "random_forest": {"left": "left_child", "right": "right_child", "feature": "feature"},
    "boosting": {"left": "left", "right": "right", "feature": "feature_idx"},
}


@pytest.fixture(scope="module")
def forests():
    """Small classifiers of trees, as skops writes them."""
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(90, len(BASELINE_FEATURES))), columns=BASELINE_FEATURES)
    made = {}
    for kind in FIELDS_OF_TREES:
        classifier = make_classifier(kind, BASELINE_FEATURES)
        classifier.set_params(**{"model__n_estimators" if kind == "random_forest" else "model__max_iter": 2})
        made[kind] = skops.io.dumps(fit_classifier(classifier, table, np.arange(90) % 3 + 1))
    return made


@pytest.mark.parametrize(("field", "value"), TREES.values(), ids=TREES)
@pytest.mark.parametrize("kind", FIELDS_OF_TREES)
def test_trees_that_would_crash_the_program_are_refused(tmp_path, forests, kind, field, value):
    path, field = tmp_path / "model.skops", FIELDS_OF_TREES[kind][field]
    path.write_bytes(forests[kind])
    assert isinstance(load_classifier(path), SklearnPipeline)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name in [name for name in members if name.endswith(".npy")]:
        array = np.load(io.BytesIO(members[name]))
        if array.dtype.names and field in array.dtype.names:
            array[field][0] = np.array(value).astype(array.dtype[field])
            members[name] = npy(array)
    path.write_bytes(zipped(list(members.items())))
    with pytest.raises(ModelError, match=r"model\.skops.*one of its trees"):
        load_classifier(path)


def test_a_zip_bomb_is_refused_by_what_it_claims(tmp_path, good_skops, monkeypatch):
    monkeypatch.setattr(storing, "MAX_UNPACKED", 5_000_000)
    path = tmp_path / "model.skops"
    path.write_bytes(zipped([("schema.json", b"{}"), ("1.npy", bytes(6_000_000))]))
    assert path.stat().st_size < 10_000
    with pytest.raises(ModelError, match="would unpack to 6 MB"):
        load_classifier(path)
    path.write_bytes(good_skops)
    assert isinstance(load_classifier(path), SklearnPipeline)


# --- weights -------------------------------------------------------------------------------------------------------


def arrays(**changed):
    """The weights of a tiny U-Net as the members of an archive, some of them changed or (None) left out."""
    good = {f"{i:03d}": npy(np.zeros(w.shape, "f4")) for i, w in enumerate(build_unet(16, **UNET).weights)}
    return zipped([(f"{k}.npy", v) for k, v in {**good, **changed}.items() if v is not None])


SHAPE = tuple(build_unet(16, **UNET).weights[0].shape)
HOSTILE_WEIGHTS = {
    "claims 100,000 x 100,000 weights": (arrays(**{"000": npy_claiming((100_000, 100_000))}), "needs float"),
    "another shape": (arrays(**{"000": npy(np.zeros((2, 2), "f4"))}), "needs float"),
    "whole numbers": (arrays(**{"000": npy(np.zeros(SHAPE, int))}), "needs float"),
    "NaN": (arrays(**{"000": npy(np.full(SHAPE, np.nan, "f4"))}), "NaN or infinite"),
    "infinity": (arrays(**{"000": npy(np.full(SHAPE, np.inf, "f2"))}), "NaN or infinite"),
    "one too few": (arrays(**{"000": None}), "arrays, but this U-Net has"),
    "one too many": (arrays(extra=npy(np.zeros(1))), "arrays, but this U-Net has"),
    "no zip": (b"hello", "cannot be read as weights"),
    "empty": (b"", "cannot be read as weights"),
}


@pytest.mark.parametrize(("data", "sentence"), HOSTILE_WEIGHTS.values(), ids=HOSTILE_WEIGHTS)
def test_weights_that_do_not_fit_are_refused(tmp_path, data, sentence):
    path = tmp_path / "unet.npz"
    path.write_bytes(data)
    model = build_unet(16, **UNET)
    before = model.get_weights()
    with pytest.raises(ModelError, match=sentence) as caught:
        load_weights(path, model)
    assert "unet.npz" in str(caught.value)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_weights_come_back_as_they_were_stored(tmp_path):
    model, other = build_unet(16, **UNET), build_unet(16, **UNET)
    save_weights(tmp_path / "unet.npz", model)
    load_weights(tmp_path / "unet.npz", other)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3)


@pytest.mark.parametrize(
    "settings",
    [{"filters": 10**9}, {"depth": 60}, {"filters": 0}, {"depth": -1}, {"stem": 0}, {"stem": 10**6}, {"filters": 1.5},
     {"dropout": 2}, {"filters": "8"}],
    ids=str,
)  # fmt: skip
def test_a_network_that_no_memory_holds_is_refused_before_it_is_built(settings):
    with pytest.raises(ModelError):
        build_unet(**settings)


# --- cards ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def card():
    return json.loads((ASSETS / "phantom" / "card.json").read_text(encoding="utf-8"))


def put(card, place, value):
    *way, last = place.split(".")
    for key in way:
        card = card[key]
    if value is None:
        del card[last]
    else:
        card[last] = value


ODD_ENTRIES = {
    "no name": ("name", None),
    "a number for a name": ("name", 7),
    "a book for a name": ("name", "x" * 10_000),
    "no settings": ("settings", None),
    "settings are a list": ("settings", []),
    "no size": ("settings.unet_size", None),
    "a size in words": ("settings.unet_size", "64"),
    "a huge size": ("settings.unet_size", 10**9),
    "true for a size": ("settings.working_size", True),
    "a U-Net that is a list": ("settings.unet", [8, 3]),
    "an unknown setting of the U-Net": ("settings.unet", {"filters": 8, "secret": 1}),
    "a threshold that is no share": ("settings.threshold", 1.5),
    "a threshold that is NaN": ("settings.threshold", float("nan")),
    "no mirror": ("settings.mirror", None),
    "a loss that is infinite": ("settings.loss_per_epoch", [1.0, float("inf")]),
    "an ancestor that is no settings": ("settings.start_from", "figshare"),
    "no summary": ("data.summary", None),
    "no salt": ("salt", None),
    "patients are a text": ("patients", "abc"),
    "patients are numbers": ("merged_patients", [1, 2]),
    "no hashes of files": ("files", None),
    "numbers are a list": ("numbers", [1]),
    "a Dice of NaN": ("numbers.dice.mean", float("nan")),
    "a loss that no float holds": ("settings.loss_per_epoch", [10**400]),
    "a Dice above 1": ("numbers.dice.mean", 12),
    "no count of slices": ("numbers.n_slices", None),
    "an unknown format": ("format", FORMAT + 1),
    "a format in words": ("format", "one"),
}


@pytest.mark.parametrize(("place", "value"), ODD_ENTRIES.values(), ids=ODD_ENTRIES)
def test_odd_entries_of_a_card_are_named(tmp_path, card, place, value):
    put(card, place, value)
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError) as caught:
        read_card(tmp_path)
    words = str(caught.value)
    assert "card.json" in words and place.rsplit(".", 1)[-1] in words
    assert "\n" not in words and len(words) < 500


@pytest.mark.parametrize("name", ["phantom", "figshare", "figshare_without_fold_4"])
def test_the_shipped_cards_are_good(name):
    assert read_card(ASSETS / name)["name"] == name


def test_entries_that_may_be_missing_may_be_missing(card):
    for place in ("numbers", "versions", "use", "settings.epochs"):
        put(card, place, None)
    check_card(card | {"numbers": None, "something": "new"}, "card.json")


TEXTS = {
    "nested a hundred thousand deep": '{"name": ' + "[" * 100_000,
    "a number of ten thousand digits": "1" * 10_000,
    "no object": "[]",
    "nothing": "",
    "UTF-16": "{}".encode("utf-16"),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_texts_that_are_no_card(tmp_path, text):
    (tmp_path / "card.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ModelError, match=r"card\.json"):
        load_pipeline(tmp_path)


@pytest.mark.parametrize("place", ["name", "data.summary", "fails_for", "numbers_from"])
def test_html_in_a_card_stays_text(card, place):
    put(card, place, '<script>alert("1")</script><img src=x onerror=alert(1)>')
    check_card(card, "card.json")
    nothing = np.zeros((16, 16))
    report = Report("1.png", nothing, nothing, nothing > 0, None, None, 1.0, False, 0.1, model=card["name"], card=card)
    page = report.html()
    assert "<script" not in page and "<img src=x" not in page and "&lt;script&gt;" in page


# --- pairs ---------------------------------------------------------------------------------------------------------


def with_card(folder, card):
    (folder / "card.json").write_text(json.dumps(card))


def test_a_card_may_not_send_the_reader_elsewhere(tmp_path, card):
    """Only the four known files are read, whatever the card lists."""
    card["files"] = {"../../etc/passwd": "0" * 64}
    with_card(tmp_path, card)
    with pytest.raises(ModelError, match=r"unet\.npz is missing"):
        load_pipeline(tmp_path)


def test_control_characters_of_a_card_do_not_reach_the_screen(tiny_pipeline, tmp_path, capsys):
    folder = tiny_pipeline.save(tmp_path / "pair")
    card = read_card(folder)
    card["name"], card["data"]["summary"] = "\x1b]0;evil\x07", "a\nb"
    with_card(folder, card)
    load_pipeline(folder)
    assert "\x1b" not in (said := capsys.readouterr().err) and said.count("\n") == 1


def test_parts_of_two_pairs_are_refused(tiny_pipeline, tmp_path):
    """Good files with right hashes that were never fitted together: a bare model in the classifier's place."""
    from braintut.pipeline.storage import _sha256

    folder = tiny_pipeline.save(tmp_path / "pair")
    foreign = SklearnPipeline([("model", LogisticRegression())]).fit(np.eye(3), [1, 2, 3])
    skops.io.dump(foreign, folder / "classifier.skops")
    card = read_card(folder)
    card["files"]["classifier.skops"] = _sha256(folder / "classifier.skops")
    with_card(folder, card)
    with pytest.raises(ModelError, match="don't work together"):
        load_pipeline(folder)


# --- saves that are broken off -------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", [0, 2, len(FILES)], ids=lambda n: f"after {n} files")
@pytest.mark.parametrize("step", ["writing", "renaming"])
def test_a_save_that_is_broken_off_leaves_a_whole_pair(tiny_pipeline, tmp_path, monkeypatch, step, written):
    from pathlib import Path

    folder = tiny_pipeline.save(tmp_path / "pair")
    new = Pipeline(tiny_pipeline.unet, tiny_pipeline.classifier, tiny_pipeline.classifier_true_mask,
                   tiny_pipeline.reference * 2, {**tiny_pipeline.card, "name": "new"})  # fmt: skip
    replace, done = Path.replace, []

    def breaks(path, target):
        is_waiting = Path(path).name.endswith(NEW)
        if is_waiting == (step == "renaming"):
            if len(done) == written:
                raise KeyboardInterrupt
            done.append(target)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", breaks)
    if (step, written) == ("renaming", len(FILES)):
        new.save(folder)  # nothing left to break
    else:
        with pytest.raises(KeyboardInterrupt):
            new.save(folder)
    monkeypatch.undo()

    found = load_pipeline(folder)
    factor = {"tiny": 1, "new": 2}[found.name]
    assert found.name == ("new" if step == "renaming" else "tiny")
    np.testing.assert_allclose(found.reference, tiny_pipeline.reference * factor, rtol=1e-3)
    again = new.save(folder)
    assert load_pipeline(again).name == "new"
    assert not list(folder.glob(f"*{NEW}"))


def test_refusals_are_of_our_family():
    assert issubclass(ModelError, BraintutError)

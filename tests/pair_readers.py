"""Files of trained pairs, of trainings and of results: good ones, and how each is read (see `readers.py`)."""

from __future__ import annotations

import json
import zipfile
from functools import cache
from pathlib import Path

import numpy as np

from mutating import zipped

SHIPPED = Path(__file__).resolve().parents[1] / "braintut" / "assets" / "models"


def cards(folder: Path) -> list[bytes]:
    return [json.dumps(short_card(name)).encode() for name in ("phantom", "figshare")]


@cache
def short_card(name: str) -> dict:
    card = json.loads((SHIPPED / name / "card.json").read_text(encoding="utf-8"))
    return card | {key: card[key][:2] for key in ("patients", "merged_patients")}


def read_card(path: Path) -> None:
    from braintut.pipeline.card import read_card, training_losses, was_fitted_on, was_fitted_on_twin
    from braintut.pipeline.pipeline import Pipeline
    from braintut.report.words import model_in_words

    pipeline = Pipeline(None, None, None, None, read_card(path.parent))
    card = pipeline.card
    assert pipeline.unet_size and pipeline.working_size and 0 <= pipeline.threshold <= 1
    assert pipeline.names_types in (True, False) and np.isfinite(training_losses(card)).all()
    assert not was_fitted_on(card, "somebody") and not was_fitted_on_twin(card, "somebody")
    assert model_in_words(pipeline.name, card)


@cache
def tiny_unet():
    from braintut.segmentation.unet import build_unet

    return build_unet(16, filters=1, depth=1)


def weights(folder: Path) -> list[bytes]:
    from braintut.pipeline.storage import save_weights

    save_weights(folder / "seed.npz", tiny_unet())
    with zipfile.ZipFile(folder / "seed.npz") as archive:
        return [zipped([(name, archive.read(name)) for name in archive.namelist()], zipfile.ZIP_STORED)]


def read_weights(path: Path) -> None:
    from braintut.pipeline.storage import load_weights

    load_weights(path, tiny_unet())
    assert all(np.isfinite(w).all() for w in tiny_unet().get_weights())


@cache
def classifiers() -> list[bytes]:
    import pandas as pd
    import skops.io

    from braintut.classification.classifier import fit_classifier, make_classifier
    from braintut.features.table import BASELINE_FEATURES

    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, len(BASELINE_FEATURES))), columns=list(BASELINE_FEATURES))
    labels = np.arange(60) % 3 + 1
    made = []
    for kind in ("logistic", "svm", "random_forest"):
        classifier = make_classifier(kind, BASELINE_FEATURES)
        if kind == "random_forest":
            classifier.set_params(model__n_estimators=2)
        made.append(skops.io.dumps(fit_classifier(classifier, table, labels), compression=8))
    return made


def read_classifier(path: Path) -> None:
    from braintut.classification.storing import load_classifier

    load_classifier(path)


def tables(folder: Path) -> list[bytes]:
    text = (SHIPPED / "phantom" / "reference.csv").read_text(encoding="utf-8")
    return ["\n".join(text.splitlines()[:5]).encode()]


def read_table(path: Path) -> None:
    from braintut.pipeline.storage import read_reference

    assert len(read_reference(path).median())


# --- results and training states ----------------------------------------------------------------------------------


def results(folder: Path) -> list[bytes]:
    whole = json.loads((SHIPPED.parent / "results" / "losses.json").read_text(encoding="utf-8"))
    return [json.dumps({key: whole[key] for key in list(whole)[:9]}).encode()]


def read_result(path: Path) -> None:
    from unittest.mock import patch

    from braintut import results

    with patch.object(results, "RESULTS", path.parent):
        assert isinstance(results.load_result(path.stem), dict)


def records(folder: Path) -> list[bytes]:
    whole = json.loads((SHIPPED.parent / "results" / "records.json").read_text(encoding="utf-8"))
    return [json.dumps({key: whole[key] for key in ("card_numbers", "folds", "name")}).encode()]


def read_records(path: Path) -> None:
    from braintut.pipeline.making import numbers_of
    from braintut.pipeline.scores import weak_points
    from braintut.report.words import model_in_words

    numbers, words = numbers_of(path)
    assert model_in_words("pair", {"numbers": numbers, "fails_for": weak_points(numbers), "numbers_from": words})


SETTINGS = {"epochs": 2, "batch_size": 1, "seed": 0}


def checkpoints(folder: Path):
    from braintut.segmentation.checkpoints import Checkpoints

    return Checkpoints(folder, SETTINGS)


def states(folder: Path) -> list[bytes]:
    keep_epoch(folder)
    return [(folder / "state.json").read_bytes()]


def keep_epoch(folder: Path) -> None:
    model = compiled()
    history = [{"epoch": 1, "loss": 1.0, "val_dice": 0.5, "val_missed": 0.0, "seconds": 0.1}]
    checkpoints(folder).keep(model, history, model.get_weights())


@cache
def compiled():
    model = tiny_unet()
    model.compile("adam", "binary_crossentropy")
    model.optimizer.build(model.trainable_variables)
    return model


def restore(path: Path) -> None:
    folder = path.parent
    if not (folder / "epoch_0001.weights.h5").exists():
        compiled().save_weights(folder / "epoch_0001.weights.h5")
    history, best = checkpoints(folder).restore(compiled())
    assert [entry["epoch"] for entry in history] == list(range(1, len(history) + 1))
    assert all(np.isfinite(entry["loss"]) for entry in history)
    assert best is None or all(np.isfinite(w).all() for w in best)


def saved_weights(folder: Path) -> list[bytes]:
    keep_epoch(folder)
    return [(folder / "epoch_0001.weights.h5").read_bytes()]


def restore_weights(path: Path) -> None:
    folder = path.parent
    if not (folder / "state.json").exists():
        data = path.read_bytes()
        keep_epoch(folder)
        path.write_bytes(data)
    checkpoints(folder).restore(compiled())

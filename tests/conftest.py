"""What several test modules share."""

from dataclasses import replace

import numpy as np
import pytest

from braintut.dataset.load import load_phantoms
from braintut.dataset.slices import concatenate
from braintut.dataset.splits import split_by_fold
from making import small_recipe


@pytest.fixture(scope="session")
def phantoms():
    return load_phantoms()


@pytest.fixture(scope="session")
def tiny_pipeline(phantoms):
    """A pair that was hardly trained: good enough to go through every step, and fitted without fold 5."""
    from braintut.pipeline.fitting import fit_pipeline

    train, _ = split_by_fold(phantoms, 5)
    return fit_pipeline(
        train,
        name="tiny",
        recipe=small_recipe(epochs=4),
        log=lambda line: None,
    )


@pytest.fixture(scope="session")
def typed_pipeline(phantoms, tiny_pipeline):
    """A pair whose network tells the types apart, too, hardly trained either."""
    from braintut.pipeline.fitting import fit_pipeline

    train, _ = split_by_fold(phantoms, 5)
    return fit_pipeline(
        train,
        name="typed",
        recipe=small_recipe(epochs=2, classes=4),
        masks_from=[tiny_pipeline],
        log=lambda line: None,
    )


@pytest.fixture(scope="session")
def tiny_folder(tiny_pipeline, tmp_path_factory):
    return tiny_pipeline.save(tmp_path_factory.mktemp("pairs") / "tiny")


@pytest.fixture(scope="session")
def few(phantoms):
    """Two patients of each of two types, some slices each."""
    chosen = [phantoms.of_type(name) for name in ("meningioma", "glioma")]
    return concatenate([part.of_patient(p)[:3] for part in chosen for p in list(dict.fromkeys(part.patients))[:2]])


@pytest.fixture(scope="session")
def blurred(tiny_pipeline, few):
    """A pair whose network is always right, and less sure the further from the tumour's middle."""

    class Knowing:
        def predict_on_batch(self, batch):
            mask = few.resized(64).masks[np.argmin(np.abs(seen - batch[0, ..., 0]).sum(axis=(1, 2)))]
            y, x = np.nonzero(mask)
            away = np.hypot(*(np.mgrid[:64, :64] - np.array([y.mean(), x.mean()])[:, None, None]))
            return np.exp(-away / 12)[None, ..., None].astype("f4")

    seen = few.resized(64).images
    return replace(tiny_pipeline, unet=Knowing())

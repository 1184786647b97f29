"""What several test modules share."""

import pytest

from braintut.dataset.load import load_phantoms
from braintut.dataset.splits import split_by_fold


@pytest.fixture(scope="session")
def phantoms():
    return load_phantoms()


@pytest.fixture(scope="session")
def tiny_pipeline(phantoms):
    """A pair that was hardly trained: good enough to go through every step, and fitted without fold 5."""
    from braintut.fitting import fit_pipeline

    train, _ = split_by_fold(phantoms, 5)
    return fit_pipeline(
        train,
        name="tiny",
        unet_size=64,
        unet={"filters": 4, "depth": 3},
        epochs=4,
        jitters=1,
        report=lambda line: None,
    )


@pytest.fixture(scope="session")
def tiny_folder(tiny_pipeline, tmp_path_factory):
    return tiny_pipeline.save(tmp_path_factory.mktemp("pairs") / "tiny")

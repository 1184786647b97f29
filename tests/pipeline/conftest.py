"""What tests of the pipeline share."""

import pytest


@pytest.fixture(scope="session")
def one(phantoms):
    return phantoms[phantoms.folds == 5][0]

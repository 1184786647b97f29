"""Keep a fitted classifier in a file that cannot run code when it is opened."""

from __future__ import annotations

import io
import os
import warnings
import zipfile
from pathlib import Path

import skops.io
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import Pipeline

from braintut.classification.trees import check_trees
from braintut.dataset.files import whole_file
from braintut.errors import ModelError, brief

TRUSTED = (
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.tree._tree.Tree",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss._loss.CyHalfMultinomialLoss",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)
"""Parts of NumPy and of scikit-learn's own classifiers that skops does not know by itself. Nothing else is loaded."""

MAX_UNPACKED = 1_000_000_000
"""Bytes that a classifier may take once unpacked."""


def save_classifier(path: str | os.PathLike, classifier: Pipeline) -> Path:
    """Write a fitted classifier to a file.

    Parameters
    ----------
    path : path
        File to write, usual ending `.skops`; what was there stays until the new file is whole.
    classifier : Pipeline
        Fitted.

    Raises
    ------
    ModelError
        If the classifier has parts that `load_classifier` would refuse.
    """
    path = Path(path)
    data = skops.io.dumps(classifier, compression=8)  # 8 is zip's 'deflated'
    foreign = set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED)
    if foreign:
        raise ModelError(f"{path} was not written: '{sorted(foreign)[0]}' is no part of a classifier of this course.")
    with whole_file(path) as part:
        part.write_bytes(data)
    return path


def load_classifier(path: str | os.PathLike) -> Pipeline:
    """Read a fitted classifier that `save_classifier` wrote. A pickle is never opened.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or holds anything but known parts of scikit-learn.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"There is no classifier {path}; train one, or check the name.")
    try:
        data = path.read_bytes()
        _refuse_bombs(path, data)
        foreign = set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED)
        if foreign:
            raise ModelError(f"{path} holds '{sorted(foreign)[0]}', which is no part of a classifier; don't use it.")
        loaded = _loads(data)
        check_trees(loaded)
    except ModelError:
        raise
    except Exception as error:  # a damaged file can fail in any way: zip, JSON, or arrays
        raise ModelError(f"{path} cannot be read as a classifier ({brief(error)}); make it again.") from error
    if not isinstance(loaded, Pipeline):
        raise ModelError(f"{path} holds a {type(loaded).__name__}, but a classifier of this course is a Pipeline.")
    return loaded


def _loads(data: bytes) -> object:
    # scikit-learn warns once for each part that another version wrote. The shipped classifiers give the same
    # probabilities to 1e-6 from 1.6.1, which Colab has, to the newest (see test_shipped_classifiers.py).
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        return skops.io.loads(data, trusted=list(TRUSTED))


def _refuse_bombs(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > MAX_UNPACKED:
        raise ModelError(f"{path} would unpack to {unpacked / 1e6:.0f} MB, which no classifier needs; don't use it.")

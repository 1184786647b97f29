"""Settings that another course left in keras.json: it works, and says what it does."""

import json
import os
import subprocess
import sys

import pytest

from braintut import keras_settings

BUILD = """
import numpy as np
from braintut.quiet import quietly
with quietly():
    import braintut.segmentation.unet
import keras
from braintut.segmentation import Augmentation, build_unet
images = np.random.default_rng(0).random((2, 32, 32, 1)).astype("f4")
moved, masks = Augmentation()(images, (images > 0.9).astype("f4"), seed=0)
print(moved.shape, build_unet(32, filters=4, depth=2).predict_on_batch(moved).shape, end=" ")
config = keras.config
print(config.backend(), config.image_data_format(), config.floatx(), config.dtype_policy().name)
"""
GOOD = {"floatx": "float32", "epsilon": 1e-7, "backend": "tensorflow", "image_data_format": "channels_last"}


def python(code, folder, **settings):
    folder.mkdir(exist_ok=True)
    (folder / "keras.json").write_text(json.dumps(GOOD | settings))
    environment = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"} | {"KERAS_HOME": str(folder)}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)


def test_a_file_of_another_course_decides_nothing(tmp_path):
    done = python(BUILD, tmp_path / "ä b", backend="theano", image_data_format="channels_first", floatx="float16")
    shapes = "(2, 32, 32, 1) (2, 32, 32, 1)"
    assert done.stdout.strip() == f"{shapes} tensorflow channels_last float32 float32", done.stderr
    for words in ("'theano', which cannot train here", "image_data_format 'channels_first'", "floatx 'float16'"):
        assert words in done.stderr
    assert done.stderr.count(str(tmp_path / "ä b" / "keras.json")) == 3


@pytest.mark.parametrize(("name", "value"), [("floatx", "float8"), ("image_data_format", "NCHW"), ("epsilon", 1)])
def test_a_file_that_stops_keras_is_named(tmp_path, name, value):
    code = """
from braintut.errors import ModelError
from braintut.quiet import quietly
try:
    with quietly():
        import braintut.pipeline.pipeline
except ModelError as error:
    print(error)
"""
    done = python(code, tmp_path, **{name: value})
    assert f"Keras cannot start with the settings in {tmp_path / 'keras.json'} (" in done.stdout, done.stderr
    assert name in done.stdout and str(value) in done.stdout and "correct or remove it" in done.stdout


@pytest.mark.parametrize(
    ("in_environment", "in_file", "chosen", "named"),
    [
        (None, None, None, None),
        (None, "tensorflow", None, None),
        ("tensorflow", "theano", "tensorflow", None),
        (None, "theano", "tensorflow", "keras.json asks Keras for the backend 'theano'"),
        (None, "cntk", "tensorflow", "keras.json asks Keras for the backend 'cntk'"),
        (None, "openvino", "tensorflow", "keras.json asks Keras for the backend 'openvino'"),
        ("nonsense", "tensorflow", "tensorflow", "KERAS_BACKEND asks Keras for the backend 'nonsense'"),
        ("", "theano", "tensorflow", "keras.json asks Keras for the backend 'theano'"),
    ],
)
def test_the_backend_is_one_that_is_here(monkeypatch, capsys, tmp_path, in_environment, in_file, chosen, named):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if in_environment is not None:
        monkeypatch.setenv("KERAS_BACKEND", in_environment)
    if in_file is not None:
        (tmp_path / "keras.json").write_text(json.dumps({"backend": in_file}))
    keras_settings.choose_installed_backend()
    said = capsys.readouterr().err
    assert (os.environ.get("KERAS_BACKEND") or None) == chosen
    assert (named in said and said.count("\n") == 1) if named else said == ""


@pytest.mark.parametrize("text", ["", "{", "[]", '"theano"', "\x00"])
def test_a_file_that_is_none_is_left_to_keras(monkeypatch, capsys, tmp_path, text):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    (tmp_path / "keras.json").write_text(text)
    keras_settings.choose_installed_backend()
    assert capsys.readouterr().err == "" and "KERAS_BACKEND" not in os.environ

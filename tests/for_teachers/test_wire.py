"""What passes between a learner's process and the judge: values whole, nothing that could act."""

import importlib.util
import json
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer

from judging import verdict
from marking import learner
from marking.graphs import rebuild
from marking.visitor import Learner
from marking.wire import Thing, WireError, decode, encode, thing

EXERCISES = Path(__file__).resolve().parents[1] / "teaching" / "exercises"


class Loop(Learner):
    """A learner's process without the process: what the judge asks is answered here, over the same JSON."""

    def __init__(self):
        self.shell = types.SimpleNamespace(user_ns={})
        self._call_seconds = 1

    def _ask(self, request, seconds):
        return json.loads(json.dumps(learner.answer(self.shell, json.loads(json.dumps(request)))))

    def sent(self, answer):
        self.shell.user_ns["answer"] = answer
        return self.values(("answer",))["answer"]


def tables(number):
    path = EXERCISES / f"test_lesson_{number}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TABLES


KEEPS = {"unseen", "fields", "codes", "table", "slices", "tests", "pipeline", "dices"}
"""Arguments of checks that the lesson itself makes: they don't travel."""


@pytest.mark.slow
@pytest.mark.parametrize("number", ["01", "03", "05", "06", "07", "08"])
def test_a_check_says_of_an_answer_that_travelled_what_it_says_of_the_answer_itself(number, capsys):
    _compare(number, capsys)


@pytest.mark.slow
@pytest.mark.solutions
@pytest.mark.parametrize("number", ["00", "02", "04"])
def test_the_same_where_keras_builds_and_runs(number, capsys):
    _compare(number, capsys)


def _compare(number, capsys):
    import inspect

    for answers in tables(number):
        names = list(inspect.signature(answers.check).parameters)
        for row in [*answers.right[:2], *answers.untouched[:1], *(row[:-1] for row in answers.mistakes)]:
            loop = Loop()
            travelled = [value if name in KEEPS else loop.sent(value) for name, value in zip(names, row, strict=False)]
            said, direct = verdict(capsys, answers.check, travelled), verdict(capsys, answers.check, row)
            assert said.split(",")[0][:30] == direct.split(",")[0][:30], (answers, row)


VALUES = {
    "nothing": None, "dots": ..., "whole": 7, "nan": float("nan"), "text": "ü", "bytes": b"\x00x", "complex": 1 + 2j,
    "nested": {"a": [1, (2.5, {"b"})], 3: True}, "numbers": np.arange(6.0).reshape(2, 3), "mask": np.eye(3, dtype=bool),
    "words": np.array(["a", "bc"]), "one number": np.float32(0.5), "series": pd.Series([1.0, 2.0], index=["A", "B"]),
    "frame": pd.DataFrame({"x": [1, 2]}, index=[5, 6]), "no rows": np.zeros((0, 2)),
}  # fmt: skip


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_values_arrive_as_they_were(value):
    arrived = decode(json.loads(json.dumps(encode(value))), {})
    assert type(arrived) is type(value)
    if isinstance(value, pd.Series | pd.DataFrame):
        assert arrived.equals(value)
    elif isinstance(value, np.ndarray):
        assert np.array_equal(arrived, value) and arrived.dtype == value.dtype
    else:
        assert repr(arrived) == repr(value)


def test_scans_and_slices_arrive_whole(phantoms):
    scan = decode(json.loads(json.dumps(encode(phantoms[3]))), {})
    assert scan.name == phantoms[3].name and np.array_equal(scan.true_mask, phantoms[3].true_mask)
    some = decode(json.loads(json.dumps(encode(phantoms[:2]))), {})
    assert np.array_equal(some.images, phantoms[:2].images) and some.patients.tolist() == phantoms[:2].patients.tolist()


class Sly(SimpleImputer):
    """No class of scikit-learn's, and what it would do nobody knows."""


@pytest.mark.parametrize("value", [object(), Sly(), types, Path()], ids=["object", "subclass", "module", "path"])
def test_what_is_no_value_arrives_as_a_thing_that_tells_its_type(value):
    arrived = decode(json.loads(json.dumps(encode(value))), {})
    assert isinstance(arrived, Thing) and type(arrived).__name__ == type(value).__name__


def test_a_things_name_is_a_name():
    assert type(thing("x; import os")).__name__ == "Thing"


@pytest.mark.parametrize(
    "sent",
    [
        {}, {"is": "pickle", "of": ""}, {"is": "record", "kind": "Path", "of": {}}, {"is": "list", "of": 3},
        {"is": "estimator", "name": "Popen", "of": {"is": "dict", "of": []}}, {"is": "function", "of": 0},
        {"is": "array", "dtype": "|O", "shape": [1], "of": "AAAAAAAAAAA="},
        {"is": "array", "dtype": "<f8", "shape": [10**9], "of": ""}, {"is": "layer", "of": {}},
    ],
    ids=lambda sent: str(sent)[:40],
)  # fmt: skip
def test_what_is_no_value_is_refused(sent):
    with pytest.raises(WireError):
        decode(sent, {})


def test_a_value_in_itself_is_refused():
    circle = []
    circle.append(circle)
    with pytest.raises(WireError, match="nested"):
        encode(circle)
    assert isinstance(Loop().sent(circle), Thing)


def test_a_function_is_called_where_it_is_and_its_changes_come_back():
    def cut(image, mask):
        image[0] = 0
        return image.sum(), mask

    image = np.ones((2, 2))
    total, mask = Loop().sent(cut)(image, np.eye(2, dtype=bool))
    assert total == 2 and image.sum() == 2 and mask.dtype == bool


def test_what_a_function_raises_is_told_by_name():
    with pytest.raises(Exception, match="division by zero") as caught:
        Loop().sent(lambda: 1 / 0)()
    assert type(caught.value).__name__ == "ZeroDivisionError"


@pytest.mark.parametrize(
    ("layer", "complaint"),
    [
        ({"class_name": "Lambda", "module": "keras.layers", "config": {}}, "'Lambda' is not taken"),
        ({"class_name": "Popen", "module": "subprocess", "config": {}}, "'Popen' is not taken"),
        ({"class_name": "Mine", "module": "keras.layers", "registered_name": "x>Mine"}, "'Mine' is not taken"),
        ({"class_name": "Conv2D", "module": "keras.layers", "config": {"filters": 10**9}}, "filters is 1000000000"),
        ({"class_name": "Conv2D", "module": "keras.layers", "config": {"kernel_size": [99, 99]}}, "kernel_size is 99"),
    ],
    ids=["code", "no layer", "one's own", "huge", "wide"],
)
def test_layers_that_hold_code_or_fill_the_memory_are_refused(layer, complaint):
    with pytest.raises(WireError, match=complaint):
        rebuild(json.dumps({"config": {"layers": [layer]}}), [])

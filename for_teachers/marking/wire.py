"""What may pass between a learner's process and the judge: plain values as JSON, never a pickle.

A value that is none of these arrives as a `Thing`, which tells the name of its type and nothing else.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from braintut.dataset.scan import Scan
from braintut.dataset.slices import Slices
from braintut.report import Report

RECORDS = {kind.__name__: kind for kind in (Scan, Slices, Report)}
COLLECTIONS: dict[str, Callable] = {"list": list, "tuple": tuple, "set": set}
DEEPEST = 30
LONGEST = 1_000_000
"""Entries of an endless generator that are taken."""


class WireError(ValueError):
    """What came over the wire is no value."""


class Thing:
    """Stands for a value that does not pass."""


def thing(name: str) -> Thing:
    """Make something whose type has this name, so that a check can say what it was given."""
    return type(name[:40] if name.isidentifier() else "Thing", (Thing,), {})()


def encode(value: object, special: Callable[[object], dict | None] = lambda value: None, depth: int = 0) -> Any:
    """Turn a value into what JSON can hold.

    Parameters
    ----------
    value : object
    special : callable
        Asked about everything that is no plain value; returns what to send, or None.
    depth : int
        How deep inside another value this one lies.
    """
    if depth > DEEPEST:
        raise WireError("nested too deeply")

    def inside(part: object) -> Any:
        return encode(part, special, depth + 1)

    if value is None or type(value) in (bool, int, float, str):
        return value
    if value is ...:
        return {"is": "dots"}
    if isinstance(value, bytes):
        return {"is": "bytes", "of": base64.b64encode(value).decode()}
    if type(value) is complex:
        return {"is": "complex", "of": [value.real, value.imag]}
    if isinstance(value, str | np.str_):
        return str(value)
    if isinstance(value, Mapping):
        return {"is": "dict", "of": [[inside(key), inside(part)] for key, part in value.items()]}
    if isinstance(value, list | tuple | set | frozenset):
        kind = next((name for name, make in COLLECTIONS.items() if isinstance(value, make)), "set")
        return {"is": kind, "of": [inside(part) for part in value]}
    if isinstance(value, np.generic):
        return {"is": "scalar", "of": _encode_array(np.asarray(value), inside)}
    if isinstance(value, np.ndarray):
        return _encode_array(value, inside) | special_array(value)
    if isinstance(value, pd.Series):
        return {"is": "series", "index": inside(value.index.to_numpy()), "of": inside(value.to_numpy())}
    if isinstance(value, pd.DataFrame):
        columns = [inside(value.iloc[:, i].to_numpy()) for i in range(value.shape[1])]
        return {"is": "frame", "names": [inside(name) for name in value], "index": inside(value.index.to_numpy()),
                "of": columns}  # fmt: skip
    if type(value) in RECORDS.values():
        fields = {field.name: inside(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"is": "record", "kind": type(value).__name__, "of": fields}
    if (sent := _encode_estimator(value, inside) or special(value)) is not None:
        return sent
    if isinstance(value, Iterator):
        return {"is": "list", "of": [inside(part) for part, _ in zip(value, range(LONGEST), strict=False)]}
    if hasattr(value, "__array__"):
        return _encode_array(np.asarray(value), inside)
    return {"is": "thing", "of": type(value).__name__}


def decode(sent: Any, special: Mapping[str, Callable[[dict], object]]) -> object:
    """Turn what `encode` made into a value again.

    Parameters
    ----------
    sent : object
    special : mapping
        How to read what is no plain value, by its word under "is".

    Raises
    ------
    WireError
        If it is nothing that `encode` writes.
    """
    try:
        return _decode(sent, special)
    except WireError:
        raise
    except Exception as error:
        raise WireError(f"{type(error).__name__}: {str(error)[:200]}") from error


def special_array(array: np.ndarray) -> dict:
    """Say of an array that it counts how often it is read, as that of one check does."""
    return {} if type(array) is np.ndarray else {"counted": True}


def _encode_array(array: np.ndarray, inside: Callable[[object], Any]) -> dict:
    shape = list(array.shape)
    if array.dtype.kind in "biufc":
        data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
        return {"is": "array", "dtype": array.dtype.str, "shape": shape, "of": data}
    return {"is": "array", "dtype": "str" if array.dtype.kind == "U" else "object", "shape": shape,
            "of": [inside(part) for part in array.ravel().tolist()]}  # fmt: skip


def _encode_estimator(value: object, inside: Callable[[object], Any]) -> dict | None:
    kind = value if isinstance(value, type) else type(value)
    if not issubclass(kind, BaseEstimator) or _estimators().get(kind.__name__) is not kind:
        return None
    if isinstance(value, type):
        return {"is": "estimator class", "name": kind.__name__}
    return {"is": "estimator", "name": kind.__name__, "of": inside(value.get_params(deep=False))}


def _estimators() -> dict[str, type]:
    """All that scikit-learn itself has: no class of anybody else's is ever made here."""
    from sklearn.utils import all_estimators

    return dict(all_estimators())


def _decode(sent: Any, special: Mapping[str, Callable[[dict], object]]) -> object:
    def inside(part: Any) -> object:
        return _decode(part, special)

    if not isinstance(sent, dict):
        return sent
    kind = sent["is"]
    if kind in special:
        return special[kind](sent)
    of = sent.get("of")
    match kind:
        case "dots":
            return ...
        case "bytes":
            return base64.b64decode(of)
        case "complex":
            return complex(*of)
        case "dict":
            return {inside(key): inside(part) for key, part in of}
        case "list" | "tuple" | "set":
            return COLLECTIONS[kind](inside(part) for part in of)
        case "array":
            return _decode_array(sent, inside)
        case "scalar":
            return _decode_array(of, inside)[()]
        case "series":
            return pd.Series(inside(of), index=inside(sent["index"]))
        case "frame":
            columns = {inside(name): inside(column) for name, column in zip(sent["names"], of, strict=True)}
            return pd.DataFrame(columns, index=inside(sent["index"]))
        case "record":
            return RECORDS[sent["kind"]](**{name: inside(part) for name, part in of.items()})
        case "estimator":
            return _estimators()[sent["name"]](**inside(of))
        case "estimator class":
            return _estimators()[sent["name"]]
        case "thing":
            return thing(str(of))
    raise WireError(f"there is no value that is a '{str(kind)[:40]}'")


def _decode_array(sent: dict, inside: Callable[[Any], object]) -> np.ndarray:
    shape = tuple(map(int, sent["shape"]))
    if sent["dtype"] in ("str", "object"):
        values = np.empty(len(sent["of"]), object)
        values[:] = [inside(part) for part in sent["of"]]
        return values.reshape(shape).astype(str if sent["dtype"] == "str" else object)
    dtype = np.dtype(sent["dtype"])
    if dtype.kind not in "biufc":
        raise WireError(f"there is no array of {dtype}")
    return np.frombuffer(base64.b64decode(sent["of"]), dtype).reshape(shape).copy()

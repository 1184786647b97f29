"""The learner's process: runs cells, tells values, calls functions, each when the judge asks. It is trusted in nothing.

Started by the judge, in a scratch folder: `python learner.py MEMORY_BYTES`, requests on its standard input, answers on
its standard output, one JSON a line. What the learner's own code prints goes nowhere.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]


def main() -> None:
    """Answer requests until there are none."""
    _limit(int(sys.argv[1]))
    requests, answers = _take_the_wire()
    from IPython.core.interactiveshell import InteractiveShell

    from marking import wire  # noqa: F401  now, and not within the seconds of the first answer

    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    while True:
        try:
            line = requests.readline()
        except KeyboardInterrupt:  # an interruption that came too late
            continue
        if not line:
            return
        request = json.loads(line)
        answers.write(json.dumps(answer(shell, request)) + "\n")
        answers.flush()


def _limit(memory: int) -> None:
    import resource

    for what, limit in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 1 << 30)):
        resource.setrlimit(what, (limit, limit))


def _take_the_wire() -> tuple[TextIO, TextIO]:
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    return requests, answers


def answer(shell: Any, request: dict) -> dict:
    """Do what the judge asks: run a cell, get values, or call a function."""
    work = {"run": _run, "get": _get, "call": _call}[request["do"]]
    try:
        return work(shell, request)
    except BaseException as error:
        try:
            return {"error": [type(error).__name__, str(error)[:200]]}
        except BaseException:
            return {"error": ["Error", ""]}


def _run(shell: Any, request: dict) -> dict:
    result = shell.run_cell(request["source"], store_history=False)
    wrong = result.error_before_exec or result.error_in_exec
    return {"ran": wrong is None, "error_name": type(wrong).__name__}


def _get(shell: Any, request: dict) -> dict:
    values = {name: shell.user_ns[name] for name in request["names"] if name in shell.user_ns}
    return {"values": {name: _tell(value) for name, value in values.items()}}


def _tell(value: object) -> Any:
    from marking.wire import encode

    try:
        return encode(value, _special)
    except Exception:
        return {"is": "thing", "of": type(value).__name__}


_FUNCTIONS: list[Callable] = []


def _special(value: object) -> dict | None:
    from marking.graphs import is_symbolic

    if callable(value) and not is_symbolic(value):
        _FUNCTIONS.append(value)
        name = getattr(value, "__name__", type(value).__name__)
        return {"is": "function", "of": len(_FUNCTIONS) - 1, "name": str(name)}
    return None


def _call(shell: Any, request: dict) -> dict:
    from marking.graphs import draw, is_symbolic

    _READS.clear()
    arguments = [_understand(argument) for argument in request["arguments"]]
    result = _FUNCTIONS[request["function"]](*arguments)
    if is_symbolic(result):
        return {"drawing": draw([each for each in arguments if is_symbolic(each)], result)}
    # A function may have changed what it was given, and a check may ask whether it did.
    return {"result": _tell(result), "arguments": [_after(argument) for argument in arguments], "reads": len(_READS)}


def _after(argument: object) -> Any:
    import numpy as np

    return _tell(np.array(argument)) if isinstance(argument, np.ndarray) else None


_READS: list[int] = []


def _understand(sent: Any) -> object:
    import numpy as np

    from marking.wire import decode

    class Counted(np.ndarray):
        """Counts how often something is taken out of it by an index."""

        def __getitem__(self, key: object) -> object:
            _READS.append(1)
            return super().__getitem__(key)

    def generator(sent: dict) -> np.random.Generator:
        return np.random.default_rng(sent["of"])

    value = decode(sent, {"folder": _folder, "generator": generator, "layer": _layer, "input": _input})
    return value.view(Counted) if isinstance(sent, dict) and sent.get("counted") else value


def _folder(sent: dict) -> Path:
    import base64

    folder = Path(tempfile.mkdtemp())
    for name, content in sent["of"].items():
        (folder / name).write_bytes(base64.b64decode(content))
    return folder


def _layer(sent: dict) -> object:
    import keras

    return keras.saving.deserialize_keras_object(sent["of"])


def _input(sent: dict) -> object:
    import keras

    return keras.Input(sent["of"])


if __name__ == "__main__":
    main()

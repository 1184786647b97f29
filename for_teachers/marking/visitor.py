"""The judge's side of the wire: a learner's process that is asked, waited for, interrupted and, if need be, ended."""

from __future__ import annotations

import base64
import json
import queue
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from marking import sandbox
from marking.graphs import is_layer, is_symbolic, rebuild
from marking.wire import WireError, decode, encode, thing

LONGEST_LINE = 64 << 20
CALL_SECONDS = 30
"""For one call of a learner's function, if a cell has not less."""
GRACE_SECONDS = 10
"""Between an interruption, as Jupyter's stop button sends it, and the end."""
START_SECONDS = 300


class Gone(Exception):
    """The learner's process has ended, and with it every answer that it has not given."""


class Learner:
    """A process that runs a learner's code.

    Parameters
    ----------
    scratch : Path
        Its folder.
    cell_seconds, all_seconds : float
        For one cell, and for all.
    memory : int
        Bytes.
    """

    def __init__(self, scratch: Path, cell_seconds: float, all_seconds: float, memory: int) -> None:
        self._process = sandbox.start(scratch, memory)
        self._watch = sandbox.watch(self._process, memory)
        self._cell_seconds, self._call_seconds = cell_seconds, min(cell_seconds, CALL_SECONDS)
        self._deadline = time.monotonic() + all_seconds
        self._lines: queue.Queue[str] = queue.Queue(maxsize=1)
        threading.Thread(target=self._listen, daemon=True).start()
        self._ask({"do": "get", "names": []}, START_SECONDS)

    def run(self, source: str) -> None:
        """Run a cell. An error in it ends the cell and no more, and so does the end of its time."""
        self._ask({"do": "run", "source": source}, self._cell_seconds)

    def values(self, names: tuple[str, ...]) -> dict[str, object]:
        """Ask for values by name; a name that no cell has made is left out."""
        told = self._ask({"do": "get", "names": list(names)}, self._call_seconds).get("values")
        return {name: self._understand(told[name]) for name in names if isinstance(told, dict) and name in told}

    def end(self) -> None:
        """End the process and all that it started."""
        sandbox.kill(self._process)
        self._process.wait()

    def _understand(self, sent: Any) -> object:
        try:
            return decode(sent, {"function": self._function})
        except WireError:
            return thing("Unreadable")

    def _function(self, sent: dict) -> object:
        """Make a function that has the learner's one called, there, whenever it is called here."""
        number = int(sent["of"])

        def function(*arguments: object) -> object:
            answer = self._ask(
                {"do": "call", "function": number, "arguments": [encode(each, _special) for each in arguments]},
                self._call_seconds,
            )
            if "error" in answer:
                name, message = map(str, answer["error"])
                raise type(name if name.isidentifier() else "Error", (Exception,), {})(message)
            if "drawing" in answer:
                return rebuild(answer["drawing"], [each for each in arguments if is_symbolic(each)])
            self._put_back(arguments, answer)
            return self._understand(answer.get("result"))

        function.__name__ = str(sent.get("name"))[:60]
        return function

    def _put_back(self, arguments: tuple, answer: dict) -> None:
        """Do to the arrays here what the function did to theirs: change them, and read them as often."""
        for argument, after in zip(arguments, answer.get("arguments") or [], strict=False):
            if isinstance(argument, np.ndarray) and after is not None:
                changed = self._understand(after)
                if isinstance(changed, np.ndarray) and changed.shape == argument.shape:
                    argument[...] = changed
                if type(argument) is not np.ndarray:
                    for _ in range(min(int(answer.get("reads") or 0), 10_000)):
                        argument[0]

    def _ask(self, request: dict, seconds: float) -> dict:
        until = min(time.monotonic() + seconds, self._deadline)
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise Gone("The process ended") from error
        line = self._line(until)
        if line is None:
            self._interrupt()
            line = self._line(time.monotonic() + GRACE_SECONDS)
        if line is None or time.monotonic() > self._deadline:
            self.end()
            raise Gone("The time was over")
        if not line:
            raise Gone("The process ended, or took more memory than it may,")
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            self.end()
            raise Gone("The process spoke nonsense")
        return answer

    def _line(self, until: float) -> str | None:
        try:
            return self._lines.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return None

    def _listen(self) -> None:
        while True:
            line = self._process.stdout.readline(LONGEST_LINE)
            self._lines.put(line)
            if not line:
                return

    def _interrupt(self) -> None:
        members = sandbox.family(self._process)
        pythons = [each for each in members if _is_learner(each)]
        for each in pythons[:1]:
            each.send_signal(signal.SIGINT)


def _is_learner(process: psutil.Process) -> bool:
    try:
        return str(sandbox.LEARNER) in process.cmdline() and "unshare" not in process.name()
    except psutil.Error:
        return False


def _special(value: object) -> dict | None:
    """What passes to a learner's process only: a check's own examples."""
    if isinstance(value, np.random.Generator):
        return {"is": "generator", "of": int(value.integers(2**63))}
    if isinstance(value, Path):
        files = {each.name: base64.b64encode(each.read_bytes()).decode() for each in value.iterdir()}
        return {"is": "folder", "of": files}
    if is_symbolic(value):
        return {"is": "input", "of": list(value.shape[1:])}
    if is_layer(value):
        import keras

        return {"is": "layer", "of": keras.saving.serialize_keras_object(value)}
    return None

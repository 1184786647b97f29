"""Kill braintut (`kill -9`) at random moments while it trains, writes or downloads; then start it again.

The next start must work, nothing that was there before may be lost, and the end must be the same as without
the kill: for a training the losses and Dice values of every epoch, to all digits.

    python benchmarks/kill_nine.py
    python benchmarks/kill_nine.py --part training --times 10 --seed 3
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.server
import io
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

# One thread, in one order: only so can two trainings be equal to the last digit. One process reads slices.
os.environ |= {
    "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "TF_DETERMINISTIC_OPS": "1", "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "LOKY_MAX_CPU_COUNT": "1",
}  # fmt: skip

import numpy as np

from braintut.dataset.download import PublishedFile, download_figshare
from braintut.dataset.figshare import load_figshare
from braintut.dataset.load import load_phantoms
from braintut.dataset.locations import phantom_folder
from braintut.dataset.slices import Slices

KILLS_A_TRAINING = 5
FORK = multiprocessing.get_context("fork")  # a process that is ready at once, so that the kill meets the work


@dataclass
class Outcome:
    """How often a process was killed at its work, came too late, started again, and ended the same."""

    killed: int = 0
    too_late: int = 0
    started_again: int = 0
    same_in_the_end: int = 0
    remark: str = ""

    @property
    def all_well(self) -> bool:
        return self.killed == self.started_again == self.same_in_the_end


def run_and_kill(work: Callable[[], object], after: float) -> bool:
    """Do the work in a process of its own and kill it after so many seconds; False if it was done before."""
    process = FORK.Process(target=_quietly, args=(work,))
    process.start()
    process.join(after)
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


def _quietly(work: Callable[[], object]) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    work()


def kill_often(work: Callable[[], object], check: Callable[[], str], times: int, rng: np.random.Generator) -> Outcome:
    """Kill some work at moments spread evenly over its time; `check` starts again and says what is wrong, or ''."""
    outcome, seconds = Outcome(), min(_seconds(work) for _ in range(3))
    while outcome.killed < times:
        if not run_and_kill(work, rng.uniform(0, seconds * 1.1)):
            outcome.too_late += 1
            continue
        outcome.killed += 1
        try:
            wrong = check()
        except Exception as error:
            outcome.remark = outcome.remark or f"{type(error).__name__}: {error}"
            continue
        outcome.started_again += 1
        outcome.same_in_the_end += not wrong
        outcome.remark = outcome.remark or wrong
    return outcome


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    run_and_kill(work, 600)
    return time.perf_counter() - start


# --- what is killed --------------------------------------------------------------------------------------------


def cache(folder: Path, times: int, rng: np.random.Generator) -> Outcome:
    """`load_figshare` reads slices and writes its cache. It begins without a cache, or with one that a kill left."""
    for path in (phantom_folder() / "figshare_layout").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    work = lambda: (_clear(folder, "*.h5"), load_figshare(folder, 512, progress=False))  # noqa: E731
    work()
    wanted = load_figshare(folder, 512, progress=False)

    def check() -> str:
        return _difference(load_figshare(folder, 512, progress=False), wanted)

    return kill_often(work, check, times, rng)


def slices(folder: Path, times: int, rng: np.random.Generator) -> Outcome:
    """`Slices.save` over a file of other slices: one of the two must be there, whole."""
    path, first = folder / "slices.h5", load_phantoms()[:60]
    second = replace(first, source="the second one", images=first.images[::-1].copy())
    first.save(path)

    def work() -> None:
        (second if Slices.load(path).source == first.source else first).save(path)

    def check() -> str:
        found = Slices.load(path)
        return _difference(found, first if found.source == first.source else second)

    return kill_often(work, check, times, rng)


def saving(folder: Path, times: int, rng: np.random.Generator) -> Outcome:
    """`Pipeline.save` over another pair: one of the two must load, whole, also where a kill follows a kill."""
    from braintut.pipeline.card import ASSETS
    from braintut.pipeline.pipeline import Pipeline, load_pipeline

    class Weights:
        """Arrays in place of a network, which a forked process could not ask for its own."""

        def __init__(self, arrays: list[np.ndarray]) -> None:
            self.arrays = arrays

        def get_weights(self) -> list[np.ndarray]:
            return self.arrays

    with contextlib.redirect_stderr(io.StringIO()):
        shipped = load_pipeline(ASSETS / "phantom")
    pairs = {}
    for name, factor in (("first", 1.0), ("second", 0.5)):
        weights = Weights([w * np.float32(factor) for w in shipped.unet.get_weights()])
        reference = shipped.reference * factor
        pairs[name] = Pipeline(weights, shipped.classifier, shipped.classifier_true_mask, reference,
                               {**shipped.card, "name": name})  # fmt: skip
    pairs["first"].save(folder)

    def work() -> None:
        now = json.loads((folder / "card.json").read_text())["name"]
        pairs["second" if now == "first" else "first"].save(folder)

    def check() -> str:
        with contextlib.redirect_stderr(io.StringIO()):
            found = load_pipeline(folder)
        wanted = pairs[found.name]
        same = all(np.allclose(a, b, rtol=1e-3, atol=1e-6) for a, b in zip(
            found.unet.get_weights(), wanted.unet.get_weights(), strict=True))  # fmt: skip
        same &= np.allclose(found.reference, wanted.reference, rtol=1e-3)
        return "" if same else f"the pair '{found.name}' has parts of the other"

    return kill_often(work, check, times, rng)


def download(folder: Path, times: int, rng: np.random.Generator) -> Outcome:
    """A download from a slow server on this machine; the next call goes on and ends with the right files."""
    content = np.random.default_rng(0).bytes(3_000_000)
    contents = {1: b"PK\3\4" + content, 2: content[:4000]}
    files = [PublishedFile(f"{number}.zip", number, len(data), hashlib.md5(data, usedforsecurity=False).hexdigest())
             for number, data in contents.items()]  # fmt: skip
    with _slow_server(contents) as address:
        fetch = lambda: download_figshare(folder, addresses=[address], files=files)  # noqa: E731
        begin_anew = lambda: (_clear(folder, "*"), fetch())  # noqa: E731

        def check() -> str:
            with contextlib.redirect_stderr(io.StringIO()):
                fetch()
            right = all((folder / file.name).read_bytes() == contents[file.id] for file in files)
            left = sorted(path.name for path in folder.iterdir())
            return "" if right and left == ["1.zip", "2.zip"] else f"the folder holds {left}, right: {right}"

        return kill_often(begin_anew, check, times, rng)


def training(folder: Path, times: int, rng: np.random.Generator) -> Outcome:
    """A training that is killed several times over; each start goes on, and the history is that of an unbroken one."""
    start = time.perf_counter()
    wanted = _train(folder / "unbroken")
    seconds = time.perf_counter() - start
    outcome = Outcome()
    while outcome.killed < times:
        here, killed = folder / f"killed_{outcome.killed}", 0
        for _ in range(KILLS_A_TRAINING):
            killed += _train(here, rng.uniform(0, seconds)) is None
        found = _train(here)
        outcome.killed += killed
        outcome.too_late += KILLS_A_TRAINING - killed
        # A start that failed ends with no history, at once or at the last, unbroken one.
        outcome.started_again += killed if found is not None else 0
        outcome.same_in_the_end += killed if found == wanted else 0
        if found != wanted:
            outcome.remark = outcome.remark or f"{found} instead of {wanted}"
    return outcome


JOB = """
import json, sys
import tensorflow as tf
from braintut.dataset.load import load_phantoms
from braintut.segmentation.augmentation import Augmentation
from braintut.segmentation.training import train_unet
tf.config.experimental.enable_op_determinism()
slices = load_phantoms().resized(64)
print("ready", flush=True)
run = train_unet(slices[:24], slices[24:36], epochs=8, batch_size=8, augmentation=Augmentation(),
                 unet={"filters": 4, "depth": 2}, ema_momentum=0.8, folder=sys.argv[1], log=lambda line: None)
digest = [float(abs(w).sum()) for w in run.model.get_weights()]
print(json.dumps([[e["epoch"], e["loss"], e["val_dice"], e["val_missed"]] for e in run.history] + [digest]))
"""


def _train(folder: Path, after: float | None = None) -> list | None:
    """Train in a process of its own; the history and a digest of the weights, or None if it was killed before."""
    process = subprocess.Popen(
        [sys.executable, "-c", JOB, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.readline()  # "ready"
    try:
        said, wrong = process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None
    if process.returncode:
        raise SystemExit(f"A training in {folder} failed:\n{wrong}")
    return json.loads(said)


# --- tools -----------------------------------------------------------------------------------------------------


def _clear(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        path.unlink()


def _difference(found: Slices, wanted: Slices) -> str:
    for name in ("images", "masks", "labels", "patients", "folds", "ids"):
        a, b = getattr(found, name), getattr(wanted, name)
        same = np.allclose(a, b, atol=0.51 / 255) if name == "images" else np.array_equal(a, b)
        if not same:
            return f"'{name}' differ"
    return ""


@contextlib.contextmanager
def _slow_server(contents: dict[int, bytes]):
    """A server that sends 100 kB every 10 ms and knows byte ranges, in a process of its own."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            content = contents[int(self.path.strip("/"))]
            asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(asked.group(1)) if asked else 0
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                for at in range(start, len(content), 100_000):
                    self.wfile.write(content[at : at + 100_000])
                    time.sleep(0.01)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    process = FORK.Process(target=server.serve_forever, daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/{{id}}"
    finally:
        process.kill()
        process.join()
        server.server_close()


PARTS = {"training": training, "cache": cache, "slices": slices, "saving": saving, "download": download}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, action="append", help="this part only; may be repeated")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    outcomes = {}
    print("| part | killed at work | the next start works | the end is the same | too late to kill |")
    print("| --- " * 5 + "|")
    for name in options.part or PARTS:
        rng = np.random.default_rng([options.seed, list(PARTS).index(name)])
        with tempfile.TemporaryDirectory() as scratch:
            outcome = outcomes[name] = PARTS[name](Path(scratch), options.times, rng)
        print(
            f"| {name} | {outcome.killed} | {outcome.started_again} | {outcome.same_in_the_end} | {outcome.too_late} |",
            flush=True,
        )
    for name, outcome in outcomes.items():
        if outcome.remark:
            print(f"{name}: {outcome.remark}")
    sys.exit(not all(outcome.all_well for outcome in outcomes.values()))


if __name__ == "__main__":
    main()

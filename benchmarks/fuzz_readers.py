"""Throw damaged and odd files at every reader: each must be read or refused in one sentence, in time and memory.

The readers work in processes of their own with a limit on their memory; a process that crashes or hangs is noticed,
and the file that did it is kept. The same seed gives the same files. Time is the processor's; Linux only.

    python benchmarks/fuzz_readers.py --inputs 100000
    python benchmarks/fuzz_readers.py --inputs 2000 --reader png --seed 7 --keep build/breaking
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import re
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from readers import READERS, inputs, judge

BATCH = 100
SECONDS = 2.0
"""Of processor time that one file may take."""
HANGS = 60.0
"""Seconds by the clock after which a process counts as hung; a busy machine is slow, too."""
KEPT = 20
"""Files of each kind that are kept."""
GOOD = ("read", "refused")


@dataclass
class Tally:
    """What happened at one reader."""

    verdicts: Counter = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    slowest: float = 0.0
    peak_mb: float = 0.0

    def add(self, verdict: str, message: str, seconds: float, peak_mb: float) -> None:
        self.verdicts[verdict] += 1
        self.examples.setdefault(verdict, message)
        self.slowest, self.peak_mb = max(self.slowest, seconds), max(self.peak_mb, peak_mb)

    @property
    def faults(self) -> int:
        return sum(n for verdict, n in self.verdicts.items() if verdict not in GOOD)


class Worker:
    """A process that works for one reader, and may be lost over a file."""

    def __init__(self, name: str, keep: Path, memory: float) -> None:
        context = multiprocessing.get_context("spawn")
        self.name, self.keep = name, keep
        self.scratch = tempfile.TemporaryDirectory()
        self.path = Path(self.scratch.name) / READERS[name].file
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_work, args=(self.path, name, keep, memory, other), daemon=True)
        self.process.start()
        other.close()

    def send(self, seed: int, n: int, skip: int) -> None:
        self.seed, self.n, self.done = seed, n, skip
        self.pipe.send((seed, n, skip))
        self.since = time.monotonic() + 120  # the first time it imports

    def receive(self, tally: Tally) -> bool:
        """Take one answer; True once a batch is finished."""
        answer = self.pipe.recv()
        self.since = time.monotonic()
        if answer is None:
            return True
        if isinstance(answer, str):
            raise SystemExit(f"The files for the reader '{self.name}' could not be made:\n{answer}")
        tally.add(*answer)
        self.done += 1
        return False

    def stop(self) -> int | None:
        """Its exit status, if it had one before it was stopped."""
        self.process.join(1)
        code = self.process.exitcode
        self.process.kill()
        self.process.join()
        self.scratch.cleanup()
        return code


def fuzz(name: str, n: int, seed: int, workers: int, keep: Path, memory: float) -> Tally:
    """Throw `n` files at one reader."""
    tally, busy = Tally(), []
    first = (seed * 1_000 + list(READERS).index(name)) * 1_000_000
    batches = [(first + i, min(BATCH, n - start), 0) for i, start in enumerate(range(0, n, BATCH))][::-1]
    while batches or busy:
        while batches and len(busy) < workers:
            busy.append(Worker(name, keep, memory))
            busy[-1].send(*batches.pop())
        ready = wait([worker.pipe for worker in busy], timeout=5)
        for worker in list(busy):
            try:
                finished = worker.pipe in ready and worker.receive(tally)
            except (EOFError, ConnectionError):
                batches.append(_lost(worker, f"crashed ({worker.stop()})", tally))
                busy.remove(worker)
                continue
            if finished and batches:
                worker.send(*batches.pop())
            elif finished:
                worker.stop()
                busy.remove(worker)
            elif time.monotonic() - worker.since > HANGS:
                worker.process.kill()
                batches.append(_lost(worker, "hung", tally))
                worker.stop()
                busy.remove(worker)
    return tally


def _lost(worker: Worker, why: str, tally: Tally) -> tuple[int, int, int]:
    """Count and keep the file that a process was lost over; the rest of its batch is what comes next."""
    if worker.path.exists():
        _keep(worker.keep, worker.name, why, worker.seed, worker.done, worker.path.read_bytes())
    tally.add(why, f"seed {worker.seed}, number {worker.done}", 0.0, 0.0)
    return worker.seed, worker.n, worker.done + 1


def _work(path: Path, name: str, keep: Path, memory: float, pipe: Connection) -> None:
    try:
        _read_for_ever(path, name, keep, memory, pipe)
    except Exception:  # ours, not the reader's: `judge` keeps those
        pipe.send(traceback.format_exc())


def _read_for_ever(path: Path, name: str, keep: Path, memory: float, pipe: Connection) -> None:
    warnings.simplefilter("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # remarks of TensorFlow and libjpeg
    reader = READERS[name]
    with tempfile.TemporaryDirectory() as folder:
        seeds = reader.seeds(Path(folder))
    path.write_bytes(seeds[0])
    reader.read(path)  # loads what reading needs, before memory is counted
    while True:
        seed, n, skip = pipe.recv()
        for number, data in enumerate(inputs(reader, seeds, seed, n)):
            if number < skip:
                continue
            path.write_bytes(data)
            before = _most_memory(anew=True)
            start = time.process_time()
            with _limited_memory(memory):
                verdict, message = judge(reader, path)
            seconds, taken = time.process_time() - start, _most_memory() - before
            if verdict in GOOD and seconds > SECONDS:
                verdict = f"over {SECONDS:.0f} s"
            if verdict not in GOOD:
                _keep(keep, name, verdict, seed, number, data)
            pipe.send((verdict, message[:300], seconds, taken))
        pipe.send(None)


@contextlib.contextmanager
def _limited_memory(gigabytes: float) -> Iterator[None]:
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size + int(gigabytes * 1e9), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _most_memory(anew: bool = False) -> float:
    """The most memory that this process has held, in MB, since it was asked to count anew."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5")
    held = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(held.group(1)) / 1024


def _keep(keep: Path, name: str, verdict: str, seed: int, number: int, data: bytes) -> None:
    folder = keep / name / re.sub(r"\W+", "_", verdict)
    folder.mkdir(parents=True, exist_ok=True)
    if len(list(folder.iterdir())) < KEPT:
        (folder / f"{seed}_{number}_{READERS[name].file}").write_bytes(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000, help="files in all, shared between the readers")
    parser.add_argument("--reader", choices=READERS, action="append", help="this reader only; may be repeated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--memory", type=float, default=2.0, help="GB that a reader may take beyond its start")
    parser.add_argument("--keep", type=Path, default=Path("build/breaking"), help="where files that did harm are kept")
    options = parser.parse_args()
    names = options.reader or list(READERS)
    tallies = {}
    print("| reader | inputs | read | refused | anything else | slowest, s | memory, MB |\n" + "| --- " * 7 + "|")
    for number, name in enumerate(names):
        n = options.inputs // len(names) + (number < options.inputs % len(names))
        tally = tallies[name] = fuzz(name, n, options.seed, options.workers, options.keep, options.memory)
        counts = tally.verdicts
        print(
            f"| {name} | {sum(counts.values())} | {counts['read']} | {counts['refused']} | {tally.faults} | "
            f"{tally.slowest:.2f} | {tally.peak_mb:.0f} |",
            flush=True,
        )
    for name, tally in tallies.items():
        for verdict, count in tally.verdicts.most_common():
            if verdict not in GOOD:
                print(f"{name}: {count} x {verdict}, first: {tally.examples[verdict]}")
    if any(tally.faults for tally in tallies.values()):
        print(f"Files that did harm are in {options.keep}.")
        sys.exit(1)


if __name__ == "__main__":
    main()

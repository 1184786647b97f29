"""Damaged and odd files at every door: read, or refused in one line that names them; nothing else.

`benchmarks/fuzz_readers.py` does the same with any number of files, in processes of their own and by the clock.
"""

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest

from braintut.errors import DataError
from mutating import png_bomb, png_claiming
from readers import READERS, inputs, judge

resource = pytest.importorskip("resource", reason="without a limit on its memory, a test that fails takes all of it")

FILES = 24
MEMORY = 3_000_000_000


@contextlib.contextmanager
def limited_memory():
    """So that a reader which believes what a file claims fails here, and not the machine."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture(scope="module", params=READERS)
def door(request, tmp_path_factory):
    """A reader, good files for it, and where the files for it lie."""
    reader = READERS[request.param]
    seeds = reader.seeds(tmp_path_factory.mktemp("seeds"))
    return reader, seeds, tmp_path_factory.mktemp(request.param) / reader.file


def test_good_files_are_read(door):
    reader, seeds, path = door
    for seed in seeds:
        path.write_bytes(seed)
        assert judge(reader, path) == ("read", "")


@pytest.mark.filterwarnings("ignore")
def test_other_files_are_read_or_refused(door):
    reader, seeds, path = door
    for number, data in enumerate(inputs(reader, seeds, seed=1, n=FILES)):
        path.write_bytes(data)
        with limited_memory():
            verdict, message = judge(reader, path)
        assert verdict in ("read", "refused"), f"file {number}: {verdict}: {message}"


def test_the_same_seed_makes_the_same_files(door):
    reader, seeds, _ = door
    first, second = (list(inputs(reader, seeds, seed=2, n=6)) for _ in range(2))
    assert first == second and len(set(first)) > 1


@pytest.mark.parametrize(("width", "height"), [(100_000, 100_000), (2**31 - 1, 1), (60_000, 60_000), (9_400, 9_400)])
def test_a_picture_that_claims_to_be_huge_is_refused_before_it_fills_the_memory(tmp_path, width, height):
    path = tmp_path / "scan.png"
    path.write_bytes(png_claiming(width, height))
    with limited_memory():
        verdict, message = judge(READERS["png"], path)
    assert (verdict, "scan.png" in message) == ("refused", True)


def test_a_whole_picture_of_25_million_pixels_is_no_slice(tmp_path):
    path = tmp_path / "scan.png"
    path.write_bytes(png_bomb(5000, 8, 0))
    verdict, message = judge(READERS["png"], path)
    assert verdict == "refused" and "far too large" in message


SENTENCES = {
    "refused": DataError("x.mat is odd."),
    "refused without a name": DataError("It is odd."),
    "refused in more than a line": DataError("x.mat\nis odd."),
    "MemoryError": MemoryError(),
    "ValueError": ValueError("x.mat"),
}


@pytest.mark.parametrize(("verdict", "error"), SENTENCES.items(), ids=SENTENCES)
def test_a_judge_tells_a_foreign_error_from_ours(tmp_path, verdict, error):
    def read(path):
        raise error

    assert judge(replace(READERS["mat"], read=read), tmp_path / "x.mat")[0] == verdict

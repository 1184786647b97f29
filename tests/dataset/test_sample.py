"""The sample out of zips on a server of our own, which plays figshare and misbehaves on demand."""

import collections
import hashlib
import os
import re
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import h5py
import numpy as np
import pytest

from braintut.dataset import load, remote, sample, web
from braintut.dataset.download import FILES, PublishedFile
from braintut.dataset.figshare import list_slices, load_figshare, read_folds
from braintut.dataset.folds import fold_of
from braintut.dataset.load import load_slices
from braintut.dataset.sample import SAMPLE_FILE, download_sample, sample_numbers
from braintut.dataset.slices import merged_patient
from braintut.errors import DownloadError
from making import head, write_cvind, write_mat, zipped

WANTED = [1, 2, 4, 6, 7]
FOLDS = [1, 2, 3, 4, 5, 1, 2]


@pytest.fixture(scope="module")
def mats(tmp_path_factory):
    """Seven slices and the folds, by name."""
    folder = tmp_path_factory.mktemp("mats")
    for n in range(1, 8):
        write_mat(folder / f"{n}.mat", image=head(seed=n), PID=np.array([[ord(c)] for c in f"10000{n}"], np.uint16))
    write_cvind(folder / "cvind.mat", FOLDS)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def two_zips(mats):
    """As published: two zips by number, then the folds. The second has folders, and a Mac's notes."""
    first = zipped({f"{n}.mat": mats[f"{n}.mat"] for n in (1, 2, 3, 4)})
    second = {"README.txt": b"hello", "__MACOSX/._6.mat": b"note"}
    second |= {f"mats/{n}.mat": mats[f"{n}.mat"] for n in (5, 6, 7)}
    return {0: first, 1: zipped(second, zipfile.ZIP_STORED), 9: mats["cvind.mat"]}


class Handler(BaseHTTPRequestHandler):
    """`/MANNER/ID`: sends file ID in the given manner, by ranges as storage does."""

    def log_message(self, *args):
        pass

    def send(self, status, body=b"", kind="application/octet-stream", length=None, **headers):
        self.send_response(status)
        for name, value in {"Content_Type": kind, "Content_Length": length or len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        _, manner, number = self.path.partition("?")[0].split("/")
        self.start, self.stop = (int(at) for at in re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups())
        with self.server.counting:
            self.server.requests.append((manner, int(number), self.start))
            self.go = sum(one[0] == manner for one in self.server.requests)
        getattr(self, manner)(self.server.contents[int(number)])

    @property
    def is_first_zip(self):
        return self.path.endswith("/0")

    def good(self, content, limit=None, total=None, at=None, **headers):
        body = content[self.start : self.stop + 1]
        at = self.start if at is None else at
        stated = {"Content_Range": f"bytes {at}-{at + len(body) - 1}/{total or len(content)}"}
        self.send(206, body[:limit], length=len(body), **{"ETag": '"1"', **stated, **headers})

    # What still gives the right files.

    def moved(self, content):
        self.send(302, Location=self.path.replace("moved", "good"))

    def signed(self, content):
        self.send(302, Location=f"{self.path.replace('signed', 'signature')}?{self.go}")

    def signature(self, content):
        with self.server.counting:
            self.server.uses[self.path] += 1
            has_expired = self.server.uses[self.path] > 2
        if has_expired:
            self.send(403, b"Request has expired")
        else:
            self.good(content)

    def unknown_total(self, content):
        self.good(content, total="*")

    def without_version(self, content):
        self.good(content, ETag="")

    def cut_once(self, content):
        self.good(content, limit=500 if self.go in (2, 4) else None)

    def short_parts(self, content):
        self.good(content[: self.start + 6000], total=len(content))

    def busy_once(self, content):
        if self.go in (1, 3):
            self.send(503, b"later")
        else:
            self.good(content)

    def flips_once(self, content):
        self.good(flipped(content) if self.go <= 5 and self.is_first_zip else content)

    def changes_once(self, content):
        self.good(content, ETag='"1"' if self.go <= 3 else '"2"')

    # What gives none.

    def whole(self, content):
        self.send(200, content, length=len(content) + 10**8)
        for _ in range(1000):
            self.wfile.write(bytes(10**5))
            self.server.sent += 10**5

    def challenge(self, content):
        self.send(202)

    def forbidden(self, content):
        self.send(403, b"no")

    def page(self, content):
        self.send(200, b"<!doctype html><p>Are you a robot?</p>", kind="text/html; charset=utf-8")

    def page_in_parts(self, content):
        self.good(b"<html>" * len(content), total=len(content), Content_Type="text/html")

    def no_ranges(self, content):
        self.send(416)

    def always_busy(self, content):
        self.send(503, b"later")

    def always_cut(self, content):
        self.good(content, limit=0)

    def compressed(self, content):
        self.good(content, Content_Encoding="gzip")

    def another_part(self, content):
        self.good(content, at=self.start + 1)

    def another_size(self, content):
        self.good(content, total=len(content) + 1)

    def always_changes(self, content):
        self.good(content, ETag=f'"{self.go}"')

    def zeros(self, content):
        self.good(bytes(len(content)))

    def always_flips(self, content):
        self.good(flipped(content))

    def silent(self, content):
        time.sleep(0.4)


def flipped(content):
    """One bit of the first slice, or of the folds, is another one."""
    at = min(1000, len(content) - 1)
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.fixture
def server(monkeypatch, mats):
    for setting in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", *web.CERTIFICATES):
        monkeypatch.delenv(setting, raising=False)
        monkeypatch.delenv(setting.upper(), raising=False)
    monkeypatch.setattr(remote, "PAUSES", (0, 0.01))
    monkeypatch.setattr(remote, "TAIL", 400)  # these directories are short
    monkeypatch.setattr(sample, "sample_numbers", lambda: WANTED)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.contents, server.requests, server.sent, server.counting = two_zips(mats), [], 0, threading.Lock()
    server.uses = collections.Counter()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def files_of(server):
    names = {0: "a.zip", 1: "b.zip", 9: "cvind.mat"}
    return [
        PublishedFile(names[n], n, len(content), hashlib.md5(content, usedforsecurity=False).hexdigest())
        for n, content in server.contents.items()
    ]


@pytest.fixture
def fetch(server, tmp_path):
    """Fetch the sample into `tmp_path / "sample"` from the addresses with these manners."""

    def fetch(*manners, **how):
        addresses = [f"http://127.0.0.1:{server.server_port}/{manner}/{{id}}" for manner in manners]
        return download_sample(tmp_path / "sample", addresses, files_of(server), **how)

    return fetch


@pytest.fixture
def default(monkeypatch, tmp_path):
    """`load_slices` looks for the whole set and the sample in a folder of the test's own."""
    monkeypatch.delenv("BRAINTUT_DATA")
    monkeypatch.setattr(load, "default_data_folder", lambda: tmp_path / "figshare")
    monkeypatch.setattr(load, "sample_folder", lambda: tmp_path / "sample")
    return tmp_path


def members(folder):
    with zipfile.ZipFile(folder / SAMPLE_FILE) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def is_sample(folder, mats, numbers=WANTED):
    return members(folder) == {name: mats[name] for name in (*(f"{n}.mat" for n in numbers), "cvind.mat")}


STILL_GOOD = (
    "good", "moved", "signed", "unknown_total", "without_version", "cut_once", "short_parts", "busy_once",
    "flips_once", "changes_once",
)  # fmt: skip


@pytest.mark.parametrize("manner", STILL_GOOD)
def test_the_sample_is_one_file_with_the_published_slices_and_nothing_else_is_left(fetch, tmp_path, mats, manner):
    folder = fetch(manner)
    assert folder == tmp_path / "sample" and is_sample(folder, mats)
    assert names(folder) == [SAMPLE_FILE]


BAD = {
    "whole": "whole files only",
    "challenge": "answered 202",
    "forbidden": "answered 403",
    "page": "web page",
    "page_in_parts": "web page",
    "no_ranges": "answered 416",
    "always_busy": "answered 503",
    "always_cut": "empty|broke off",
    "compressed": "compressed a part",
    "another_part": "another part",
    "another_size": r"has \d+ bytes instead of \d+",
    "always_changes": "changed while it was read",
    "zeros": "another file than the published one",
    "always_flips": "another file than the published one",
}


@pytest.mark.parametrize(("manner", "reason"), BAD.items(), ids=BAD)
def test_the_next_address_helps_or_one_sentence_says_why_and_phantoms_go_on(
    fetch, default, mats, capsys, manner, reason
):
    with pytest.raises(DownloadError, match=reason) as caught:
        fetch(manner)
    assert "\n" not in str(caught.value) and "arrived is kept" in str(caught.value)
    assert not (default / "sample" / SAMPLE_FILE).exists()
    assert load_slices(32).source.startswith("phantom")
    assert "braintut download --sample" in capsys.readouterr().err
    assert is_sample(fetch(manner, "good"), mats)


@pytest.mark.parametrize(("manner", "reason"), [("zeros", "its directory arrived damaged"),
                         ("always_flips", "1.mat arrived damaged.*CRC-32")])  # fmt: skip
def test_what_arrives_damaged_is_named(fetch, tmp_path, mats, manner, reason):
    kept = tmp_path / "sample" / sample.KEPT
    kept.mkdir(parents=True)
    (kept / "cvind.mat").write_bytes(mats["cvind.mat"])  # so that the zip is asked for first
    with pytest.raises(DownloadError, match=reason):
        fetch(manner)
    assert {path.name for path in kept.iterdir()} <= {"cvind.mat", "2.mat", "4.mat"}


def test_a_server_that_sends_all_is_stopped_at_once(fetch, server):
    with pytest.raises(DownloadError):
        fetch("whole")
    assert server.sent < 20 * 10**6, "100 MB were on offer, and some fit into the buffers on the way"


def test_a_silent_server_is_left_in_time(fetch, monkeypatch):
    monkeypatch.setattr(web, "TIMEOUT", (1, 0.05))
    with pytest.raises(DownloadError, match="no answer in time"):
        fetch("silent")


def test_nobody_there_is_one_sentence(server, tmp_path):
    with pytest.raises(DownloadError, match="no connection"):
        download_sample(tmp_path, ["http://127.0.0.1:9/{id}"], files_of(server))
    assert not (tmp_path / SAMPLE_FILE).exists()


def test_only_the_wanted_members_are_asked_for(fetch, server):
    fetch("good")
    asked = collections.Counter(number for _, number, _ in server.requests)
    assert asked == {9: 1, 0: 1 + 3, 1: 1 + 2}, "the directory, then each slice"


def test_an_address_that_another_led_to_is_asked_directly(fetch, server):
    fetch("moved")
    asked = collections.Counter(manner for manner, _, _ in server.requests)
    assert asked == {"moved": 3, "good": 8}


def test_what_is_there_is_not_fetched_again(fetch, server, mats):
    fetch("good")
    server.requests.clear()
    assert is_sample(fetch("forbidden"), mats) and server.requests == []


def test_a_broken_off_sample_goes_on(fetch, server, tmp_path, mats):
    server.contents[1], whole = b"", server.contents[1]
    with pytest.raises(DownloadError, match=r"b\.zip"):
        fetch("good")
    assert names(tmp_path / "sample") == [sample.KEPT]
    server.contents[1] = whole
    (tmp_path / "sample" / sample.KEPT / "2.mat").write_bytes(mats["3.mat"])  # damaged meanwhile
    server.requests.clear()
    assert is_sample(fetch("good"), mats)
    assert sum(number == 0 for _, number, _ in server.requests) == 2, "the directory and slice 2"


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], flipped, lambda b: zipped({"1.mat": b"x"})])
def test_a_damaged_sample_is_made_again(fetch, mats, damage):
    path = fetch("good") / SAMPLE_FILE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DownloadError):
        fetch("forbidden")
    assert path.exists(), "what was there stays until the new one is whole"
    assert is_sample(fetch("good"), mats)


def test_members_that_no_zip_holds_are_named(fetch, monkeypatch, mats, capsys):
    monkeypatch.setattr(sample, "sample_numbers", lambda: [1, 2, 4, 800, 900])
    assert is_sample(fetch("good"), mats, [1, 2, 4])
    assert "do not hold 800.mat, 900.mat; the sample is made of the other 3." in capsys.readouterr().err


def test_zips_without_any_slice_of_the_sample_are_an_error(fetch, monkeypatch, tmp_path):
    monkeypatch.setattr(sample, "sample_numbers", lambda: [*range(800, 830)])
    with pytest.raises(DownloadError, match=r"neither 800\.mat, .* and 25 more"):
        fetch("good")
    assert not (tmp_path / "sample" / SAMPLE_FILE).exists()


def test_a_member_that_claims_too_much_is_not_fetched(fetch, server, monkeypatch):
    monkeypatch.setattr(remote, "LARGEST", 1000)
    with pytest.raises(DownloadError, match=r"claims that \d\.mat has \d+ bytes"):
        fetch("good")
    assert [number for _, number, _ in server.requests] == [9, 0], "the folds, and the directory of the first zip"


def test_a_directory_longer_than_what_came_first_is_fetched_whole(fetch, mats, monkeypatch):
    monkeypatch.setattr(remote, "TAIL", 30)
    assert is_sample(fetch("good"), mats)


def test_whoever_asks_is_told_of_the_progress(fetch, capsys):
    told = []
    fetch("good", progress=lambda done, total: told.append((done, total)))
    assert told == [(n, 5) for n in range(1, 6)]
    assert "slices" not in capsys.readouterr().err


def test_a_program_without_a_console_fetches_too(fetch, mats, monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    assert is_sample(fetch("good"), mats)


def test_two_at_once_do_not_meet(fetch, server, mats):
    ended = []
    both = [threading.Thread(target=lambda: ended.append(fetch("good"))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(ended) == 2 and is_sample(ended[0], mats)
    assert len(server.requests) == 8, "the second found what the first had brought"


def test_a_full_disk_is_said_before_anything_is_fetched(fetch, server, monkeypatch):
    usage = sample.shutil.disk_usage(".")
    monkeypatch.setattr(sample.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(DownloadError, match="make room"):
        fetch("good")
    assert server.requests == []


def test_a_file_in_place_of_the_folder_is_named(tmp_path, server):
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match="file cannot be used"):
        download_sample(tmp_path / "file", [], files_of(server))


def test_the_sample_is_read_like_the_whole_set_and_one_file_of_it_is_one_line(fetch, mats):
    folder = fetch("good")
    slices = load_figshare(folder, size=32, progress=False)
    assert slices.ids.tolist() == ["1", "2", "4", "6", "7"] and slices.folds.tolist() == [1, 2, 4, 1, 2]
    with h5py.File(list_slices(folder)[0].open()) as file:
        assert file["cjdata/image"].shape == (64, 64)


def test_slices_come_from_the_whole_set_else_from_the_sample_else_there_are_phantoms(default, mats, capsys):
    def loaded():
        slices = load_slices(32)
        return slices.source, capsys.readouterr().err.splitlines()[-1]

    whole, taste = default / "figshare", default / "sample"
    source, line = loaded()
    assert source.startswith("phantom")
    assert "200 slices of 40 patients" in line and line.endswith(
        "for real heads run `braintut download --sample` (54 MB)"
    )
    taste.mkdir()
    (taste / f"{SAMPLE_FILE}.0a1b2c3d.part").write_bytes(b"PK")  # left by a killed download
    assert loaded()[0].startswith("phantom")
    (taste / SAMPLE_FILE).write_bytes(zipped({f"{n}.mat": mats[f"{n}.mat"] for n in (1, 2)}))
    source, line = loaded()
    assert source == "figshare, 2 of 3064 slices"
    assert "2 slices of 2 patients" in line and line.endswith("`braintut download` fetches all 3064 (880 MB)")
    whole.mkdir()
    (whole / "brainTumorDataPublic_1-766.zip.part").write_bytes(b"PK")  # an unfinished download
    assert loaded()[0] == "figshare, 2 of 3064 slices"
    (whole / "3.mat").write_bytes(mats["3.mat"])
    assert loaded()[0] == "figshare, 1 of 3064 slices"


def test_whoever_chose_phantoms_is_not_asked_to_fetch(default, monkeypatch, capsys):
    monkeypatch.setenv("BRAINTUT_DATA", "phantoms")
    load_slices(32)
    assert "download" not in capsys.readouterr().err


def test_the_list_of_the_sample_is_in_the_published_set_and_of_all_folds():
    numbers = sample_numbers()
    assert len(numbers) == len(set(numbers)) == 186 and numbers == sorted(numbers)
    assert numbers[0] >= 1 and numbers[-1] <= 3064 and len(FILES) == 5
    table = (sample.PACKAGE / "assets" / "sample.csv").read_text(encoding="utf-8").split()
    rows = [tuple(map(int, line.split(","))) for line in table[1:]]
    assert {label for _, label, _ in rows} == {1, 2, 3} and {fold for _, _, fold in rows} == {1, 2, 3, 4, 5}


@pytest.mark.skipif(not os.environ.get("BRAINTUT_REAL"), reason="BRAINTUT_REAL names no folder of real slices")
@pytest.mark.real
def test_the_list_of_the_sample_tells_the_truth_of_real_slices():
    table = (sample.PACKAGE / "assets" / "sample.csv").read_text(encoding="utf-8").split()
    rows = {row[0]: tuple(map(int, row[1:])) for row in (line.split(",") for line in table[1:])}
    place = os.environ["BRAINTUT_REAL"]
    folds = read_folds(place)
    entries = [entry for entry in list_slices(place) if entry.id in rows]
    scans = [entry.read() for entry in entries]
    assert len(scans) >= 100
    assert [rows[entry.id] for entry in entries] == [
        (scan.label, fold_of(entry, folds)) for entry, scan in zip(entries, scans, strict=True)
    ]
    slices_of = collections.Counter(scan.patient for scan in scans)
    assert max(slices_of.values()) <= 4
    assert len({merged_patient(patient) for patient in slices_of}) == len(slices_of), "hidden twins"
    patients_of_type = collections.Counter(label for _, label in {(scan.patient, scan.label) for scan in scans})
    assert set(patients_of_type) == {1, 2, 3} and max(patients_of_type.values()) <= 16

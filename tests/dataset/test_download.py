"""The downloader against a server of our own, which misbehaves on demand."""

import errno
import gzip
import hashlib
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest

from braintut.dataset import download, locations, web
from braintut.dataset.download import FILES, PublishedFile, download_figshare
from braintut.errors import DataError, DownloadError

ZIP = b"PK\x03\x04" + bytes(range(256)) * 4000  # about 1 MB, several chunks
CVIND = b"MATLAB 7.3 MAT-file" * 20


def published(name, number, content):
    return PublishedFile(name, number, len(content), hashlib.md5(content, usedforsecurity=False).hexdigest())


CONTENTS = {1: ZIP, 2: ZIP[::-1], 9: CVIND}
TOY_FILES = (published("a.zip", 1, ZIP), published("b.zip", 2, ZIP[::-1]), published("cvind.mat", 9, CVIND))
TINY_FILES = (TOY_FILES[0], TOY_FILES[2])


class Handler(BaseHTTPRequestHandler):
    """`/MANNER/ID`: sends file ID in the given manner; `requests` on the server lists what was asked."""

    def log_message(self, *args):
        pass

    def send(self, status, body=b"", length=None, kind="application/octet-stream", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not False:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        _, manner, number = self.path.split("/")
        asked_range = self.headers.get("Range")
        self.server.requests.append((manner, int(number), asked_range))
        getattr(self, manner)(CONTENTS[int(number)], asked_range)

    def good(self, content, asked_range, limit=None):
        start = int(re.match(r"bytes=(\d+)-", asked_range).group(1)) if asked_range else 0
        rest = content[start:]
        headers = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if asked_range else {}
        self.send(206 if asked_range else 200, rest[:limit], length=len(rest), **headers)

    def breaks(self, content, asked_range):
        self.good(content, asked_range, limit=300_000)  # promises the rest, then hangs up

    def short(self, content, asked_range):
        self.send(200, content[:1000])

    def short_without_length(self, content, asked_range):
        self.send(200, content[:1000], length=False)

    def long_without_length(self, content, asked_range):
        self.send(200, content * 2, length=False)

    def no_ranges(self, content, asked_range):
        self.send(200, content)

    def other(self, content, asked_range):
        self.send(200, bytes(len(content)))

    def html(self, content, asked_range):
        self.send(200, b"<!doctype html><p>Are you a robot?</p>", kind="text/html; charset=utf-8")

    def unlabelled_html(self, content, asked_range):
        self.send(200, b"\n <html>Are you a robot?</html>", length=False)

    def empty(self, content, asked_range):
        self.send(200)

    def challenge(self, content, asked_range):
        self.send(202)

    def forbidden(self, content, asked_range):
        self.send(403, b"no")

    def flipped(self, content, asked_range):
        self.send(200, content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])

    def busy(self, content, asked_range):
        if len(self.server.requests) % 3:  # two of three times
            self.send(503, b"later")
        else:
            self.good(content, asked_range)

    def always_busy(self, content, asked_range):
        self.send(503, b"later")

    def signed(self, content, asked_range):
        self.send(302, Location=self.path.replace("signed", "signature"))

    def signature(self, content, asked_range):
        go = sum(manner == "signature" for manner, _, _ in self.server.requests)
        if go == 2:
            self.send(403, b"Request has expired")
        else:
            self.good(content, asked_range, limit=300_000)

    def compressed(self, content, asked_range):
        self.send(200, gzip.compress(content), Content_Encoding="gzip")

    def refuses_ranges(self, content, asked_range):
        if asked_range:
            self.send(416)
        else:
            self.send(200, content)

    def trickle(self, content, asked_range):
        self.send(200, b"", length=len(content))
        for at in range(0, 2000, 10):
            self.wfile.write(content[at : at + 10])
            self.wfile.flush()
            time.sleep(0.02)

    def slow(self, content, asked_range):
        time.sleep(0.1)
        self.good(content, asked_range)

    def moved(self, content, asked_range):
        self.send(302, Location=self.path.replace("moved", "good"))


@pytest.fixture
def server(monkeypatch):
    for setting in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", *web.CERTIFICATES):
        monkeypatch.delenv(setting, raising=False)
        monkeypatch.delenv(setting.upper(), raising=False)
    monkeypatch.setattr(download, "PAUSES", (0.01, 0.01, 0.01))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests = []
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetch(server, tmp_path):
    """Download into `tmp_path` from the addresses with these manners."""

    def fetch(*manners, files=TINY_FILES, part=None):
        addresses = [f"http://127.0.0.1:{server.server_port}/{manner}/{{id}}" for manner in manners]
        return download_figshare(tmp_path, part, addresses, files)

    return fetch


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_whole_set_arrives_and_nothing_else_is_left(fetch, tmp_path):
    assert fetch("good", files=TOY_FILES) == tmp_path
    assert names(tmp_path) == ["a.zip", "b.zip", "cvind.mat"]
    assert (tmp_path / "a.zip").read_bytes() == ZIP and (tmp_path / "cvind.mat").read_bytes() == CVIND


def test_a_program_without_a_console_downloads_too(fetch, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    fetch("good")
    assert names(tmp_path) == ["a.zip", "cvind.mat"]


def test_redirects_are_followed(fetch, tmp_path):
    fetch("moved")
    assert (tmp_path / "a.zip").read_bytes() == ZIP


def test_part_is_one_zip_and_the_folds(fetch, tmp_path):
    fetch("good", files=TOY_FILES, part=2)
    assert names(tmp_path) == ["b.zip", "cvind.mat"]


@pytest.mark.parametrize("part", [0, 3, -1])
def test_unknown_part_is_named(fetch, part):
    with pytest.raises(DataError, match=f"part is {part}.*1 to 2"):
        fetch("good", files=TOY_FILES, part=part)


def test_good_files_are_not_asked_for_again(fetch, server):
    fetch("good")
    server.requests.clear()
    fetch("forbidden")
    assert server.requests == []


BAD_MANNERS = (
    ("html", "web page"),
    ("unlabelled_html", "web page"),
    ("empty", "empty"),
    ("challenge", "202"),
    ("forbidden", "403"),
    ("short", "offered 1000 bytes"),
    ("short_without_length", "sent 1000 of"),
    ("long_without_length", "another file"),
    ("other", "another file"),
    ("flipped", "another file"),
    ("always_busy", "503"),
)


@pytest.mark.parametrize(("manner", "reason"), BAD_MANNERS)
def test_next_address_helps(fetch, tmp_path, manner, reason):
    fetch(manner, "good")
    assert (tmp_path / "a.zip").read_bytes() == ZIP
    assert names(tmp_path) == ["a.zip", "cvind.mat"]


@pytest.mark.parametrize(("manner", "reason"), BAD_MANNERS)
def test_when_all_fail_the_message_says_what_to_do(fetch, server, tmp_path, manner, reason):
    with pytest.raises(DownloadError) as caught:
        fetch("forbidden", manner)
    message = str(caught.value)
    tried = ("/forbidden/1 (it answered 403", f"/{manner}/1 (", reason)
    by_hand = (download.HOMEPAGE, "a.zip, cvind.mat", str(tmp_path))
    assert [words for words in tried + by_hand if words not in message] == []
    assert not (tmp_path / "a.zip").exists()


def test_an_unreachable_address_is_not_the_end(server, tmp_path):
    addresses = ["http://127.0.0.1:9/{id}", f"http://127.0.0.1:{server.server_port}/good/{{id}}"]
    download_figshare(tmp_path, None, addresses, TINY_FILES)
    assert (tmp_path / "a.zip").read_bytes() == ZIP
    with pytest.raises(DownloadError, match="no connection"):
        download_figshare(tmp_path / "other", None, addresses[:1], TINY_FILES)


def test_breaks_are_mended_with_range_requests(fetch, server, tmp_path):
    fetch("breaks")
    assert (tmp_path / "a.zip").read_bytes() == ZIP
    ranges = [asked for _, number, asked in server.requests if number == 1]
    assert ranges[0] is None and len(ranges) > 2
    starts = [int(re.findall(r"\d+", asked)[0]) for asked in ranges[1:]]
    assert starts == sorted(set(starts)) and starts[0] > 0


def test_a_part_file_from_an_earlier_call_is_gone_on_with(fetch, server, tmp_path):
    (tmp_path / "a.zip.part").write_bytes(ZIP[:500_000])
    fetch("good")
    assert server.requests[0] == ("good", 1, "bytes=500000-")
    assert (tmp_path / "a.zip").read_bytes() == ZIP and "a.zip.part" not in names(tmp_path)


def test_the_rest_of_a_file_may_start_like_a_web_page(fetch, tmp_path):
    (tmp_path / "a.zip.part").write_bytes(ZIP[: ZIP.index(b"<")])
    fetch("good")
    assert (tmp_path / "a.zip").read_bytes() == ZIP


def test_a_complete_part_file_needs_no_request(fetch, server, tmp_path):
    (tmp_path / "a.zip.part").write_bytes(ZIP)
    fetch("good")
    assert all(number != 1 for _, number, _ in server.requests)
    assert (tmp_path / "a.zip").read_bytes() == ZIP


@pytest.mark.parametrize("junk", [bytes(1000), bytes(len(ZIP)), bytes(len(ZIP) + 5)])
def test_a_wrong_part_file_is_replaced(fetch, tmp_path, junk):
    (tmp_path / "a.zip.part").write_bytes(junk)
    fetch("good")
    assert (tmp_path / "a.zip").read_bytes() == ZIP


def test_a_server_without_ranges_starts_again(fetch, tmp_path):
    (tmp_path / "a.zip.part").write_bytes(ZIP[:1000])
    fetch("no_ranges")
    assert (tmp_path / "a.zip").read_bytes() == ZIP


@pytest.mark.parametrize("manner", ["html", "empty", "challenge", "forbidden", "short"])
def test_a_refusal_costs_nothing_of_what_has_arrived(fetch, tmp_path, manner):
    (tmp_path / "a.zip.part").write_bytes(ZIP[:700_000])
    with pytest.raises(DownloadError):
        fetch(manner)
    assert (tmp_path / "a.zip.part").read_bytes() == ZIP[:700_000]


def test_a_wrong_final_file_stays_until_the_right_one_is_whole(fetch, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"mine")
    with pytest.raises(DownloadError, match="not the published one"):
        fetch("forbidden")
    assert (tmp_path / "a.zip").read_bytes() == b"mine"
    fetch("good")
    assert (tmp_path / "a.zip").read_bytes() == ZIP


def test_a_full_disk_is_said_before_anything_is_fetched(fetch, server, monkeypatch):
    usage = download.shutil.disk_usage(".")
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(DownloadError, match="make room"):
        fetch("good")
    assert server.requests == []


@pytest.mark.parametrize("manner", ["busy", "signed", "compressed", "refuses_ranges"])
def test_a_server_of_odd_manners_still_gives_the_file(fetch, tmp_path, manner):
    (tmp_path / "cvind.mat").write_bytes(CVIND)
    if manner == "refuses_ranges":
        (tmp_path / "a.zip.part").write_bytes(ZIP[:1000])
    fetch(manner)
    assert (tmp_path / "a.zip").read_bytes() == ZIP and names(tmp_path) == ["a.zip", "cvind.mat"]


def test_a_trickle_is_left_for_the_next_address_and_what_it_brought_is_kept(fetch, server, tmp_path, monkeypatch):
    monkeypatch.setattr(web, "PATIENCE", 0.2)
    fetch("trickle", "good")
    assert (tmp_path / "a.zip").read_bytes() == ZIP
    starts = [int(asked[6:-1]) for manner, number, asked in server.requests if manner == "good" and number == 1]
    assert 0 < starts[0] < 2000


def test_a_silent_server_is_left_in_time(fetch, tmp_path, monkeypatch):
    monkeypatch.setattr(web, "TIMEOUT", (1, 0.05))
    with pytest.raises(DownloadError, match="no answer in time"):
        fetch("slow")


def test_two_downloads_into_one_folder_do_not_meet(fetch, server, tmp_path):
    ended = []
    both = [threading.Thread(target=lambda: ended.append(fetch("slow"))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert ended == [tmp_path, tmp_path] and names(tmp_path) == ["a.zip", "cvind.mat"]
    assert (tmp_path / "a.zip").read_bytes() == ZIP
    assert [number for _, number, _ in server.requests] == [1, 9], "the second found what the first had brought"


def test_a_disk_that_fills_up_keeps_what_has_arrived(fetch, tmp_path, monkeypatch):
    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, chunk):
            if self.file.tell() > 100_000:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.file.write(chunk)

    plain_open = Path.open

    def open_on_a_small_disk(path, mode="r", **how):
        file = plain_open(path, mode, **how)
        return Full(file) if mode in ("wb", "r+b") else file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_on_a_small_disk)
        with pytest.raises(DownloadError, match=r"No space left on device\. What has arrived is kept"):
            fetch("good")
    assert not (tmp_path / "a.zip").exists() and 0 < (tmp_path / "a.zip.part").stat().st_size < len(ZIP)
    fetch("good")
    assert (tmp_path / "a.zip").read_bytes() == ZIP


def test_files_that_are_there_need_no_right_to_write(fetch, tmp_path, monkeypatch):
    fetch("good")
    monkeypatch.setattr(download, "check_writable_folder", lambda _: pytest.fail("nothing is to be written"))
    assert fetch("forbidden") == tmp_path


SECRET = "pass" + "word"
SETTINGS = {
    "a list of certificates that is not there": ({"REQUESTS_CA_BUNDLE": "/no/such.pem"}, "REQUESTS_CA_BUNDLE names"),
    "the same by another name": ({"CURL_CA_BUNDLE": "/no/such.pem"}, "CURL_CA_BUNDLE names '/no/such.pem'"),
    "SOCKS without its package": ({"http_proxy": f"socks5://me:{SECRET}@127.0.0.1:9"}, "http_proxy names.*SOCKS"),
    "SOCKS for all": ({"ALL_PROXY": "socks5h://127.0.0.1:9"}, "setting ALL_PROXY names.*SOCKS"),
    "no host": ({"HTTP_PROXY": "http://"}, "setting HTTP_PROXY names cannot be understood"),
    "no port": ({"http_proxy": f"http://me:{SECRET}@host:port"}, "setting http_proxy names cannot be understood"),
    "a host that cannot be": ({"http_proxy": f"http://{'x' * 70}.org:80"}, "setting http_proxy names cannot be"),
    "a proxy that is away": ({"http_proxy": f"http://me:{SECRET}@127.0.0.1:9"}, "the proxy that the setting http_"),
}  # fmt: skip


@pytest.mark.parametrize(("settings", "sentence"), SETTINGS.values(), ids=SETTINGS)
def test_a_setting_that_is_in_the_way_is_named_without_its_secrets(
    server, fetch, tmp_path, monkeypatch, settings, sentence
):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    if "SOCKS" in sentence:
        monkeypatch.setitem(sys.modules, "socks", None)
    with pytest.raises(DownloadError, match=sentence) as caught:
        fetch("good")
    assert SECRET not in str(caught.value) and server.requests == []


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match="file cannot be used"):
        download_figshare(tmp_path / "file", None, [], TINY_FILES)


def test_table_of_published_files():
    zips, cvind = FILES[:-1], FILES[-1]
    ranges = [tuple(map(int, re.findall(r"\d+", file.name))) for file in zips]
    assert ranges[0][0] == 1 and ranges[-1][1] == 3064 and cvind.name == "cvind.mat"
    assert all(after[0] == before[1] + 1 for before, after in pairwise(ranges))
    assert all(re.fullmatch("[0-9a-f]{32}", file.md5) for file in FILES)
    assert len({file.id for file in FILES}) == 5 and sum(file.size for file in zips) == 879_493_326


def test_default_folder_in_a_clone_and_without(tmp_path, monkeypatch):
    clone = tmp_path / "clone"
    (clone / "data").mkdir(parents=True)
    (clone / "pyproject.toml").write_text('[project]\nname = "braintut"\n')
    monkeypatch.setattr(locations, "PACKAGE", clone / "braintut")
    assert locations.clone_folder() == clone
    assert locations.default_data_folder() == clone / "data" / "figshare"
    with pytest.raises(DataError, match=r"data/phantoms|data.phantoms"):
        locations.phantom_folder()

    site = tmp_path / "site-packages"
    (site / "braintut" / "phantoms").mkdir(parents=True)
    (site / "pyproject.toml").write_text('[project]\nname = "other"\n')
    monkeypatch.setattr(locations, "PACKAGE", site / "braintut")
    assert locations.clone_folder() is None
    assert locations.phantom_folder() == site / "braintut" / "phantoms"
    folder = locations.default_data_folder()
    assert folder.name == "figshare" and "braintut" in folder.parts and site not in folder.parents

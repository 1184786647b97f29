"""A place that takes no answer is found out before the work, and finished work is never lost."""

import base64
import contextlib
import errno
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from braintut import cli
from braintut.dataset.figshare import read_figshare
from braintut.dataset.scan_files import read_scan
from braintut.errors import BraintutError, DataError
from making import head, write_mat
from reports import make_report
from test_cli import run


@pytest.fixture
def looked_at(monkeypatch):
    """Names of the scans that were looked at: by a pipeline that reads the file, and answers without a network."""
    names = []

    def look(path):
        names.append(Path(path).name)
        if Path(path).name == "odd.png":
            raise KeyError("image")
        if Path(path).name == "last.png":
            raise KeyboardInterrupt
        return make_report(scan=str(path), image=read_scan(path).image / 255)

    monkeypatch.setattr(cli, "_load_pipeline", lambda model: look)
    return names


def save(path: Path, **settings: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((head() // 2).astype(np.uint8)).save(path, **settings)
    return path


@pytest.fixture
def scan(tmp_path):
    return save(tmp_path / "scan.png")


PLACES = {
    "a folder for a file": (["predict", "scan.png", "--json", "folder"], "'folder' is a folder"),
    "a file for a folder": (["predict", "scan.png", "--report", "file"], "'file' is a file, not a folder"),
    "a file on the way": (["predict", "scan.png", "--json", "file/o.json"], "'file' is a file, not a folder"),
    "the system's own": (["predict", "scan.png", "--json", "/proc/o.json"], "Nothing can be written to '/proc"),
    "the scan itself": (["predict", "scan.png", "--json", "./scan.png"], "would overwrite that scan"),
    "evaluate": (["evaluate", "folder", "--json", "folder"], "'folder' is a folder"),
    "demo": (["demo", "--out", "file"], "'file' is a file, not a folder"),
    "lessons": (["lessons", "00", "--out", "file/pages"], "'file' is a file, not a folder"),
    "a handout": (["lessons", "--handout", "file"], "'file' is a file, not a folder"),
    "download": (["download", "file"], "The folder file cannot be used"),
}


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="places of Linux")
@pytest.mark.parametrize(("arguments", "sentence"), PLACES.values(), ids=PLACES)
def test_a_place_is_tried_before_the_work(monkeypatch, capsys, tmp_path, scan, looked_at, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").write_text("mine")
    before = scan.read_bytes()
    for work in ("quietly", "_run_python"):
        monkeypatch.setattr(cli, work, lambda *_: pytest.fail("the work began"))
    code, _, err = run(monkeypatch, capsys, *arguments)
    assert code == 1 and sentence in err and "Traceback" not in err and len(err.splitlines()) == 1
    assert looked_at == [] and scan.read_bytes() == before and Path("file").read_text() == "mine"


def test_every_scan_has_a_page_of_its_own(monkeypatch, capsys, tmp_path, looked_at):
    paths = [
        save(tmp_path / name) for name in ("a.png", "a.jpg", "a_1.png", "B.png", "b.jpeg", "deep/a.png", "CON.png")
    ]
    pages = tmp_path / "pages"
    for _ in range(2):  # a second time over its own pages
        assert run(monkeypatch, capsys, "predict", *paths, "--report", pages)[0] == 0
        shown = {page.name: page.read_text(encoding="utf-8") for page in pages.iterdir()}
        assert len({name.casefold() for name in shown}) == len(paths)
        titles = sorted(text.split("<title>Report on ")[1].split("<")[0] for text in shown.values())
        assert titles == sorted(path.name for path in paths)


def test_one_bad_scan_or_folder_never_ends_a_batch(monkeypatch, capsys, tmp_path, scan, looked_at):
    (tmp_path / "empty").mkdir()
    unreadable = tmp_path / "unreadable"
    unreadable.mkdir()
    is_dir = Path.is_dir

    def locked(self):
        if self == unreadable:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return is_dir(self)

    monkeypatch.setattr(Path, "is_dir", locked)
    out, odd, long = tmp_path / "o.json", save(tmp_path / "odd.png"), tmp_path / ("x" * 300 + ".png")
    given = [tmp_path / "empty", unreadable, tmp_path / "absent.png", long, odd, scan]
    code, said, err = run(monkeypatch, capsys, "predict", *given, "--json", out)
    *failed, good = json.loads(out.read_text())
    assert code == 1 and [Path(answer["scan"]) for answer in (*failed, good)] == given
    words = ["holds no", "Permission denied", "absent.png", "File name too long", "KeyError: 'image'"]
    for answer, word in zip(failed, words, strict=True):
        assert set(answer) == {"scan", "error"} and word in answer["error"] and answer["error"] in err
    assert good["tumour_type"] == "glioma" and str(scan) in said


def test_folders_without_a_scan_are_told_without_loading_a_pair(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(cli, "_load_pipeline", lambda model: pytest.fail("nothing is to be looked at"))
    code, _, _ = run(monkeypatch, capsys, "predict", tmp_path, "--json", tmp_path / "o.json")
    assert code == 1 and list(json.loads((tmp_path / "o.json").read_text())[0]) == ["scan", "error"]


def test_who_stops_a_batch_keeps_what_is_done(monkeypatch, capsys, tmp_path, scan, looked_at):
    last, out = save(tmp_path / "last.png"), tmp_path / "o.json"
    code, _, err = run(monkeypatch, capsys, "predict", scan, last, scan, "--json", out)
    assert code == 130 and "stopped after 1 of 3 scans" in err
    assert [answer["scan"] for answer in json.loads(out.read_text())] == [str(scan)]


def test_a_disk_that_fills_up_costs_no_answer(monkeypatch, capsys, tmp_path, scan, looked_at):
    def full(path, text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(cli, "write_text", full)
    out = tmp_path / "o.json"
    code, said, err = run(monkeypatch, capsys, "predict", scan, "--json", out, "--report", tmp_path / "pages")
    assert code == 1 and "o.json' cannot be written (No space left on device)" in err and "scan.html" in err
    assert json.loads(said[said.index("[\n") :])[0]["scan"] == str(scan)


NASTY = "<script>alert('1')</script>&\"'"


@pytest.mark.skipif(os.name != "posix", reason="Windows takes no such names")
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_nothing_that_a_file_says_of_itself_becomes_code_in_a_page(monkeypatch, capsys, tmp_path, looked_at, ending):
    exif = Image.Exif()
    exif[0x010E] = exif[0x9286] = NASTY
    notes = PngImagePlugin.PngInfo()
    for key in ("Comment", "Description", "Patient"):
        notes.add_text(key, NASTY)
    settings = {"exif": exif, "comment": NASTY} if ending == "jpg" else {"exif": exif, "pnginfo": notes}
    path = save(tmp_path / f"{NASTY.replace('/', '')}.{ending}", **settings)
    assert run(monkeypatch, capsys, "predict", path, "--report", tmp_path / "pages")[0] == 0
    (page,) = (tmp_path / "pages").iterdir()
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text.lower() and "alert(&#39;1&#39;)" in text
    assert text.count("alert") == text.count("&lt;script&gt;alert(") and "alert" not in picture_of(text)


def picture_of(page: str) -> str:
    return base64.b64decode(page.split("base64,")[1].split('"')[0]).decode("latin-1")


def test_svg_and_other_kinds_are_refused(tmp_path):
    (tmp_path / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    (tmp_path / "b.png").write_text((tmp_path / "a.svg").read_text())
    for name in ("a.svg", "b.png"):
        with pytest.raises(DataError, match=name):
            read_scan(tmp_path / name)


@pytest.mark.parametrize("name", ["../1.mat", "/srv/1.mat", "..\\1.mat", "a/../../1.mat", "C:\\1.mat"])
def test_a_zip_writes_nothing_anywhere(tmp_path, monkeypatch, name):
    folder = tmp_path / "deep" / "set"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "slices.zip", "w") as file:
        file.writestr(name, write_mat(tmp_path / "1.mat").read_bytes())
    (tmp_path / "1.mat").unlink()
    monkeypatch.chdir(folder)
    before = sorted(tmp_path.rglob("*"))
    with contextlib.suppress(BraintutError):  # read or refused: either way nothing is unpacked
        read_figshare(folder, 32, False, 1)
    assert sorted(tmp_path.rglob("*")) == before and not Path("/srv/1.mat").exists()

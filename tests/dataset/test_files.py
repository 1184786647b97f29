"""Files are whole or not there, and a place that takes none is found out early."""

import errno
import json
import os
import tempfile
from pathlib import Path

import pytest

from braintut.dataset.files import (
    check_writable_file,
    check_writable_folder,
    distinct_names,
    json_text,
    readable,
    whole_file,
    write_text,
)
from braintut.errors import DataError


def test_a_new_file_in_a_new_folder(tmp_path):
    with whole_file(tmp_path / "new" / "answer.txt") as part:
        part.write_text("42")
        assert not (tmp_path / "new" / "answer.txt").exists()
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["answer.txt"]


def test_what_was_there_stays_when_the_writing_fails(tmp_path):
    path = tmp_path / "answer.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), whole_file(path) as part:
        part.write_text("hal")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["answer.txt"]


def test_text_has_one_newline_character_a_line_and_is_utf_8(tmp_path):
    path = write_text(tmp_path / "new" / "page.html", "Größe\n2 mm²\n")
    assert path.read_bytes() == "Größe\n2 mm²\n".encode()


@pytest.mark.parametrize("check", [check_writable_folder, check_writable_file])
def test_a_place_that_can_be_written_to_is_left_clean(tmp_path, check):
    place = check(tmp_path / "a b" / "ä" / "pair")
    assert place == tmp_path / "a b" / "ä" / "pair"
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_file_that_is_there_stays_as_it_is(tmp_path):
    path = tmp_path / "answer.json"
    path.write_text("old")
    assert check_writable_file(path).read_text() == "old"


FILE_IN_THE_WAY = "file' is a file, not a folder"
IMPOSSIBLE_PLACES = {
    "a file where a folder must be": (check_writable_folder, "file", FILE_IN_THE_WAY),
    "a folder inside a file": (check_writable_folder, "file/a/b", FILE_IN_THE_WAY),
    "a file inside a file": (check_writable_file, "file/a.json", FILE_IN_THE_WAY),
    "a folder where a file must be": (check_writable_file, "folder", "folder' is a folder"),
    "no plain file": (check_writable_file, "/dev/null", "'/dev/null' is no plain file"),
    "a name too long for a folder": (check_writable_folder, "x" * 300, "x' (File name too long)"),
    "a name too long for a file": (check_writable_file, "x" * 300, "x' (File name too long)"),
    "a name too long for its part file": (check_writable_file, "x" * 253, "x' (File name too long)"),
    "a name that no system has": (check_writable_folder, "a\0b", "embedded null "),
    "a folder of the system": (check_writable_folder, "/proc/pair", "Nothing can be written to '/proc/pair' ("),
}


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="places of Linux")
@pytest.mark.parametrize(("check", "place", "sentence"), IMPOSSIBLE_PLACES.values(), ids=IMPOSSIBLE_PLACES)
def test_a_place_that_takes_nothing_is_named_in_one_sentence(tmp_path, check, place, sentence):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError) as caught:
        check(tmp_path / place)
    assert sentence in str(caught.value)
    assert "choose another" in str(caught.value)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may write everywhere")
def test_a_read_only_folder_is_named(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(DataError, match=r"Nothing can be written to .*Permission denied"):
        check_writable_folder(tmp_path / "pair")


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(**_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", full)
    with pytest.raises(DataError, match="No space left on device"):
        check_writable_folder(tmp_path)


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "answer.txt"
    with whole_file(path) as one, whole_file(path) as other:
        one.write_text("first")
        other.write_text("second")
    assert path.read_text() == "first" and [p.name for p in tmp_path.iterdir()] == ["answer.txt"]


def test_what_killed_writers_left_goes_and_what_others_still_write_stays(tmp_path):
    forgotten, fresh, another = (tmp_path / name for name in ("a.h5.1.part", "a.h5.2.part", "b.h5.1.part"))
    for part in (forgotten, fresh, another):
        part.touch()
    for part in (forgotten, another):
        os.utime(part, (0, 0))
    write_text(tmp_path / "a.h5", "whole")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.h5", "a.h5.2.part", "b.h5.1.part"]


DISTINCT = {
    "one each": (["a.png", "b.png"], ["a", "b"]),
    "another ending": (["a.png", "a.jpg", "a_1.png"], ["a_2", "a_3", "a_1"]),
    "another folder": (["x/a.png", "y/a.png"], ["a_1", "a_2"]),
    "another case": (["A.png", "a.png"], ["A_1", "a_2"]),
    "another spelling of one letter": (["\u00e4.png", "a\u0308.png"], ["\u00e4_1", "a\u0308_2"]),
    "the same twice": (["a.png", "a.png"], ["a_1", "a_2"]),
    "numbers that are taken": (["a.png", "x/a.png", "A_1.png", "a_2.png"], ["a_3", "a_4", "A_1", "a_2"]),
    "a device of Windows": (["CON.png", "nul.tar.png", "com10.png"], ["CON_", "nul.tar_", "com10"]),
    "hidden": ([".hidden.png", "...png"], ["hidden", "_"]),
    "characters that some system forbids": (['a:b?.png', "c\nd\x1b.png", "<a|b>.png"], ["a_b_", "c_d_", "_a_b_"]),
    "bytes that are no text": (["a\udcff.png", "a\udcfe.png"], ["a__1", "a__2"]),
    "long": (["头" * 80 + ".png"], ["头" * 66]),
}  # fmt: skip


@pytest.mark.parametrize(("paths", "names"), DISTINCT.values(), ids=DISTINCT)
def test_no_two_files_are_given_one_name(paths, names):
    assert distinct_names(paths) == names


def test_json_is_read_by_everyone(tmp_path):
    value = {"scan": "\udcff\n\u5934.png", "dice": [0.5, float("nan"), (float("-inf"), None)], "n": 3, "ok": True}
    text = json_text(value)
    assert text.isascii() and "NaN" not in text and "Infinity" not in text
    assert json.loads(text) == {**value, "dice": [0.5, None, [None, None]]}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("头 é²\u3000.png", "头 é²\u3000.png"),
        ("two\nlines\r.png", r"two\nlines\r.png"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\udcff\u2028", r"\udcff\u2028"),
    ],
)
def test_a_name_is_shown_in_one_line(name, shown):
    assert readable(name) == shown and shown.encode()

"""Files are whole or not there."""

import pytest

from braintut.dataset.files import whole_file


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


def test_two_who_write_at_once_do_not_meet(tmp_path):
    path = tmp_path / "answer.txt"
    with whole_file(path) as slow:
        slow.write_text("first, and last to be ready")
        with whole_file(path) as fast:
            fast.write_text("second")
        assert path.read_text() == "second"
    assert path.read_text() == "first, and last to be ready"
    assert [p.name for p in tmp_path.iterdir()] == ["answer.txt"]

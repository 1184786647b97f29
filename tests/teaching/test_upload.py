"""Scans of one's own, uploaded into a notebook."""

import io

import ipywidgets
import nibabel
import numpy as np
import pytest
from PIL import Image

from braintut.errors import DataError
from braintut.teaching.upload import ScanUpload, read_upload, uploaded_files
from making import head, write_dicom, write_mat


def picture(kind: str = "png") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray((head() // 2).astype(np.uint8)).save(buffer, format=kind)
    return buffer.getvalue()


@pytest.fixture
def mat(tmp_path):
    return write_mat(tmp_path / "1.mat").read_bytes()


def test_both_shapes_of_the_value_are_understood():
    seven = {"a.png": {"metadata": {"name": "a.png", "size": 3}, "content": b"abc"}}
    eight = ({"name": "a.png", "type": "image/png", "size": 3, "content": memoryview(b"abc")},)
    assert list(uploaded_files(seven)) == list(uploaded_files(eight)) == [("a.png", b"abc")]
    assert list(uploaded_files(ipywidgets.FileUpload().value)) == []  # what this version begins with


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "b.jpg", "c.jpeg", "1.mat"])
def test_every_kind_of_scan_is_read(name, mat):
    content = mat if name.endswith("mat") else picture("png" if "png" in name.lower() else "jpeg")
    scan = read_upload(name, content)
    assert scan.name == name and scan.image.shape == (64, 64)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("notes.txt", b"hello", "notes.txt is no .mat, PNG or JPEG file"),
        ("scan", b"hello", "scan is no .mat, PNG or JPEG file"),
        ("text.png", b"hello", "text.png is no PNG or JPEG picture"),
        ("cut.png", picture()[:200], "cut.png cannot be read"),
        ("bad.mat", b"hello", "bad.mat"),
        ("empty.png", b"", "empty.png is empty"),
        ("../../etc/x.png", b"hello", "^x.png is no"),
        ("C:\\scans\\x.png", b"hello", "^x.png is no"),
    ],
)
def test_what_is_no_scan_gets_one_sentence_with_its_own_name(name, content, says):
    with pytest.raises(DataError, match=says) as caught:
        read_upload(name, content)
    message = str(caught.value)
    assert "tmp" not in message and "\n" not in message and message.endswith(".")


@pytest.fixture
def upload(tiny_pipeline):
    return ScanUpload(tiny_pipeline)


def test_a_scan_gets_its_report(upload, mat):
    for name, content in (("own.png", picture()), ("1.mat", mat)):
        upload.look(name, content)
        assert upload.report.scan == name and name in upload.message.value
        assert "not for clinical use" in upload.answer.value and "data:image/png" in upload.answer.value
        assert ("true outline" in upload.answer.value) == name.endswith(".mat")  # only a .mat carries one


@pytest.mark.parametrize("name", ["IM000001", "a.dcm", "v.nii.gz", "frames.dcm"])
def test_what_a_scanner_writes_gets_its_report(upload, tmp_path, name, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    pixels = np.stack([head()] * 3)
    if name == "v.nii.gz":
        nibabel.Nifti1Image(pixels.T, np.diag([2, 2, 6, 1])).to_filename(tmp_path / name)
    else:
        write_dicom(tmp_path / name, pixels if name == "frames.dcm" else pixels[0])
    upload.look(name, (tmp_path / name).read_bytes())
    assert upload.report is not None and upload.message.value.count(name) == 1
    assert ("3 slices" in upload.answer.value) == (name in ("v.nii.gz", "frames.dcm"))
    assert "tmp" not in upload.message.value + upload.report.to_dict().get("best_slice", "")


def test_a_bad_file_takes_the_old_report_away(upload):
    upload.look("own.png", picture())
    upload.look("<b>.png", b"hello")
    assert upload.report is None and upload.answer.value == ""
    assert "is no PNG or JPEG picture" in upload.message.value and "<b>" not in upload.message.value


def test_the_old_report_is_gone_while_the_next_scan_is_looked_at(upload):
    upload.look("own.png", picture())
    seen = []
    look = upload.pipeline
    upload.pipeline = lambda scan: seen.append((upload.answer.value, upload.message.value)) or look(scan)
    upload.look("next.png", picture())
    ((report, words),) = seen
    assert report == "" and "own.png" not in words
    assert upload.report.scan == "next.png" and upload.answer.value


def test_the_limit_stands_there_before_a_file_is_chosen(upload):
    assert "10 MB" in upload.message.value and "100 MB" in upload.message.value


def test_an_example_is_at_hand(upload):
    assert upload.example.tooltip
    upload.example.click()
    assert upload.report.scan == "5.mat" and "true outline" in upload.answer.value


def test_one_grey_is_no_head(upload):
    buffer = io.BytesIO()
    Image.new("L", (64, 64), 128).save(buffer, format="png")
    upload.look("grey.png", buffer.getvalue())
    assert "grey.png" in upload.message.value and "one single grey" in upload.message.value


def test_the_button_starts_it(upload):
    accepted = set(upload.choose.accept.split(","))
    assert {".mat", ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".jfi", ".jif", ".tif", ".dcm", ".nii.gz"} < accepted
    entry = {"name": "own.png", "content": picture()}
    is_7 = ipywidgets.__version__.startswith("7.")
    upload.choose.set_trait("value", {"own.png": entry} if is_7 else (entry | _more(entry),))
    assert upload.report is not None and upload.report.scan == "own.png"


def _more(entry: dict) -> dict:
    import datetime

    modified = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return {"type": "image/png", "size": len(entry["content"]), "last_modified": modified}

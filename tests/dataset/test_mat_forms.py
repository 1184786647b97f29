"""One `.mat` file in every form that people have: ids, labels, masks, images, damage, locks."""

import io
import os
import subprocess
import sys
import zlib

import h5py
import numpy as np
import pytest
import scipy.io

from braintut.dataset import mat
from braintut.dataset.mat import read_mat
from braintut.errors import BraintutError, DataError
from making import block_mask, head, write_mat


def char(text):
    return np.array([[ord(letter)] for letter in text], np.uint16)


def marked(path, field, value, **attributes):
    """A slice with one field replaced, and with MATLAB's attributes on it."""
    write_mat(path, drop=field)
    with h5py.File(path, "r+") as file:
        data = file["cjdata"].create_dataset(field, data=value)
        for name, attribute in attributes.items():
            data.attrs[name] = attribute
    return path


def in_a_cell(path, field, *values):
    write_mat(path, drop=field)
    with h5py.File(path, "r+") as file:
        references = [file.create_dataset(f"#refs#/{i}", data=value).ref for i, value in enumerate(values)]
        file["cjdata"].create_dataset(field, data=np.array([references], dtype=h5py.ref_dtype))
    return path


CHAR, DOUBLE = {"MATLAB_class": np.bytes_("char")}, {"MATLAB_class": np.bytes_("double")}
EMPTY = {"MATLAB_empty": np.uint8(1)}

IDS = {
    "as published": (char("MR040240B"), CHAR, "MR040240B"),
    "codes without MATLAB's mark": (char("112649"), {}, "112649"),
    "one letter": (char("7"), CHAR, "7"),
    "in Chinese": (char("张三"), CHAR, "张三"),
    "padded": (char("  1126 \0\0"), CHAR, "1126"),
    "a column of codes": (char("1126").T, CHAR, "1126"),
    "a number": (np.array([[112649.0]]), DOUBLE, "112649"),
    "a number beyond all characters": (np.array([[1126490.0]]), {}, "1126490"),
    "a whole number": (np.array([[55]], np.int32), {}, "55"),
    "nought": (np.array([[0.0]]), DOUBLE, "0"),
    "HDF5 text": ("MR040240B", {}, "MR040240B"),
    "HDF5 text in a list": (np.array([b"MR1"]), {}, "MR1"),
}


@pytest.mark.parametrize(("value", "attributes", "patient"), IDS.values(), ids=IDS)
def test_an_id_is_text_whatever_form_it_has(tmp_path, value, attributes, patient):
    assert read_mat(marked(tmp_path / "1.mat", "PID", value, **attributes)).patient == patient


def test_an_id_in_a_cell_is_taken_out(tmp_path):
    assert read_mat(in_a_cell(tmp_path / "1.mat", "PID", char("MR7"))).patient == "MR7"
    with pytest.raises(DataError, match=r"1\.mat: the patient id .* cell array of 2 values"):
        read_mat(in_a_cell(tmp_path / "1.mat", "PID", char("MR7"), char("MR8")))


NO_IDS = {
    "empty, MATLAB stores its size": (np.array([0, 0], np.uint64), CHAR | EMPTY, "is empty"),
    "blanks": (char("   "), CHAR, "is empty"),
    "no values": (np.zeros((0, 0)), {}, "is empty"),
    "empty HDF5 text": ("", {}, "is empty"),
    "not whole": (np.array([[112649.5]]), DOUBLE, r"112649\.5"),
    "negative": (np.array([[-4.0]]), DOUBLE, "not negative"),
    "NaN": (np.array([[np.nan]]), DOUBLE, "nan"),
    "infinite": (np.array([[np.inf]]), DOUBLE, "inf"),
    "two numbers": (np.array([[1.0, 2.0]]), DOUBLE, "2 values"),
    "two lines": (np.array([[65, 66], [67, 68]], np.uint16), CHAR, "several lines"),
    "two texts": (np.array([b"a", b"b"]), {}, "several lines"),
    "control characters": (char("\1\2"), CHAR, "is no id"),
    "half a surrogate pair": (np.array([[0xD800]], np.uint16), CHAR, "no readable text"),
    "no UTF-8": (np.array([b"\xff\xfe"]), {}, "no readable text"),
    "MATLAB's string object": (
        np.array([[3707764736, 2, 1, 1, 1, 1]], np.uint32), {"MATLAB_class": np.bytes_("string")}, "6 values",
    ),
    "yes or no": (np.array([[True]]), {}, "type bool"),
    "complex": (np.array([[1j]]), {}, "complex128"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "attributes", "message"), NO_IDS.values(), ids=NO_IDS)
def test_what_is_no_id_is_refused_by_name(tmp_path, value, attributes, message):
    with pytest.raises(DataError, match=rf"1\.mat: the patient id \(cjdata/PID\).*{message}"):
        read_mat(marked(tmp_path / "1.mat", "PID", value, **attributes))


LABELS = {
    "double": (np.array([[3.0]]), {}, 3),
    "uint8": (np.array([[1]], np.uint8), {}, 1),
    "plain": (2, {}, 2),
    "no tumour": (0.0, {}, 0),
}


@pytest.mark.parametrize(("value", "attributes", "label"), LABELS.values(), ids=LABELS)
def test_label_forms(tmp_path, value, attributes, label):
    assert read_mat(marked(tmp_path / "1.mat", "label", value, **attributes)).label == label
    assert read_mat(in_a_cell(tmp_path / "2.mat", "label", value)).label == label


NO_LABELS = {
    "empty": (np.array([0, 0], np.uint64), EMPTY, "label is empty"),
    "NaN": (np.array([[np.nan]]), {}, r"label is \[nan\]"),
    "half": (np.array([[1.5]]), {}, r"label is \[1.5\]"),
    "one-hot": (np.array([[0.0, 1.0, 0.0]]), {}, r"label is \[0.0, 1.0, 0.0\]"),
    "text": ("glioma", {}, "label is text"),
    "char": (char("2"), CHAR, "label is text"),
    "yes": (np.array([[True]]), {}, r"label is \[True\]"),
}


@pytest.mark.parametrize(("value", "attributes", "message"), NO_LABELS.values(), ids=NO_LABELS)
def test_what_is_no_label_is_refused_by_name(tmp_path, value, attributes, message):
    with pytest.raises(DataError, match=rf"1\.mat.*{message}"):
        read_mat(marked(tmp_path / "1.mat", "label", value, **attributes))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float64, bool])
@pytest.mark.parametrize("inside", [1, 255])
def test_masks_of_every_type_give_the_same(tmp_path, dtype, inside):
    mask = (block_mask().astype(int) * inside).astype(dtype)
    np.testing.assert_array_equal(read_mat(write_mat(tmp_path / "1.mat", tumorMask=mask)).true_mask, block_mask())


ONE = np.eye(64)
ODD = {
    "mask of labels": (
        {"tumorMask": block_mask() * 2 + np.eye(64, dtype=np.uint8)},
        "the mask must hold .* 0 and 255, but holds uint8 values from 0 to [23]",
    ),
    "mask of twos": ({"tumorMask": block_mask() * 2}, r"mask must .* holds uint8 values from 0 to 2"),
    "mask of probabilities": ({"tumorMask": block_mask() * 0.7}, r"mask must .* values from 0 to 0\.7"),
    "mask of NaN": ({"tumorMask": np.where(block_mask(), np.nan, 0)}, "mask must .* holds NaN"),
    "negative mask": ({"tumorMask": -block_mask().astype(int)}, "mask must .* values from -1 to 0"),
    "mask of text": ({"tumorMask": np.full((64, 64), b"x")}, "tumorMask is text"),
    "complex image": ({"image": head() * 1j}, "image holds values of type complex128"),
    "text image": ({"image": np.full((64, 64), b"x")}, "image is text"),
    "colour image": ({"image": np.zeros((64, 64, 3))}, r"shape \(3, 64, 64\)|shape \(64, 64, 3\)"),
    "image of pixels in a row": ({"image": np.zeros(4096)}, r"shape \(4096,\)"),
    "bool image": ({"image": head() > 0}, "type bool"),
    "no pixels": ({"image": np.zeros((0, 0)), "tumorMask": np.zeros((0, 0))}, "no pixels"),
    "infinite image": ({"image": np.where(ONE, np.inf, head())}, "NaN or infinite"),
    "pixel of 0 mm": ({"pixel_mm": 0.0}, r"the pixel size must be one number above 0.*but is '0\.0'"),
    "negative pixel": ({"pixel_mm": -0.5}, r"pixel size.* is '-0\.5'"),
    "NaN pixel": ({"pixel_mm": np.nan}, "pixel size.* is 'nan'"),
    "infinite pixel": ({"pixel_mm": np.inf}, "pixel size.* is 'inf'"),
    "two pixels": ({"pixel_mm": np.array([[0.5, 0.6]])}, r"pixel size.* is '\[0\.5, 0\.6\]'"),
    "pixel in words": ({"pixel_mm": "0.5 mm"}, "pixel_mm is text"),
    "border in words": ({"tumorBorder": "none"}, "tumorBorder is text"),
}


@pytest.mark.parametrize(("fields", "message"), ODD.values(), ids=ODD)
def test_odd_fields_are_refused_by_name(tmp_path, fields, message):
    with pytest.raises(DataError, match=rf"1\.mat.*({message})"):
        read_mat(write_mat(tmp_path / "1.mat", **fields))


def test_a_stated_pixel_and_a_float_image_are_taken(tmp_path):
    raw = read_mat(write_mat(tmp_path / "1.mat", image=head().astype(">f4"), pixel_mm=np.array([[0.75]])))
    assert raw.pixel_mm == 0.75 and not raw.pixel_mm_assumed
    assert raw.image.dtype == np.float32 and raw.image.dtype.isnative


def test_a_field_that_is_a_struct_is_refused(tmp_path):
    write_mat(tmp_path / "1.mat", drop="image")
    with h5py.File(tmp_path / "1.mat", "r+") as file:
        file.create_group("cjdata/image")
    with pytest.raises(DataError, match=r"1\.mat: cjdata/image is a struct"):
        read_mat(tmp_path / "1.mat")


def boundless(field, **how):
    return lambda group: group.create_dataset(field, **how)


def bomb(group):
    data = group.create_dataset("image", (64, 64), np.int16, chunks=(64, 64), compression="gzip")
    data.id.write_direct_chunk((0, 0), zlib.compress(bytes(2**26), 9))


BOUNDLESS = {
    "100,000 x 100,000 pixels": ("image", boundless("image", shape=(10**5, 10**5), dtype=np.int16, chunks=(64, 64))),
    "a boundless mask": ("tumorMask", boundless("tumorMask", shape=(2**20, 2**20), dtype=np.uint8, chunks=(64, 64))),
    "a boundless chunk": (
        "image", boundless("image", shape=(64, 64), maxshape=(None, None), dtype=np.int16, chunks=(2**14, 2**14)),
    ),
    "a boundless border": ("tumorBorder", boundless("tumorBorder", shape=(2**40,), dtype=float, chunks=(64,))),
    "a boundless id": ("PID", boundless("PID", shape=(2**40, 1), dtype=np.uint16, chunks=(64, 1))),
    "one long text": ("PID", boundless("PID", shape=(1,), dtype="S1000000")),
    "a chunk that unpacks to more": ("image", bomb),
}  # fmt: skip


@pytest.mark.parametrize(("field", "make"), BOUNDLESS.values(), ids=BOUNDLESS)
def test_what_claims_huge_arrays_is_refused_before_it_is_read(tmp_path, field, make):
    write_mat(tmp_path / "1.mat", drop=field)
    with h5py.File(tmp_path / "1.mat", "r+") as file:
        make(file["cjdata"])
    with pytest.raises(DataError, match=r"1\.mat: .*(claims|several lines)"):
        read_mat(tmp_path / "1.mat")


OTHERS = {
    "saved with -v7": (lambda path: scipy.io.savemat(path, {"cjdata": {"image": head()}}), r"without -v7\.3"),
    "a Mac's note": (lambda path: path.write_bytes(b"\0\5\x16\7" + bytes(100)), "Mac's note"),
    "a web page": (lambda path: path.write_bytes(b"\n <!DOCTYPE html><html>"), "web page"),
    "a zip": (lambda path: path.write_bytes(b"PK\3\4" + bytes(100)), "is a zip|was .*zip"),
    "packed": (lambda path: path.write_bytes(b"\x1f\x8b" + bytes(100)), "gzip"),
    "a pointer": (lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1"), "Git LFS"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "zeros": (lambda path: path.write_bytes(bytes(5000)), "nothing but zeros"),
    "its header only": (lambda path: path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(512)), "damaged or was cut short"),
    "HDF5 without a slice": (lambda path: h5py.File(path, "w").close(), "no struct 'cjdata'"),
    "a link to nowhere": (lambda path: path.symlink_to("nowhere.mat"), "link to a file that is not there"),
}


@pytest.mark.parametrize(("make", "message"), OTHERS.values(), ids=OTHERS)
def test_another_kind_of_file_is_named_as_such(tmp_path, make, message):
    make(tmp_path / "1.mat")
    with pytest.raises(DataError, match=rf"1\.mat .*({message})"):
        read_mat(tmp_path / "1.mat")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes on disk")
def test_a_pipe_does_not_keep_us_waiting(tmp_path):
    os.mkfifo(tmp_path / "1.mat")
    with pytest.raises(DataError, match=r"1\.mat is no ordinary file"):
        read_mat(tmp_path / "1.mat")


HOLD = "import h5py, sys; f = h5py.File(sys.argv[1], 'a'); print(1, flush=True); sys.stdin.read()"


def test_a_lock_is_no_damage(tmp_path):
    path = write_mat(tmp_path / "1.mat")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], **pipes) as holder:
        holder.stdout.readline()
        with pytest.raises(DataError, match=r"1\.mat is locked: another program"):
            read_mat(path)
        holder.stdin.close()
    assert read_mat(path).patient == "MR040240B"


ERRORS = {
    "no rights": (PermissionError(13, "Permission denied"), "may not be read"),
    "no memory": (MemoryError(), "more memory"),
    "a missing filter": (OSError("required filter 'blosc' is not registered"), "blosc"),
    "anything else": (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "damaged or was cut short"),
}


@pytest.mark.parametrize(("error", "message"), ERRORS.values(), ids=ERRORS)
def test_whatever_h5py_raises_comes_out_as_one_sentence(tmp_path, monkeypatch, error, message):
    def fail(*args, **kwargs):
        raise error

    path = write_mat(tmp_path / "1.mat")
    monkeypatch.setattr(mat.h5py, "File", fail)
    with pytest.raises(DataError, match=rf"1\.mat .*{message}") as caught:
        read_mat(path)
    assert "\n" not in str(caught.value)


def test_a_drive_without_locks_is_read_all_the_same(tmp_path, monkeypatch):
    path, opened = write_mat(tmp_path / "1.mat"), h5py.File

    def no_locks(source, mode, locking=True):
        if locking:
            raise OSError(37, "unable to lock file, errno = 37, error message = 'No locks available'")
        return opened(source, mode)

    monkeypatch.setattr(mat.h5py, "File", no_locks)
    assert read_mat(path).label == 2


def test_damage_anywhere_is_read_or_refused_but_nothing_else(tmp_path):
    whole = write_mat(tmp_path / "whole.mat").read_bytes()
    refused = []
    for at in range(512, min(len(whole), 9000), 100):
        for junk in (bytes(40), b"\xff" * 8):
            damaged = whole[:at] + junk + whole[at + len(junk) :]
            try:
                read_mat(io.BytesIO(damaged), name="x.mat")
            except BraintutError as error:
                refused.append(str(error))
    assert len(refused) > 10
    assert all(message.startswith("x.mat") for message in refused)

"""Scans of one's own: DICOM, NIfTI and arrays as scanners and people write them; what a header says stays there."""

import io
import os
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pydicom.data
import pytest
import scipy.io
from PIL import Image
from pydicom.uid import JPEGLSLossless, RLELossless

from braintut.dataset import dicom, nifti
from braintut.dataset.figshare import load_figshare
from braintut.dataset.planes import square_pixels, upright
from braintut.dataset.scan_files import read_scan
from braintut.dataset.series import find_scans
from braintut.errors import BraintutError, DataError
from making import BORN, ID, NAME, block_mask, head, write_dicom, write_mat

SMALL = np.arange(12, dtype=np.int16).reshape(3, 4) * 20
RGB = np.stack([SMALL.astype(np.uint8)] * 3, axis=-1)
SHIPPED = Path(pydicom.data.__file__).parent / "test_files"
NIBABEL = Path(nibabel.__file__).parent / "tests" / "data"


@pytest.fixture(autouse=True)
def own_salt(tmp_path, monkeypatch):
    """No test writes into the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    dicom._salt.cache_clear()
    yield
    dicom._salt.cache_clear()


# --- one DICOM file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pixels", "header", "expected"),
    [
        (SMALL, {}, SMALL),
        (SMALL - 100, {}, SMALL - 100),
        (SMALL.astype(np.uint16) * 200, {}, SMALL * 200.0),
        (SMALL.astype(np.uint8), {}, SMALL),
        (SMALL, {"RescaleSlope": 2, "RescaleIntercept": -7}, SMALL * 2.0 - 7),
        (SMALL, {"RescaleSlope": 0}, SMALL),
        (SMALL, {"PhotometricInterpretation": "MONOCHROME1"}, SMALL[::-1, ::-1]),
        (SMALL, {"PixelPaddingValue": 0}, np.where(SMALL == 0, 20, SMALL)),
        (RGB, {"Rows": 3, "Columns": 4, "SamplesPerPixel": 3, "PlanarConfiguration": 0, "NumberOfFrames": None,
               "PhotometricInterpretation": "RGB"}, SMALL),
    ],
    ids=["signed", "below 0", "16 bits", "8 bits", "rescaled", "no slope", "white is 0", "padded", "colour"],
)  # fmt: skip
def test_dicom_grey_levels(tmp_path, pixels, header, expected):
    scan = read_scan(write_dicom(tmp_path / "IM000001", pixels, **header))
    assert scan.image.dtype == np.float32
    np.testing.assert_allclose(scan.image, expected, atol=0.02)


@pytest.mark.parametrize(
    ("header", "pixel_mm"),
    [
        ({"PixelSpacing": [0.7, 0.7]}, 0.7),
        ({"PixelSpacing": None}, None),
        ({"PixelSpacing": None, "ImagerPixelSpacing": [0.2, 0.2]}, None),  # at the detector, not in the patient
        ({"PixelSpacing": [0, 0]}, None),
        ({"PixelSpacing": [0.5, 1.0]}, 0.5),
    ],
    ids=["stated", "silent", "of the detector", "none", "not square"],
)
def test_dicom_pixel_size(tmp_path, header, pixel_mm):
    scan = read_scan(write_dicom(tmp_path / "a.dcm", SMALL, **header))
    assert scan.stated_mm == pixel_mm and scan.pixel_mm_assumed is (pixel_mm is None)
    assert scan.image.shape == ((3, 8) if header["PixelSpacing"] == [0.5, 1.0] else (3, 4))


@pytest.mark.parametrize(
    ("across", "down", "hung"),
    [
        ((1, 0, 0), (0, 1, 0), SMALL),
        ((-1, 0, 0), (0, 1, 0), SMALL[:, ::-1]),
        ((1, 0, 0), (0, -1, 0), SMALL[::-1]),
        ((0, 1, 0), (1, 0, 0), SMALL.T),
        ((1, 0, 0), (0, 0, -1), SMALL),
        ((1, 0, 0), (0, 0, 1), SMALL[::-1]),
        ((0, 1, 0), (0, 0, -1), SMALL),
        ((0.1, -0.9, 0), (0, 0.1, -0.9), SMALL[:, ::-1]),
        ((0, 0, 0), (0, 0, 0), SMALL),
    ],
    ids=["axial", "mirrored", "face down", "lying", "coronal", "crown down", "sagittal", "oblique", "silent"],
)
def test_every_plane_hangs_as_usual(tmp_path, across, down, hung):
    np.testing.assert_array_equal(upright(SMALL, across, down), hung)
    scan = read_scan(write_dicom(tmp_path / "a.dcm", SMALL, ImageOrientationPatient=[*across, *down]))
    np.testing.assert_array_equal(scan.image, hung)


def test_pixels_that_no_scanner_has_are_refused():
    with pytest.raises(DataError, match=r"x\.dcm has pixels of 0\.0001 x 1000 mm"):
        square_pixels(SMALL, (0.0001, 1000.0), "x.dcm")


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ({}, None),
        ({"SeriesDescription": "Ax T1 +C"}, None),
        ({"SeriesDescription": "T1_MPRAGE_GD"}, None),
        ({"SeriesDescription": "t1 se tra", "ContrastBolusAgent": "Gadovist"}, None),
        ({"SeriesDescription": "Ax T1 FLAIR post", "EchoTime": 9}, None),
        ({"SeriesDescription": "Ax T1"}, "contrast"),
        ({"SeriesDescription": "Ax T1 pre contrast"}, "contrast"),
        ({"SeriesDescription": "Ax T1 without Gd"}, "contrast"),
        ({"SeriesDescription": "", "ContrastBolusAgent": "none"}, "contrast"),
        ({"SeriesDescription": "", "ContrastBolusAgent": "No contrast"}, "contrast"),
        ({"SeriesDescription": "Ax T2 TSE"}, "T2"),
        ({"SeriesDescription": "Ax T2 FLAIR +C", "ContrastBolusAgent": "Gd"}, "FLAIR"),
        ({"SeriesDescription": "t2_tirm_tra_dark-fluid"}, "FLAIR"),
        ({"SeriesDescription": "ep2d_diff_ADC"}, "diffusion"),
        ({"SeriesDescription": "", "EchoTime": 100}, "T2"),
        ({"SeriesDescription": "", "EchoTime": 100, "InversionTime": 2500}, "FLAIR"),
        ({"Modality": "CT"}, "CT"),
        ({"Modality": "OT", "SeriesDescription": "photo"}, None),
    ],
    ids=str,
)
def test_what_no_model_has_seen_is_named(tmp_path, header, kind):
    warnings = read_scan(write_dicom(tmp_path / "a.dcm", SMALL, **header)).warnings
    assert warnings == () if kind is None else kind in warnings[0]


def test_a_patient_is_a_hash_that_lasts_and_differs_elsewhere(tmp_path, monkeypatch):
    one, same = (read_scan(write_dicom(tmp_path / name, SMALL)) for name in ("a.dcm", "b.dcm"))
    other = read_scan(write_dicom(tmp_path / "c.dcm", SMALL, PatientID="another"))
    nobody = read_scan(write_dicom(tmp_path / "d.dcm", SMALL, PatientID=None, PatientName=None))
    assert one.patient == same.patient != other.patient and len(one.patient) == 12 and nobody.patient == ""
    dicom._salt.cache_clear()  # as in the next process
    assert read_scan(tmp_path / "a.dcm").patient == one.patient
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    dicom._salt.cache_clear()
    assert read_scan(tmp_path / "a.dcm").patient != one.patient


def test_a_home_that_takes_no_salt_gives_one_for_the_process(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    path = write_dicom(tmp_path / "a.dcm", SMALL)
    assert read_scan(path).patient == read_scan(path).patient != ""


@pytest.mark.filterwarnings("ignore::UserWarning")  # of writing such a header
@pytest.mark.parametrize("left", [None, -9, 700], ids=["whole", "cut", "header"])
def test_nothing_of_the_header_is_told(tmp_path, capfd, caplog, left):
    path = write_dicom(tmp_path / "a.dcm", SMALL, PatientAge="oddly", AccessionNumber="A-SECRET-1234567890123456")
    path.write_bytes(path.read_bytes()[:left])
    capfd.readouterr(), caplog.clear()
    try:
        told = repr(read_scan(path))
    except BraintutError as error:
        told = str(error) + repr(error.__cause__)
    told += "".join(capfd.readouterr()) + caplog.text
    assert not [secret for secret in (NAME, ID, BORN, "SECRET", "oddly", "Secrets") if secret in told]


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda path: path.write_text("hello"), "holds no picture"),
        (lambda path: write_dicom(path, SMALL, Rows=None), "holds no picture"),
        (lambda path: write_dicom(path, SMALL, Rows=60000, Columns=60000), "60000 x 60000"),
        (lambda path: write_dicom(path, SMALL, NumberOfFrames=100_000), "100000 pictures"),
        (lambda path: write_dicom(path, SMALL, Rows=400), "damaged, cut short"),
        (lambda path: write_dicom(path, np.stack([SMALL] * 5)), "holds 5 slices; give it to `braintut predict`"),
        (lambda path: write_dicom(path, SMALL, PhotometricInterpretation="PALETTE COLOR"), "export the slice as PNG"),
    ],
    ids=["text", "report", "huge", "many", "cut", "several", "palette"],
)
def test_what_is_no_dicom_picture_is_named(tmp_path, write, says):
    write(tmp_path / "a.dcm")
    with pytest.raises(DataError, match=rf"a\.dcm .*{says}"):
        read_scan(tmp_path / "a.dcm")


def test_a_packed_file_is_unpacked_or_its_package_named(tmp_path):
    plain = read_scan(SHIPPED / "MR_small.dcm").image
    for name in ("MR_small_RLE.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm"):
        np.testing.assert_array_equal(read_scan(SHIPPED / name).image, plain)
    assert RLELossless.is_encapsulated and JPEGLSLossless.is_encapsulated
    with pytest.raises(DataError, match=r"packed as JPEG-LS Lossless.*pip install pyjpegls"):
        read_scan(SHIPPED / "MR_small_jpeg_ls_lossless.dcm")


@pytest.mark.parametrize("package", ["pydicom", "nibabel"])
def test_a_missing_package_is_one_sentence(tmp_path, monkeypatch, package):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Missing(package), *sys.meta_path])
    path = tmp_path / ("a.dcm" if package == "pydicom" else "a.nii.gz")
    path.write_bytes(b"x")
    with pytest.raises(DataError, match=rf"needs {package}: run `pip install {package}`"):
        read_scan(path)


class _Missing:
    def __init__(self, package):
        self.package = package

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == self.package:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


@pytest.mark.parametrize(("folder", "at_least"), [(SHIPPED, 40), (NIBABEL, 2)], ids=["pydicom", "nibabel"])
def test_files_that_others_wrote_are_read_or_named(folder, at_least):
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix in (".dcm", ".nii", ".gz", "")]
    said = {path: _read_or_said(path) for path in files}
    assert all(path.name in words and "\n" not in words for path, words in said.items() if words)
    assert list(said.values()).count("") >= at_least


def _read_or_said(path):
    try:
        scan = read_scan(path)
    except DataError as error:
        return str(error)
    assert scan.image.ndim == 2 and np.isfinite(scan.image).all()
    return ""


# --- NIfTI ---------------------------------------------------------------------------------------------------------

VOLUME = np.arange(24, dtype=np.int16).reshape(2, 3, 4)  # to the right, the front, the head


def turned(volume, axes, flips):
    """The same head, stored along other axes and the other way round."""
    affine = np.diag([1.0, 2.0, 3.0, 1.0])
    orientation = np.array([[axes.index(i), -1 if i in flips else 1] for i in range(3)])
    image = nibabel.Nifti1Image(volume, affine)
    return image.as_reoriented(orientation)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".NII.GZ"])
@pytest.mark.parametrize("flips", [(), (0,), (1, 2), (0, 1, 2)], ids=str)
@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0)], ids=str)
def test_a_volume_in_any_orientation_gives_the_same_slices(tmp_path, axes, flips, ending):
    turned(VOLUME, axes, flips).to_filename(path := tmp_path / f"a{ending}")
    volume = nifti.open_nifti(path)
    assert len(volume) == 4
    for number in range(4):
        scan = volume[number]
        # Seen from the feet: the patient's left on the right, the front up; rows are 2 mm apart, columns 1 mm.
        expected = VOLUME[::-1, ::-1, number].T
        assert scan.image.shape == (6, 2) and (scan.stated_mm, scan.slice_mm) == (1.0, 3.0)
        np.testing.assert_allclose(scan.image[[0, -1]], expected[[0, -1]], atol=0.01)
        assert scan.name.endswith(f", slice {number + 1}")


def test_a_plane_alone_is_a_scan(tmp_path):
    image = nibabel.Nifti1Image(VOLUME[:1].astype(np.float32), np.eye(4))
    image.header["descrip"] = b"Mustermann"
    image.to_filename(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(read_scan(tmp_path / "a.nii.gz").image, VOLUME[0, ::-1, ::-1].T)


def _claim(path, **fields):
    header = nibabel.Nifti1Header()
    for name, value in {"dim": [3, 9, 9, 9, 1, 1, 1, 1], "datatype": 4, "bitpix": 16, "magic": b"n+1"}.items():
        header[name] = value
    for name, value in fields.items():
        header[name] = value
    header["vox_offset"] = 352
    path.write_bytes(header.binaryblock + bytes(400))


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda path: path.write_bytes(b""), "no NIfTI file"),
        (lambda path: path.write_text("Mustermann " * 60), "no NIfTI file"),
        (lambda path: _claim(path, dim=[3, 30000, 30000, 30000, 1, 1, 1, 1]), "30000 x 30000"),
        (lambda path: _claim(path, dim=[3, 9, 9, 30000, 1, 1, 1, 1]), "9 x 9 x 30000"),
        (lambda path: _claim(path), "damaged, cut short"),
        (lambda path: nibabel.Nifti1Image(np.zeros((9, 9, 9, 3), "i2"), np.eye(4)).to_filename(path), "3 volumes"),
        (lambda path: nibabel.Nifti1Image(np.zeros((9, 9, 9), "c8"), np.eye(4)).to_filename(path), "complex64"),
        (lambda path: nibabel.Nifti1Image(VOLUME, np.eye(4)).to_filename(path), "holds 4 slices"),
    ],
    ids=["empty", "text", "huge", "many", "cut", "four-dimensional", "complex", "volume"],
)
def test_what_is_no_nifti_slice_is_named(tmp_path, capfd, write, says):
    write(tmp_path / "a.nii")
    with pytest.raises(DataError, match=rf"a\.nii .*{says}") as caught:
        read_scan(tmp_path / "a.nii")
    assert "Muster" not in str(caught.value) + "".join(capfd.readouterr())


# --- other pictures and arrays ---------------------------------------------------------------------------------------

GREY = (head(16) // 2).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("a.tif", {}, 0),
        ("a.TIFF", {"compression": "tiff_lzw"}, 0),
        ("a.bmp", {}, 0),
        ("a.webp", {"lossless": True}, 0),
    ],
)
def test_other_pictures_are_read(tmp_path, name, options, tolerance):
    Image.fromarray(GREY).save(tmp_path / name, **options)
    np.testing.assert_allclose(read_scan(tmp_path / name).image, GREY, atol=tolerance)
    assert find_scans(tmp_path) == [tmp_path / name]


@pytest.mark.parametrize(("kind", "photometric"), [("<u2", 1), ("<u2", 0), ("<f4", 1)], ids=str)
def test_a_tiff_of_more_bits_is_read_whole(tmp_path, kind, photometric):
    values = (np.arange(64).reshape(8, 8) * 1000).astype(kind)
    picture = Image.fromarray(values)
    picture.save(tmp_path / "a.tif", tiffinfo={262: photometric})
    with Image.open(tmp_path / "a.tif") as saved:
        stored = saved.tag_v2[262]
    image = read_scan(tmp_path / "a.tif").image
    np.testing.assert_array_equal(image, values if stored == 1 else values.max() - values.astype(float))


def test_a_stack_is_no_slice(tmp_path):
    frames = [Image.fromarray(GREY)] * 2
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    with pytest.raises(DataError, match=r"a\.tif is a stack of 2 pictures"):
        read_scan(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (GREY, None),
        (GREY.astype(np.float64), None),
        (GREY[None], None),
        (np.stack([GREY] * 3), "a grey picture"),
        (GREY > 0, "type bool"),
        (GREY + 1j, "complex"),
        (np.full((16, 16), np.nan), "NaN"),
        (np.array([{}]), "plain numbers"),
    ],
    ids=["bytes", "doubles", "one of one", "volume", "mask", "complex", "NaN", "pickle"],
)
def test_arrays_are_read_or_named(tmp_path, value, says):
    np.save(tmp_path / "a.npy", value)
    if says is None:
        np.testing.assert_array_equal(read_scan(tmp_path / "a.npy").image, GREY)
    else:
        with pytest.raises(DataError, match=rf"a\.npy.*{says}"):
            read_scan(tmp_path / "a.npy")


def test_an_array_that_claims_much_is_refused_before_it_is_read(tmp_path):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f4", "fortran_order": False, "shape": (60000, 60000)})
    (tmp_path / "a.npy").write_bytes(buffer.getvalue() + bytes(9))
    with pytest.raises(DataError, match=r"a\.npy"):
        read_scan(tmp_path / "a.npy")


@pytest.mark.parametrize("drop", ["tumorMask", "label", "tumorBorder", "PID"])
def test_a_mat_of_ones_own_may_lack_what_a_set_needs(tmp_path, drop):
    scan = read_scan(write_mat(tmp_path / "1.mat", drop=drop))
    assert scan.image.shape == (64, 64) and (scan.true_mask is None) is (drop == "tumorMask")
    assert (scan.label is None) is (drop == "label") and (scan.patient == "") is (drop == "PID")
    if drop != "tumorBorder":
        with pytest.raises(DataError, match=rf"1\.mat lacks the field 'cjdata/{drop}'"):
            load_figshare(tmp_path, 32, progress=False)


STRUCT = {"image": head(16), "tumorMask": block_mask(16), "label": 2.0, "PID": "MR1A", "tumorBorder": [[3.0, 2.0]]}


@pytest.mark.parametrize(
    ("content", "patient"),
    [
        ({"cjdata": STRUCT}, "MR1A"),
        ({"cjdata": {"image": head(16)}}, ""),
        ({"scan": head(16)}, ""),
        ({"image": head(16), "other": np.eye(16), "pixel_mm": 0.7}, ""),
    ],
    ids=["whole", "image alone", "array", "named"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_matlab_5_is_read(tmp_path, content, patient, packed):
    scipy.io.savemat(tmp_path / "a.mat", content, do_compression=packed)
    scan = read_scan(tmp_path / "a.mat")
    np.testing.assert_array_equal(scan.image, head(16))
    assert scan.patient == patient and scan.label == (2 if patient else None)
    assert scan.stated_mm == (0.7 if "pixel_mm" in content else None)
    if patient:
        np.testing.assert_array_equal(scan.true_mask, block_mask(16) > 0)
        np.testing.assert_array_equal(scan.border, [[2.0, 1.0]])
        with pytest.raises(DataError, match=r"a\.mat is no MATLAB v7\.3"):
            load_figshare(tmp_path, 32, progress=False)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"a": np.eye(4), "b": np.eye(4)}, "2 arrays that may be the picture"),
        ({"image": np.zeros((3, 3, 3))}, "a grey picture"),
        ({"image": np.array([[1, "a"]], object)}, "a grey picture"),
        ({"cjdata": {**STRUCT, "tumorMask": block_mask(8)}}, "must be two pictures of one size"),
        ({"cjdata": {**STRUCT, "label": 7}}, "the label is"),
    ],
    ids=["two", "volume", "cells", "sizes", "label"],
)
def test_what_is_no_slice_in_matlab_5_is_named(tmp_path, content, says):
    scipy.io.savemat(tmp_path / "a.mat", content)
    with pytest.raises(DataError, match=rf"a\.mat.*{says}"):
        read_scan(tmp_path / "a.mat")


def test_matlab_5_that_unpacks_to_much_is_refused(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"image": np.zeros((9000, 4000))}, do_compression=True)
    with pytest.raises(DataError, match=r"a\.mat unpacks to more than 256 MB"):
        read_scan(tmp_path / "a.mat")


def test_reading_pictures_loads_neither_pydicom_nor_nibabel():
    code = "import sys, braintut; braintut.read_scan; print({'pydicom', 'nibabel'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True, env=os.environ).strip() == "set()"

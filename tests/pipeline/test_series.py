"""Many slices of one patient: in order, in millimetres, and one answer together."""

import json
import re

import nibabel
import numpy as np
import pytest
from nilearn import datasets

from braintut.dataset.series import Series, find_scans, open_file, open_series
from braintut.errors import DataError
from braintut.report.series import SeriesReport, SliceAnswer
from making import BORN, ID, NAME, head, write_dicom, write_mat
from reports import make_report
from test_cli import run

GREY = np.full((4, 4), 7, np.int16)
NO_PLACE = {"ImagePositionPatient": None}


def write_series(folder, places, **header):
    """One file a slice whose grey tells its place; written in an order that is none."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in np.random.default_rng(0).permutation(len(places)):
        place = {"ImagePositionPatient": [5, 5, float(places[i])], "InstanceNumber": int(1 + i)}
        write_dicom(folder / f"IM{i * 7 % 10}{i}", GREY * 0 + i, **{**place, **header})
    return folder


def greys(series):
    return [int(scan.image[0, 0]) for scan in series]


@pytest.mark.parametrize(
    ("places", "header", "order", "apart"),
    [
        ([0, 6, 12, 18], {}, [0, 1, 2, 3], [6, 6, 6, 6]),
        ([18, 12, 6, 0], {}, [3, 2, 1, 0], [6, 6, 6, 6]),
        ([0, 6, 18], {}, [0, 1, 2], [6, 9, 12]),
        ([0, 6, 12], {**NO_PLACE, "SliceThickness": 5, "SpacingBetweenSlices": 7}, [0, 1, 2], [7] * 3),
        ([0, 6, 12], {**NO_PLACE, "SliceThickness": 5}, [0, 1, 2], [5] * 3),
        ([0, 6, 12], NO_PLACE, [0, 1, 2], [None] * 3),
        ([0, 6], {"ImageOrientationPatient": [1, 0, 0, 0, 0, -1], "SliceThickness": 3}, [0, 1], [3, 3]),
    ],
    ids=["in order", "downwards", "one missing", "spacing", "thickness", "silent", "places along the slice"],
)  # fmt: skip
def test_slices_lie_in_order_and_state_their_distance(tmp_path, places, header, order, apart):
    (series,) = find_scans(write_series(tmp_path / "head", places, **header))
    assert greys(series) == order and [scan.slice_mm for scan in series] == apart
    assert series.name == str(tmp_path / "head") and greys(series[1:]) == order[1:]


def test_a_disc_is_laid_out_in_folders(tmp_path):
    write_series(tmp_path / "PAT" / "A", [0, 6, 12], SeriesInstanceUID="1.1")
    write_series(tmp_path / "PAT" / "B", [0, 6], SeriesInstanceUID="1.2", EchoTime=90)
    write_dicom(tmp_path / "DICOMDIR", GREY, Rows=None)
    a, b = find_scans(tmp_path)
    assert (len(a), len(b)) == (3, 2) and a.name.endswith("A") and b.name.endswith("B")
    with pytest.raises(DataError, match=r"holds 2 series .*A, .*B.*`braintut predict` looks at each"):
        open_series(tmp_path)


def test_what_differs_in_one_folder_is_several_series(tmp_path, capsys):
    write_series(tmp_path, [0, 6], EchoTime=10)
    for i, way in enumerate(([1, 0, 0, 0, 0, -1], [0, 1, 0, 0, 0, -1])):
        write_dicom(tmp_path / f"plane{i}", GREY, ImageOrientationPatient=way, EchoTime=10)
    write_dicom(tmp_path / "report", GREY, Rows=None)
    write_dicom(tmp_path / "frames", np.stack([GREY] * 3))
    (tmp_path / "cut.dcm").write_bytes((tmp_path / "plane0").read_bytes()[:-5])
    write_mat(tmp_path / "1.mat")
    found = find_scans(tmp_path)
    assert {path.name for path in found if not isinstance(path, Series)} == {
        "1.mat", "plane1", "frames",
    }  # fmt: skip
    assert sorted(len(series) for series in found if isinstance(series, Series)) == [2, 2]  # plane0 and its cut copy
    assert "1 DICOM files hold no picture" in capsys.readouterr().err


def test_a_folder_of_pictures_is_what_it_was(tmp_path):
    for name in ("2.mat", "1.mat"):
        write_mat(tmp_path / name)
    (tmp_path / "notes.txt").touch()
    write_series(tmp_path / "deeper", [0, 6])
    assert [path.name for path in find_scans(tmp_path)] == ["1.mat", "2.mat"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty holds no \.mat, PNG or JPEG"):
        find_scans(tmp_path / "empty")


def test_one_head_is_the_same_as_a_volume_and_as_a_series(tmp_path):
    head = datasets.load_mni152_template(resolution=4)
    head.set_data_dtype(np.float32)  # else it is stored in 255 steps
    head.to_filename(tmp_path / "head.nii.gz")
    values = (np.asarray(head.dataobj) * 1000).astype(np.uint16)
    for k in range(values.shape[2]):  # DICOM counts to the left and to the back
        pixels = np.ascontiguousarray(values[::-1, ::-1, k].T)
        write_dicom(tmp_path / f"{k}", pixels, PixelSpacing=[4, 4], ImagePositionPatient=[0, 0, 4 * k])
    volume = open_file(tmp_path / "head.nii.gz")
    (tmp_path / "head.nii.gz").rename(tmp_path / "away")
    (series,) = find_scans(tmp_path)
    assert len(volume) == len(series) == values.shape[2]
    for one, other in zip(volume, series, strict=True):
        np.testing.assert_allclose(one.image * 1000, other.image, atol=1)
        assert (one.pixel_mm, one.slice_mm) == (other.pixel_mm, other.slice_mm) == (4, 4)


def test_frames_of_a_new_file_state_their_own_place(tmp_path):
    from pydicom.dataset import Dataset

    def item(**values):
        inner = Dataset()
        for name, value in values.items():
            setattr(inner, name, value)
        return [inner]

    shared, frames = Dataset(), []
    shared.PlaneOrientationSequence = item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    shared.PixelMeasuresSequence = item(PixelSpacing=[0.8, 0.8])
    for z, slope in ((10, 1), (0, 2), (5, 1)):
        frame = Dataset()
        frame.PlanePositionSequence = item(ImagePositionPatient=[0, 0, z])
        frame.PixelValueTransformationSequence = item(RescaleSlope=slope, RescaleIntercept=0)
        frames.append(frame)
    pixels = np.stack([GREY, GREY + 1, GREY + 2])
    path = write_dicom(
        tmp_path / "a.dcm", pixels, PixelSpacing=None, ImageOrientationPatient=None,
        SharedFunctionalGroupsSequence=[shared], PerFrameFunctionalGroupsSequence=frames,
    )  # fmt: skip
    series = open_file(path)
    assert greys(series) == [16, 9, 7] and [scan.slice_mm for scan in series] == [5, 5, 5]
    assert series[0].pixel_mm == 0.8 and series[0].name == f"{path}, slice 2"


# --- answers ---------------------------------------------------------------------------------------------------------


def answer(areas=(0.0, 0.0, 0.0), slice_mm=6.0, glioma=None):
    p = None if glioma is None else {"meningioma": 1 - glioma, "glioma": glioma, "pituitary": 0.0}
    return SliceAnswer({"scan": "s", "tumour_found": p is not None, "probabilities": p}, areas, slice_mm)


TYPES = {"meningioma": 0.2, "glioma": 0.8, "pituitary": 0.0}


@pytest.mark.parametrize(
    ("answers", "volumes"),
    [
        ([answer((50, 100, 200), 6, 0.8), answer(), answer((150, 200, 300), 9, 0.8)], (1.65, 2.4, 3.9)),
        ([answer((50, 100, 200), None, 0.8)], None),
        ([answer((50, 100, 200), 6, 0.8), answer(slice_mm=None)], (0.3, 0.6, 1.2)),
        ([answer()], (0, 0, 0)),
    ],
    ids=["by hand", "no distance", "none needed", "no tumour"],
)
def test_volume_adds_up_area_times_distance(answers, volumes):
    report = SeriesReport("head", answers, TYPES, make_report())
    assert report.volumes_ml == (None if volumes is None else pytest.approx(volumes))
    assert json.loads(json.dumps(report.to_dict()))["volume_ml"] == (volumes and pytest.approx(volumes[1]))


@pytest.mark.parametrize(
    ("familiar", "said"),
    [((False, False, True), "(2 of them unlike the slices it learnt from)"), ((True, True, True), ""),
     ((None, None, None), "")],
    ids=["two are strange", "all familiar", "nobody knows"],
)  # fmt: skip
def test_a_series_counts_its_unfamiliar_slices(familiar, said):
    answers = [SliceAnswer(answer().answer | {"familiar": known}) for known in familiar]
    report = SeriesReport("head", answers, None, make_report())
    assert report.to_dict()["n_slices_unfamiliar"] == familiar.count(False)
    assert str(report) == f"no tumour found on 3 slices {said}".strip()
    assert said in read(report.html())


@pytest.mark.parametrize("n", [1, 6, 7, 8, 1000])
def test_a_montage_shows_a_page_of_slices(n):
    image, mask = SeriesReport("head", [answer()] * n, None, make_report()).montage()
    assert image.shape == mask.shape and image.shape[1] == 96 * min(n, 7) and image.shape[0] <= 96 * 6


def read(page):
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)).split())


def test_a_page_says_what_the_series_is(tmp_path):
    report = SeriesReport("a/<b>", [answer((50, 100, 200), 6, 0.8), answer()], TYPES, make_report(warnings=("a CT",)))
    page = report.html()
    assert "<b>.html" not in page and "&lt;b&gt;" in page and page.count("<html") == 1 and "<script" not in page
    text = read(page)
    assert "Glioma, probability 80%, on 1 of 2 slices, about 0.6 ml (0.3 to 1.2 ml)." in text
    assert "By its header this is a CT" in text and "range is that of strict and lax borders" in text
    healthy = read(SeriesReport("a", [answer()], None, make_report(predicted_mask=np.zeros((96, 96), bool))).html())
    assert "No tumour found on 1 slice." in healthy and "volume" not in healthy


@pytest.fixture
def dicom_series(tmp_path, phantoms, monkeypatch):
    """A phantom patient as a DICOM series of its own, with a slice of air at the end."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    slices = phantoms.of_patient(phantoms.patients[0])
    folder = tmp_path / "series"
    folder.mkdir()
    pictures = [(image * 1000).astype(np.uint16) for image in slices.images]
    for i, pixels in enumerate([*pictures, pictures[0] * 0]):
        place = {"ImagePositionPatient": [0, 0, 7 * i], "InstanceNumber": 1, "SeriesDescription": "Ax T2 FLAIR"}
        write_dicom(folder / f"{i}", pixels, PixelSpacing=[float(slices.pixel_mm[0])] * 2, **place)
    return folder, slices


def test_a_series_answers_like_its_slices(blurred, dicom_series):
    folder, slices = dicom_series
    series, alone = blurred.series(folder, progress=False), [blurred(scan) for scan in slices]
    assert [a.tumour_found for a in series.answers] == [*[report.tumour_found for report in alone], False]
    assert series.probabilities == pytest.approx(blurred.vote(alone), abs=0.05)
    assert "one single grey" in series.answers[-1].answer["error"]
    assert series.volumes_ml[1] == pytest.approx(sum(report.area_mm2 for report in alone) * 7 / 1000, rel=0.02)
    assert blurred.series(slices, progress=False).volumes_ml is None  # nothing says how far these lie apart


def test_no_slice_at_all_is_one_sentence(blurred, tmp_path):
    nibabel.Nifti1Image(np.zeros((32, 32, 3), np.int16), np.eye(4)).to_filename(tmp_path / "a.nii.gz")
    with pytest.raises(DataError, match=r"None of the 3 slices of .*a\.nii\.gz could be looked at.*one single grey"):
        blurred.series(tmp_path / "a.nii.gz", progress=False)


def test_predict_takes_series_volumes_and_pictures_at_once(monkeypatch, capsys, tmp_path, tiny_folder, dicom_series):
    folder, _ = dicom_series
    volume = np.stack([head(64, i) for i in range(3)], axis=-1)
    nibabel.Nifti1Image(volume, np.diag([2, 2, 6, 1])).to_filename(tmp_path / "v.nii.gz")
    write_mat(tmp_path / "1.mat", drop="tumorMask")
    pages, answers = tmp_path / "pages", tmp_path / "answers.json"
    code, out, err = run(
        monkeypatch, capsys, "predict", folder, tmp_path / "v.nii.gz", tmp_path / "1.mat", "--model", tiny_folder,
        "--json", answers, "--report", pages,
    )  # fmt: skip
    assert code == 0, err
    series, of_volume, one = json.loads(answers.read_text())
    assert series["series"] == str(folder) and of_volume["n_slices"] == 3 and one["scan"].endswith("1.mat")
    assert "FLAIR" in series["warnings"][0] and "(a FLAIR picture: never seen)" in out
    told = out + err + answers.read_text() + "".join(page.read_text() for page in pages.iterdir())
    assert {page.name for page in pages.iterdir()} == {"series.html", "v.nii.html", "1.html"}
    assert not [secret for secret in (NAME, ID, BORN, "Secrets", "Ax T2") if secret in told]

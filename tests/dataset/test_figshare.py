"""Reading the real set's layout: made-up files always, restored real ones where BRAINTUT_REAL points."""

import os
import zipfile

import numpy as np
import pytest
from skimage.draw import polygon2mask

from braintut.dataset.figshare import list_slices, load_figshare, read_figshare, read_folds, read_mat
from braintut.dataset.load import load_slices
from braintut.errors import DataError
from making import block_mask, head, write_cvind, write_mat


def test_a_slice_comes_back_upright_with_text_id(tmp_path):
    raw = read_mat(write_mat(tmp_path / "1.mat"))
    np.testing.assert_array_equal(raw.image, head())
    np.testing.assert_array_equal(raw.true_mask, block_mask())
    assert (raw.patient, raw.label) == ("MR040240B", 2)
    np.testing.assert_array_equal(raw.border[0], [32, 16])
    assert raw.pixel_mm == pytest.approx(0.49 * 512 / 64)


def broken_files(folder):
    text = folder / "text.mat"
    text.write_text("not HDF5 at all")
    whole = write_mat(folder / "whole.mat").read_bytes()
    cut = folder / "cut.mat"
    cut.write_bytes(whole[: len(whole) // 2])
    nan = head().astype(float)
    nan[5, 5] = np.nan
    (folder / "folder.mat").mkdir()
    return [
        (text, "no MATLAB v7.3"),
        (cut, "cut short"),
        (folder / "folder.mat", "is a folder"),
        (folder / "absent.mat", "There is no file"),
        (write_mat(folder / "no_mask.mat", drop="tumorMask"), "lacks the field 'cjdata/tumorMask'"),
        (write_mat(folder / "no_id.mat", drop="PID"), "lacks the field 'cjdata/PID'"),
        (write_mat(folder / "nan.mat", image=nan), "NaN"),
        (write_mat(folder / "shape.mat", tumorMask=block_mask(32)), r"\(64, 64\) and mask \(32, 32\)"),
        (write_mat(folder / "three.mat", image=np.zeros((4, 4, 3))), "two pictures of one size"),
        (write_mat(folder / "label.mat", label=np.array([[5.0]])), "label is \\[5.0\\]"),
    ]


def test_each_broken_file_is_named_with_what_is_wrong(tmp_path):
    for path, message in broken_files(tmp_path):
        with pytest.raises(DataError, match=message) as caught:
            read_mat(path)
        assert path.name in str(caught.value)


@pytest.fixture
def folder(tmp_path):
    for number, size in ((1, 64), (2, 32), (10, 64)):
        write_mat(tmp_path / f"{number}.mat", image=head(size), tumorMask=block_mask(size))
    write_cvind(tmp_path / "cvind.mat", [3, 1, 2, 2, 2, 2, 2, 2, 2, 5])
    return tmp_path


def test_folder_is_read_in_the_order_of_numbers_at_one_size(folder):
    slices = read_figshare(folder, size=48, progress=False, n_jobs=1)
    assert slices.ids.tolist() == ["1", "2", "10"]
    assert slices.folds.tolist() == [3, 1, 5]
    assert slices.images.shape == (3, 48, 48)
    np.testing.assert_allclose(slices.pixel_mm, 0.49 * 512 / 48)
    assert "3 of 3064" in slices.source


def test_zips_give_the_same_slices_and_unpack_nothing(folder, tmp_path_factory):
    zips = tmp_path_factory.mktemp("zips")
    with zipfile.ZipFile(zips / "brainTumorDataPublic_1-766.zip", "w") as archive:
        for path in folder.glob("*.mat"):
            archive.write(path, path.name)
    loose, zipped = (read_figshare(f, size=32, progress=False, n_jobs=2) for f in (folder, zips))
    np.testing.assert_array_equal(loose.images, zipped.images)
    np.testing.assert_array_equal(loose.masks, zipped.masks)
    assert sorted(p.name for p in zips.iterdir()) == ["brainTumorDataPublic_1-766.zip"]


def test_zip_cut_short_is_named(folder):
    with zipfile.ZipFile(folder / "whole.zip", "w") as archive:
        archive.write(folder / "1.mat", "20.mat")
    data = (folder / "whole.zip").read_bytes()
    (folder / "cut.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=r"cut\.zip is no whole zip"):
        list_slices(folder)


def test_cache_is_used_until_the_folder_changes(folder):
    first = load_figshare(folder, size=32, progress=False)
    caches = list(folder.glob("slices_32_*.h5"))
    assert len(caches) == 1
    np.testing.assert_array_equal(load_figshare(folder, size=32, progress=False).images, first.images)
    write_mat(folder / "9.mat")
    assert len(load_figshare(folder, size=32, progress=False)) == 4
    assert len(list(folder.glob("slices_32_*.h5"))) == 1


def test_empty_and_absent_folders_say_what_to_do(tmp_path):
    with pytest.raises(DataError, match="braintut download"):
        list_slices(tmp_path)
    with pytest.raises(DataError, match="is no folder"):
        list_slices(tmp_path / "absent")


def test_folds_are_optional_but_never_wrong(tmp_path):
    assert read_folds(tmp_path) is None
    write_cvind(tmp_path / "cvind.mat", [1, 9])
    with pytest.raises(DataError, match=r"cvind\.mat names folds other than 1 to 5"):
        read_folds(tmp_path)
    (tmp_path / "cvind.mat").write_text("no")
    with pytest.raises(DataError, match=r"cvind\.mat does not hold"):
        read_folds(tmp_path)


real = pytest.mark.skipif(not os.environ.get("BRAINTUT_REAL"), reason="BRAINTUT_REAL names no folder of real slices")


@real
@pytest.mark.real
def test_real_borders_outline_real_masks():
    entries = list_slices(os.environ["BRAINTUT_REAL"])[:20]
    for entry in entries:
        raw = entry.read()
        drawn = polygon2mask(raw.true_mask.shape, raw.border[:, ::-1])
        # The mask was filled by other software; along the border it may differ by a pixel.
        assert 2 * (drawn & raw.true_mask).sum() / (drawn.sum() + raw.true_mask.sum()) > 0.95, entry


@real
@pytest.mark.real
def test_real_slices_load_as_the_dataset_card_says(monkeypatch):
    monkeypatch.setenv("BRAINTUT_DATA", os.environ["BRAINTUT_REAL"])
    slices = load_slices(size=128, full=True)
    assert set(slices.labels) == {1, 2, 3} and set(slices.folds) <= {1, 2, 3, 4, 5}
    for patient in slices.patients[slices.labels == 3]:
        assert patient.isdigit()
    shares = slices.masks.mean(axis=(1, 2))
    assert (shares > 0.0003).all() and (shares < 0.12).all()
    folds = {(p, f) for p, f in zip(slices.patients, slices.folds, strict=True)}
    assert len(folds) == slices.n_patients, "a patient lies in two official folds"

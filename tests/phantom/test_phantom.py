"""The phantoms: the same every time, the same as those shipped, and like the real set where it matters."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from braintut.dataset.grid import head_mask
from braintut.dataset.load import load_phantoms
from braintut.dataset.slices import Slices
from braintut.errors import DataError
from braintut.phantom.head import load_template
from braintut.phantom.make import make_phantom_slices, write_phantom_mat
from braintut.phantom.patient import scan_patient

SHIPPED = Path(__file__).parents[2] / "data" / "phantoms"
FIRST = 3


@pytest.fixture(scope="module")
def made() -> Slices:
    return make_phantom_slices(n_patients=FIRST)


@pytest.fixture(scope="module")
def shipped() -> Slices:
    return Slices.load(SHIPPED / "phantoms.h5")


def test_a_patient_depends_on_seed_and_number_only(made):
    again = make_phantom_slices(n_patients=1, first=1)
    same = made.of_patient("PH002")
    assert np.array_equal(again.images, same.images)
    assert np.array_equal(again.masks, same.masks)
    other = make_phantom_slices(n_patients=1, first=1, seed=1)
    assert other.images.shape != same.images.shape or not np.array_equal(other.images, same.images)


def test_the_generator_still_makes_the_shipped_set(made, shipped):
    same = shipped[np.isin(shipped.patients, made.patients)]
    assert len(same) == len(made)
    assert np.abs(same.images - made.images).mean() * 255 < 1
    assert (same.masks != made.masks).mean() < 1e-4
    for name in ("labels", "folds", "ids", "patients"):
        assert np.array_equal(getattr(same, name), getattr(made, name))


def test_the_shipped_set_has_the_promised_size_and_mix(shipped):
    assert 180 <= len(shipped) <= 230 and shipped.n_patients == 40
    assert shipped.images.shape[1:] == (256, 256)
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*.*")) < 8_000_000
    share = np.bincount(shipped.labels, minlength=4)[1:] / len(shipped)
    assert np.allclose(share, [0.23, 0.47, 0.30], atol=0.05)
    for fold in range(1, 6):
        assert set(shipped[shipped.folds == fold].labels) == {1, 2, 3}


def test_each_patient_has_one_type_and_one_fold(shipped):
    for patient in np.unique(shipped.patients):
        one = shipped.of_patient(patient)
        assert len(set(one.labels)) == len(set(one.folds)) == 1
        assert 1 <= len(one) <= 8


@pytest.mark.parametrize(("label", "real"), [(1, 1.5), (2, 1.8), (3, 0.7)])
def test_tumours_fill_about_as_much_of_the_picture_as_real_ones(shipped, label, real):
    share = 100 * shipped.masks[shipped.labels == label].mean(axis=(1, 2))
    assert 0.7 * real < np.median(share) < 1.4 * real
    assert np.percentile(share, 90) > 2 * np.percentile(share, 10) > 0


def test_tumours_lie_inside_the_head(shipped):
    for image, mask in zip(shipped.images, shipped.masks, strict=True):
        rows, columns = np.nonzero(head_mask(image))
        y, x = np.nonzero(mask)
        assert rows.min() < y.min() and columns.min() < x.min() and x.max() < columns.max()


@pytest.mark.parametrize("tumour_free", [False, True])
def test_only_the_neck_leaves_the_picture(tumour_free):
    images = load_phantoms(tumour_free).images
    assert not images[:, 0].any() and not images[:, :, 0].any()
    assert not images[:, : images.shape[1] // 2, -1].any()


def test_crowns_are_round():
    template, over_the_crown = load_template(), np.zeros((3, 1, 81))
    over_the_crown[0], over_the_crown[1], over_the_crown[2] = np.arange(-40, 41), -60, 85  # mm, from ear to ear
    bends = {name: np.diff(getattr(template, name)(over_the_crown)[0], 2) for name in ("depth", "round_depth")}
    assert bends["depth"].min() < -0.1  # the brain's own furrow between its halves
    assert bends["round_depth"].min() > -0.01


def test_all_three_planes_occur():
    template = load_template()
    planes = {scan[3] for k in range(10) for scan in scan_patient(k, 2015, 32, template)}
    assert planes == {"axial", "coronal", "sagittal"}


def test_tumour_free_heads_have_label_0_and_empty_masks():
    free = make_phantom_slices(n_patients=2, size=64, tumour_free=True)
    assert set(free.labels) == {0} and not free.masks.any() and free.n_patients == 2
    assert not set(free.patients) & set(make_phantom_slices(n_patients=1, size=64).patients)


def test_senseless_numbers_are_refused():
    with pytest.raises(DataError, match="at least 1"):
        make_phantom_slices(n_patients=0)


def test_mat_files_are_laid_out_like_figshare(tmp_path):
    path = write_phantom_mat(tmp_path, n_slices=1, size=256)[0]
    assert path.read_bytes().startswith(b"MATLAB 7.3 MAT-file")
    with h5py.File(path) as file:
        data = file["cjdata"]
        assert data["label"].shape == (1, 1) and data["label"][0, 0] in (1, 2, 3)
        assert "".join(map(chr, data["PID"][:].ravel())) == "PH001"
        assert data["image"].dtype == np.int16 and 500 < data["image"][:].max() < 4100
        mask = data["tumorMask"][:].T
        x, y = data["tumorBorder"][0, ::2], data["tumorBorder"][0, 1::2]
    rows, columns = np.nonzero(mask)
    assert abs(x.mean() - 1 - columns.mean()) < 6 and abs(y.mean() - 1 - rows.mean()) < 6
    assert columns.min() - 1 <= x.min() - 1 and x.max() - 1 <= columns.max() + 1
    with h5py.File(tmp_path / "cvind.mat") as file:
        assert file["cvind"].shape == (1, 1)


def test_shipped_mat_files_are_small_and_still_what_is_made(tmp_path):
    files = sorted((SHIPPED / "figshare_layout").glob("*.mat"))
    assert [f.name for f in files] == [*(f"{i}.mat" for i in range(1, 7)), "cvind.mat"]
    assert sum(f.stat().st_size for f in files) < 2_000_000
    again = write_phantom_mat(tmp_path, n_slices=1)[0]
    with h5py.File(again) as new, h5py.File(SHIPPED / "figshare_layout" / "1.mat") as old:
        images = [f["cjdata/image"][:].astype(float) for f in (new, old)]
    assert np.abs(images[0] - images[1]).mean() / images[1].max() < 1 / 255


def test_shipped_tumour_free_heads_hold_no_tumour_and_no_known_head():
    free, with_tumour = load_phantoms(tumour_free=True), load_phantoms()
    assert free.n_patients == 8 and not free.masks.any() and set(free.labels) == {0}
    assert free.images.shape[1:] == with_tumour.images.shape[1:]
    assert not set(free.patients) & set(with_tumour.patients)

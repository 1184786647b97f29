"""Slices, preprocessing and splits."""

import numpy as np
import pytest

from braintut.dataset.load import load_slices
from braintut.dataset.preprocessing import crop_from_square, normalise, pad_to_square, resize, resize_mask
from braintut.dataset.slices import Slices, concatenate, merged_patient
from braintut.dataset.splits import (
    leaky_split_by_slice,
    patient_folds,
    split_by_fold,
    split_by_merged_patient,
    split_by_patient,
)
from braintut.errors import DataError, SplitError
from making import block_mask, head


def make_slices(n_patients=12, per_patient=4, size=32):
    n = n_patients * per_patient
    number = np.repeat(np.arange(n_patients), per_patient)
    return Slices(
        images=np.random.default_rng(0).random((n, size, size), np.float32),
        masks=np.tile(block_mask(size).astype(bool), (n, 1, 1)),
        labels=number % 3 + 1,
        # Gliomas come as twins: MR1A and MR1B are patients 1 and 4, and so on.
        patients=np.array([f"MR{i // 6}{'AB'[i // 3 % 2]}" if i % 3 == 1 else f"10{i}" for i in number]),
        folds=number % 4 + 1,
        ids=np.arange(n).astype(str),
        pixel_mm=np.full(n, 2.0),
        source="made up",
    )


def test_len_filter_and_repr_tell_what_is_inside():
    slices = make_slices()
    assert len(slices) == 48 and len(slices[0]) == 1 and len(slices[-1]) == 1
    assert len(slices[slices.labels == 2]) == len(slices.of_type("glioma")) == 16
    assert slices[-1].ids[0] == "47"
    text = repr(slices)
    for part in ("48 of 12 patients", "32 x 32", "2 glioma", "made up"):
        assert part in text
    assert "none" in repr(slices[slices.labels == 0])
    assert len(concatenate([slices[:3], slices[5:7]])) == 5


@pytest.mark.parametrize("compress", [True, False])
def test_saving_keeps_everything_to_one_grey_level(tmp_path, compress):
    slices = make_slices()
    back = Slices.load(slices.save(tmp_path / "s.h5", compress))
    assert np.abs(back.images - slices.images).max() <= 0.5 / 255 + 1e-6
    assert back.images.dtype == np.float32
    for name in ("masks", "labels", "patients", "folds", "ids", "pixel_mm"):
        np.testing.assert_array_equal(getattr(back, name), getattr(slices, name))
    assert back.source == "made up" and not list(tmp_path.glob("*.part"))


def test_loading_something_else_names_the_file(tmp_path):
    with pytest.raises(DataError, match="no file .*nowhere.h5"):
        Slices.load(tmp_path / "nowhere.h5")
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(DataError, match="text.h5"):
        Slices.load(tmp_path / "text.h5")
    whole = make_slices().save(tmp_path / "cut.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="cut.h5"):
        Slices.load(tmp_path / "cut.h5")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("masks", np.zeros((48, 8, 8), bool), "must be equal"),
        ("labels", np.full(48, 7), "Unknown label 7"),
        ("patients", np.array(["a"]), "48 images but 1 entries in 'patients'"),
        ("images", np.zeros((48, 8)), r"\(N, H, W\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(field, value, message):
    good = make_slices()
    fields = {name: getattr(good, name) for name in good.__dataclass_fields__}
    with pytest.raises(DataError, match=message):
        Slices(**{**fields, field: value})


def test_resized_keeps_masks_binary_and_millimetres():
    half = make_slices().resized(16)
    assert half.images.shape == (48, 16, 16) and half.masks.dtype == bool
    assert half.pixel_mm[0] == 4.0
    area = make_slices().masks[0].sum() * 2.0**2
    assert half.masks[0].sum() * 4.0**2 == area


def test_normalise_is_blind_to_scale_and_offset():
    image = head().astype(float)
    first = normalise(image)
    assert first.min() == 0 and first.max() == 1 and first.dtype == np.float32
    np.testing.assert_allclose(normalise(image * 7 + 100), first, atol=1e-5)
    # Doing it twice changes next to nothing: slices in memory may go through the pipeline.
    np.testing.assert_allclose(normalise(first), first, atol=0.01)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((64, 64)), "one single grey"),
        (np.full((64, 64), np.nan), "NaN"),
        (np.zeros((64, 64, 3)), r"\(64, 64, 3\)"),
        (np.zeros((4, 4)), r"at least 16 x 16"),
    ],
)
def test_what_is_no_picture_is_refused(image, message):
    with pytest.raises(DataError, match=message):
        normalise(image)


def test_resize_averages_and_masks_stay_masks():
    checkers = np.indices((64, 64)).sum(0) % 2
    # A picture of single-pixel checkers shrinks to even grey, not to black or white.
    np.testing.assert_allclose(resize(checkers.astype("f4"), 16)[2:-2, 2:-2], 0.5, atol=0.05)
    mask = block_mask(64)
    assert resize_mask(mask, 32).sum() * 4 == mask.sum()


def test_padding_and_cropping_are_inverse():
    image = np.arange(20.0).reshape(4, 5)
    square = pad_to_square(image)
    assert square.shape == (5, 5)
    np.testing.assert_array_equal(crop_from_square(square, (4, 5)), image)


@pytest.mark.parametrize(
    ("patient", "merged"),
    [("MR040240B", "MR040240"), ("MR040240", "MR040240"), ("100572", "100572"), ("100572B", "100572B")],
)
def test_merged_patient(patient, merged):
    assert merged_patient(patient) == merged


def test_split_by_patient_shares_no_patient_and_all_types():
    train, test = split_by_patient(make_slices(), 0.25, seed=1)
    assert not set(train.patients) & set(test.patients)
    assert set(train.labels) == set(test.labels) == {1, 2, 3}
    assert len(train) + len(test) == 48 and test.n_patients == 3


def test_split_by_merged_patient_keeps_twins_together():
    for seed in range(5):
        train, test = split_by_merged_patient(make_slices(), 0.5, seed)
        assert not set(train.merged_patients) & set(test.merged_patients)


def test_leaky_split_leaks():
    train, test = leaky_split_by_slice(make_slices())
    assert set(train.patients) & set(test.patients)


def test_split_by_fold():
    train, test = split_by_fold(make_slices(), 3)
    assert set(test.folds) == {3} and set(train.folds) == {1, 2, 4}
    with pytest.raises(SplitError, match="folds here are 1, 2, 3, 4"):
        split_by_fold(make_slices(), 5)


def test_folds_of_our_own_are_patient_wise():
    slices = make_slices()
    folds = patient_folds(slices, 3)
    assert set(folds) == {1, 2, 3}
    for patient in np.unique(slices.patients):
        assert len(set(folds[slices.patients == patient])) == 1
    with pytest.raises(SplitError, match="4 patients, too few for 5 folds"):
        patient_folds(slices, 5)


def test_load_slices_takes_what_the_variable_names(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("BRAINTUT_DATA", "phantoms")
    assert load_slices().source.startswith("phantom")
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and "phantom" in printed.err
    make_slices().save(tmp_path / "mine.h5")
    monkeypatch.setenv("BRAINTUT_DATA", str(tmp_path / "mine.h5"))
    assert load_slices(size=16).images.shape == (48, 16, 16)
    monkeypatch.setenv("BRAINTUT_DATA", str(tmp_path / "nothing"))
    with pytest.raises(DataError, match="nothing"):
        load_slices()

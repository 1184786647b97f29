"""Slices, preprocessing and splits."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from braintut.dataset.grid import (
    bounding_box,
    from_square,
    mask_to_square,
    normalise,
    resize,
    resize_mask,
    square_pixel_mm,
    to_square,
)
from braintut.dataset.load import load_slices
from braintut.dataset.slices import Slices, concatenate, merged_patient
from braintut.dataset.splits import (
    last_fold,
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
    assert len(slices) == 48 and len(slices[:1]) == 1 and len(slices[-1:]) == 1
    assert len(slices[slices.labels == 2]) == len(slices.of_type("glioma")) == 16
    assert slices[-1].name == "slice 47"
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
    with pytest.raises(DataError, match=r"no file .*nowhere\.h5"):
        Slices.load(tmp_path / "nowhere.h5")
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(DataError, match=r"text\.h5"):
        Slices.load(tmp_path / "text.h5")
    whole = make_slices().save(tmp_path / "cut.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut\.h5"):
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


def own(**over):
    """Three slices of one's own, some fields given otherwise."""
    n = 3
    fields = {
        "images": np.linspace(0, 1, n * 24 * 16, dtype=np.float32).reshape(n, 24, 16),
        "masks": np.tile(block_mask(24)[:, :16].astype(bool), (n, 1, 1)),
        "labels": np.array([1, 2, 3]),
        "patients": np.array(["a", "b", "b"]),
        "folds": np.zeros(n, int),
        "ids": np.array(["1", "2", "3"]),
        "pixel_mm": np.full(n, 0.49),
    }
    return Slices(**{**fields, **over}, source="own")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("images", own().images.astype(np.float64)),
        ("images", own().images.tolist()),
        ("masks", own().masks.astype(np.uint8)),
        ("masks", own().masks.astype(np.uint8) * 255),
        ("masks", own().masks.astype(np.float32)),
        ("labels", [1.0, 2.0, 3.0]),
        ("folds", np.zeros(3)),
        ("ids", [1, 2, 3]),
        ("patients", ["a", "b", "b"]),
        ("pixel_mm", ["0.49"] * 3),
    ],
)
def test_other_types_of_the_same_values_are_the_same_slices(field, value):
    same, given = own(), own(**{field: value})
    for name in ("images", "masks", "labels", "patients", "folds", "ids", "pixel_mm"):
        np.testing.assert_array_equal(getattr(given, name), getattr(same, name))
        assert getattr(given, name).dtype.kind == getattr(same, name).dtype.kind


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("images", own().images * 500, "Images must lie in 0..1, but hold float32 values from 0 to 500"),
        ("images", own().images * 1.2, "from 0 to 1.2"),
        ("images", np.where(own().masks, np.nan, 0.5), "NaN"),
        ("images", (own().images * 255).astype(np.uint8), "float in 0..1, but are uint8"),
        ("images", np.zeros((3, 0, 16), np.float32), r"\(N, H, W\)"),
        ("images", [np.zeros((8, 8)), np.zeros((9, 9))], "differ in shape"),
        ("masks", own().images, "Masks must hold True and False"),
        ("masks", own().masks * 3, "holds int64 values from 0 to 3"),
        ("labels", ["glioma"] * 3, "Labels must be whole numbers"),
        ("labels", [1, 2], "3 images but 2 entries in 'labels'"),
        ("labels", [[1], [2], [3]], "'labels' must hold one entry for each image"),
        ("folds", [1.5, 2, 3], "Folds must be whole numbers"),
        ("patients", [100360.0, 1.0, 2.0], "Patients must be text"),
        ("pixel_mm", [0.49, np.nan, 0.49], "Slice 2: the pixel size must be one number above 0"),
        ("pixel_mm", [0.49, 0.49, -1], "Slice 3: the pixel size"),
        ("pixel_mm", 0.49, "'pixel_mm' must hold one entry for each image"),
    ],
)
def test_values_that_are_none_are_refused(field, value, message):
    with pytest.raises(DataError, match=message):
        own(**{field: value})


@pytest.mark.parametrize(
    ("index", "ids"),
    [
        (slice(1, 99), ["2", "3"]),
        (range(2), ["1", "2"]),
        ([2, 0], ["3", "1"]),
        ([True, False, True], ["1", "3"]),
        ([], []),
        (np.array([]), []),
        (np.zeros(3, bool), []),
    ],
    ids=str,
)
def test_what_may_stand_in_brackets(index, ids):
    assert own()[index].ids.tolist() == ids


@pytest.mark.parametrize(("index", "row"), [(0, 0), (-1, 2), (np.int64(1), 1), (np.array(2), 2)], ids=str)
def test_a_position_gives_one_scan(index, row):
    slices = own()
    scan = slices[index]
    assert (scan.name, scan.patient) == (f"slice {slices.ids[row]}", slices.patients[row])
    assert np.array_equal(scan.image, slices.images[row])
    assert np.array_equal(scan.true_mask, slices.masks[row])
    assert (scan.label, scan.tumour_type) == (slices.labels[row], slices.types[row])
    assert scan.pixel_mm == slices.pixel_mm[row] and not scan.pixel_mm_assumed


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (3, "no slice 3; the 3 slices are counted from 0 to 2"),
        (-4, "no slice -4"),
        ([0, 7], "no slice 7"),
        (True, "not by True"),
        (np.False_, "not by"),
        ("b", "not by 'b'"),
        (1.0, "not by 1.0"),
        ([0.0, 1.0], "Choose slices by"),
        ([True], "3 slices, but the condition has 1 entries"),
        (np.ones((3, 1), bool), "Choose slices by"),
        (None, "not by None"),
        ((0, 1, [2]), "Choose slices by"),
        (slice("a", None), "no range of positions"),
    ],
    ids=str,
)
def test_what_may_not(index, message):
    with pytest.raises(DataError, match=message):
        own()[index]
    with pytest.raises(IndexError):  # as with any sequence
        own()[index]


def test_a_loop_ends():
    assert [one.name for one in own()] == ["slice 1", "slice 2", "slice 3"]


def test_joining_takes_any_iterable_and_one_size():
    assert concatenate(part for part in (own(), own()[:1])).ids.tolist() == ["1", "2", "3", "1"]
    for parts, message in (
        ([], "at least one"),
        ([own(), None], "list of Slices"),
        ([own(), own().resized(8)], r"\(8, 8\) and of \(24, 16\)"),
    ):
        with pytest.raises(DataError, match=message):
            concatenate(parts)


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize(
    "slices",
    [
        own(),
        own(images=np.random.default_rng(0).random((3, 24, 16))),
        own(images=np.round(own().images * 255).astype(np.float32) * np.float32(1 / 255)),
        own(ids=["ä", "名", "\udce9"], patients=["", "MR1", "x" * 40]),
        own()[[]],
    ],
    ids=["ramp", "random", "256 greys", "names", "none"],
)
def test_load_gives_back_what_was_saved(tmp_path, slices, compress):
    back = Slices.load(slices.save(tmp_path / "s.h5", compress))
    for name in ("images", "masks", "labels", "patients", "folds", "ids", "pixel_mm"):
        np.testing.assert_array_equal(getattr(back, name), getattr(slices, name))
    assert back.images.shape == slices.images.shape


def test_256_greys_take_one_byte_a_pixel(tmp_path, phantoms):
    with h5py.File(phantoms[:3].save(tmp_path / "s.h5")) as file:
        assert file["images"].dtype == np.uint8 and file.attrs["format"] == "braintut-slices-1"


def replace_in_file(name, value):
    def change(file):
        file.attrs.pop("crc32")  # an older braintut wrote none; with one, any change is told at once
        del file[name]
        if value is not None:
            file[name] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replace_in_file("folds", None), "lacks 'folds'"),
        (lambda file: file.attrs.__setitem__("format", "braintut-slices-0"), "not one that Slices.save"),
        (lambda file: file.attrs.__delitem__("source"), "cannot be read as a Slices file"),
        (replace_in_file("masks", np.zeros((3, 24, 16), np.float32)), "another kind"),
        (replace_in_file("masks", np.zeros((3, 24, 3), np.uint8)), "do not fit"),
        (replace_in_file("ids", np.arange(3)), "cannot be read as a Slices file"),
        (replace_in_file("images", np.zeros((3, 24, 16, 1), np.float32)), "another kind"),
        (replace_in_file("images", np.zeros(3, np.float32)), "another kind"),
        (replace_in_file("images", np.full((3, 24, 16), np.nan, np.float32)), "NaN"),
        (replace_in_file("pixel_mm", np.zeros(3)), "pixel size"),
        (replace_in_file("labels", np.array([1, 2, 9])), "Unknown label 9"),
        (replace_in_file("labels", np.array([1, 2])), "3 images but 2 entries"),
    ],
)
def test_odd_files_are_named(tmp_path, change, message):
    path = own().save(tmp_path / "odd.h5")
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(DataError, match=rf"odd\.h5.*{message}"):
        Slices.load(path)


def test_a_file_that_claims_more_than_it_holds_is_not_read(tmp_path):
    path = own().save(tmp_path / "odd.h5")
    with h5py.File(path, "a") as file:
        del file["images"]
        file.create_dataset("images", shape=(3, 100_000, 100_000), dtype=np.float32, chunks=True)
    with pytest.raises(DataError, match=r"odd\.h5: 'images' claims"):
        Slices.load(path)


@pytest.mark.parametrize("shape", [(96, 128), (128, 96), (60, 90)])
def test_an_area_stays_the_same_on_a_grid_that_is_no_square(shape):
    mask = np.zeros((1, *shape), bool)
    mask[0, 20:44, 30:54] = True
    slices = own()[:1]
    slices = replace(slices, images=mask.astype(np.float32), masks=mask).resized(64)
    height, width = (int(np.ptp(at)) + 1 for at in np.nonzero(slices.masks[0]))
    assert slices.images.shape == (1, 64, 64) and abs(height - width) <= 1  # a square stays a square
    assert slices.masks.sum() * slices.pixel_mm[0] ** 2 == pytest.approx(24 * 24 * 0.49**2, rel=0.1)


@pytest.mark.parametrize("size", [0, -4, 1.5, "64", True, None])
def test_a_size_must_be_whole_pixels(size):
    with pytest.raises(DataError, match="whole number of pixels"):
        own().resized(size)


def test_none_can_be_resized():
    assert own()[[]].resized(8).images.shape == (0, 8, 8)


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
        (head() * 1e300, "beyond 1e"),
        ((head() / 400 - 0.5) * 3e38, "beyond 1e"),
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


def test_the_way_to_a_square_grid_and_back():
    image = np.arange(20.0).reshape(4, 5)
    square = to_square(image, 5)
    assert square.shape == (5, 5)
    np.testing.assert_array_equal(from_square(square, (4, 5)), image)
    mask = image > 12
    np.testing.assert_array_equal(mask_to_square(mask, 5)[:4], mask)
    assert square_pixel_mm(2.0, (4, 5), 10) == 1.0  # 10 mm, in ten pixels


@pytest.mark.parametrize(
    ("margin", "rows", "columns"), [(0, (3, 5), (1, 6)), (1, (2, 6), (0, 7)), (9, (0, 14), (0, 15))]
)
def test_a_box_holds_the_mask_and_its_margin(margin, rows, columns):
    mask = np.zeros((8, 7), bool)
    mask[3, 1] = mask[4, 5] = True
    assert bounding_box(mask, margin) == (slice(*rows), slice(*columns))


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


@pytest.mark.parametrize("last", [3, 2])
def test_the_last_fold_that_is_there_is_the_test(last):
    slices = make_slices()
    slices = slices[slices.folds <= last]
    train, test = split_by_fold(slices)
    assert last_fold(slices) == last and set(test.folds) == {last} and set(train.folds) == set(range(1, last))
    with pytest.raises(SplitError, match=f"Fold {last} leaves one side empty"):
        split_by_fold(test)


@pytest.mark.parametrize("folds", [0, [0, 1]], ids=["none", "of some only"])
def test_without_folds_there_is_no_last_one(folds):
    slices = make_slices()
    slices = replace(slices, folds=np.resize(folds, len(slices)))
    for ask in (last_fold, split_by_fold, lambda s: last_fold(s[:0])):
        with pytest.raises(SplitError, match="no official folds"):
            ask(slices)


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


@pytest.mark.parametrize(
    "split",
    [
        lambda s: split_by_patient(s[[]]),
        lambda s: split_by_merged_patient(s[[]]),
        lambda s: split_by_patient(s, 1.5),
        lambda s: split_by_patient(s, float("nan")),
        lambda s: split_by_patient(s, "half"),
        lambda s: leaky_split_by_slice(s[[]]),
        lambda s: leaky_split_by_slice(s, 2.5),
        lambda s: leaky_split_by_slice(s[:1]),
        lambda s: split_by_fold(s[[]], 1),
        lambda s: patient_folds(s, 1),
        lambda s: patient_folds(s, 2.5),
        lambda s: patient_folds(s[[]], 2),
    ],
)
def test_splits_that_cannot_be_made_are_refused(split):
    with pytest.raises(SplitError):
        split(make_slices())


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


@pytest.mark.parametrize(
    "cut",
    [
        lambda slices: patient_folds(slices, 1),
        lambda slices: patient_folds(slices[:0]),
        lambda slices: leaky_split_by_slice(slices, 0),
        lambda slices: leaky_split_by_slice(slices, 0.999),
        lambda slices: leaky_split_by_slice(slices[:5]),
        lambda slices: split_by_fold(slices[:0], 1),
    ],
)
def test_what_cannot_be_cut_is_refused_in_one_sentence(cut):
    with pytest.raises(SplitError):
        cut(make_slices())

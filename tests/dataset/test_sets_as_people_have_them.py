"""Folders and zips as people have them: read whole and each slice once, or named."""

import os
import shutil
import struct
import zipfile

import numpy as np
import pytest

from braintut.dataset import entries, figshare, load, zips
from braintut.dataset.figshare import list_slices, load_figshare, read_figshare, read_folds
from braintut.dataset.load import load_slices
from braintut.dataset.slices import Slices
from braintut.errors import DataError
from making import head, write_cvind, write_mat, zipped

FOLDS = [3, 1, 2]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The bytes of `1.mat`, `2.mat`, `3.mat` and `cvind.mat`."""
    folder = tmp_path_factory.mktemp("files")
    for number in (1, 2, 3):
        patient = np.array([[80], [48 + number]], np.uint16)
        write_mat(folder / f"{number}.mat", image=head(seed=number), PID=patient, label=np.array([[float(number)]]))
    write_cvind(folder / "cvind.mat", FOLDS)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def put(folder, contents):
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def read(folder):
    return read_figshare(folder, size=32, progress=False, n_jobs=1)


NOTE = b"\0\5\x16\7" + bytes(100)

LAYOUTS = {
    "as published": lambda f: {"a.zip": zipped({"1.mat": f["1.mat"], "2.mat": f["2.mat"]}), "3.mat": f["3.mat"],
                               "cvind.mat": f["cvind.mat"]},
    "one zip of all zips": lambda f: {"1512427.zip": zipped({
        "a.zip": zipped({"1.mat": f["1.mat"]}), "b.zip": zipped({n: f[n] for n in ("2.mat", "3.mat")}),
        "cvind.mat": f["cvind.mat"], "README 2024.txt": b"read me"}, zipfile.ZIP_STORED)},
    "a zip in a zip in a zip": lambda f: {"x.zip": zipped({"y.zip": zipped({"z.zip": zipped(f)})})},
    "a folder for each zip": lambda f: {"a/1.mat": f["1.mat"], "b/2.mat": f["2.mat"], "b/c/3.mat": f["3.mat"],
                                        "cvind.mat": f["cvind.mat"]},
    "class folders": lambda f: {"meningioma/1.mat": f["1.mat"], "glioma/2.mat": f["2.mat"],
                                "pituitary tumor/3.mat": f["3.mat"], "folds/cvind.mat": f["cvind.mat"]},
    "capital letters": lambda f: {name.upper(): content for name, content in f.items()},
    "capital letters in a capital zip": lambda f: {"A.ZIP": zipped({n.upper(): c for n, c in f.items()})},
    "from a Mac": lambda f: {**f, **{f"._{name}": NOTE for name in f}, ".DS_Store": b"x", "__MACOSX/._4.mat": NOTE},
    "zipped on a Mac": lambda f: {"a.zip": zipped({**f, **{f"__MACOSX/slices/._{name}": NOTE for name in f}})},
    "backslashes in a zip": lambda f: {"a.zip": zipped({f"slices\\{name}": content for name, content in f.items()})},
    "leading dots in a zip": lambda f: {"a.zip": zipped({f"./../{name}": content for name, content in f.items()})},
    "a folder called .zip": lambda f: {f"a.zip/{name}": content for name, content in f.items()},
    "a zip without a suffix": lambda f: {"3381290": zipped(f)},
    "folds in a sub-folder of a zip": lambda f: {"a.zip": zipped({"all/" + n: c for n, c in f.items()})},
    "with leading noughts": lambda f: {n if n == "cvind.mat" else f"000{n}": c for n, c in f.items()},
    "beside other files": lambda f: {**f, "README.txt": b"x", "notes.m": b"x", "Thumbs.db": b"x", "1.png": b"x"},
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_gives_the_same_slices(tmp_path, files, layout, capsys):
    slices = read(put(tmp_path, layout(files)))
    assert (slices.ids.tolist(), slices.folds.tolist()) == (["1", "2", "3"], FOLDS)
    assert (slices.patients.tolist(), slices.labels.tolist()) == (["P1", "P2", "P3"], [1, 2, 3])
    assert capsys.readouterr().err == ""
    assert not any(path.suffix == ".h5" for path in tmp_path.rglob("*"))


def test_a_zip_itself_is_a_set(tmp_path, files):
    put(tmp_path, {"all.zip": zipped(files)})
    assert read(tmp_path / "all.zip").folds.tolist() == FOLDS
    assert len(load_figshare(tmp_path / "all.zip", 32, progress=False)) == 3
    assert [path.name[:14] for path in tmp_path.glob("*.h5")] == ["all_slices_32_"]


def test_links_to_folders_are_followed_once(tmp_path, files):
    put(tmp_path / "real", files)
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "slices").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "round").symlink_to(tmp_path / "real")
    assert len(read(tmp_path / "set")) == 3


COPIES = {
    "by a browser": "1 (1).mat",
    "by the Explorer": "1 - Copy.mat",
    "in German": "1 - Kopie (2).mat",
    "in French": "1 - Copie.mat",
    "in Chinese": "1 - 副本.mat",
    "in Russian": "1 — копия.mat",
    "by the Finder": "1 copy 2.mat",
    "by an old Explorer": "Copy of 1.mat",
    "copy of a copy": "1 - Copy (2) - Copy.mat",
    "a nought before": "001.mat",
    "in another folder": "again/1.mat",
}


@pytest.mark.parametrize("name", COPIES.values(), ids=COPIES)
def test_a_copy_counts_once_and_a_changed_one_is_an_error_that_names_both(tmp_path, files, name, capsys):
    put(tmp_path, {**files, name: files["1.mat"]})
    assert read(tmp_path).ids.tolist() == ["1", "2", "3"]
    assert f"One copy was left out: {tmp_path / name} is the same as {tmp_path / '1.mat'}." in capsys.readouterr().err
    put(tmp_path, {name: files["2.mat"]})
    with pytest.raises(DataError, match="differ, but both are slice '1'") as caught:
        read(tmp_path)
    assert str(tmp_path / "1.mat") in str(caught.value) and str(tmp_path / name) in str(caught.value)


OTHER_NAMES = {"a superscript": "²", "an Arabic digit": "٣", "words": "backup of 3, old"}


@pytest.mark.parametrize("stem", OTHER_NAMES.values(), ids=OTHER_NAMES)
def test_a_name_that_is_no_number_is_a_copy_or_has_no_fold(tmp_path, files, stem, capsys):
    put(tmp_path, {**files, f"{stem}.mat": files["3.mat"]})
    assert read(tmp_path).ids.tolist() == ["1", "2", "3"]
    assert f"{stem}.mat is the same as" in capsys.readouterr().err
    write_mat(tmp_path / f"{stem}.mat", image=head(seed=9))
    with pytest.raises(DataError, match=rf"{stem}\.mat has no fold: cvind\.mat holds those of slices 1 to 3"):
        read(tmp_path)
    (tmp_path / "cvind.mat").unlink()
    assert read(tmp_path).ids.tolist() == ["1", "2", "3", stem]


def test_a_copy_alone_is_the_slice_and_that_is_said(tmp_path, files, capsys):
    put(tmp_path, {"2 (1).mat": files["2.mat"], "cvind (1).mat": files["cvind.mat"]})
    slices = read(tmp_path)
    assert (slices.ids.tolist(), slices.folds.tolist()) == (["2"], [1])
    assert "2 (1).mat is taken as slice 2" in capsys.readouterr().err


def test_names_dealt_by_the_explorer_are_names_and_no_copies(tmp_path, files):
    put(tmp_path, {f"glioma ({n}).mat": files[f"{n}.mat"] for n in (1, 2, 3)})
    assert read(tmp_path).ids.tolist() == ["glioma (1)", "glioma (2)", "glioma (3)"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_must_be_the_same(tmp_path, files):
    for second, message in ((files["1.mat"], None), (files["2.mat"], r"x\.zip/1\.mat and .*x\.zip/1\.mat differ")):
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            archive.writestr("1.mat", files["1.mat"])
            archive.writestr("1.mat", second)
        if message is None:
            assert len(read(tmp_path)) == 1
        else:
            with pytest.raises(DataError, match=message):
                read(tmp_path)


def test_a_zip_and_what_was_unpacked_from_it_count_once(tmp_path, files, capsys):
    put(tmp_path, {"a.zip": zipped(files), **files})
    assert [entry.member for entry in list_slices(tmp_path)] == [None, None, None]
    assert "3 copies were left out" in capsys.readouterr().err
    put(tmp_path, {"1.mat": files["2.mat"]})
    with pytest.raises(DataError, match=r"1\.mat and .*a\.zip/1\.mat differ"):
        list_slices(tmp_path)


def test_two_lists_of_folds_must_be_the_same(tmp_path, files):
    put(tmp_path, {**files, "a/cvind.mat": files["cvind.mat"]})
    assert read_folds(tmp_path).tolist() == FOLDS
    write_cvind(tmp_path / "a" / "cvind.mat", [1, 1, 1])
    with pytest.raises(DataError, match=r"cvind\.mat and .*cvind\.mat differ"):
        read_folds(tmp_path)


def test_a_part_of_the_set_takes_its_folds_from_the_whole_list(tmp_path, files):
    put(tmp_path, {"2.mat": files["2.mat"], "3.mat": files["3.mat"]})
    write_cvind(tmp_path / "cvind.mat", [1, 4, 5] * 1000)
    assert read(tmp_path).folds.tolist() == [4, 5]


def changed(content, change):
    content = bytearray(content)
    change(content, content.rfind(b"PK\1\2"))
    return bytes(content)


def flip(content, directory):
    content[60:80] = b"\xff" * 20


def deflate64(content, directory):
    content[8:10] = content[directory + 10 : directory + 12] = struct.pack("<H", 9)


def password(content, directory):
    content[6] |= 1
    content[directory + 8] |= 1


def boundless(content, directory):
    content[directory + 24 : directory + 28] = struct.pack("<I", 2**32 - 2)


def cut(content, directory):
    del content[len(content) // 2 :]


BROKEN_ZIPS = {
    "a flipped byte": (flip, "is damaged in its zip"),
    "another packing": (deflate64, "packed in a way that Python cannot read"),
    "a password": (password, "locked by a password"),
    "cut short": (cut, "no whole zip"),
    "a bomb": (boundless, r"claims to unpack to 4\.3 GB"),
}


@pytest.mark.parametrize("nested", [False, True], ids=["a zip", "a zip in a zip"])
@pytest.mark.parametrize(("change", "message"), BROKEN_ZIPS.values(), ids=BROKEN_ZIPS)
def test_what_is_wrong_with_a_zip_is_told_in_one_sentence(tmp_path, files, change, message, nested):
    broken = changed(zipped({"1.mat": files["1.mat"]}), change)
    put(tmp_path, {"x.zip": zipped({"y.zip": broken}, zipfile.ZIP_STORED) if nested else broken})
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path)
    assert "x.zip/y.zip" in str(caught.value) if nested else "x.zip" in str(caught.value)


def test_zips_too_deep_or_too_large_are_refused(tmp_path, files, monkeypatch):
    deep = files["1.mat"]
    for name in ("1.mat", "a.zip", "b.zip", "c.zip"):
        deep = zipped({name: deep})
    put(tmp_path, {"d.zip": deep})
    with pytest.raises(DataError, match=r"d\.zip/c\.zip/b\.zip/a\.zip is a zip too deep"):
        read(tmp_path)
    monkeypatch.setattr(zips, "MAX_INNER_ZIP", 100)
    with pytest.raises(DataError, match=r"d\.zip/c\.zip claims to unpack"):
        read(tmp_path)


def test_no_rights_are_no_damage(tmp_path, files, monkeypatch):
    def refused(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    put(tmp_path, {"a.zip": zipped(files)})
    monkeypatch.setattr(zips.zipfile, "ZipFile", refused)
    with pytest.raises(DataError, match=r"a\.zip may not be read"):
        read(tmp_path)
    monkeypatch.setattr(entries.os, "walk", lambda top, followlinks, onerror: onerror(OSError(13, "No", str(top))))
    with pytest.raises(DataError, match="may not be read"):
        read(tmp_path)


def test_a_link_to_nowhere_is_named(tmp_path, files):
    put(tmp_path, files)
    (tmp_path / "4.mat").symlink_to(tmp_path / "gone.mat")
    for call in (read, lambda folder: load_figshare(folder, 32, progress=False)):
        with pytest.raises(DataError, match=r"4\.mat cannot be read"):
            call(tmp_path)


def test_what_is_not_read_is_said(tmp_path, files, capsys):
    put(tmp_path, {**files, "more.rar": b"Rar!", "rest.zip.part": b"PK", "pictures.zip": zipped({"1.png": b"x"})})
    assert len(read(tmp_path)) == 3
    said = capsys.readouterr().err
    for name in ("more.rar", "rest.zip.part", "pictures.zip"):
        assert f"{tmp_path / name} is not read" in said
    put(tmp_path / "only", {"more.7z": b"7z"})
    with pytest.raises(DataError, match=r"holds no \.mat file .* but .*more\.7z"):
        read(tmp_path / "only")


@pytest.fixture
def default(tmp_path, monkeypatch):
    monkeypatch.delenv("BRAINTUT_DATA", raising=False)
    monkeypatch.setattr(load, "default_data_folder", lambda: tmp_path)
    monkeypatch.setattr(load, "sample_folder", lambda: tmp_path.with_name(f"{tmp_path.name}_sample"))  # not there
    return tmp_path


FOUND = {
    "loose": lambda f: {"1.mat": f["1.mat"]},
    "in a folder": lambda f: {"brainTumorDataPublic_1-766/1.mat": f["1.mat"], "cvind.mat": f["cvind.mat"]},
    "in capital letters": lambda f: {"1.MAT": f["1.mat"]},
    "without a number": lambda f: {"mine.mat": f["1.mat"]},
    "in a zip": lambda f: {"a.ZIP": zipped({"1.mat": f["1.mat"]})},
    "in a zip of a zip": lambda f: {"1512427.zip": zipped({"a.zip": zipped({"1.mat": f["1.mat"]})})},
}


@pytest.mark.parametrize("layout", FOUND.values(), ids=FOUND)
def test_slices_in_the_default_folder_are_never_passed_over(default, files, layout):
    put(default, layout(files))
    assert load_slices(32).source == "figshare, 1 of 3064 slices"


NOT_READ = {
    "another archive": "brainTumorDataPublic_1-766.rar",
    "an unfinished download": "brainTumorDataPublic_1-766.zip.part",
    "a slice that a mail program renamed": "1.mat.txt.bin",
    "pictures": "meningioma/1.png",
    "a cache alone": "slices_256_0123456789.h5",
    "without a suffix": "1",
}


@pytest.mark.parametrize("name", NOT_READ.values(), ids=NOT_READ)
def test_beside_slices_in_another_form_no_phantoms_are_loaded(default, name):
    put(default, {name: b"?"})
    with pytest.raises(DataError, match=r"holds .*, but no \.mat file and no zip") as caught:
        load_slices(32)
    assert name.rsplit("/")[-1] in str(caught.value) and "BRAINTUT_DATA" in str(caught.value)


@pytest.mark.parametrize("names", [[], ["README.txt"], [".gitkeep", ".DS_Store", "Thumbs.db"], ["cvind.mat"]], ids=str)
def test_without_slices_there_are_phantoms(default, files, names):
    put(default, {name: files.get(name, b"?") for name in names})
    assert load_slices(32).source.startswith("phantoms")


def test_the_variable_may_name_a_zip_or_begin_at_home(tmp_path, files, monkeypatch):
    put(tmp_path, {"all.zip": zipped(files), "folder/1.mat": files["1.mat"]})
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for chosen, n in (("~/all.zip", 3), ("~/folder", 1), (f" {tmp_path}/folder ", 1)):
        monkeypatch.setenv("BRAINTUT_DATA", chosen)
        assert len(load_slices(32)) == n


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("{}/absent", "no such folder or file"),
        ("{}/absent.zip", "no such folder or file"),
        ("{}/1.mat", "a single slice"),
        ("{}/text.zip", r"text\.zip is no whole zip"),
        ("{}/text", "text"),
        ("~nobody-of-this-name/data", "cannot be looked at"),
        ("x" * 5000, "cannot be looked at"),
        ("{}/empty", "holds no .mat file"),
    ],
)
def test_a_variable_that_names_no_set_is_one_sentence(tmp_path, files, monkeypatch, chosen, message):
    put(tmp_path, {"1.mat": files["1.mat"], "text.zip": b"hello", "text": b"hello"})
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("BRAINTUT_DATA", chosen.format(tmp_path))
    with pytest.raises(DataError, match=message):
        load_slices(32)


def cached(folder):
    return load_figshare(folder, size=32, progress=False)


CHANGES = {
    "a slice in a sub-folder": lambda folder, f: put(folder, {"deep/er/3.mat": f["3.mat"]}),
    "a zip in a sub-folder": lambda folder, f: put(folder, {"deep/a.zip": zipped({"3.mat": f["3.mat"]})}),
    "another zip in the zip": lambda folder, f: put(folder, {"outer.zip": zipped({"a.zip": zipped({
        "2.mat": f["2.mat"], "3.mat": f["3.mat"]})})}),
    "folds in a zip": lambda folder, f: put(folder, {"folds/folds.zip": zipped({"cvind.mat": f["cvind.mat"]})}),
    "a slice gone": lambda folder, f: (folder / "1.mat").unlink(),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_cache_follows_everything_that_it_was_made_from(tmp_path, files, change, monkeypatch):
    put(tmp_path, {"1.mat": files["1.mat"], "outer.zip": zipped({"a.zip": zipped({"2.mat": files["2.mat"]})})})
    before = cached(tmp_path)
    monkeypatch.setattr(figshare, "read_figshare", lambda *args: pytest.fail("the cache was not used"))
    assert cached(tmp_path).ids.tolist() == before.ids.tolist() == ["1", "2"]
    monkeypatch.undo()
    change(tmp_path, files)
    after = cached(tmp_path)
    assert (after.ids.tolist(), after.folds.tolist()) != (before.ids.tolist(), before.folds.tolist())
    assert len(list(tmp_path.glob("slices_*"))) == 1


def flipped(content, word):
    at = content.index(word)
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGE = {
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "zeros in its head": lambda content: content[:40] + bytes(200) + content[240:],
    "one grey level": lambda content: flipped(content, bytes([255, 255])),
    "a patient": lambda content: flipped(content, b"P2"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_cache_is_made_again(tmp_path, files, damage, capsys):
    whole = cached(put(tmp_path, files))
    (cache,) = tmp_path.glob("slices_*.h5")
    good = cache.read_bytes()
    cache.write_bytes(damage(good))
    again = cached(tmp_path)
    np.testing.assert_array_equal(again.images, whole.images)
    assert again.patients.tolist() == whole.patients.tolist()
    assert "It is made now" in capsys.readouterr().err and cache.stat().st_size == len(good)


def test_a_folder_that_may_not_be_written_works_without_a_cache(tmp_path, files, monkeypatch, capsys):
    def refused(self, path, compress):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Slices, "save", refused)
    assert len(cached(put(tmp_path, files))) == 3
    assert "no cache was written" in capsys.readouterr().err


def test_the_older_cache_stays_until_the_new_one_is_whole(tmp_path, files, monkeypatch):
    cached(put(tmp_path, files))
    (old,) = tmp_path.glob("slices_*.h5")
    shutil.copy(tmp_path / "1.mat", tmp_path / "001.mat")
    monkeypatch.setattr(Slices, "save", lambda *args, **kwargs: (_ for _ in ()).throw(OSError(28, "No space left")))
    cached(tmp_path)
    assert old.exists()


def test_what_a_killed_process_left_is_removed_a_day_later(tmp_path, files):
    put(tmp_path, {**files, "slices_32_x.h5.1.part": b"?", "slices_32_x.h5.2.part": b"?"})
    os.utime(tmp_path / "slices_32_x.h5.1.part", (0, 0))
    cached(tmp_path)
    assert [path.name for path in tmp_path.glob("*.part")] == ["slices_32_x.h5.2.part"]

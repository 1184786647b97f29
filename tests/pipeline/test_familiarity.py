"""What looks unlike the training slices is marked; what looks like them is not."""

import json
import shutil

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

from braintut.dataset.load import load_phantoms
from braintut.dataset.scan import Scan
from braintut.dataset.splits import split_by_fold
from braintut.errors import DataError, ModelError
from braintut.features.look import LOOK_LENGTH, measure_look
from braintut.pipeline.card import FAMILIARITY, FILES, load_card, shipped_pairs
from braintut.pipeline.familiarity import Familiarity, fit_looks
from braintut.pipeline.pipeline import load_pipeline
from braintut.pipeline.storage import add_familiarity, read_familiarity
from braintut.teaching.findings import Findings, in_words
from mutating import npy, zipped

HEAD = load_phantoms()[:1].images[0]


@pytest.fixture(scope="module")
def shipped():
    return load_pipeline("phantom")


def page(ink: int) -> np.ndarray:
    picture = Image.new("L", (400, 300), 255 - ink)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    for i in range(14):
        draw.text((15, 15 + 20 * i), f"Line {i}: the ventricles are of normal width.", fill=ink, font=font)
    return np.asarray(picture, float)


def noise(size=256) -> np.ndarray:
    return np.abs(np.random.default_rng(0).normal(size=(size, size)))


def oval(inside: np.ndarray | float) -> np.ndarray:
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    return (np.hypot(x / 0.7, y / 0.9) < 1) * inside


NO_SLICES = {
    "dark text": page(0),
    "light text": page(255),
    "noise": noise(),
    "noise in an oval": oval(noise()),
    "a negative": 1 - HEAD,
    "a photograph": skimage.data.camera().astype(float),
    "a dark photograph": np.pad(skimage.data.camera() / 255, 40),
    "a digit": zoom(load_digits().images[3], 20, order=1),
    "a shaded disc": oval(np.linspace(0.2, 1, 256)),
    "half a head": HEAD[:, :128],
    "a screenshot": np.pad(HEAD, 30, constant_values=0.8),
}


@pytest.mark.parametrize("picture", NO_SLICES.values(), ids=NO_SLICES)
def test_what_is_no_slice_is_refused_or_marked(shipped, picture):
    try:
        said = str(shipped(Scan("picture", picture)))
    except DataError as error:
        said = str(error)
    assert "This is no picture of a head" in said or "(unlike the slices it learnt from)" in said


@pytest.mark.parametrize("tumour_free", [False, True])
def test_phantoms_that_were_never_met_are_familiar(shipped, tumour_free):
    slices = load_phantoms(tumour_free)
    slices = slices if tumour_free else split_by_fold(slices, 5)[1]
    marked = [shipped.familiarity.unlike(image) > 1 for image in slices.images]
    assert len(marked) > 30 and np.mean(marked) <= 0.05


def test_an_array_is_marked_where_a_file_is_refused(shipped):
    """An array may be a learner's own: it gets an answer, and the mark, even where only the first step noticed."""
    framed = np.pad(HEAD, 2, constant_values=1.0)
    with pytest.raises(DataError, match="light all around"):
        shipped(Scan("framed", framed))
    assert shipped(framed).familiar is False
    assert shipped(1 - HEAD).familiar is False and shipped(HEAD).familiar is True


def test_the_explorer_says_so(shipped):
    slices = load_phantoms()[:2]
    slices.images[1] = oval(noise()).clip(0, 1)
    findings = Findings(slices, shipped)
    said = [in_words(findings, i, findings.mask(i)) for i in (0, 1)]
    assert ["unlike the slices that the network learnt from" in line for line in said] == [False, True]


def test_a_new_pair_learns_it(tiny_pipeline, phantoms):
    unseen = split_by_fold(phantoms, 5)[1]
    assert np.mean([tiny_pipeline.familiarity.unlike(image) > 1 for image in unseen.images]) <= 0.05
    assert tiny_pipeline(noise()).familiar is False


# --- how it is fitted ----------------------------------------------------------------------------------------------


def blobs(n_patients=40, each=10, seed=0):
    """Made-up looks: a patient's lie together, and no number varies as much as the next."""
    rng = np.random.default_rng(seed)
    patients = np.repeat([f"p{i}" for i in range(n_patients)], each)
    own = np.repeat(rng.normal(size=(n_patients, 6)), each, axis=0)
    return (own + 0.2 * rng.normal(size=own.shape)) * [1, 2, 4, 8, 16, 32], patients


def test_strangers_alike_stay_below_the_limit_and_others_do_not():
    fitted = fit_looks(*blobs())
    alike = fitted.distances(blobs(seed=1)[0])
    assert 0 < (alike > 1).mean() < 0.05
    assert (fitted.distances(blobs(seed=1)[0] + [0, 0, 0, 0, 0, 400]) > 1).all()
    assert (fitted.distances(blobs(seed=1)[0][:, ::-1]) > 1).mean() > 0.9  # the same numbers in the wrong places


def test_the_limit_is_read_off_at_patients_and_not_at_slices():
    """Forgetting who is who would bring the limit close to what was learnt by heart."""
    looks, patients = blobs(n_patients=12, each=40)
    nobody = np.arange(len(patients)).astype(str)
    assert np.median(fit_looks(looks, patients).distances(looks)) < np.median(fit_looks(looks, nobody).distances(looks))


def test_too_few_patients_say_nothing():
    looks, patients = blobs(n_patients=9)
    assert fit_looks(looks, patients) is None
    twins = np.array([f"MR{i}{letter}" for i in range(5) for letter in "AB"]).repeat(10)
    assert fit_looks(blobs(n_patients=10)[0], twins) is None  # five people


def test_a_look_is_the_same_at_every_size_and_in_a_mirror():
    look, larger = measure_look(HEAD), measure_look(zoom(HEAD, 2, order=1))
    assert look.shape == (LOOK_LENGTH,) and np.isfinite(look).all()
    np.testing.assert_allclose(look[:16], larger[:16], atol=0.05)
    np.testing.assert_allclose(look[:28], measure_look(HEAD[:, ::-1])[:28], atol=0.02)


@pytest.mark.parametrize("picture", [np.zeros((64, 64)), np.ones((64, 64)), np.eye(64)], ids=["air", "white", "a line"])
def test_any_picture_has_a_look(picture):
    assert np.isfinite(measure_look(picture.astype(np.float32))).all()


# --- how it is stored ----------------------------------------------------------------------------------------------


def test_all_shipped_pairs_have_it():
    for name in shipped_pairs():
        assert FAMILIARITY in load_card(name)["files"] and "unfamiliar" in load_card(name)["about_familiarity"]


def test_it_is_stored_with_the_pair(tiny_pipeline, tiny_folder):
    again = load_pipeline(tiny_folder)
    assert again.familiarity.unlike(HEAD) == pytest.approx(tiny_pipeline.familiarity.unlike(HEAD), rel=1e-6)


def test_a_pair_without_it_loads_and_says_nothing(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder, tmp_path / "old")
    (folder / FAMILIARITY).unlink()
    card = json.loads((folder / "card.json").read_text())
    del card["files"][FAMILIARITY]
    (folder / "card.json").write_text(json.dumps(card))
    report = load_pipeline(folder)(noise())
    assert (report.familiar, report.unlike) == (None, None) and "unlike" not in str(report) + report.html()


def test_a_pair_that_lost_it_is_damaged(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder, tmp_path / "pair")
    (folder / FAMILIARITY).unlink()
    with pytest.raises(ModelError, match=r"familiarity\.npz is missing or not the one that its card names"):
        load_pipeline(folder)


def test_another_one_changes_nothing_else(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder, tmp_path / "pair")
    before = {file: (folder / file).read_bytes() for file in FILES}
    other = Familiarity(np.zeros(LOOK_LENGTH, np.float32), np.zeros((LOOK_LENGTH, LOOK_LENGTH), np.float32))
    add_familiarity(folder, other)
    assert {file: (folder / file).read_bytes() for file in FILES} == before
    assert load_pipeline(folder)(noise()).unlike == 0


GOOD = [("centre.npy", npy(np.zeros(LOOK_LENGTH, "f4"))), ("whitening.npy", npy(np.eye(LOOK_LENGTH, dtype="f4")))]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "cannot be read"),
        (zipped(GOOD[:1]), "cannot be read"),
        (zipped([GOOD[0], ("whitening.npy", npy(np.eye(4, dtype="f4")))]), "needs float"),
        (zipped([GOOD[0], ("whitening.npy", npy(np.eye(LOOK_LENGTH, dtype=int)))]), "needs float"),
        (zipped([("centre.npy", npy(np.full(LOOK_LENGTH, np.nan, "f4"))), GOOD[1]]), "NaN or infinite"),
    ],
    ids=["empty", "an array missing", "another shape", "whole numbers", "no numbers"],
)
def test_files_that_do_not_fit_are_refused(tmp_path, data, words):
    path = tmp_path / FAMILIARITY
    path.write_bytes(data)
    with pytest.raises(ModelError, match=words) as caught:
        read_familiarity(path)
    assert FAMILIARITY in str(caught.value)


def test_a_good_file_is_read(tmp_path):
    (tmp_path / FAMILIARITY).write_bytes(zipped(GOOD))
    assert read_familiarity(tmp_path / FAMILIARITY).distances(np.eye(LOOK_LENGTH)).tolist() == [1] * LOOK_LENGTH

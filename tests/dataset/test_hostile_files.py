"""Files of slices that somebody made to have other files of the machine read: refused, and nothing of them is shown."""

import h5py
import numpy as np
import pytest

from braintut.dataset.figshare import read_folds
from braintut.dataset.load import load_phantoms
from braintut.dataset.mat import read_mat
from braintut.dataset.slices import Slices
from braintut.errors import DataError
from making import write_cvind, write_mat


def outside(group, name, secret):
    """The values are the bytes of any file."""
    group.create_dataset(name, (4, 4), "u1", external=[(str(secret), 0, 16)])


def virtual(group, name, secret):
    """The values are taken from a dataset of another HDF5 file."""
    layout = h5py.VirtualLayout((4, 4), "f8")
    layout[:] = h5py.VirtualSource(str(secret.with_suffix(".h5")), "x", (4, 4))
    group.create_virtual_dataset(name, layout)


def linked(group, name, secret):
    """The whole field lies in another HDF5 file."""
    group[name] = h5py.ExternalLink(str(secret.with_suffix(".h5")), "x")


def linked_in_between(group, name, secret):
    """A link within the file leads through one that leaves it."""
    group.file["away"] = h5py.ExternalLink(str(secret.with_suffix(".h5")), "/")
    group[name] = h5py.SoftLink("/away/x")


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_bytes(bytes(range(65, 81)))
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        file["x"] = np.arange(16.0).reshape(4, 4)
    return path


WAYS = [outside, virtual, linked, linked_in_between]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("field", ["image", "tumorMask", "label", "PID", "tumorBorder", "pixel_mm"])
def test_a_mat_file_shows_no_other_file(tmp_path, secret, field, way):
    path = write_mat(tmp_path / "1.mat", drop=field)
    with h5py.File(path, "r+") as file:
        way(file["cjdata"], field, secret)
    with pytest.raises(DataError, match=r"1\.mat.* lies in another file"):
        read_mat(path)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_folds_are_not_read_from_another_file(tmp_path, secret, way):
    folder = tmp_path / "set"
    folder.mkdir()
    path = write_cvind(folder / "cvind.mat", [1, 2, 3])
    with h5py.File(path, "r+") as file:
        del file["cvind"]
        way(file, "cvind", secret)
    with pytest.raises(DataError, match=r"cvind.* lies in another file"):
        read_folds(folder)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("field", ["images", "masks", "labels", "patients"])
def test_slices_are_not_read_from_another_file(tmp_path, secret, field, way):
    path = load_phantoms()[:2].save(tmp_path / "slices.h5")
    with h5py.File(path, "r+") as file:
        del file[field]
        way(file, field, secret)
    with pytest.raises(DataError, match=r"slices\.h5.* lies in another file"):
        Slices.load(path)


def test_a_link_within_a_file_is_followed(tmp_path):
    path = write_mat(tmp_path / "1.mat", drop="label")
    with h5py.File(path, "r+") as file:
        file["kept"] = np.array([[2.0]])
        file["cjdata"]["label"] = h5py.SoftLink("/kept")
    assert read_mat(path).label == 2

"""Every door through which a file comes in, with good files, damaged ones and odd ones for each.

A door takes a file or says what is wrong with it by a `BraintutError` of one line that names the file or its folder;
`judge` says which. `test_mutated_files.py` tries some hundred files, `benchmarks/fuzz_readers.py` any number.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as hypothesis_seed
from hypothesis import strategies as st
from PIL import Image

import pair_readers as pairs
from braintut.errors import BraintutError
from making import block_mask, head, write_cvind, write_dicom, write_mat
from mutating import (
    changed_hdf5,
    changed_json,
    mutate,
    mutate_inside_png,
    mutate_inside_zip,
    odd_hdf5,
    odd_jpeg,
    odd_members,
    odd_npz,
    odd_png,
    odd_table,
    odd_zip,
    zipped,
)

SIDE = 32


@dataclass(frozen=True)
class Reader:
    """One door.

    `file` is the name under which it gets each input, in a folder of its own; `seeds` writes good files into a
    folder and gives their contents; `read` reads the file and uses what it got, as far as a user would notice
    odd contents; `odd` makes files that are whole outside and odd inside.
    """

    file: str
    seeds: Callable[[Path], list[bytes]]
    read: Callable[[Path], object]
    odd: Callable[[list[bytes]], st.SearchStrategy[bytes]]
    inside: Callable[[bytes, np.random.Generator, list[bytes]], bytes] | None = None


def judge(reader: Reader, path: Path) -> tuple[str, str]:
    """Let a door have a file; "read" or "refused", or else what is wrong with the door, and the message."""
    try:
        reader.read(path)
    except BraintutError as error:
        message = str(error)
        if "\n" in message or len(message) > 2000:
            return "refused in more than a line", message
        named = path.name in message or str(path.parent) in message
        return ("refused" if named else "refused without a name"), message
    except Exception as error:
        return type(error).__name__, str(error)
    return "read", ""


def inputs(reader: Reader, seeds: list[bytes], seed: int, n: int) -> Iterator[bytes]:
    """`n` inputs for a door, half of them damaged, half of them odd; the same ones for the same seed."""
    rng = np.random.default_rng(seed)
    odd = odd_files(reader, seeds, seed, n // 2)
    for _ in range(n - len(odd)):
        how = reader.inside if reader.inside and rng.random() < 0.5 else mutate
        yield how(seeds[rng.integers(len(seeds))], rng, seeds)
    yield from odd


def odd_files(reader: Reader, seeds: list[bytes], seed: int, n: int) -> list[bytes]:
    """`n` files of a door's strategy, or fewer where it has no more that differ."""
    found: list[bytes] = []

    @hypothesis_seed(seed)
    @settings(
        max_examples=n, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(reader.odd(seeds))
    def collect(data: bytes) -> None:
        found.append(data)

    if n:
        collect()
    return found


# --- pictures and slices ----------------------------------------------------------------------------------------


def _mats(folder: Path) -> list[bytes]:
    kinds = (
        {"image": head(SIDE), "tumorMask": block_mask(SIDE)},
        {"image": head(SIDE, 1)[:, :20], "tumorMask": block_mask(SIDE)[:, :20], "label": np.array([[3.0]])},
        {"image": head(SIDE, 2), "tumorMask": block_mask(SIDE), "pixel_mm": np.array([[0.98]])},
    )
    return [write_mat(folder / f"seed{i}.mat", **kind).read_bytes() for i, kind in enumerate(kinds)]


def _read_mat(path: Path) -> None:
    from braintut.dataset.figshare import read_mat
    from braintut.dataset.grid import normalise

    raw = read_mat(path)
    assert raw.pixel_mm > 0 and raw.true_mask.dtype == bool and raw.border.shape[1] == 2
    json.dumps(raw.patient).encode()
    with contextlib.suppress(BraintutError):
        normalise(raw.image)


MAT_FIELDS = {
    "image": head(SIDE).T,
    "tumorMask": block_mask(SIDE).T,
    "label": np.array([[2.0]]),
    "PID": np.array([[ord(c)] for c in "MR040240B"], np.uint16),
    "tumorBorder": np.array([[33.0, 17.0, 40.0, 17.0]]),
    "pixel_mm": np.array([[0.49]]),
}


def _zips(folder: Path) -> list[bytes]:
    mats = _mats(folder)
    return [
        zipped([("1.mat", mats[0])]),
        zipped([("1.mat", mats[0]), ("2.mat", mats[1])], method=0),
        zipped([("data/3.mat", mats[2]), ("readme.txt", b"hello")]),
    ]


def _read_zip(path: Path) -> None:
    from braintut.dataset.figshare import read_figshare

    slices = read_figshare(path.parent, size=16, progress=False, n_jobs=1)
    assert len(slices) and slices.images.shape[1:] == (16, 16)


def _folds(folder: Path) -> list[bytes]:
    return [write_cvind(folder / "seed.mat", [i % 5 + 1 for i in range(3064)]).read_bytes()]


def _read_folds(path: Path) -> None:
    from braintut.dataset.figshare import read_folds

    assert set(read_folds(path.parent)) <= {1, 2, 3, 4, 5}


def _pictures(kind: str, *options: dict) -> Callable[[Path], list[bytes]]:
    def make(folder: Path) -> list[bytes]:
        grey = (head(SIDE) / 2).clip(0, 255).astype(np.uint8)
        made = []
        for wish in options:
            buffer, wish = io.BytesIO(), dict(wish)
            picture = Image.fromarray(grey.astype(np.uint16) * 200) if wish.pop("deep", 0) else Image.fromarray(grey)
            if mode := wish.pop("mode", ""):
                picture = picture.convert(mode)
            picture.save(buffer, kind, **wish)
            made.append(buffer.getvalue())
        return made

    return make


def _read_scan(path: Path) -> None:
    from braintut.dataset.grid import normalise
    from braintut.dataset.scan_files import read_scan

    scan = read_scan(path)
    assert scan.image.ndim == 2 and scan.image.dtype == np.float32 and 0 < scan.pixel_mm < float("inf")
    with contextlib.suppress(BraintutError):
        normalise(scan.image)


def _dicoms(folder: Path) -> list[bytes]:
    from pydicom.uid import ImplicitVRLittleEndian

    kinds = (
        {},
        {"RescaleSlope": 2, "PixelPaddingValue": 0, "PhotometricInterpretation": "MONOCHROME1", "EchoTime": 100},
        {"PixelSpacing": [0.5, 0.7], "syntax": ImplicitVRLittleEndian},
    )
    return [write_dicom(folder / f"seed{i}.dcm", head(SIDE, i), **kind).read_bytes() for i, kind in enumerate(kinds)]


def _odd_dicom(good: list[bytes]) -> st.SearchStrategy[bytes]:
    """A DICOM file in which entries are odd, or claim what is not there."""
    odd = {
        "Rows": [0, 1, 60000, 65535], "Columns": [0, 31, 60000], "NumberOfFrames": [0, 2, 100_000, -1],
        "BitsAllocated": [1, 8, 12, 32, 64], "SamplesPerPixel": [0, 3, 4], "PixelRepresentation": [1, 7],
        "PixelSpacing": [[0, 0], [1e-9, 1e9], ["nan", 1], 0.5], "RescaleSlope": [0, "1e300", "-1"],
        "PhotometricInterpretation": ["", "RGB", "YBR_FULL_422", "PALETTE COLOR"], "PatientID": ["", "\u00e9" * 60],
        "ImageOrientationPatient": [[0] * 6, [1, 0, 0], None], "Modality": ["", "CT"], "PixelPaddingValue": [70000],
    }  # fmt: skip
    change = st.sampled_from([(name, value) for name, values in odd.items() for value in values])
    syntaxes = st.sampled_from(["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.90", "1.2.3"])
    return st.builds(_changed_dicom, st.sampled_from(good), st.lists(change, min_size=1, max_size=3), syntaxes)


def _changed_dicom(good: bytes, changes: list[tuple[str, object]], syntax: str) -> bytes:
    import warnings

    import pydicom

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(io.BytesIO(good))
        for name, value in changes:
            with contextlib.suppress(ValueError, TypeError, OverflowError):
                setattr(dataset, name, value)
        try:
            dataset.save_as(buffer)
        except Exception:  # what cannot even be written
            return good
    return buffer.getvalue().replace(b"1.2.840.10008.1.2.1\0", syntax.ljust(20, "\0").encode()[:20])


def _niftis(folder: Path) -> list[bytes]:
    import nibabel

    grey = head(SIDE)[..., None]
    made = []
    for kind, affine in (("i2", np.eye(4)), ("f4", np.diag([-0.5, 0.7, 6, 1])), ("u1", np.eye(4)[[0, 2, 1, 3]])):
        nibabel.Nifti1Image((grey / 2).astype(kind), affine).to_filename(folder / "seed.nii")
        made.append((folder / "seed.nii").read_bytes())
    return made


def _odd_nifti(good: list[bytes]) -> st.SearchStrategy[bytes]:
    """A NIfTI file in which numbers of the header are odd, or claim what is not there."""
    import nibabel

    odd = {
        "dim": [[3, 60000, 60000, 1], [3, 9, 9, 30000], [7, *[30] * 7], [0] * 8, [3, -1, 9, 9], [2, 32, 32, 1]],
        "datatype": [0, 2, 16, 32, 64, 128, 511], "bitpix": [0, 64], "vox_offset": [0, 1e9, -1, np.nan],
        "pixdim": [[0] * 8, [np.nan] * 8, [1, 1e-9, 1e9, 1, 1, 1, 1, 1]], "scl_slope": [0, np.nan, np.inf, 1e38],
        "scl_inter": [np.nan, np.inf], "sform_code": [0, 99], "qform_code": [1, -5], "srow_x": [[np.nan] * 4, [0] * 4],
        "xyzt_units": [1, 3, 99],
    }  # fmt: skip
    change = st.sampled_from([(name, value) for name, values in odd.items() for value in values])

    def changed(data: bytes, changes: list[tuple[str, object]]) -> bytes:
        header = np.frombuffer(data[:348], nibabel.nifti1.header_dtype).copy()[0]
        for name, value in changes:
            header[name] = np.resize(value, 8) if name in ("dim", "pixdim") else value
        return header.tobytes() + data[348:]

    return st.builds(changed, st.sampled_from(good), st.lists(change, min_size=1, max_size=3))


def _caches(folder: Path) -> list[bytes]:
    from braintut.dataset.load import load_phantoms

    few = load_phantoms().resized(SIDE)[:3]
    return [few.save(folder / f"seed{c}.h5", compress=bool(c)).read_bytes() for c in (0, 1)]


SLICES_FIELDS = {
    "images": np.stack([head(SIDE, i) // 2 for i in range(2)]).clip(0, 255).astype(np.uint8),
    "masks": np.packbits(np.stack([block_mask(SIDE)] * 2), axis=-1),
    "labels": np.array([1, 3], np.int16),
    "folds": np.array([1, 5], np.int16),
    "pixel_mm": np.array([1.0, 0.5], np.float32),
    "patients": [b"MR040240B", b"100360"],
    "ids": [b"1", b"2"],
}


def _read_slices(path: Path) -> None:
    from braintut.dataset.slices import Slices

    slices = Slices.load(path)
    assert repr(slices) and slices.masks.dtype == bool
    if len(slices):
        assert slices.resized(16)[0].tumour_type and json.dumps(slices.patients.tolist())


# --- pairs --------------------------------------------------------------------------------------------------------

JSON = lambda seeds: st.sampled_from([json.loads(seed) for seed in seeds]).flatmap(changed_json)  # noqa: E731

READERS = {
    "mat": Reader("1.mat", _mats, _read_mat, lambda seeds: odd_hdf5(MAT_FIELDS, "cjdata")),
    "zip": Reader("part.zip", _zips, _read_zip, lambda seeds: odd_zip(dict(enumerate(seeds))), mutate_inside_zip),
    "folds": Reader("cvind.mat", _folds, _read_folds, lambda seeds: odd_hdf5({"cvind": np.ones((1, 3064))})),
    "png": Reader(
        "scan.png",
        _pictures("PNG", {}, {"mode": "RGB"}, {"mode": "P"}, {"mode": "LA"}, {"deep": 1}, {"dpi": (300, 300)}),
        _read_scan,
        lambda seeds: odd_png(),
        mutate_inside_png,
    ),
    "jpeg": Reader(
        "scan.jpg",
        _pictures("JPEG", {}, {"mode": "RGB"}, {"mode": "CMYK"}, {"progressive": True}, {"dpi": (300, 300)}),
        _read_scan,
        lambda seeds: odd_jpeg(seeds[0]),
    ),
    "dicom": Reader("scan.dcm", _dicoms, _read_scan, _odd_dicom),
    "nifti": Reader("scan.nii", _niftis, _read_scan, _odd_nifti),
    "slices": Reader(
        "slices.h5",
        _caches,
        _read_slices,
        lambda seeds: odd_hdf5(SLICES_FIELDS, attributes={"format": "braintut-slices-1", "source": "made"}),
    ),
    "card": Reader("card.json", pairs.cards, pairs.read_card, JSON),
    "weights": Reader(
        "unet.npz",
        pairs.weights,
        pairs.read_weights,
        lambda seeds: odd_npz(dict(np.load(io.BytesIO(seeds[0])))),
        mutate_inside_zip,
    ),
    "classifier": Reader(
        "classifier.skops",
        lambda folder: pairs.classifiers(),
        pairs.read_classifier,
        lambda seeds: st.sampled_from(seeds).flatmap(lambda good: odd_members(good, "schema.json")),
        mutate_inside_zip,
    ),
    "reference": Reader("reference.csv", pairs.tables, pairs.read_table, lambda seeds: odd_table(seeds[0].decode())),
    "result": Reader("losses.json", pairs.results, pairs.read_result, JSON),
    "records": Reader("records.json", pairs.records, pairs.read_records, JSON),
    "state": Reader("state.json", pairs.states, pairs.restore, JSON),
    "checkpoint": Reader(
        "epoch_0001.weights.h5", pairs.saved_weights, pairs.restore_weights, lambda seeds: changed_hdf5(seeds[0])
    ),
}

"""DICOM: the pixels, their size and what kind of picture it is. Nothing else of the header leaves this file."""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from braintut.dataset.foreign import our_errors
from braintut.dataset.head import check_colour
from braintut.dataset.pictures import LUMA, MOST_PIXELS
from braintut.dataset.planes import square_pixels, upright
from braintut.dataset.scan import Scan
from braintut.errors import DataError

DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
MOST_FRAMES = 10_000
MOST_INFLATED = 512 * 2**20  # bytes of a file that is packed as a whole

_READ = (
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated",
    "PixelSpacing", "PixelPaddingValue", "RescaleSlope", "RescaleIntercept", "ImageOrientationPatient",
    "ImagePositionPatient", "AcquisitionNumber",
    "InstanceNumber", "SliceThickness", "SpacingBetweenSlices", "SeriesInstanceUID", "PatientID", "PatientName",
    "Modality", "SeriesDescription", "ProtocolName", "ContrastBolusAgent", "ContrastBolusAgentSequence", "EchoTime",
    "EffectiveEchoTime", "InversionTime", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)  # fmt: skip
"""All that is ever read of a header; the names lead to the patient's hash, the descriptions to `unseen_kind`."""

_UNPACKERS = {"JPEG-LS": "pyjpegls", "JPEG 2000": "pylibjpeg pylibjpeg-openjpeg", "JPEG": "pylibjpeg pylibjpeg-libjpeg"}
_OTHER_MACHINES = {"CT": "a CT", "PT": "a PET", "NM": "a scintigram", "US": "an ultrasound picture",
                   "CR": "an X-ray picture", "DX": "an X-ray picture"}  # fmt: skip
_KINDS = (
    (r"flair|dark.?fluid|tirm", "a FLAIR picture"),
    (r"dwi|diff|\badc\b|trace", "a diffusion-weighted picture"),
    (r"swi|swan|t2.?(\*|star)|hemo", "a susceptibility-weighted picture"),
    (r"t2", "a T2-weighted picture"),
    (r"\bpd|proton", "a proton-density-weighted picture"),
)
_CONTRAST = r"\+ ?(c|gd|gad|km|k)\b|\b(post|gd|gad|gado\w*|ce|km|contrast|c\+)(\b|(?<=\+))|t1(c|gd|ce)\b"
_NO_CONTRAST = r"\b(pre|no|non|none|without|w/?o|ohne|nativ\w*)\b"
_LONG_ECHO_MS, _LONG_INVERSION_MS = 60, 1500


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM: by its ending, or by the letters DICM behind 128 bytes."""
    if path.suffix.lower() in DICOM_SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def read_dicom(path: Path) -> Scan:
    """Read a DICOM file of one picture: rescaled grey levels, upright, on square pixels.

    `warnings` names a kind of picture that no model here has learnt from. The patient is a short hash, which tells
    files of one patient on this machine together. A `DataError`, which never quotes the header, if pydicom is missing,
    or if the file holds several pictures or none, is damaged, or is packed in a way that needs another package.
    """
    header = read_header(path)
    if (frames := count_frames(header, path)) > 1:
        raise DataError(f"{path} holds {frames} slices; give it to `braintut predict` or to `pipeline.series`.")
    return read_frame(path, header, 0)


def read_header(path: Path) -> Any:
    """Read what is needed of a header; a pydicom Dataset."""
    with our_errors(path, "pydicom", "DICOM"):
        import pydicom

        _check_inflated(path)
        return pydicom.dcmread(path, force=True, stop_before_pixels=True, defer_size=2**20, specific_tags=[*_READ])


def count_frames(header: Any, path: Path) -> int:
    """How many pictures a file holds, 0 for none; refused where the header claims what no scanner writes."""
    with our_errors(path, "pydicom", "DICOM"):
        frames = int(header.get("NumberOfFrames") or 1)
        rows, columns = int(header.get("Rows") or 0), int(header.get("Columns") or 0)
    if rows * columns > MOST_PIXELS or not 0 < frames <= MOST_FRAMES:
        raise DataError(f"{path} claims {frames} pictures of {rows} x {columns} pixels; it is damaged, or no scan.")
    return frames if rows and columns else 0


def read_frame(path: Path, header: Any, frame: int) -> Scan:
    """Read one picture of a file whose header was read; `frame` counts from 0."""
    with our_errors(path, "pydicom", "DICOM"):
        if not count_frames(header, path):
            raise DataError(f"{path} holds no picture; it may be a report or a plan beside the scans.")
        image = _grey(_unpack(path, frame), header, frame, path)
        stated_mm, spacing = None, numbers(header, frame, "PixelSpacing", 2)
        if spacing is not None and min(spacing) > 0:
            image, stated_mm = square_pixels(image, (spacing[0], spacing[1]), str(path))
        orientation = numbers(header, frame, "ImageOrientationPatient", 6)
        if orientation is not None:
            image = upright(image, orientation[:3], orientation[3:])
        unseen = unseen_kind(header, frame)
        return Scan(
            str(path), np.ascontiguousarray(image, np.float32), stated_mm, patient=_patient(header),
            warnings=(unseen,) if unseen else (),
        )  # fmt: skip


def value_of(header: Any, frame: int, keyword: str) -> Any:
    """An entry of the header, which newer files hold once for all pictures or for each of them; None where missing."""
    groups = [list(header.get("SharedFunctionalGroupsSequence") or [])[:1]]
    groups.append(list(header.get("PerFrameFunctionalGroupsSequence") or [])[frame : frame + 1])
    for group in groups[1] + groups[0]:
        for element in group:
            if element.VR == "SQ" and element.value and keyword in element.value[0]:
                return element.value[0].get(keyword)
    return header.get(keyword)


def numbers(header: Any, frame: int, keyword: str, n: int) -> list[float] | None:
    """An entry as `n` finite numbers; None where it is missing or something else."""
    try:
        values = np.array(value_of(header, frame, keyword), float).reshape(-1)
    except (TypeError, ValueError):
        return None
    return values.tolist() if values.size == n and np.isfinite(values).all() else None


def unseen_kind(header: Any, frame: int = 0) -> str:
    """Name the kind of picture where no model here has learnt from it; "" for T1 with contrast agent, or unknown."""
    modality = str(header.get("Modality") or "")
    if modality in _OTHER_MACHINES:
        return _OTHER_MACHINES[modality]
    if modality != "MR":
        return ""
    text = " ".join(str(header.get(key) or "") for key in ("SeriesDescription", "ProtocolName"))
    text = re.sub(r"[_\-.]", " ", text.lower())
    echo, inversion = (numbers(header, frame, key, 1) or [0.0] for key in ("EchoTime", "InversionTime"))
    echo = numbers(header, frame, "EffectiveEchoTime", 1) or echo
    if not re.search("t1|mprage|bravo|spgr", text):
        named = next((kind for pattern, kind in _KINDS if re.search(pattern, text)), "")
        if not named and echo[0] >= _LONG_ECHO_MS:
            named = "a FLAIR picture" if inversion[0] >= _LONG_INVERSION_MS else "a T2-weighted picture"
        if named:
            return named
    agent = str(header.get("ContrastBolusAgent") or "").strip().lower()
    given = bool(header.get("ContrastBolusAgentSequence")) or (agent and not re.search(_NO_CONTRAST, agent))
    said = re.search(_CONTRAST, text) and not re.search(_NO_CONTRAST, text)
    return "" if given or said else "a picture whose header names no contrast agent"


def _grey(pixels: np.ndarray, header: Any, frame: int, path: Path) -> np.ndarray:
    kind = str(header.get("PhotometricInterpretation") or "")
    if kind == "PALETTE COLOR" or pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,)):
        raise DataError(f"{path} stores colours that are not read here; export the slice as PNG.")
    image = pixels.astype(np.float32)
    if image.ndim == 3:
        check_colour(image / max(image.max(), 1), path)
        image = image @ LUMA
    padding = numbers(header, frame, "PixelPaddingValue", 1)
    if padding is not None and (image != padding[0]).any():  # filled in where nothing was measured: air
        image[image == padding[0]] = image[image != padding[0]].min()
    slope, intercept = (numbers(header, frame, key, 1) or [default] for key, default in
                        (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0)))  # fmt: skip
    image = image * np.float32(slope[0] or 1) + np.float32(intercept[0])
    return image.max() + image.min() - image if kind == "MONOCHROME1" else image


def _unpack(path: Path, frame: int) -> np.ndarray:
    """The stored pixels of one picture."""
    from pydicom.pixels.utils import pixel_array

    meta = _meta(path)
    syntax = meta.get("TransferSyntaxUID", "")
    packed = bool(syntax) and syntax.is_transfer_syntax and syntax.is_encapsulated
    try:
        return pixel_array(path if syntax and not syntax.is_deflated else _whole(path), index=frame)
    except Exception:
        if not packed:
            raise
        package = next((p for start, p in _UNPACKERS.items() if syntax.name.startswith(start)), "python-gdcm")
        raise DataError(
            f"{path} is packed as {syntax.name} and could not be unpacked; install what reads that "
            f"(`pip install {package}`), or save it without compression."
        ) from None


def _whole(path: Path) -> Any:
    """A file whose pixels cannot be reached alone: packed as a whole, or silent on how it is written."""
    import pydicom

    dataset = pydicom.dcmread(path, force=True)
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        explicit = pydicom.uid.ExplicitVRLittleEndian if little else pydicom.uid.ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian if implicit else explicit
    return dataset


def _meta(path: Path) -> Any:
    """How the file is written; empty where it does not say."""
    from pydicom.errors import InvalidDicomError
    from pydicom.filereader import read_file_meta_info

    try:
        return read_file_meta_info(path)
    except InvalidDicomError:
        return {}


def _check_inflated(path: Path) -> None:
    """Refuse a file that is packed as a whole and would fill the memory."""
    meta = _meta(path)
    if not getattr(meta.get("TransferSyntaxUID"), "is_deflated", False):
        return
    begin = 128 + 4 + 12 + int(meta.get("FileMetaInformationGroupLength", 0))
    unpack = zlib.decompressobj(-zlib.MAX_WBITS)
    unpack.decompress(path.read_bytes()[begin:], MOST_INFLATED)
    if unpack.unconsumed_tail:
        raise DataError(f"{path} unpacks to more than {MOST_INFLATED // 2**20} MB; it is no scan, or damaged.")


def _patient(header: Any) -> str:
    """A hash that differs on every machine, so that no list of ids or names leads back from it."""
    known = str(header.get("PatientID") or header.get("PatientName") or "").strip()
    return hashlib.sha256((_salt() + known).encode(errors="surrogatepass")).hexdigest()[:12] if known else ""


@cache
def _salt() -> str:
    """Chance, kept in the user's cache folder; where that cannot be written, it lasts as long as this process."""
    import pooch

    try:
        file = Path(pooch.os_cache("braintut")) / "salt"
        file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError), file.open("x", encoding="ascii") as new:
            new.write(secrets.token_hex(16))
        salt = file.read_text(encoding="ascii")
    except (OSError, ValueError, RuntimeError):  # RuntimeError: there is no home
        salt = ""
    return salt if len(salt) == 32 else secrets.token_hex(16)

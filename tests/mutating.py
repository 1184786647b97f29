"""Files that nobody should have written: good ones with damaged bytes, and whole ones with odd contents.

`mutate` damages bytes as disks, networks and text converters do. The strategies (for hypothesis) write files
that are valid outside and odd inside: other types and shapes, claims of 100,000 x 100,000 pixels, names that
climb out of a folder, JSON nested a hundred thousand deep.
"""

from __future__ import annotations

import copy
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import h5py
import numpy as np
from hypothesis import strategies as st

HUGE = (0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 100_000, 10**9)
CLAIMED = 100_000
"""Side in pixels that some of the files claim: nearly 10 GB of grey levels."""

# --- damaged bytes ---------------------------------------------------------------------------------------------


def mutate(data: bytes, rng: np.random.Generator, others: Sequence[bytes]) -> bytes:
    """Damage a file in one to four places; `others` are files of its kind that it may be spliced with."""
    for _ in range(rng.integers(1, 5)):
        data = _DAMAGES[rng.integers(len(_DAMAGES))](data, rng, others)
    return data


def _flip(data: bytes, rng: np.random.Generator, others: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for at in rng.integers(0, max(len(data), 1), rng.integers(1, 9)) if data else ():
        changed[at] ^= 1 << rng.integers(8)
    return bytes(changed)


def _cut(data: bytes, rng: np.random.Generator, others: Sequence[bytes]) -> bytes:
    return data[: rng.integers(0, len(data) + 1)]


def _insert(data: bytes, rng: np.random.Generator, others: Sequence[bytes]) -> bytes:
    at = int(rng.integers(0, len(data) + 1))
    return data[:at] + rng.bytes(int(rng.integers(1, 65))) + data[at:]


def _drop(data: bytes, rng: np.random.Generator, others: Sequence[bytes]) -> bytes:
    at = int(rng.integers(0, len(data) + 1))
    return data[:at] + data[at + int(rng.integers(1, 65)) :]


def _blank(data: bytes, rng: np.random.Generator, others: Sequence[bytes]) -> bytes:
    at, length = int(rng.integers(0, len(data) + 1)), int(2 ** rng.integers(0, 11))
    return data[:at] + bytes([rng.choice([0, 255])]) * len(data[at : at + length]) + data[at + length :]


def _splice(data: bytes, rng: np.random.Generator, others: Sequence[bytes]) -> bytes:
    other = others[rng.integers(len(others))]
    return data[: rng.integers(0, len(data) + 1)] + other[rng.integers(0, len(other) + 1) :]


def _claim(data: bytes, rng: np.random.Generator, others: Sequence[bytes]) -> bytes:
    """Put a huge number where a length may stand."""
    width = int(rng.choice([2, 4, 8]))
    if len(data) < width:
        return data
    value = HUGE[rng.integers(len(HUGE))] & (256**width - 1)
    at = int(rng.integers(0, len(data) - width + 1))
    return data[:at] + value.to_bytes(width, rng.choice(["little", "big"])) + data[at + width :]


def _as_text(data: bytes, rng: np.random.Generator, others: Sequence[bytes]) -> bytes:
    """What a transfer in text mode does."""
    return data.replace(b"\n", b"\r\n") if rng.random() < 0.5 else data.replace(b"\r\n", b"\n")


_DAMAGES: tuple[Callable, ...] = (_flip, _flip, _cut, _insert, _drop, _blank, _splice, _claim, _claim, _as_text)


def mutate_inside_png(data: bytes, rng: np.random.Generator, others: Sequence[bytes]) -> bytes:
    """Damage one chunk of a PNG and make its checksum right again, so that the damage is looked at."""
    chunks = list(_png_chunks(data))
    at = rng.integers(len(chunks))
    kind, content = chunks[at]
    chunks[at] = (kind, mutate(content, rng, [other for _, other in chunks]))
    return _png(chunks)


def mutate_inside_zip(data: bytes, rng: np.random.Generator, others: Sequence[bytes]) -> bytes:
    """Damage one member of a zip and pack it again, so that checksums and lengths are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at = rng.integers(len(members))
    name, content = members[at]
    members[at] = (name, mutate(content, rng, [other for _, other in members]))
    return zipped(members)


def zipped(members: Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            # Without the time of day, so that the same seed makes the same file.
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return buffer.getvalue()


def _one_of(draw: st.DrawFn, options: Sequence[bytes]) -> bytes:
    """As `sampled_from`, which remembers what it was given, and so many megabytes for each file."""
    return options[draw(st.integers(0, len(options) - 1))]


# --- JSON ------------------------------------------------------------------------------------------------------

ODD_VALUES = (
    None, True, -1, 0, 1, 0.5, 10**9, 10**400, float("nan"), float("inf"), "", "x" * 5000, "<script>alert(1)</script>",
    "../../etc/passwd", "nan", "\ud800", "\0", [], {}, [[]], [None], {"": None},
)  # fmt: skip

json_values = st.recursive(
    st.sampled_from(ODD_VALUES) | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=6,
)


@st.composite
def changed_json(draw: st.DrawFn, good: object) -> bytes:
    """A JSON text with one to four of its values replaced, dropped or nested deep; now and then anything at all."""
    if draw(st.integers(0, 19)) == 0:
        return draw(st.sampled_from([b"", b"null", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe{}", b"1" * 10_000]))
    if draw(st.integers(0, 19)) == 0:
        return json.dumps(draw(json_values)).encode()
    value = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 4))):
        _change_somewhere(draw, value)
    encoding = draw(st.sampled_from(["utf-8"] * 8 + ["utf-16", "latin-1"]))
    text = json.dumps(value, ensure_ascii=encoding != "utf-8" or draw(st.booleans()))
    if draw(st.integers(0, 19)) == 0:
        text = text.replace("1", "[" * 100_000, 1)
    return text.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "replace")


def _change_somewhere(draw: st.DrawFn, value: object) -> None:
    while True:
        if not isinstance(value, dict | list) or not value:
            return
        key = draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
        inner = value[key]
        if isinstance(inner, dict | list) and inner and draw(st.integers(0, 3)):
            value = inner
        elif draw(st.integers(0, 3)) == 0:
            del value[key]
            return
        else:
            value[key] = copy.deepcopy(draw(json_values))  # or the next change would reach into the strategy
            return


# --- HDF5 ------------------------------------------------------------------------------------------------------

DTYPES = ("u1", "i1", "u2", "i2", "i4", "u8", "i8", "f2", "f4", "f8", "?", "c8", "S1", "S7", "V4")
SHAPES = ((), (0,), (1,), (9,), (1, 1), (0, 5), (32, 32), (16, 64), (33, 31), (1, 64), (2, 32, 32), (1, 1, 1, 1))
FILLS = (0, 1, 2, 3, 4, -1, 7, 255, 0xD800, 0x110000, 1e300, float("nan"), float("inf"))


@st.composite
def odd_hdf5(draw: st.DrawFn, good: Mapping[str, object], group: str = "", attributes: Mapping | None = None) -> bytes:
    """An HDF5 file in which some of the `good` datasets are missing, of another type, or claim gigabytes."""
    # In memory only; `File.in_memory` would say so, but is younger than our lower bound.
    with h5py.File("made.h5", "w", driver="core", backing_store=False) as file:
        place = file.create_group(group) if group and draw(st.integers(0, 29)) else file
        odd = draw(st.sets(st.sampled_from(sorted(good)), min_size=1, max_size=2)) if draw(st.integers(0, 9)) else ()
        for name, value in good.items():
            if name not in odd:
                place.create_dataset(name, data=value)
            else:
                draw(st.sampled_from(_ODD_DATASETS))(draw, place, name)
        for name, value in (attributes or {}).items():
            file.attrs[name] = value if draw(st.integers(0, 4)) else draw(st.sampled_from(_ODD_ATTRIBUTES))
        if draw(st.booleans()):
            for name in (name for name in place if isinstance(place.get(name, getlink=True), h5py.HardLink)):
                thing = place[name]
                thing.attrs["MATLAB_class"] = draw(st.sampled_from(_ODD_ATTRIBUTES))
                thing.attrs["MATLAB_empty"] = draw(st.sampled_from([0, 1]))
        file.flush()
        return file.id.get_file_image()


@st.composite
def changed_hdf5(draw: st.DrawFn, good: bytes) -> bytes:
    """A good HDF5 file in which one or two datasets, wherever they lie, became odd."""
    buffer = io.BytesIO(good)
    with h5py.File(buffer, "r+") as file:
        names: list[str] = []
        file.visititems(lambda name, thing: names.append(name) if isinstance(thing, h5py.Dataset) else None)
        for name in draw(st.sets(st.sampled_from(names), min_size=1, max_size=2)):
            place, last = file[name].parent, name.rsplit("/", 1)[-1]
            del place[last]
            draw(st.sampled_from(_ODD_DATASETS))(draw, place, last)
    return buffer.getvalue()


_ODD_ATTRIBUTES = (b"double", "char", np.bytes_(b"\xff\xfe"), 1, [1.5, 2.5], h5py.Empty("f4"), "x" * 5000, "\u00e9")


def _typed(draw: st.DrawFn, place: h5py.Group, name: str) -> None:
    dtype, shape, fill = (draw(st.sampled_from(options)) for options in (DTYPES, SHAPES, FILLS))
    with np.errstate(all="ignore"):
        try:
            value = np.full(shape, fill).astype(dtype)
        except (ValueError, TypeError, OverflowError):
            value = np.zeros(shape, dtype)
    place.create_dataset(name, data=value)


def _claiming(draw: st.DrawFn, place: h5py.Group, name: str) -> None:
    shapes = [(CLAIMED, CLAIMED), (CLAIMED**2,), (CLAIMED, CLAIMED, 1), (2**40,), (1, 2**31)]
    shape = draw(st.sampled_from(shapes))
    how = draw(st.sampled_from([{}, {"chunks": tuple(min(n, 1024) for n in shape), "compression": "gzip"}]))
    place.create_dataset(name, shape, draw(st.sampled_from(["u1", "f8", "i2"])), **how)


def _stretched(draw: st.DrawFn, place: h5py.Group, name: str) -> None:
    """A few kilobytes that unpack to very many."""
    place.create_dataset(name, data=np.zeros((4000, 4000), "u1"), compression="gzip", chunks=(1000, 1000))


def _missing(draw: st.DrawFn, place: h5py.Group, name: str) -> None:
    pass


def _group(draw: st.DrawFn, place: h5py.Group, name: str) -> None:
    place.create_group(name)


def _link(draw: st.DrawFn, place: h5py.Group, name: str) -> None:
    links = [h5py.SoftLink(f"{place.name}/{name}"), h5py.SoftLink("/nowhere"), h5py.ExternalLink("other.h5", "/x")]
    place[name] = draw(st.sampled_from(links))


def _elsewhere(draw: st.DrawFn, place: h5py.Group, name: str) -> None:
    """Data that lie in another file of this machine."""
    place.create_dataset(name, (32, 32), "u1", external=[("/proc/self/status", 0, 1024)])


def _text(draw: st.DrawFn, place: h5py.Group, name: str) -> None:
    place.create_dataset(name, data=draw(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)))


def _texts(draw: st.DrawFn, place: h5py.Group, name: str) -> None:
    place.create_dataset(name, data=[b"\xff\xfe", b"12"], dtype=h5py.string_dtype())


def _references(draw: st.DrawFn, place: h5py.Group, name: str) -> None:
    place.create_dataset(name, data=np.array([place.ref], h5py.ref_dtype), dtype=h5py.ref_dtype)


def _null_references(draw: st.DrawFn, place: h5py.Group, name: str) -> None:
    place.create_dataset(name, (2, 1), h5py.ref_dtype)


def _compound(draw: st.DrawFn, place: h5py.Group, name: str) -> None:
    place.create_dataset(name, data=np.zeros((32, 32), [("real", "f8"), ("imag", "f8")]))


def _nothing(draw: st.DrawFn, place: h5py.Group, name: str) -> None:
    place.create_dataset(name, data=h5py.Empty("f8"))


_ODD_DATASETS = (
    _typed, _typed, _typed, _claiming, _claiming, _stretched, _missing, _group, _link, _elsewhere, _text, _texts,
    _references, _null_references, _compound, _nothing,
)  # fmt: skip

# --- PNG -------------------------------------------------------------------------------------------------------

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def _png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    at, chunks = len(SIGNATURE), []
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += length + 12
    return chunks


def _png(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    sealed = (
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    return SIGNATURE + b"".join(sealed)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims any size."""
    return _png([_header(width, height), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")])


@cache
def png_bomb(side: int, depth: int, colour: int) -> bytes:
    """A whole, black PNG of a side that just passes as no bomb; colour 0 is grey, 2 is RGB, 6 is RGB with alpha."""
    row = bytes(1 + side * depth * {0: 1, 2: 3, 6: 4}[colour] // 8)
    pack = zlib.compressobj(1)
    pixels = b"".join([pack.compress(row) for _ in range(side)] + [pack.flush()])
    return _png([_header(side, side, depth, colour), (b"IDAT", pixels), (b"IEND", b"")])


def _header(width: int, height: int, depth: int = 8, colour: int = 0, interlace: int = 0) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)


@st.composite
def odd_png(draw: st.DrawFn) -> bytes:
    """A PNG with right checksums and any header, any side information, and too few or too many pixels."""
    if draw(st.integers(0, 49)) == 0:
        return png_bomb(*draw(st.sampled_from([(9400, 8, 0), (9400, 1, 0), (5000, 16, 6), (5000, 8, 2)])))
    side = st.sampled_from([0, 1, 15, 16, 32, 33, 300, CLAIMED, 2**31 - 1, 2**32 - 1])
    width, height = draw(side), draw(side)
    depth, colour = draw(st.sampled_from([1, 2, 4, 8, 16, 3, 255])), draw(st.sampled_from([0, 2, 3, 4, 6, 1, 7]))
    chunks = [_header(width, height, depth, colour, draw(st.sampled_from([0, 0, 1, 9])))]
    chunks += draw(st.lists(_side_chunk(), max_size=3))
    row = 1 + min(width, 4000) * 8
    noise = np.random.default_rng(draw(st.integers(0, 9))).integers(0, 256, min(height, 40) * row, np.uint8)
    noise[:: max(row, 1)] = draw(st.integers(0, 5))
    pixels = _one_of(draw, [noise.tobytes(), bytes(len(noise)), b"", bytes(10_000_000)])
    chunks.append((draw(st.sampled_from([b"IDAT"] * 9 + [b"fdAT"])), zlib.compress(pixels, 1)))
    return _png([*chunks, (b"IEND", b"")])


@st.composite
def _side_chunk(draw: st.DrawFn) -> tuple[bytes, bytes]:
    number = draw(st.sampled_from([b"0.49", b"nan", b"inf", b"-1", b"0", b"1e-400", b"1e308", b"0,49", b"", b"\xff"]))
    bomb = zlib.compress(bytes(20_000_000), 1)
    text = st.sampled_from([
        (b"tEXt", b"pixel_mm\0" + number),
        (b"zTXt", b"pixel_mm\0\0" + zlib.compress(number)),
        (b"iTXt", b"pixel_mm\0\0\0\0\0" + number),
        (b"zTXt", b"Comment\0\0" + bomb),
        (b"iCCP", b"profile\0\0" + bomb),
        (b"pHYs", struct.pack(">IIB", 0xFFFFFFFF, 0, 1)),
        (b"pHYs", struct.pack(">IIB", 2000, 2000, 1)),
        (b"PLTE", bytes(range(9))),
        (b"tRNS", bytes(300)),
        (b"gAMA", b"\0\0\0\0"),
        (b"acTL", struct.pack(">II", 10**9, 0)),
        (b"eXIf", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0\0\0\0\0"),
        (b"eXIf", b"II*\0\x08\0\0\0\xff\xff"),
    ])  # fmt: skip
    junk = st.tuples(st.sampled_from([b"tEXt", b"iTXt", b"zTXt", b"sRGB", b"cHRM", b"tRNS", b"eXIf", b"fcTL", b"zzZz"]),
                     st.binary(max_size=40))  # fmt: skip
    return draw(text | junk)


# --- JPEG ------------------------------------------------------------------------------------------------------


@st.composite
def odd_jpeg(draw: st.DrawFn, good: bytes) -> bytes:
    """A JPEG with another size, odd EXIF or segments of wrong lengths in front of its picture."""
    changed = bytearray(good)
    frame = good.index(b"\xff\xc0")
    if draw(st.booleans()):
        side = st.sampled_from([0, 1, 16, 64, 65535])
        changed[frame + 5 : frame + 9] = struct.pack(">HH", draw(side), draw(side))
    if draw(st.integers(0, 3)) == 0:
        changed[frame + 4] = draw(st.sampled_from([1, 8, 12, 16, 255]))
    segments = draw(st.lists(_segment(), max_size=3))
    return bytes(changed[:2]) + b"".join(segments) + bytes(changed[2:])


@st.composite
def _segment(draw: st.DrawFn) -> bytes:
    exif = b"Exif\0\0" + draw(st.sampled_from([b"MM\0*\0\0\0\x08", b"II*\0\x08\0\0\0", b""]))
    entry = struct.pack(">HHII", draw(st.sampled_from([0x0112, 0x011A, 0x8769])), draw(st.integers(0, 13)),
                        draw(st.sampled_from([0, 1, 10**9])), draw(st.integers(0, 2**32 - 1)))  # fmt: skip
    content = draw(st.sampled_from([exif + b"\0\x01" + entry, exif, b"JFIF\0\1\1\1\0\0\0\0", b"MPF\0" + entry]))
    content += draw(st.binary(max_size=12))
    length = draw(st.sampled_from([len(content) + 2] * 6 + [0, 1, 0xFFFF]))
    return (
        b"\xff"
        + draw(st.sampled_from([b"\xe0", b"\xe1", b"\xe2", b"\xed", b"\xfe"]))
        + struct.pack(">H", length)
        + content
    )


# --- zip and NumPy ---------------------------------------------------------------------------------------------


@st.composite
def odd_zip(draw: st.DrawFn, good: Mapping[str, bytes]) -> bytes:
    """A zip with odd names, copies, other packing, a lock, or members that claim gigabytes."""
    names = [
        "1.mat", "01.mat", "2.MAT", "../1.mat", "/etc/1.mat", "a\\3.mat", "__MACOSX/._1.mat", "x/4.mat", "\u0664.mat",
        "5 (1).mat", "cvind.mat", "inner.zip", "9" * 200 + ".mat", ".mat", "6.mat/", "readme.txt", "con.mat",
    ]  # fmt: skip
    contents = [*good.values(), b"", b"junk", bytes(300_000), zipped([("7.mat", b"junk")])]
    members = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(contents)), max_size=4))
    methods = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    data = bytearray(zipped(members, draw(st.sampled_from(methods))))
    change = draw(st.sampled_from(["nothing", "nothing", "claim", "lock", "method", "crc", "offset"]))
    for at in _central_entries(data):
        if change == "claim":  # unpacked size, here and at the member
            data[at + 24 : at + 28] = struct.pack("<I", 0xFFFFFFF0)
        elif change == "lock":
            data[at + 8] |= 1
        elif change == "method":
            data[at + 10 : at + 12] = struct.pack("<H", draw(st.sampled_from([1, 9, 93, 99])))
        elif change == "crc":
            data[at + 16] ^= 1
        elif change == "offset":
            data[at + 42 : at + 46] = struct.pack("<I", draw(st.sampled_from([0, 1, 0xFFFFFFF0])))
    return bytes(data)


def _central_entries(data: bytes) -> list[int]:
    at, found = data.find(b"PK\1\2"), []
    while at >= 0:
        found.append(at)
        at = data.find(b"PK\1\2", at + 1)
    return found


@st.composite
def odd_npz(draw: st.DrawFn, good: Mapping[str, np.ndarray]) -> bytes:
    """An archive of arrays of other types and shapes, with pickled objects, or with headers that claim gigabytes."""
    arrays = {name: npy(value) for name, value in good.items()}
    odd = [
        npy(np.array([{}, None], object)), npy(np.zeros(3, "c8")), npy(np.array(["a"])), npy(np.zeros((), "f4")),
        npy(np.full((3, 3), np.nan, "f4")), npy(np.zeros(2, "M8[s]")), npy(np.zeros(2, [("a", "f4")])), b"", b"junk",
        npy_claiming((CLAIMED, CLAIMED)), npy_claiming((2**62, 4)), npy_claiming((-1,)), bytes(30_000_000),
    ]  # fmt: skip
    for _ in range(draw(st.integers(1, 3))):
        names = [*arrays, "zzz", "../x", "000", "arr_0"]
        name = draw(st.sampled_from(names))
        if draw(st.booleans()):
            arrays.pop(name, None)
        else:
            arrays[name] = _one_of(draw, odd)
    return zipped([(f"{name}.npy", content) for name, content in arrays.items()])


def npy(value: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, value)
    return buffer.getvalue()


def npy_claiming(shape: tuple[int, ...]) -> bytes:
    """A NumPy file of some bytes whose header claims any shape."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return buffer.getvalue() + bytes(64)


@st.composite
def odd_members(draw: st.DrawFn, good: bytes, schema: str) -> bytes:
    """A zip (a skops file) whose JSON schema has changed values, or whose other members are missing or odd."""
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if draw(st.integers(0, 4)):
        members[schema] = draw(changed_json(json.loads(members[schema])))
    else:
        name = draw(st.sampled_from(sorted(members)))
        odd = [npy(np.array([{}], object)), npy_claiming((CLAIMED, CLAIMED)), npy(np.zeros((2, 2)))]
        members[name] = _one_of(draw, [b"", b"junk", bytes(30_000_000), *odd])
    return zipped(list(members.items()))


@st.composite
def odd_table(draw: st.DrawFn, good: str) -> bytes:
    """A CSV file with changed cells, names and separators."""
    lines = [line.split(",") for line in good.splitlines()]
    for _ in range(draw(st.integers(1, 4))):
        row = draw(st.integers(0, len(lines) - 1))
        if lines[row]:
            column = draw(st.integers(0, len(lines[row]) - 1))
            lines[row][column] = draw(st.sampled_from(["", "nan", "inf", "x", "1e400", '"', "1;2", "\0", "9" * 500]))
        if draw(st.integers(0, 4)) == 0:
            lines[row] = lines[row][: draw(st.integers(0, 3))]
    separator = draw(st.sampled_from([",", ",", ",", ";", "\t"]))
    return "\n".join(map(separator.join, lines)).encode()

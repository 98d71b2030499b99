"""Whatever the bytes, a reader gives an image or an InputError: nothing else, and no memory that the file does not justify."""

from __future__ import annotations

import bz2
import struct
import tempfile
import tracemalloc
import warnings
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dicom_files import multiframe_bytes
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.io.kinds import KINDS, kind_of
from ifssnet.io.open import open_labels, open_volume
from ifssnet.io.save import save
from ifssnet.io.volumes.dicom import read_dicom_volume
from ifssnet.io.volumes.metaimage import read_metaimage_volume
from ifssnet.io.volumes.nifti import read_nifti_volume
from ifssnet.io.volumes.nrrd import read_nrrd_volume
from ifssnet.io.volumes.seg_nrrd import read_seg_nrrd

GRID = Grid((3, 4, 5), (0.5, 0.6, 0.7), (1.0, 2.0, 3.0))
ARRAY = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
READERS = {
    ".mha": read_metaimage_volume,
    ".nrrd": read_nrrd_volume,
    ".nii": read_nifti_volume,
    ".nii.gz": read_nifti_volume,
    ".seg.nrrd": read_seg_nrrd,
    ".dcm": read_dicom_volume,
}
MODEST_BYTES = 64 << 20
BOUNDED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _valid() -> dict[str, bytes]:
    found: dict[str, bytes] = {".dcm": multiframe_bytes()}
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".mha", ".nrrd", ".nii", ".nii.gz", ".seg.nrrd"):
            path = Path(folder) / f"x{suffix}"
            labels = LabelMap((ARRAY % 3).astype(np.uint8), GRID, {1: "SOL", 2: "GM"})
            save(labels if suffix == ".seg.nrrd" else Volume(ARRAY, GRID), path, compress=suffix != ".mha")
            found[suffix] = path.read_bytes()
    return found


VALID = _valid()


def _read(suffix: str, content: bytes) -> None:
    """Read bytes as a format and as anything, and allow nothing but an image or an InputError."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", InputWarning)
        path = Path(folder) / f"x{suffix}"
        path.write_bytes(content)
        for reader in (READERS[suffix], open_volume, open_labels):
            with suppress(InputError):
                reader(path)


@pytest.mark.parametrize("suffix", READERS)
def test_the_unharmed_file_opens(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(VALID[suffix])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        assert READERS[suffix](path).array.size > 1


@pytest.mark.parametrize("suffix", READERS)
@BOUNDED
@given(data=st.data())
def test_changed_bytes(suffix: str, data: st.DataObject) -> None:
    content = bytearray(VALID[suffix])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, min(len(content) - 1, 1200)))] = data.draw(st.integers(0, 255))
    _read(suffix, bytes(content))


@pytest.mark.parametrize("suffix", READERS)
@BOUNDED
@given(data=st.data())
def test_cut_or_stretched(suffix: str, data: st.DataObject) -> None:
    content = VALID[suffix]
    at = data.draw(st.integers(0, len(content)))
    _read(suffix, content[:at] + data.draw(st.binary(max_size=30)) + content[at + data.draw(st.integers(0, 40)) :])


NUMBERS = st.one_of(
    st.integers(-3, 12).map(str),
    st.sampled_from(["1e400", "nan", "inf", "-1", "99999999999999999999", "4294967296", "", "x", "0x10", "1_0", "٣", "1.5"]),
)
LISTS = st.lists(NUMBERS, max_size=17).map(" ".join)


@BOUNDED
@given(
    fields=st.dictionaries(
        st.sampled_from(
            [
                "NDims",
                "DimSize",
                "ElementType",
                "ElementSpacing",
                "ElementSize",
                "Offset",
                "TransformMatrix",
                "HeaderSize",
                "CompressedData",
                "CompressedDataSize",
                "ElementNumberOfChannels",
                "BinaryData",
                "ifss_labels",
                "Kinds",
                "DistanceUnits",
            ]
        ),
        st.one_of(LISTS, st.sampled_from(["True", "False", "MET_UCHAR", "MET_DOUBLE", '{"labels": {"a": "b"}}', "[]"])),
    ),
    data_file=st.sampled_from(
        ["LOCAL", "LIST", "../x.mha", "/dev/zero", "x.mha", "a%03d.raw 0 99999999 1", "", ".", "\0", "~"]
    ),
    pixels=st.binary(max_size=200),
)
def test_random_metaimage_headers(fields: dict[str, str], data_file: str, pixels: bytes) -> None:
    start = {"NDims": "3", "DimSize": "2 3 4", "ElementType": "MET_UCHAR"} | fields
    text = "".join(f"{key} = {value}\n" for key, value in start.items()) + f"ElementDataFile = {data_file}\n"
    _read(".mha", text.encode() + pixels)


@BOUNDED
@given(
    fields=st.dictionaries(
        st.sampled_from(
            [
                "dimension",
                "sizes",
                "type",
                "encoding",
                "endian",
                "space",
                "space directions",
                "space origin",
                "spacings",
                "kinds",
                "data file",
                "byte skip",
                "line skip",
                "space units",
                "Segment0_LabelValue:",
                "Segment0_Layer:",
                "Segment0_Color:",
            ]
        ),
        st.one_of(
            LISTS,
            st.sampled_from(
                [
                    "RAS",
                    "(1,0,0) (0,1,0) (0,0,1)",
                    "none (1,0,0) (0,1,0) (0,0,1)",
                    "(1,0) (0,1)",
                    "(nan,0,0) (0,1,0) (0,0,1)",
                    "(1e308,0,0) (0,1e308,0) (0,0,1e308)",
                    "raw",
                    "gzip",
                    "bz2",
                    "domain domain list",
                    "../x",
                    "-1",
                    "double",
                ]
            ),
        ),
    ),
    pixels=st.binary(max_size=200),
)
def test_random_nrrd_headers(fields: dict[str, str], pixels: bytes) -> None:
    start = {"dimension": "3", "sizes": "2 3 4", "type": "uint8", "encoding": "raw"} | fields
    text = "NRRD0005\n" + "".join(f"{key}: {value}\n" if key[-1] != ":" else f"{key}={value}\n" for key, value in start.items())
    _read(".nrrd", text.encode() + b"\n" + pixels)
    _read(".seg.nrrd", text.encode() + b"\n" + pixels)


@BOUNDED
@given(header=st.binary(min_size=348, max_size=348), pixels=st.binary(max_size=100), packed=st.booleans())
def test_random_nifti_headers(header: bytes, pixels: bytes, packed: bool) -> None:
    content = (
        struct.pack("<i", 348) + header[4:40] + struct.pack("<4h", 3, 2, 3, 4) + header[48:344] + b"n+1\0" + bytes(4) + pixels
    )
    _read(".nii", zlib.compress(content, wbits=31) if packed else content)


@BOUNDED
@given(content=st.binary(max_size=400), suffix=st.sampled_from(sorted(READERS)))
def test_any_bytes(content: bytes, suffix: str) -> None:
    _read(suffix, content)


@pytest.mark.parametrize("magic", [b"\x1f\x8b", b"BZh9", b"NRRD0004\n", b"solid", b"ply\n", b"{", b"<", b"DICM"])
def test_kind_of_any_start(magic: bytes, tmp_path: Path) -> None:
    path = tmp_path / "strange"
    path.write_bytes(magic + bytes(range(256)))
    found = ""
    with suppress(InputError):
        found = kind_of(path)
    assert found == "" or found in KINDS


def _metaimage(size: str, pixels: bytes, compressed: bool) -> bytes:
    head = f"NDims = 3\nDimSize = {size}\nElementType = MET_UCHAR\nCompressedData = {compressed}\nElementDataFile = LOCAL\n"
    return head.encode() + pixels


def _nrrd(size: str, pixels: bytes, encoding: str) -> bytes:
    head = f"NRRD0005\ntype: uint8\ndimension: 3\nsizes: {size}\nencoding: {encoding}\nspace: LPS\nspacings: 1 1 1\n\n"
    return head.encode() + pixels


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".mha", _metaimage("100000 100000 100000", b"abc", False)),
        (".mha", _metaimage("2000 2000 2000", b"abc", False)),
        (".mha", _metaimage("2000 2000 2000", zlib.compress(bytes(1000)), True)),
        (".mha", _metaimage("-2000 -2000 2000", zlib.compress(bytes(1000)), True)),
        (".nrrd", _nrrd("2000 2000 2000", zlib.compress(bytes(1000), wbits=31), "gzip")),
        (".nrrd", _nrrd("2000 2000 2000", bytes(1000), "raw")),
    ],
)
def test_absurd_sizes_take_no_memory(suffix: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(InputError):
            READERS[suffix](path)
        assert tracemalloc.get_traced_memory()[1] < MODEST_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["zlib", "gzip", "bzip2"])
def test_a_bomb_is_inflated_no_further_than_the_header_says(encoding: str, tmp_path: Path) -> None:
    # 300 MB of zeros behind a header that speaks of 1000 bytes.
    zeros = bytes(300 << 20)
    if encoding == "zlib":
        path = tmp_path / "x.mha"
        path.write_bytes(_metaimage("10 10 10", zlib.compress(zeros, 1), True))
    else:
        packed = zlib.compress(zeros, 1, wbits=31) if encoding == "gzip" else bz2.compress(zeros)
        path = tmp_path / "x.nrrd"
        path.write_bytes(_nrrd("10 10 10", packed, encoding))
    del zeros
    tracemalloc.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InputWarning)
            array = READERS[path.suffix](path).array
        assert array.shape == (10, 10, 10)
        assert tracemalloc.get_traced_memory()[1] < MODEST_BYTES
    finally:
        tracemalloc.stop()


def test_a_truncated_dicom_of_any_length() -> None:
    content = VALID[".dcm"]
    for length in range(0, len(content), 37):
        _read(".dcm", content[:length])

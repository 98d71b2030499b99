"""NRRD files (`.nrrd`, `.nhdr` with its data file): fields and key/value pairs kept, pixels checked before they are read.

The format is described at teem.sourceforge.net/nrrd/format.html. A field is a line `name: value`, a pair `key:=value`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import Shaped

from ifssnet.core.errors import InputError
from ifssnet.io.codecs.data_files import companion, files_of_slices, names_many
from ifssnet.io.codecs.header_text import BYTE_ORDER_MARK, decoded, keep_one, one_line
from ifssnet.io.codecs.numbers import integers, shortened
from ifssnet.io.codecs.pixels import (
    byte_pieces,
    checked_bytes,
    deflated,
    read_deflated,
    read_raw,
    type_name,
)
from ifssnet.io.codecs.text_pixels import read_decimals, read_hexadecimal
from ifssnet.io.storage.existing_file import existing_file

TYPES: Mapping[str, str] = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "signed short int", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "long long int", "signed long long", "int64", "int64_t"), "i8"),
    **dict.fromkeys(("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"), "u8"),
    "float": "f4",
    "double": "f8",
}
_TYPE_NAMES = {
    "i1": "int8", "u1": "uint8", "i2": "int16", "u2": "uint16", "i4": "int32", "u4": "uint32",
    "i8": "int64", "u8": "uint64", "f4": "float", "f8": "double",
}  # fmt: skip

FIELDS = frozenset(
    {
        "dimension", "type", "block size", "encoding", "endian", "content", "old min", "old max", "oldmin", "oldmax",
        "data file", "datafile", "line skip", "lineskip", "byte skip", "byteskip", "number", "sample units", "sizes",
        "spacings", "thicknesses", "axis mins", "axismins", "axis maxs", "axismaxs", "centers", "centerings", "labels",
        "units", "min", "max", "kinds", "space", "space dimension", "space units", "space origin", "space directions",
        "measurement frame",
    }
)  # fmt: skip
"""Field names of the format; everything else is a key/value pair."""

_DEFLATED = {"gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2"}
_TEXT, _HEXADECIMAL = ("ascii", "text", "txt"), "hex"
_MAGIC = re.compile(r"^NRRD000[1-5]\s*$")
_LONGEST_LINE = 1 << 20
_LONGEST_HEADER = 1 << 26


@dataclass(frozen=True, eq=False)
class Nrrd:
    """An NRRD file as it lies on the disk.

    Attributes:
        fields: The format's own lines, by their lower-case names.
        pairs: The user's lines, `key:=value`.
        array: Pixels, the slowest axis first.
    """

    fields: dict[str, str]
    pairs: dict[str, str]
    array: Shaped[np.ndarray, "*size"]


def read_nrrd(path: Path) -> Nrrd:
    """Read a `.nrrd` or `.nhdr` file.

    Args:
        path: The file with the header. A data file that it names must lie in its folder or below.

    Raises:
        InputError: Anything that is not an NRRD file whose pixels fit its header.
    """
    existing_file(path, "an NRRD file")
    try:
        with path.open("rb") as stream:
            fields, pairs = _read_header(stream, path)
            sizes, dtype = _sizes(fields, path), _dtype(fields, path)
            checked_bytes(sizes, dtype.itemsize, path.name)
            name = fields.get("data file") or fields.get("datafile")
            if name is None:
                array = _read_pixels(stream, stream.tell(), sizes, dtype, (fields, path.name))
            else:
                many = names_many(path, name)
                files = files_of_slices(path, name, stream) if many else (companion(path, name),)
                array = _read_files(files, sizes, dtype, (fields, path.name), many=many)
    except (OSError, MemoryError) as error:
        raise InputError(f"a readable NRRD file {path.name}", f"'{error}'", "Check the file.") from error
    return Nrrd(fields, pairs, array)


def read_nrrd_raw(path: Path) -> tuple[dict[str, str], Shaped[np.ndarray, "*size"]]:
    """The header's lines, fields and pairs together (a field wins over a pair of its name), and the pixels, slowest first.

    Raises:
        InputError: As `read_nrrd`.
    """
    image = read_nrrd(path)
    return image.pairs | image.fields, image.array


def header_in(content: bytes) -> bytes:
    """The header at the start of a file's bytes; empty where the bytes are those of another format."""
    plain = content.removeprefix(BYTE_ORDER_MARK.encode())
    return re.split(rb"\r?\n\r?\n", plain, maxsplit=1)[0] if plain.startswith(b"NRRD000") else b""


def read_nrrd_header(path: Path) -> dict[str, str]:
    """The header's lines alone, fields and pairs together; a field wins over a pair of its name.

    Raises:
        InputError: Not an NRRD file.
    """
    existing_file(path, "an NRRD file")
    try:
        with path.open("rb") as stream:
            fields, pairs = _read_header(stream, path)
    except OSError as error:
        raise InputError(f"a readable NRRD file {path.name}", f"'{error}'", "Check the file.") from error
    return pairs | fields


def read_nrrd_layout(path: Path) -> tuple[dict[str, str], tuple[int, ...]]:
    """The format's own lines and the sizes of the axes, the slowest first; the pixels are left alone.

    Raises:
        InputError: Not an NRRD file, or pixels that no file can hold.
    """
    existing_file(path, "an NRRD file")
    try:
        with path.open("rb") as stream:
            fields, _ = _read_header(stream, path)
    except OSError as error:
        raise InputError(f"a readable NRRD file {path.name}", f"'{error}'", "Check the file.") from error
    sizes = _sizes(fields, path)
    checked_bytes(sizes, _dtype(fields, path).itemsize, path.name)
    return fields, sizes


def write_nrrd(
    path: Path,
    header: Mapping[str, str],
    array: Shaped[np.ndarray, "*size"],
    compress: bool,
    *,
    data_path: Path | None = None,
    data_name: str | None = None,
) -> None:
    """Write a `.nrrd`, or a `.nhdr` with its data file; the caller moves them into place.

    Args:
        path: File of the header.
        header: Lines to write: names in `FIELDS` as fields, all others as pairs. Those about the layout of the pixels
            (type, sizes, encoding ...) are said afresh.
        array: Pixels, the slowest axis first.
        compress: With gzip, level 1.
        data_path: Where the pixels go; None puts them behind the header.
        data_name: What the header calls the data file, when not the name of `data_path`.

    Raises:
        InputError: Pixels of a type that NRRD has no name for.
    """
    layout = {
        "type": type_name(array.dtype, _TYPE_NAMES),
        "dimension": str(array.ndim),
        "sizes": " ".join(str(n) for n in reversed(array.shape)),
        "endian": "little",
        "encoding": "gzip" if compress else "raw",
    }
    said_afresh = {*layout, "data file", "datafile", "line skip", "lineskip", "byte skip", "byteskip", "block size"}
    fields = layout | {key: value for key, value in header.items() if key in FIELDS and key not in said_afresh}
    if data_path is not None:
        fields["data file"] = data_name or data_path.name
    pairs = {key: value for key, value in header.items() if key not in FIELDS}
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    with path.open("wb") as stream:
        stream.write(b"NRRD0005\n")
        stream.writelines(f"{key}: {one_line(value)}\n".encode() for key, value in fields.items())
        stream.writelines(f"{_as_key(key)}:={_escaped(value)}\n".encode() for key, value in pairs.items())
        if data_path is None:
            stream.write(b"\n")
            stream.writelines(deflated(little, gzip=True) if compress else byte_pieces(little))
            return
    with data_path.open("wb") as data_stream:
        data_stream.writelines(deflated(little, gzip=True) if compress else byte_pieces(little))


def _read_header(stream: BinaryIO, path: Path) -> tuple[dict[str, str], dict[str, str]]:
    fields: dict[str, str] = {}
    pairs: dict[str, str] = {}
    magic = decoded(stream.readline(64)).removeprefix(BYTE_ORDER_MARK)
    if not _MAGIC.match(magic):
        raise InputError(
            f"an NRRD file that starts with NRRD0001 to NRRD0005: {path.name}",
            f"'{shortened(magic)}'",
            "Give a .nrrd or .nhdr file.",
        )
    while line := stream.readline(_LONGEST_LINE + 1):
        text = decoded(line).rstrip("\r\n")
        if not text.strip():
            break
        if text.startswith("#"):
            continue
        key, colon, value = text.partition(":")
        if len(line) > _LONGEST_LINE or stream.tell() > _LONGEST_HEADER or not colon:
            raise InputError(
                f"header lines 'field: value' or 'key:=value' in {path.name}",
                f"'{shortened(text)}'",
                "Export the file again, or correct that line.",
            )
        if value.startswith("="):
            keep_one(pairs, key.strip(), _unescaped(value[1:].strip()), path.name)
        else:
            keep_one(fields, key.strip().lower(), value.strip(), path.name)
            if key.strip().lower() in ("data file", "datafile") and names_many(path, value) and value.split()[0] == "LIST":
                break
    return fields, pairs


def _sizes(fields: Mapping[str, str], path: Path) -> tuple[int, ...]:
    for key in ("type", "dimension", "sizes", "encoding"):
        if key not in fields:
            raise InputError(f"'{key}' in the header of {path.name}", "none", "Export the file again, or add the line.")
    dimension = integers(fields["dimension"], 1, f"dimension in {path.name}")[0]
    if not 1 <= dimension <= 16:
        raise InputError(f"1 to 16 dimensions in {path.name}", f"{dimension}", "Correct 'dimension' in the header.")
    return tuple(reversed(integers(fields["sizes"], dimension, f"sizes in {path.name}")))


def _dtype(fields: Mapping[str, str], path: Path) -> np.dtype:
    code = TYPES.get(fields["type"].lower())
    if code is None:
        raise InputError(
            f"a pixel type such as uint8, short or float in {path.name}",
            f"'{shortened(fields['type'])}'",
            "Convert the pixels.",
        )
    encoding = fields["encoding"].lower()
    if encoding not in ("raw", _HEXADECIMAL, *_TEXT, *_DEFLATED):
        known = f"pixels encoded as raw, gzip, bzip2, ascii or hex in {path.name}"
        raise InputError(known, f"'{shortened(encoding)}'", "Save it with one of these.")
    endian = fields.get("endian", "little" if code[1] == "1" or encoding in _TEXT else "").lower()
    if endian not in ("little", "big"):
        raise InputError(
            f"endian: little or big in {path.name}",
            f"'{shortened(endian)}'" if endian else "none",
            "Add the line to the header.",
        )
    return np.dtype(code).newbyteorder("<" if endian == "little" else ">")


def _read_files(
    files: Sequence[Path], sizes: tuple[int, ...], dtype: np.dtype, about: tuple[Mapping[str, str], str], *, many: bool
) -> Shaped[np.ndarray, "*size"]:
    """The pixels of one data file, or of several that hold a slice each, along the slowest axis."""
    fields, where = about
    if many and len(files) != sizes[0]:
        raise InputError(f"{sizes[0]} data files, one a slice, for {where}", f"{len(files)}", "Save it as one file.")
    own = (sizes[1:] or (1,)) if many else sizes
    each: list[np.ndarray] = []
    for file in files:
        with file.open("rb") as stream:
            each.append(_read_pixels(stream, 0, own, dtype, (fields, file.name)))
    return np.stack(each).reshape(sizes) if many else each[0]


def _read_pixels(
    stream: BinaryIO, start: int, sizes: tuple[int, ...], dtype: np.dtype, about: tuple[Mapping[str, str], str]
) -> Shaped[np.ndarray, "*size"]:
    fields, where = about
    lines = integers(fields.get("line skip") or fields.get("lineskip") or "0", 1, f"line skip in {where}")[0]
    skip = integers(fields.get("byte skip") or fields.get("byteskip") or "0", 1, f"byte skip in {where}")[0]
    said = fields["encoding"].lower()
    encoding = _DEFLATED.get(said)
    if lines < 0 or skip < (-1 if said == "raw" else 0):
        raise InputError(f"a line skip and a byte skip that {where} can have", f"{lines} and {skip}", "Correct the header.")
    stream.seek(start)
    for _ in range(lines):
        if not stream.readline(_LONGEST_LINE):
            break
    start = stream.tell()
    if encoding is not None:
        # Bytes are skipped after inflating, lines before: so the format says.
        return read_deflated(stream, start, sizes, dtype, where, encoding=encoding, skip=skip)[0]
    if said != "raw":
        read = read_hexadecimal if said == _HEXADECIMAL else read_decimals
        return read(stream, start + skip, sizes, dtype, where)
    if skip == -1:
        start, skip = max(start, stream.seek(0, 2) - checked_bytes(sizes, dtype.itemsize, where)), 0
    return read_raw(stream, start + skip, sizes, dtype, where)


def _as_key(text: str) -> str:
    return one_line(text).replace(":", "_").lstrip("#").strip() or "_"


def _escaped(text: str) -> str:
    # The format's own escapes; a line break would end the pair.
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", " ").replace("\0", " ").strip()


def _unescaped(text: str) -> str:
    return re.sub(r"\\([\\n])", lambda match: "\n" if match[1] == "n" else "\\", text)

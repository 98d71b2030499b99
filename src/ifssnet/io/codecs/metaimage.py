"""MetaImage files (`.mha`, `.mhd` with its data files): every header line kept, pixels checked before they are read.

The format is ITK's; sequence metafiles of PLUS and 3D Slicer are MetaImages whose header has more lines.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import Shaped

from ifssnet.core.errors import InputError, InputWarning
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
from ifssnet.io.codecs.text_pixels import read_decimals
from ifssnet.io.storage.existing_file import existing_file

STRUCTURE = frozenset(
    {
        "ObjectType", "NDims", "BinaryData", "BinaryDataByteOrderMSB", "ElementByteOrderMSB", "CompressedData",
        "CompressedDataSize", "DimSize", "ElementNumberOfChannels", "ElementType", "HeaderSize", "ElementDataFile",
    }
)  # fmt: skip
"""Header keys about the layout of the pixels, which the writer says afresh."""

_KEYS = {
    key.lower(): key
    for key in (
        *STRUCTURE,
        "ElementSpacing",
        "ElementSize",
        "Offset",
        "Position",
        "Origin",
        "TransformMatrix",
        "Rotation",
        "Orientation",
        "DistanceUnits",
    )
}
"""Keys that pixels and place depend on, by their lower-case names: some programs write them in other capitals."""

TYPES: Mapping[str, str] = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4", "MET_UINT": "u4",
    "MET_LONG": "i4", "MET_ULONG": "u4", "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8", "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip
_TYPE_NAMES = {code: name for name, code in TYPES.items() if name not in ("MET_LONG", "MET_ULONG")}

_FIRST_LINES = re.compile(rb"^\s*(ObjectType|NDims|DimSize|BinaryData|ElementType)\s*[=:]", re.MULTILINE)
_LONGEST_LINE = 1 << 20
_LONGEST_HEADER = 1 << 26


@dataclass(frozen=True, eq=False)
class MetaImage:
    """A MetaImage as it lies in its file.

    Attributes:
        fields: Header lines in their order, key to value, values as they were written.
        array: Pixels, the header's last dimension first; several channels are a last axis more.
    """

    fields: dict[str, str]
    array: Shaped[np.ndarray, "*size"]


@dataclass(frozen=True)
class _Layout:
    """How pixels lie in a file: array sizes slowest first, channels last; `skipped` bytes come before, -1 for any number."""

    sizes: tuple[int, ...]
    dtype: np.dtype
    compressed: bool
    as_text: bool
    compressed_size: str
    skipped: int


def read_metaimage(path: Path) -> MetaImage:
    """Read an `.mha` or `.mhd` file.

    Args:
        path: The file with the header. Data files that it names must lie in its folder or below.

    Raises:
        InputError: Anything that is not a MetaImage whose pixels fit its header.
    """
    existing_file(path, "a MetaImage file")
    try:
        with path.open("rb") as stream:
            fields = _read_header(stream, path)
            layout = _layout(fields, path)
            name = fields["ElementDataFile"].strip()
            if name.upper() == "LOCAL":
                array = _read_pixels(stream, stream.tell(), layout, path.name)
            elif names_many(path, name):
                checked_bytes(layout.sizes, layout.dtype.itemsize, path.name)
                array = _read_slices(files_of_slices(path, name, stream), layout, path)
            else:
                data = companion(path, name)
                with data.open("rb") as data_stream:
                    array = _read_pixels(data_stream, 0, layout, data.name)
    except (OSError, MemoryError) as error:
        raise InputError(
            f"a readable MetaImage file {path.name}", f"'{error}'", "Check the file and its permissions."
        ) from error
    return MetaImage(fields, array)


def header_in(content: bytes) -> bytes:
    """The header at the start of a file's bytes; empty where the bytes are those of another format."""
    return content.split(b"ElementDataFile", maxsplit=1)[0] if _FIRST_LINES.search(content[:1024]) else b""


def read_metaimage_header(path: Path) -> dict[str, str]:
    """The header's lines alone, key to value; the pixels are left alone, and there may be none.

    Raises:
        InputError: Not a MetaImage.
    """
    existing_file(path, "a MetaImage file")
    try:
        with path.open("rb") as stream:
            return _read_header(stream, path)
    except OSError as error:
        raise InputError(f"a readable MetaImage file {path.name}", f"'{error}'", "Check the file.") from error


def read_metaimage_layout(path: Path) -> tuple[dict[str, str], tuple[int, ...]]:
    """The header's lines and the sizes of the array, the slowest first and channels last; the pixels are left alone.

    Raises:
        InputError: Not a MetaImage, or pixels that no file can hold.
    """
    fields = read_metaimage_header(path)
    return fields, _layout(fields, path).sizes


def write_metaimage(
    path: Path,
    fields: Mapping[str, str],
    array: Shaped[np.ndarray, "*size"],
    compress: bool,
    *,
    data_path: Path | None = None,
    data_name: str | None = None,
) -> None:
    """Write an `.mha`, or an `.mhd` with its data file; the caller moves them into place.

    Args:
        path: File of the header.
        fields: Header lines to write; those of `STRUCTURE` are said afresh, and `ElementNumberOfChannels` above 1
            makes the array's last axis one of channels.
        array: Pixels, the header's last dimension first.
        compress: With zlib, level 1.
        data_path: Where the pixels go; None puts them behind the header.
        data_name: What the header calls the data file, when not the name of `data_path`.

    Raises:
        InputError: Pixels of a type that MetaImage has no name for.
    """
    channels = max(1, int(fields.get("ElementNumberOfChannels", "1")))
    sizes = array.shape[:-1] if channels > 1 else array.shape
    lines = {
        "ObjectType": "Image",
        "NDims": str(len(sizes)),
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": str(compress),
        "DimSize": " ".join(str(n) for n in reversed(sizes)),
        "ElementType": type_name(array.dtype, _TYPE_NAMES),
    }
    if channels > 1:
        lines["ElementNumberOfChannels"] = str(channels)
    lines |= {one_line(key).replace("=", "_"): one_line(value) for key, value in fields.items() if key not in STRUCTURE}
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    with path.open("wb") as stream:
        size_at = -1
        for key, value in lines.items():
            stream.write(f"{key} = {value}\n".encode())
            if key == "CompressedData" and compress:
                size_at = stream.tell() + len("CompressedDataSize = ")
                stream.write(b"CompressedDataSize = " + b" " * 20 + b"\n")
        name = "LOCAL" if data_path is None else (data_name or data_path.name)
        stream.write(f"ElementDataFile = {name}\n".encode())
        if data_path is None:
            written = _write_pixels(stream, little, compress)
        else:
            with data_path.open("wb") as data_stream:
                written = _write_pixels(data_stream, little, compress)
        if compress:
            # The size is known only now; the blanks after it are what PLUS leaves there, too.
            stream.seek(size_at)
            stream.write(str(written).encode())


def flag(fields: Mapping[str, str], key: str, default: bool = False) -> bool:
    """A header's True or False."""
    return fields.get(key, str(default)).strip().lower() in ("true", "1", "t", "yes")


def _read_header(stream: BinaryIO, path: Path) -> dict[str, str]:
    fields: dict[str, str] = {}
    while "ElementDataFile" not in fields:
        line = stream.readline(_LONGEST_LINE + 1)
        text = decoded(line)
        key, equals, value = text.partition("=") if "=" in text else text.partition(":")
        if not line or len(line) > _LONGEST_LINE or stream.tell() > _LONGEST_HEADER or (text.strip() and not equals):
            raise InputError(
                f"a MetaImage header of lines 'Key = value' that ends with ElementDataFile in {path.name}",
                f"'{shortened(text)}' after {len(fields)} lines" if line else f"the end of the file after {len(fields)} lines",
                "Give a .mha or .mhd file; if it is one, export it again.",
            )
        if text.strip():
            written = key.strip().removeprefix(BYTE_ORDER_MARK)
            keep_one(fields, _KEYS.get(written.lower(), written), value.strip(), path.name)
    if not fields["ElementDataFile"].strip():
        raise InputError(f"ElementDataFile in {path.name}", "none named", "Name the data file there, or LOCAL.")
    return fields


def _layout(fields: Mapping[str, str], path: Path) -> _Layout:
    sizes, dtype = _sizes(fields, path), _dtype(fields, path)
    checked_bytes(sizes, dtype.itemsize, path.name)
    skipped = integers(fields.get("HeaderSize", "0"), 1, f"HeaderSize in {path.name}")[0]
    if skipped < -1:
        raise InputError(f"HeaderSize of -1 or more in {path.name}", f"{skipped}", "Correct HeaderSize in the header.")
    compressed, as_text = flag(fields, "CompressedData"), not flag(fields, "BinaryData", default=True)
    if as_text and (compressed or skipped):
        remedy = "Save it with binary pixels."
        raise InputError(f"text alone in {path.name}, as BinaryData = False says", "CompressedData or HeaderSize", remedy)
    return _Layout(sizes, dtype, compressed, as_text, fields.get("CompressedDataSize", "").strip(), skipped)


def _sizes(fields: Mapping[str, str], path: Path) -> tuple[int, ...]:
    """Array sizes, slowest first, the channels last."""
    for key in ("NDims", "DimSize", "ElementType"):
        if key not in fields:
            raise InputError(f"{key} in the header of {path.name}", "none", "Export the file again, or add the line.")
    dimensions = integers(fields["NDims"], 1, f"NDims in {path.name}")[0]
    if not 1 <= dimensions <= 10:
        raise InputError(f"1 to 10 dimensions in {path.name}", f"NDims = {dimensions}", "Correct NDims in the header.")
    sizes = tuple(reversed(integers(fields["DimSize"], dimensions, f"DimSize in {path.name}")))
    channels = integers(fields.get("ElementNumberOfChannels", "1") or "1", 1, f"ElementNumberOfChannels in {path.name}")[0]
    return sizes if channels == 1 else (*sizes, channels)


def _dtype(fields: Mapping[str, str], path: Path) -> np.dtype:
    name = fields["ElementType"].strip().upper()
    if name not in TYPES:
        raise InputError(f"ElementType among {', '.join(TYPES)} in {path.name}", f"'{shortened(name)}'", "Convert the pixels.")
    orders = {key: flag(fields, key) for key in ("BinaryDataByteOrderMSB", "ElementByteOrderMSB") if key in fields}
    msb = any(orders.values())
    if msb and not all(orders.values()) and np.dtype(TYPES[name]).itemsize > 1:
        said = " and ".join(f"{key} = {fields[key].strip()}" for key in orders)
        raise InputError(f"one order of bytes in the header of {path.name}", said, "Take the wrong line out.")
    return np.dtype(TYPES[name]).newbyteorder(">" if msb else "<")


def _read_pixels(stream: BinaryIO, start: int, layout: _Layout, where: str) -> Shaped[np.ndarray, "*size"]:
    if layout.as_text:
        return read_decimals(stream, start, layout.sizes, layout.dtype, where)
    if not layout.compressed:
        if layout.skipped == -1:
            # The pixels are the last bytes of the file, whatever comes before them.
            start = max(start, stream.seek(0, 2) - checked_bytes(layout.sizes, layout.dtype.itemsize, where))
        return read_raw(stream, start + max(layout.skipped, 0), layout.sizes, layout.dtype, where)
    array, taken = read_deflated(stream, start + max(layout.skipped, 0), layout.sizes, layout.dtype, where)
    if layout.compressed_size not in ("", "0", str(taken)):
        stated = shortened(layout.compressed_size)
        warnings.warn(
            InputWarning(f"{where}: CompressedDataSize is {stated}, but the pixels, which are whole, take {taken} bytes."),
            stacklevel=3,
        )
    return array


def _read_slices(files: Sequence[Path], layout: _Layout, path: Path) -> Shaped[np.ndarray, "*size"]:
    if len(files) != layout.sizes[0]:
        raise InputError(f"{layout.sizes[0]} data files, one a slice, in {path.name}", f"{len(files)}", "Correct the list.")
    one = replace(layout, sizes=layout.sizes[1:] or (1,))
    each: list[np.ndarray] = []
    for file in files:
        with file.open("rb") as stream:
            each.append(_read_pixels(stream, 0, one, file.name))
    return np.stack(each).reshape(layout.sizes)


def _write_pixels(stream: BinaryIO, array: Shaped[np.ndarray, "*size"], compress: bool) -> int:
    return sum(stream.write(piece) for piece in (deflated(array) if compress else byte_pieces(array)))

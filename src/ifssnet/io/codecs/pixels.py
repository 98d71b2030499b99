"""Pixels of the image formats: checked against the file's size before any memory is taken, inflated within bounds."""

from __future__ import annotations

import bz2
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

import numpy as np
from jaxtyping import Shaped, UInt8

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import MAX_VOXELS
from ifssnet.core.machine.memory import available_memory
from ifssnet.io.codecs.deflate import DeflateError, packer, unpacker

_MOST_BY_ZLIB = 1040
"""Deflate cannot shrink a byte stream further than 1032 times; what claims to is refused before allocating."""
_MOST_SURPLUS, _MOST_TIMES = 1 << 30, 16
"""Bytes, and times the pixels, that a file may hold beyond them; whatever reads whole files would take hours."""
_PIECE = 1 << 22
_DEFLATED, _INFLATED = 1 << 16, 1 << 17
"""Compressed bytes read, and bytes inflated, at a time: they stay in the processor's cache."""
_NOTHING = bytes(_INFLATED)


def checked_bytes(sizes: Sequence[int], itemsize: int, where: str) -> int:
    """How many bytes an array of these sizes takes.

    Raises:
        InputError: A size below one, or more than `MAX_VOXELS` values.
    """
    if not sizes or any(n < 1 for n in sizes):
        raise InputError(f"sizes of at least 1 in {where}", f"{' x '.join(map(str, sizes))}", "Correct the header.")
    if math.prod(sizes) > MAX_VOXELS:
        raise InputError(f"at most {MAX_VOXELS:,} values in {where}", f"{' x '.join(map(str, sizes))}", "Correct the header.")
    return math.prod(sizes) * itemsize


def read_raw(stream: BinaryIO, offset: int, sizes: Sequence[int], dtype: np.dtype, where: str) -> Shaped[np.ndarray, "*size"]:
    """Pixels as they are stored, the last of `sizes` varying fastest, in native byte order.

    Raises:
        InputError: The file holds fewer bytes than the sizes need, or plainly belongs to another header. A smaller surplus is
            left unread, with a warning.
    """
    wanted = checked_bytes(sizes, dtype.itemsize, where)
    there = stream.seek(0, 2) - offset
    if there < wanted:
        raise truncated(where, wanted, max(there, 0))
    if there - wanted > max(_MOST_SURPLUS, _MOST_TIMES * wanted):
        raise InputError(
            f"{wanted:,} bytes of pixels in {where}, as its header says",
            f"{there:,} bytes",
            "Correct the size in the header, or export the file again.",
        )
    if there > wanted:
        say_surplus(where, f"{there - wanted:,} bytes more than")
    stream.seek(offset)
    check_memory(wanted, where)
    try:
        array = np.fromfile(stream, dtype=np.uint8, count=wanted)
    except MemoryError as error:
        raise _too_large(wanted, where) from error
    if array.size < wanted:
        raise truncated(where, wanted, array.size)
    return _as_native(array, sizes, dtype)


def read_deflated(
    stream: BinaryIO, offset: int, sizes: Sequence[int], dtype: np.dtype, where: str, *, encoding: str = "gzip", skip: int = 0
) -> tuple[Shaped[np.ndarray, "*size"], int]:
    """Compressed pixels, never inflated beyond what the sizes need.

    Args:
        stream: The open file.
        offset: Where the compressed bytes start.
        sizes: The array's sizes, the last varying fastest.
        dtype: As stored, with its byte order.
        where: The file, for messages.
        encoding: "gzip" (or zlib) or "bzip2".
        skip: Inflated bytes to leave out first.

    Returns:
        The array in native byte order, and how many compressed bytes it took.

    Raises:
        InputError: Fewer bytes than the sizes need, or bytes that are not compressed. A surplus is left, with a warning.
    """
    wanted = checked_bytes(sizes, dtype.itemsize, where)
    compressed = stream.seek(0, 2) - offset
    if encoding != "bzip2" and wanted > max(compressed, 0) * _MOST_BY_ZLIB:
        raise truncated(where, wanted, max(compressed, 0), "compressed ")
    stream.seek(offset)
    array = _zeros(wanted, where)
    view, done, left_out = array.data, 0, max(skip, 0)
    inflating = _inflated(stream, encoding, where)
    surplus = False
    for piece in inflating:
        start = min(left_out, len(piece))
        left_out -= start
        taken = min(len(piece) - start, wanted - done)
        # What is not written to takes no memory: label maps of a few slices are nearly all 0.
        if piece != _NOTHING[: len(piece)]:
            view[done : done + taken] = piece[start : start + taken]
        done += taken
        if start + taken < len(piece):
            surplus = True
            break
    if done < wanted:
        raise truncated(where, wanted, done)
    if surplus:
        say_surplus(where, "more than")
    return _as_native(array, sizes, dtype), min(stream.tell() - offset, compressed)


def type_name(dtype: np.dtype, names: Mapping[str, str]) -> str:
    """What a format calls a pixel type.

    Args:
        dtype: An array's type, in any byte order.
        names: Numpy's code without byte order ("u1", "f4") to the format's name.

    Raises:
        InputError: The format has no name for it.
    """
    code = dtype.newbyteorder("=").str[1:]
    if code not in names:
        raise InputError(f"pixels of a type among {', '.join(names.values())}", f"{dtype}", "Convert the array first.")
    return names[code]


def deflated(array: Shaped[np.ndarray, "*size"], gzip: bool = False) -> Iterator[bytes]:
    """The bytes of an array, compressed piece by piece at level 1: most of the gain in little time."""
    deflater = packer(gzip=gzip)
    for piece in byte_pieces(array):
        yield deflater.compress(piece)
    yield deflater.flush()


def byte_pieces(array: Shaped[np.ndarray, "*size"]) -> Iterator[memoryview]:
    """The bytes of an array in C order, copied at most one piece at a time."""
    if array.flags.c_contiguous:
        flat = array.reshape(-1).data.cast("B")
        for start in range(0, len(flat), _PIECE):
            yield flat[start : start + _PIECE]
    else:
        for plane in array:
            yield np.ascontiguousarray(plane).reshape(-1).data.cast("B")


class _Zlib:
    def __init__(self) -> None:
        self._inner = unpacker()
        self._full = False

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def inflate(self, data: bytes, most: int) -> bytes:
        piece = self._inner.decompress(self._inner.unconsumed_tail + data, most)
        self._full = len(piece) == most
        return piece

    @property
    def has_more(self) -> bool:
        # ISA-L may have taken all that it was given and still hold bytes that did not fit into the piece.
        return self._full or bool(self._inner.unconsumed_tail)


class _Bzip2:
    def __init__(self) -> None:
        self._inner = bz2.BZ2Decompressor()

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def inflate(self, data: bytes, most: int) -> bytes:
        return self._inner.decompress(data, most)

    @property
    def has_more(self) -> bool:
        return not self._inner.eof and not self._inner.needs_input


def _inflated(stream: BinaryIO, encoding: str, where: str) -> Iterator[bytes]:
    """Pieces of at most `_INFLATED` inflated bytes; gzip files of several members are read as one."""
    inflater = _Bzip2() if encoding == "bzip2" else _Zlib()
    data = b""
    try:
        while True:
            if not data and not inflater.has_more:
                data = stream.read(_DEFLATED)
                if not data:
                    return
            piece = inflater.inflate(data, _INFLATED)
            data = b""
            if piece:
                yield piece
            if inflater.eof:
                stream.seek(-len(inflater.unused_data), 1)
                next_two = stream.read(2)
                stream.seek(-len(next_two), 1)
                if next_two not in (b"\x1f\x8b", b"BZ"):
                    return
                inflater = type(inflater)()
    except (DeflateError, OSError, EOFError, ValueError) as error:
        raise InputError(
            f"pixels compressed as {encoding} in {where}", f"bytes that are not ({error})", "Export or copy the file again."
        ) from error


def check_memory(wanted_bytes: int, where: str) -> None:
    """Refuse, before anything is read, what the machine has no room for; systems promise memory that they do not have.

    Raises:
        InputError: More bytes than there are left.
    """
    available = available_memory()
    if available is not None and wanted_bytes > available:
        raise _too_large(wanted_bytes, where)


def _zeros(count: int, where: str) -> UInt8[np.ndarray, " byte"]:
    check_memory(count, where)
    try:
        return np.zeros(count, dtype=np.uint8)
    except MemoryError as error:
        raise _too_large(count, where) from error


def _too_large(count: int, where: str) -> InputError:
    return InputError(
        f"pixels of {where} that fit in memory", f"{count / 1e9:.1f} GB", "Use a computer with more memory, or crop the image."
    )


def _as_native(array: UInt8[np.ndarray, " byte"], sizes: Sequence[int], dtype: np.dtype) -> Shaped[np.ndarray, "*size"]:
    typed = array.view(dtype)
    if not dtype.isnative:
        typed = typed.byteswap(inplace=True).view(dtype.newbyteorder("="))
    return typed.reshape(tuple(sizes))


def truncated(where: str, wanted: int, there: int, kind: str = "") -> InputError:
    """What is said of a file that holds fewer bytes than its header needs."""
    return InputError(
        f"{wanted:,} bytes of pixels in {where}, as its header says",
        f"{there:,} {kind}bytes",
        "The file is cut short or its header is wrong: export or copy it again.",
    )


def say_surplus(where: str, how_much: str) -> None:
    """Warn that a file holds more than its header says; `how_much` ends in "more than"."""
    warnings.warn(
        InputWarning(f"{where} holds {how_much} its header says; the rest was left unread. Check the size in the header."),
        stacklevel=3,
    )

"""Pixels that stand in a file as text: decimal numbers, or two hexadecimal digits a byte. Read piece by piece."""

from __future__ import annotations

import binascii
from typing import BinaryIO

import numpy as np
from jaxtyping import Shaped

from ifssnet.core.errors import InputError
from ifssnet.io.codecs.numbers import shortened
from ifssnet.io.codecs.pixels import check_memory, checked_bytes, say_surplus, truncated

_PIECE = 1 << 20
_LONGEST_NUMBER = 64
_BLANKS = b" \t\r\n\v\f"


def read_decimals(
    stream: BinaryIO, offset: int, sizes: tuple[int, ...], dtype: np.dtype, where: str
) -> Shaped[np.ndarray, "*size"]:
    """Numbers with blanks or commas between them, the last of `sizes` varying fastest, in native byte order.

    Raises:
        InputError: Fewer numbers than the sizes need, words that are no numbers, or numbers that the type cannot hold. A
            surplus is left unread, with a warning.
    """
    native = dtype.newbyteorder("=")
    wanted = checked_bytes(sizes, native.itemsize, where)
    count, there = wanted // native.itemsize, stream.seek(0, 2) - offset
    if there < 2 * count - 1:
        raise truncated(where, 2 * count - 1, max(there, 0))
    check_memory(wanted, where)
    stream.seek(offset)
    array, done, rest, ended = np.empty(count, dtype=native), 0, b"", False
    surplus = False
    while done < count and not ended:
        piece = stream.read(_PIECE)
        ended = not piece
        words = (rest + piece).replace(b",", b" ").split()
        # The last word may go on in the next piece.
        rest = words.pop() if words and not ended and piece[-1:] not in b", \t\r\n\v\f" else b""
        _refuse_long([rest, *words], where)
        taken = words[: count - done]
        array[done : done + len(taken)] = _as_type(taken, native, where)
        done += len(taken)
        surplus = len(taken) < len(words)
    if done < count:
        raise InputError(f"{count:,} numbers in {where}, as its header says", f"{done:,}", "Export or copy the file again.")
    if rest or surplus or stream.read(_PIECE).strip(_BLANKS):
        say_surplus(where, "more than")
    return array.reshape(sizes)


def read_hexadecimal(
    stream: BinaryIO, offset: int, sizes: tuple[int, ...], dtype: np.dtype, where: str
) -> Shaped[np.ndarray, "*size"]:
    """The bytes of pixels as hexadecimal digits, blanks left out; otherwise as `read_decimals`.

    Raises:
        InputError: Fewer digits than the sizes need, or other signs.
    """
    wanted = checked_bytes(sizes, dtype.itemsize, where)
    there = stream.seek(0, 2) - offset
    if there < 2 * wanted:
        raise truncated(where, 2 * wanted, max(there, 0))
    check_memory(wanted, where)
    stream.seek(offset)
    found, digits = bytearray(), b""
    while len(found) < wanted and (piece := stream.read(_PIECE)):
        digits += piece.translate(None, _BLANKS)
        whole = len(digits) // 2 * 2
        try:
            found += binascii.unhexlify(digits[:whole])
        except ValueError as error:
            remedy = "Export or copy the file again."
            raise InputError(f"hexadecimal digits in {where}", "other signs", remedy) from error
        digits = digits[whole:]
    if len(found) < wanted:
        raise truncated(where, wanted, len(found))
    if len(found) > wanted or digits or stream.read(_PIECE).strip(_BLANKS):
        say_surplus(where, "more than")
    typed = np.frombuffer(bytes(found[:wanted]), dtype=dtype)
    return typed.astype(dtype.newbyteorder("=")).reshape(sizes)


def _refuse_long(words: list[bytes], where: str) -> None:
    if max(map(len, words), default=0) > _LONGEST_NUMBER:
        raise InputError(f"numbers with blanks between them in {where}", "a longer word", "Export or copy the file again.")


def _as_type(words: list[bytes], dtype: np.dtype, where: str) -> Shaped[np.ndarray, " number"]:
    if not words:
        return np.empty(0, dtype=dtype)
    try:
        if any(b"_" in word for word in words):
            raise ValueError("Python alone reads 1_0 as a number")
        if dtype.kind == "f":
            return np.array(words).astype(np.float64).astype(dtype)
        whole = _whole(words)
    except ValueError as error:
        raise InputError(f"numbers in {where}", f"'{shortened(str(error))}'", "Export or copy the file again.") from error
    limits = np.iinfo(dtype)
    low, high = min(whole), max(whole)
    if low < limits.min or high > limits.max:
        found = low if low < limits.min else high
        raise InputError(f"numbers of type {dtype} in {where}", f"{found}", "Correct 'type' in the header.")
    return np.array(whole, dtype=dtype)


def _whole(words: list[bytes]) -> list[int]:
    try:
        return [int(word) for word in words]
    except ValueError:
        values = [float(word) for word in words]
        if not all(value.is_integer() for value in values):
            raise ValueError("a number that is not whole") from None
        return [int(value) for value in values]

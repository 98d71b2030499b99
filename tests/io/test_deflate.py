"""Compressed pixels: what others packed is read to the last byte, and what we pack others can read."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.io.codecs.pixels import deflated, read_deflated

PIECE = 1 << 17
"""Bytes that are inflated at a time."""

BYTE = np.dtype(np.uint8)


def pixels(kind: str, count: int) -> np.ndarray:
    """Zeros, speckle, or half and half: they shrink to very different sizes."""
    speckle = np.random.default_rng(3).integers(0, 40, count).astype(np.uint8)
    return {"zeros": np.zeros_like(speckle), "speckle": speckle, "half": speckle * (np.arange(count) > count // 2)}[kind]


def read(folder: Path, packed: bytes, count: int) -> tuple[np.ndarray, int]:
    """The pixels of a file of compressed bytes, and how many of its bytes they took."""
    (folder / "x").write_bytes(packed)
    with (folder / "x").open("rb") as stream:
        return read_deflated(stream, 0, (count,), BYTE, "x")


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress])
@pytest.mark.parametrize("kind", ["zeros", "speckle", "half"])
@pytest.mark.parametrize("count", [1, PIECE - 1, PIECE, PIECE + 1, PIECE + 19, PIECE + 200, 2 * PIECE, 2 * PIECE + 3])
def test_the_last_bytes_are_read_wherever_the_pieces_end(
    count: int, kind: str, pack: Callable[..., bytes], tmp_path: Path
) -> None:
    array, packed = pixels(kind, count), pack(pixels(kind, count).tobytes(), 1)
    for rest in (b"", b"rest"):
        found, taken = read(tmp_path, packed + rest, count)
        assert np.array_equal(found, array)
        assert taken == len(packed)


@pytest.mark.parametrize("as_gzip", [False, True])
def test_what_we_pack_python_unpacks(as_gzip: bool) -> None:
    array = pixels("half", (1 << 22) + 5)
    packed = b"".join(deflated(array, gzip=as_gzip))
    assert (gzip.decompress if as_gzip else zlib.decompress)(packed) == array.tobytes()
    assert len(packed) < 1.02 * len(zlib.compress(array.tobytes(), 1))


def test_members_one_after_another_are_one_stream(tmp_path: Path) -> None:
    array = pixels("speckle", PIECE + 40)
    packed = gzip.compress(array[:50].tobytes()) + gzip.compress(array[50:].tobytes())
    assert np.array_equal(read(tmp_path, packed, len(array))[0], array)


@pytest.mark.parametrize(("pack", "checksum_at"), [(zlib.compress, -4), (gzip.compress, -8)])
def test_a_wrong_checksum_and_a_missing_end_are_said(pack: Callable[..., bytes], checksum_at: int, tmp_path: Path) -> None:
    packed = pack(pixels("speckle", 3 * PIECE).tobytes(), 1)
    wrong = bytearray(packed)
    wrong[checksum_at] ^= 1
    with pytest.raises(InputError, match="compressed as gzip"):
        read(tmp_path, bytes(wrong), 3 * PIECE)
    with pytest.raises(InputError, match="cut short"):
        read(tmp_path, packed[: len(packed) // 2], 3 * PIECE)

"""A network's graph in the ONNX format, written without any library: numbers, text and messages of Protocol Buffers.

Field numbers are those of the format's public description (onnx.proto3, ONNX 1.17, operator set 18); only those that the
networks here need are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack

import numpy as np
from jaxtyping import Shaped

OPERATORS = 18
"""The version of the operators; every engine of the last years reads it."""

_FORMAT = 8
_TYPES = {"float32": 1, "int64": 7}
_FLOAT, _INT, _TEXT, _FLOATS, _INTS = 1, 2, 3, 6, 7

Attribute = int | float | str | Sequence[int] | Sequence[float]


def model(graph: bytes) -> bytes:
    """A whole file, of a graph."""
    operators = _number(2, OPERATORS)
    return _number(1, _FORMAT) + _message(7, graph) + _message(8, operators)


def graph(nodes: Sequence[bytes], constants: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes]) -> bytes:
    """A graph; each node after those whose results it takes."""
    parts = [(1, nodes), (5, constants), (11, inputs), (12, outputs)]
    return b"".join(_message(field, each) for field, several in parts for each in several) + _text(2, "network")


def node(operator: str, inputs: Sequence[str], outputs: Sequence[str], attributes: dict[str, Attribute]) -> bytes:
    """One operation on named arrays."""
    names = b"".join(_text(1, each) for each in inputs) + b"".join(_text(2, each) for each in outputs)
    said = b"".join(_message(5, _attribute(name, value)) for name, value in attributes.items())
    return names + _text(4, operator) + said


def constant(name: str, array: Shaped[np.ndarray, "*shape"]) -> bytes:
    """A named array of numbers: float32 or int64."""
    sizes = b"".join(_number(1, size) for size in array.shape)
    little = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    return sizes + _number(2, _TYPES[array.dtype.name]) + _text(8, name) + _message(9, little.tobytes())


def floats_named(name: str, sizes: Sequence[int | str]) -> bytes:
    """What goes in or comes out: an array of float32; a size that is a word may be any."""
    shape = b"".join(_message(1, _text(2, size) if isinstance(size, str) else _number(1, size)) for size in sizes)
    kind = _number(1, _TYPES["float32"]) + _message(2, shape)
    return _text(1, name) + _message(2, _message(1, kind))


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, str):
        body = _text(4, value) + _number(20, _TEXT)
    elif isinstance(value, int):
        body = _number(3, value) + _number(20, _INT)
    elif isinstance(value, float):
        body = _float(2, value) + _number(20, _FLOAT)
    elif all(isinstance(each, int) for each in value):
        body = b"".join(_number(8, int(each)) for each in value) + _number(20, _INTS)
    else:
        body = b"".join(_float(7, each) for each in value) + _number(20, _FLOATS)
    return _text(1, name) + body


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | 5) + pack("<f", value)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])

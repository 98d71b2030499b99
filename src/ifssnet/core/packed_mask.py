"""A mask of one slice, packed: what a log, a message to a page and a memory of thousands of slices can hold."""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
from jaxtyping import Bool

from ifssnet.core.errors import InputError

LEVEL = 1
"""The level of compression: masks shrink to a hundredth at once, and drawing must not wait."""


@dataclass(frozen=True)
class PackedMask:
    """A boolean mask, cut to the box that holds it.

    Two masks are equal if they hold the same pixels on slices of the same shape.

    Attributes:
        shape_yx: Rows and columns of the slice.
        top: The first row of the box.
        left: The first column of the box.
        height: Rows of the box; 0 where the mask is empty.
        width: Columns of the box; 0 where the mask is empty.
        pixels: Pixels inside.
        text: The box's pixels, row after row, eight a byte (the first one is the highest bit), deflated, in base64.
    """

    shape_yx: tuple[int, int]
    top: int
    left: int
    height: int
    width: int
    pixels: int
    text: str

    @classmethod
    def of(cls, mask: Bool[np.ndarray, "y x"]) -> PackedMask:
        """Pack a mask.

        >>> import numpy as np
        >>> mask = np.zeros((4, 5), dtype=bool)
        >>> mask[1:3, 2] = True
        >>> packed = PackedMask.of(mask)
        >>> packed.pixels, bool((packed.array() == mask).all())
        (2, True)
        """
        shape = (int(mask.shape[0]), int(mask.shape[1]))
        rows = np.flatnonzero(mask.any(axis=1))
        if not rows.size:
            return cls.empty_of(shape)
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        columns = np.flatnonzero(mask[top:bottom].any(axis=0))
        left, right = int(columns[0]), int(columns[-1]) + 1
        inside = mask[top:bottom, left:right]
        text = base64.b64encode(zlib.compress(np.packbits(inside).tobytes(), LEVEL)).decode("ascii")
        return cls(shape, top, left, bottom - top, right - left, int(np.count_nonzero(inside)), text)

    @classmethod
    def empty_of(cls, shape_yx: tuple[int, int]) -> PackedMask:
        """A mask without a pixel: the muscle is absent on the slice."""
        return cls(shape_yx, 0, 0, 0, 0, 0, "")

    @property
    def empty(self) -> bool:
        """Whether there is no pixel inside."""
        return self.pixels == 0

    @property
    def box(self) -> tuple[slice, slice]:
        """Where on the slice the mask lies."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    def array(self) -> Bool[np.ndarray, "y x"]:
        """The mask, a new array of the slice's shape.

        Raises:
            InputError: The packed pixels are damaged.
        """
        mask = np.zeros(self.shape_yx, dtype=bool)
        if not self.empty:
            mask[self.box] = self._inside()
        return mask

    @cached_property
    def digest(self) -> str:
        """Sixteen letters that differ between masks that differ."""
        return blake2b(
            f"{self.shape_yx}{self.top},{self.left},{self.height},{self.width},{self.text}".encode(), digest_size=8
        ).hexdigest()

    def minus(self, other: PackedMask) -> PackedMask:
        """The pixels that are not the other mask's; the same object where that takes nothing away.

        >>> import numpy as np
        >>> whole, corner = np.ones((2, 2), dtype=bool), np.eye(2, dtype=bool)
        >>> PackedMask.of(whole).minus(PackedMask.of(corner)).pixels
        2
        """
        rows = max(self.top, other.top), min(self.top + self.height, other.top + other.height)
        columns = max(self.left, other.left), min(self.left + self.width, other.left + other.width)
        if rows[0] >= rows[1] or columns[0] >= columns[1]:
            return self
        mine, taken = self.array(), other.array()
        return PackedMask.of(mine & ~taken) if (mine & taken).any() else self

    def _inside(self) -> Bool[np.ndarray, "y x"]:
        count = self.height * self.width
        expected = -(-count // 8)
        try:
            # One byte more than there can be is enough to notice that there are too many.
            data = zlib.decompressobj().decompress(base64.b64decode(self.text, validate=True), expected + 1)
        except (zlib.error, binascii.Error) as error:
            raise _damaged(str(error)) from error
        if len(data) != expected:
            raise _damaged(f"{len(data)} bytes for {count} pixels")
        inside = np.unpackbits(np.frombuffer(data, dtype=np.uint8), count=count).astype(bool).reshape(self.height, self.width)
        if int(np.count_nonzero(inside)) != self.pixels:
            raise _damaged(f"{int(np.count_nonzero(inside))} pixels for {self.pixels}")
        return inside

    def __post_init__(self) -> None:
        rows, columns = self.shape_yx
        fits = (
            self.top >= 0
            and self.left >= 0
            and self.top + self.height <= rows
            and self.left + self.width <= columns
            and (self.height > 0) == (self.width > 0) == (self.pixels > 0)
            and 0 <= self.pixels <= self.height * self.width
        )
        if not fits or min(rows, columns) < 1:
            raise _damaged(f"a box of {self.height} x {self.width} at ({self.top}, {self.left}) on {rows} x {columns} pixels")


def _damaged(what: str) -> InputError:
    return InputError("a packed mask", what, "The file that it comes from is damaged; take a copy of it.")

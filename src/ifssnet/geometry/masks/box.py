"""Boxes around what is marked, so that costly work reads no more of a volume than it must."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool, Integer, Shaped

from ifssnet.core.errors import InputError
from ifssnet.geometry.compiled import compiled
from ifssnet.geometry.masks.even_rows import is_even

Box = tuple[slice, ...]
"""One slice an axis, start and stop within the array: index an array with it."""


def bounding_box(mask: Bool[np.ndarray, "*axes"], margin: int | Sequence[int] = 0) -> Box:
    """The smallest box that holds every True element, grown by a margin and cut at the array's borders.

    Args:
        mask: It may have any number of axes.
        margin: Elements added on both sides, one number or one an axis.

    Returns:
        One slice an axis. Where nothing is True every slice is `slice(0, 0)`: it indexes an empty array.
    """
    box: list[slice] = []
    for axis in range(mask.ndim):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        marked = np.flatnonzero(mask.any(axis=others))
        if marked.size == 0:
            return (slice(0, 0),) * mask.ndim
        box.append(slice(int(marked[0]), int(marked[-1]) + 1))
    return grown(tuple(box), margin, mask.shape)


def marked_part(plane: Bool[np.ndarray, "y x"]) -> Box:
    """The smallest part of a slice that holds all that is marked, as `bounding_box` finds it; for many small slices."""
    top, bottom, left, right = extent(np.ascontiguousarray(plane).view(np.uint8))
    return (slice(top, bottom), slice(left, right)) if bottom > top else (slice(0, 0), slice(0, 0))


def label_boxes(array: Integer[np.ndarray, "z y x"], values: Sequence[int]) -> Mapping[int, Box]:
    """The bounding box of each label value, in one pass over the array.

    Returns:
        A box for each of `values`, `slice(0, 0)` on every axis for those that do not occur.
    """
    ascending = np.array(sorted(set(values)), dtype=np.int64)
    low, high = _label_extents(array, ascending)
    boxes: dict[int, Box] = {}
    for row, value in enumerate(ascending.tolist()):
        if high[row, 0] < 0:
            boxes[value] = (slice(0, 0),) * 3
        else:
            boxes[value] = tuple(slice(int(a), int(b) + 1) for a, b in zip(low[row], high[row], strict=True))
    return boxes


def grown(box: Box, margin: int | Sequence[int], shape: Sequence[int]) -> Box:
    """A box with a margin on both sides, cut at the borders of an array of that shape; an empty box stays empty."""
    if is_empty(box):
        return box
    margins = [margin] * len(box) if isinstance(margin, int) else list(margin)
    return tuple(
        slice(max(part.start - extra, 0), min(part.stop + extra, size))
        for part, extra, size in zip(box, margins, shape, strict=True)
    )


def is_empty(box: Box) -> bool:
    """Whether a box holds no element."""
    return any(part.stop <= part.start for part in box)


def crop(array: Shaped[np.ndarray, "*whole"], box: Box) -> Shaped[np.ndarray, "*piece"]:
    """The part of an array in a box, a view.

    Raises:
        InputError: The box reaches beyond the array.
    """
    if len(box) != array.ndim or any(part.start < 0 or part.stop > size for part, size in zip(box, array.shape, strict=True)):
        raise InputError(
            f"a box within {array.shape} elements",
            ", ".join(f"{part.start}:{part.stop}" for part in box),
            "Cut the box at the array's borders.",
        )
    return array[box]


@no_type_check
@compiled()
def extent(plane: Any) -> tuple[int, int, int, int]:
    """The rows and the columns of a slice that are marked, each from the first to behind the last."""
    rows, columns = plane.shape
    top, bottom, left, right = rows, 0, columns, 0
    for y in range(rows):
        found = False
        for x in range(columns):
            found |= plane[y, x] != 0
        if not found:
            continue
        top, bottom = min(top, y), y + 1
        x = 0
        while x < left and plane[y, x] == 0:
            x += 1
        left = min(left, x)
        x = columns
        while x > right and plane[y, x - 1] == 0:
            x -= 1
        right = max(right, x)
    return top, bottom, left, right


@no_type_check
@compiled()
def _label_extents(array: Any, ascending: Any) -> Any:
    count = ascending.size
    low = np.full((count, 3), np.iinfo(np.int64).max, dtype=np.int64)
    high = np.full((count, 3), -1, dtype=np.int64)
    for z in range(array.shape[0]):
        for y in range(array.shape[1]):
            # Runs of one value are long: look a value up only where it changes, and most rows are one run.
            before = np.int64(0)
            row = -1
            columns = array.shape[2]
            if columns > 0 and is_even(array[z, y]):
                at = np.searchsorted(ascending, np.int64(array[z, y, 0]))
                if at == count or ascending[at] != np.int64(array[z, y, 0]):
                    continue
            for x in range(columns):
                value = np.int64(array[z, y, x])
                if x == 0 or value != before:
                    before = value
                    row = np.searchsorted(ascending, value)
                    if row == count or ascending[row] != value:
                        row = -1
                    elif row >= 0:
                        low[row, 0] = min(low[row, 0], z)
                        high[row, 0] = max(high[row, 0], z)
                        low[row, 1] = min(low[row, 1], y)
                        high[row, 1] = max(high[row, 1], y)
                        low[row, 2] = min(low[row, 2], x)
                if row >= 0 and x > high[row, 2]:
                    high[row, 2] = x
    return low, high

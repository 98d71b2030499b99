"""Slices of one size: cut or padded about what is marked on them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Integer, Shaped

Window = tuple[int, int]
"""First row and first column, of the array that is cut; negative where it is padded."""


def window_start(marked: Integer[np.ndarray, " place"], size: int) -> int:
    """Where a window of `size` places begins along one axis.

    In the middle, or as little off it as keeps the most marked voxels inside; an axis that is too short is padded alike
    on both sides.

    Args:
        marked: How many voxels are marked at each place of the axis.
        size: The window's rows and columns.

    >>> window_start(np.array([0, 0, 0, 0, 0, 0, 0, 0]), 4), window_start(np.array([0, 3, 0, 0, 0, 0, 0, 0]), 4)
    (2, 1)
    >>> window_start(np.array([1, 1, 1]), 8)
    -2
    """
    room = len(marked) - size
    if room <= 0:
        return -((-room) // 2)
    before = np.concatenate([[0], np.cumsum(marked, dtype=np.int64)])
    inside = before[size:] - before[: room + 1]
    best = np.flatnonzero(inside == inside.max())
    return int(best[np.abs(2 * best - room).argmin()])


def windowed(
    array: Shaped[np.ndarray, "z y x"], start_yx: Window, shape_yx: tuple[int, int]
) -> Shaped[np.ndarray, "z row column"]:
    """`array[:, start : start + shape]`, a copy, with 0 where that reaches beyond the array."""
    found = np.zeros((len(array), *shape_yx), dtype=array.dtype)
    there: list[slice] = []
    here: list[slice] = []
    for start, size, length in zip(start_yx, shape_yx, array.shape[1:], strict=True):
        low = max(start, 0)
        high = max(min(start + size, length), low)
        there.append(slice(low, high))
        here.append(slice(low - start, high - start))
    found[:, here[0], here[1]] = array[:, there[0], there[1]]
    return found

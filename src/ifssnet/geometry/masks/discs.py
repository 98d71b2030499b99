"""Masks made smaller by a disc, slice by slice: which pixels lie far from everything that is outside.

Where it is enough to know whether a distance is above a limit, only pixels at a border have to be looked at, and nothing
has to be measured.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool, Int
from numba import prange

from ifssnet.geometry.compiled import compiled
from ifssnet.geometry.untyped import distance_to_false


def far_from_false(
    mask: Bool[np.ndarray, "z y x"], spacing_yx_mm: tuple[float, float], limit_mm: float
) -> Bool[np.ndarray, "z y x"]:
    """Which pixels lie further than a limit from every False one of their slice; beyond the slice nothing is False.

    Args:
        mask: Slices.
        spacing_yx_mm: Distance of rows and of columns.
        limit_mm: Pixels at just this distance from a False one are near.
    """
    mask = np.ascontiguousarray(mask)
    out = mask.copy()
    _shrink(mask.view(np.uint8), _reaches(mask.shape[1:], spacing_yx_mm, limit_mm), out.view(np.uint8))
    return out


def without_small_gaps(
    mask: Bool[np.ndarray, "z y x"], spacing_yx_mm: tuple[float, float], radius_mm: float
) -> Bool[np.ndarray, "z y x"]:
    """A mask with everything filled, slice by slice, that does not hold a disc; beyond the slice everything is a gap.

    Args:
        mask: Slices.
        spacing_yx_mm: Distance of rows and of columns.
        radius_mm: The disc's.
    """
    mask = np.ascontiguousarray(mask)
    out = np.empty(mask.shape, dtype=np.bool_)
    _close(mask.view(np.uint8), _reaches(mask.shape[1:], spacing_yx_mm, radius_mm), out.view(np.uint8))
    return out


@lru_cache(maxsize=8)
def _reaches(shape_yx: tuple[int, ...], spacing_yx_mm: tuple[float, float], limit_mm: float) -> Int[np.ndarray, " row"]:
    """How many pixels a disc reaches to either side, in its middle row and in each row further away; -1 where it does not.

    The distances are measured by the same transform that measures them elsewhere, so that both agree to the last bit.
    """
    high, wide = (int(min(limit_mm / spacing, size)) + 1 for spacing, size in zip(spacing_yx_mm, shape_yx, strict=True))
    away = np.ones((high + 1, wide + 1), dtype=np.bool_)
    away[0, 0] = False
    return (distance_to_false(away, spacing_yx_mm) <= np.float32(limit_mm)).sum(axis=1) - 1


@no_type_check
@compiled(parallel=True)
def _shrink(mask: Any, reaches: Any, out: Any) -> None:
    for z in prange(mask.shape[0]):
        _clear(mask[z], reaches, out[z])


@no_type_check
@compiled(parallel=True)
def _close(mask: Any, reaches: Any, out: Any) -> None:
    rows, columns = mask.shape[1:]
    for z in prange(mask.shape[0]):
        gaps = np.empty((rows, columns), dtype=np.uint8)
        core = np.empty((rows, columns), dtype=np.uint8)
        for y in range(rows):
            for x in range(columns):
                gaps[y, x] = mask[z, y, x] == 0
                core[y, x] = gaps[y, x]
        _clear(gaps, reaches, core)
        for y in range(rows):
            for x in range(columns):
                gaps[y, x] = core[y, x] == 0
                out[z, y, x] = gaps[y, x]
        _clear(gaps, reaches, out[z])


@no_type_check
@compiled(nogil=True)
def _clear(mask: Any, reaches: Any, out: Any) -> None:
    """Set to 0 whatever a disc covers whose middle is 0 in the mask."""
    rows, columns = mask.shape
    border = np.empty(columns, dtype=np.uint8)
    for y in range(rows):
        # Of all that is 0, the nearest to a pixel has a neighbour on the way there that is not.
        if not _mark_border(mask, y, border):
            continue
        x = 0
        while x < columns:
            if border[x] == 0:
                x += 1
                continue
            first = x
            while x < columns and border[x] != 0:
                x += 1
            for away in range(len(reaches)):
                if reaches[away] < 0:
                    break
                start, stop = max(first - reaches[away], 0), min(x + reaches[away], columns)
                if y - away >= 0:
                    out[y - away, start:stop] = 0
                if y + away < rows:
                    out[y + away, start:stop] = 0


@no_type_check
@compiled(nogil=True)
def _mark_border(mask: Any, y: Any, border: Any) -> bool:
    """Whether a row has pixels that are 0 and have a neighbour that is not; and which these are."""
    columns = mask.shape[1]
    row, above, below = mask[y], mask[max(y - 1, 0)], mask[min(y + 1, mask.shape[0] - 1)]
    found = np.uint8(0)
    for x in range(columns):
        marked = np.uint8(row[x] == 0) & np.uint8((above[x] | below[x]) != 0)
        border[x] = marked
        found |= marked
    for x in range(1, columns):
        changes = np.uint8(row[x] != row[x - 1])
        border[x] |= changes & np.uint8(row[x] == 0)
        border[x - 1] |= changes & np.uint8(row[x - 1] == 0)
        found |= changes
    return found != 0

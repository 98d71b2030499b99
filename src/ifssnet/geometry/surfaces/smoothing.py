"""Gaussian smoothing of a mask, in one array of floats and by rows of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool, Float, Float32
from numba import prange

from ifssnet.geometry.compiled import compiled

CUT_OFF = 3.0
"""Standard deviations after which the Gaussian ends."""


def smoothed_mask(mask: Bool[np.ndarray, "z y x"], sigma_voxels: Sequence[float]) -> Float32[np.ndarray, "z y x"]:
    """The mask as 0 and 1, smoothed along each axis; 0 outside the array.

    Args:
        mask: What is smoothed.
        sigma_voxels: Standard deviation along z, y and x; 0 for none.
    """
    out = np.zeros(mask.shape, dtype=np.float32)
    _smooth(mask.view(np.uint8), *(_half_kernel(sigma) for sigma in sigma_voxels), out)
    return out


def _half_kernel(sigma: float) -> Float[np.ndarray, " away"]:
    """The weights of the middle and of those further and further away from it, whose sum over both sides is 1."""
    if sigma <= 1e-15:
        return np.ones(1)
    reach = int(CUT_OFF * sigma + 0.5)
    weights = np.exp(-0.5 / (sigma * sigma) * np.arange(-reach, reach + 1) ** 2)
    return (weights / weights.sum())[reach:]


@no_type_check
@compiled(parallel=True)
def _smooth(mask: Any, along_z: Any, along_y: Any, along_x: Any, out: Any) -> None:
    """Smooth into an array of zeros; what lies out of reach of the mask stays as it is."""
    slices, rows, columns = mask.shape
    extents = np.empty((slices, 4), dtype=np.int64)
    for z in prange(slices):
        extents[z] = _extent(mask[z])
    reach_z, reach_y, reach_x = len(along_z) - 1, len(along_y) - 1, len(along_x) - 1
    for z in prange(slices):
        around = extents[max(z - reach_z, 0) : z + reach_z + 1]
        top, bottom, left, right = around[:, 0].min(), around[:, 1].max(), around[:, 2].min(), around[:, 3].max()
        if bottom <= top:
            continue
        wide = right - left
        total = np.empty(wide)
        plane = np.zeros((rows, wide), dtype=np.float32)
        for y in range(top, bottom):
            _weigh(total, mask[z, y, left:right], along_z[0])
            for away in range(reach_z, 0, -1):
                before, after = mask[max(z - away, 0), y, left:right], mask[min(z + away, slices - 1), y, left:right]
                _add(total, before, z - away >= 0, after, z + away < slices, along_z[away])
            plane[y] = total
        # A row with room on both sides, for the last axis.
        row = np.zeros(wide + 4 * reach_x, dtype=np.float32)
        total_x = np.empty(wide + 2 * reach_x)
        first, last = max(left - reach_x, 0), min(right + reach_x, columns)
        for y in range(max(top - reach_y, 0), min(bottom + reach_y, rows)):
            _weigh(total, plane[y], along_y[0])
            for away in range(reach_y, 0, -1):
                before, after = plane[max(y - away, 0)], plane[min(y + away, rows - 1)]
                _add(total, before, y - away >= 0, after, y + away < rows, along_y[away])
            row[2 * reach_x : 2 * reach_x + wide] = total
            _weigh(total_x, row[reach_x : 3 * reach_x + wide], along_x[0])
            for away in range(reach_x, 0, -1):
                before, after = row[reach_x - away :][: len(total_x)], row[reach_x + away :][: len(total_x)]
                _add_both(total_x, before, after, along_x[away])
            start = first - (left - reach_x)
            out[z, y, first:last] = total_x[start : start + last - first]


@no_type_check
@compiled()
def _extent(plane: Any) -> tuple[int, int, int, int]:
    """The rows and the columns that are marked, each from the first to behind the last."""
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
def _weigh(total: Any, row: Any, weight: Any) -> None:
    for x in range(len(total)):
        total[x] = np.float64(row[x]) * weight


@no_type_check
@compiled()
def _add(total: Any, before: Any, has_before: Any, after: Any, has_after: Any, weight: Any) -> None:
    """Two rows at the same distance on either side, where these are within the array."""
    if has_before and has_after:
        _add_both(total, before, after, weight)
    elif has_before or has_after:
        row = before if has_before else after
        for x in range(len(total)):
            total[x] += np.float64(row[x]) * weight


@no_type_check
@compiled()
def _add_both(total: Any, before: Any, after: Any, weight: Any) -> None:
    for x in range(len(total)):
        total[x] += (np.float64(before[x]) + np.float64(after[x])) * weight

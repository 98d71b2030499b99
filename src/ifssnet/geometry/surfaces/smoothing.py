"""Gaussian smoothing of a mask, in one array of floats and by rows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool, Float, Float32, Int
from numba import prange

from ifssnet.geometry.compiled import compiled
from ifssnet.geometry.masks.box import extent

CUT_OFF = 3.0
"""Standard deviations after which the Gaussian ends."""

_BLOCK = 16
"""Columns that are smoothed or passed over together."""


def smoothed_mask(
    mask: Bool[np.ndarray, "z y x"],
    sigma_voxels: Sequence[float],
    planes: Int[np.ndarray, " plane"] | None = None,
    rows: Int[np.ndarray, " row"] | None = None,
) -> Float32[np.ndarray, "plane row x"]:
    """The mask as 0 and 1, smoothed along each axis; 0 outside the array.

    Args:
        mask: What is smoothed.
        sigma_voxels: Standard deviation along z, y and x; 0 for none.
        planes: The slices that are wanted; None: all.
        rows: The rows that are wanted of each; None: all.
    """
    planes = np.arange(mask.shape[0], dtype=np.int64) if planes is None else planes
    rows = np.arange(mask.shape[1], dtype=np.int64) if rows is None else rows
    out = np.zeros((len(planes), len(rows), mask.shape[2]), dtype=np.float32)
    _smooth(mask.view(np.uint8), *(_half_kernel(sigma) for sigma in sigma_voxels), planes, rows, out)
    return out


def smoothed_at(
    mask: Bool[np.ndarray, "z y x"],
    sigma_voxels: Sequence[float],
    steps: Sequence[float],
    offset: Sequence[float],
    shape: Sequence[int],
) -> Float32[np.ndarray, "k j i"]:
    """The smoothed mask at even steps, linear between its voxels, by the same sums as scipy's `affine_transform`.

    Where a step is several voxels, most of the smoothed mask is never asked for, and never worked out.

    Args:
        mask: What is smoothed.
        sigma_voxels: As of `smoothed_mask`.
        steps: Voxels from one value to the next along z, y and x.
        offset: Where the first one lies, in voxels.
        shape: How many there are.
    """
    z, y, x = (_Between.of(*axis) for axis in zip(steps, offset, shape, mask.shape, strict=True))
    field = smoothed_mask(mask, sigma_voxels, z.voxels, y.voxels)
    out = np.empty(tuple(shape), dtype=np.float32)
    _interpolate(field[:, :, x.voxels], z.places, z.weights, y.places, y.weights, x.places, x.weights, out)
    return out


@dataclass(frozen=True)
class _Between:
    """Where even steps lie between voxels of an axis.

    Attributes:
        voxels: The voxels beside a step, ascending.
        places: Where the two neighbours of each step stand among these; -1 beyond the array.
        weights: What each of the two counts.
    """

    voxels: Int[np.ndarray, " voxel"]
    places: Int[np.ndarray, "step 2"]
    weights: Float[np.ndarray, "step 2"]

    @classmethod
    def of(cls, step: float, offset: float, count: int, size: int) -> _Between:
        at = np.arange(count) * step + offset
        low = np.floor(at)
        near = low.astype(np.int64)[:, np.newaxis] + np.arange(2)
        inside = (near >= 0) & (near < size)
        voxels = np.unique(near[inside])
        first = 1 - (at - low)
        return cls(voxels, np.where(inside, np.searchsorted(voxels, near), -1), np.stack([first, 1 - first], axis=1))


def smoothed_near(
    mask: Bool[np.ndarray, "z y x"], sigma_voxels: Sequence[float], cells: Bool[np.ndarray, "z y x"]
) -> Float32[np.ndarray, "z y x"]:
    """The same values as `smoothed_mask` at the corners of some cells; elsewhere these or 0.

    Args:
        mask: What is smoothed.
        sigma_voxels: As of `smoothed_mask`.
        cells: Cells of 2 x 2 x 2 voxels, each marked at its last voxel.
    """
    out = np.zeros(mask.shape, dtype=np.float32)
    along = (_half_kernel(sigma) for sigma in sigma_voxels)
    _smooth_near(mask.view(np.uint8), cells.view(np.uint8), *along, out)
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
def _smooth(mask: Any, along_z: Any, along_y: Any, along_x: Any, planes: Any, wanted_rows: Any, out: Any) -> None:
    """Smooth some rows of some slices into an array of zeros; what lies out of reach of the mask stays as it is."""
    slices, rows, columns = mask.shape
    extents = np.empty((slices, 4), dtype=np.int64)
    for z in prange(slices):
        extents[z] = extent(mask[z])
    reach_z, reach_y, reach_x = len(along_z) - 1, len(along_y) - 1, len(along_x) - 1
    for place in prange(len(planes)):
        z = planes[place]
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
        for row_place in range(len(wanted_rows)):
            y = wanted_rows[row_place]
            if y < top - reach_y or y >= bottom + reach_y:
                continue
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
            out[place, row_place, first:last] = total_x[start : start + last - first]


@no_type_check
@compiled(parallel=True)
def _interpolate(field: Any, at_z: Any, by_z: Any, at_y: Any, by_y: Any, at_x: Any, by_x: Any, out: Any) -> None:
    """Linear between eight voxels, of which those beyond the array are 0."""
    for k in prange(out.shape[0]):
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                total = 0.0
                for corner in range(8):
                    c, b, a = corner >> 2, (corner >> 1) & 1, corner & 1
                    z, y, x = at_z[k, c], at_y[j, b], at_x[i, a]
                    if z >= 0 and y >= 0 and x >= 0:
                        total += np.float64(field[z, y, x]) * by_z[k, c] * by_y[j, b] * by_x[i, a]
                out[k, j, i] = total


@no_type_check
@compiled(parallel=True)
def _smooth_near(mask: Any, cells: Any, along_z: Any, along_y: Any, along_x: Any, out: Any) -> None:
    """Smooth blocks of columns, those that have a corner of a cell, by the same sums as `_smooth`."""
    slices, rows, columns = mask.shape
    blocks = (columns + _BLOCK - 1) // _BLOCK
    reach_z, reach_y, reach_x = len(along_z) - 1, len(along_y) - 1, len(along_x) - 1
    for z in prange(slices):
        wanted = np.zeros((rows, blocks), dtype=np.uint8)
        if not _mark_blocks(cells, z, wanted):
            continue
        plane = np.zeros((rows, columns), dtype=np.float32)
        buffer = np.empty(columns)
        near = np.empty(blocks, dtype=np.uint8)
        for y in range(rows):
            near[:] = 0
            for other in range(max(y - reach_y, 0), min(y + reach_y + 1, rows)):
                near |= wanted[other]
            stop = 0
            while True:
                start, stop = _next_run(near, stop)
                if start == stop:
                    break
                first, last = max(start * _BLOCK - reach_x, 0), min(stop * _BLOCK + reach_x, columns)
                total = buffer[: last - first]
                _weigh(total, mask[z, y, first:last], along_z[0])
                for away in range(reach_z, 0, -1):
                    before, after = mask[max(z - away, 0), y, first:last], mask[min(z + away, slices - 1), y, first:last]
                    _add(total, before, z - away >= 0, after, z + away < slices, along_z[away])
                plane[y, first:last] = total
        # A row with room on both sides, for the last axis.
        row = np.zeros(columns + 2 * reach_x, dtype=np.float32)
        for y in range(rows):
            stop = 0
            while True:
                start, stop = _next_run(wanted[y], stop)
                if start == stop:
                    break
                first, last = max(start * _BLOCK - reach_x, 0), min(stop * _BLOCK + reach_x, columns)
                total = buffer[: last - first]
                _weigh(total, plane[y, first:last], along_y[0])
                for away in range(reach_y, 0, -1):
                    before, after = plane[max(y - away, 0), first:last], plane[min(y + away, rows - 1), first:last]
                    _add(total, before, y - away >= 0, after, y + away < rows, along_y[away])
                row[first + reach_x : last + reach_x] = total
                first, last = start * _BLOCK, min(stop * _BLOCK, columns)
                total = buffer[: last - first]
                _weigh(total, row[first + reach_x : last + reach_x], along_x[0])
                for away in range(reach_x, 0, -1):
                    before = row[first + reach_x - away : last + reach_x - away]
                    after = row[first + reach_x + away : last + reach_x + away]
                    _add_both(total, before, after, along_x[away])
                out[z, y, first:last] = total


@no_type_check
@compiled()
def _mark_blocks(cells: Any, z: Any, wanted: Any) -> bool:
    """Mark the blocks of a slice that have a corner of a cell, and say whether there are any."""
    slices, rows, columns = cells.shape
    here, after = cells[z], cells[min(z + 1, slices - 1)]
    corners = np.empty(columns, dtype=np.uint8)
    found = False
    for y in range(rows):
        below = min(y + 1, rows - 1)
        marked = np.uint8(0)
        for x in range(columns):
            corners[x] = here[y, x] | after[y, x] | here[below, x] | after[below, x]
            marked |= corners[x]
        if marked == 0:
            continue
        found = True
        for block in range(wanted.shape[1]):
            for x in range(block * _BLOCK, min((block + 1) * _BLOCK + 1, columns)):
                wanted[y, block] |= corners[x]
    return found


@no_type_check
@compiled()
def _next_run(marked: Any, start: Any) -> tuple[int, int]:
    """The next marked elements side by side: the first, and behind the last; the same number twice where none is left."""
    while start < len(marked) and marked[start] == 0:
        start += 1
    stop = start
    while stop < len(marked) and marked[stop] != 0:
        stop += 1
    return start, stop


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

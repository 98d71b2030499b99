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
    out = np.empty(mask.shape, dtype=np.float32)
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
    slices, rows, columns = mask.shape
    reach = len(along_x) - 1
    for z in prange(slices):
        total = np.empty(columns)
        wide = np.zeros(columns + 2 * reach)
        plane = np.empty((rows, columns), dtype=np.float32)
        for y in range(rows):
            _weigh(total, mask[z, y], along_z[0])
            for away in range(len(along_z) - 1, 0, -1):
                before, after = mask[max(z - away, 0), y], mask[min(z + away, slices - 1), y]
                _add(total, before, z - away >= 0, after, z + away < slices, along_z[away])
            plane[y] = total
        for y in range(rows):
            _weigh(total, plane[y], along_y[0])
            for away in range(len(along_y) - 1, 0, -1):
                before, after = plane[max(y - away, 0)], plane[min(y + away, rows - 1)]
                _add(total, before, y - away >= 0, after, y + away < rows, along_y[away])
            out[z, y] = total
            wide[reach : reach + columns] = out[z, y]
            _weigh(total, wide[reach : reach + columns], along_x[0])
            for away in range(reach, 0, -1):
                before, after = wide[reach - away : reach - away + columns], wide[reach + away : reach + away + columns]
                _add_both(total, before, after, along_x[away])
            out[z, y] = total


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

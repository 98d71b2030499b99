"""A muscle along the slices: areas, centroids, lengths, obliquity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float, Int, Integer
from numba import njit

from ifssnet.core.grid import Grid
from ifssnet.core.results.measures import ACSA_SMOOTHING_MM, CENTROID_SMOOTHING_MM, AcsaProfile
from ifssnet.geometry.masks.even_rows import is_even


def profiles(
    array: Integer[np.ndarray, "z y x"],
    grid: Grid,
    values: Sequence[int],
    smoothing_mm: float = CENTROID_SMOOTHING_MM,
    acsa_smoothing_mm: float = ACSA_SMOOTHING_MM,
) -> Mapping[int, AcsaProfile | None]:
    """The profile of each label value, in one pass over the array; None where it does not occur."""
    ascending = np.array(sorted(values), dtype=np.int64)
    counts, sum_x, sum_y = _slice_moments(array, ascending)
    return {
        value: _profile(counts[row], sum_x[row], sum_y[row], grid, (smoothing_mm, acsa_smoothing_mm))
        for row, value in enumerate(ascending.tolist())
    }


def smoothed_areas(
    acsa_cm2: Float[np.ndarray, " slice"], slice_thickness_mm: float, sd_mm: float = ACSA_SMOOTHING_MM
) -> Float[np.ndarray, " slice"]:
    """Areas without the jitter from slice to slice: on each slice, the value there of a parabola through the slices around it.

    A parabola keeps the height of a smooth maximum, which a mean over neighbours would lower (local polynomial regression,
    Cleveland, J Am Stat Assoc 74:829, 1979). Fewer than five slices have no jitter to tell from the shape and stay as they are.

    Args:
        acsa_cm2: The areas of slices side by side.
        slice_thickness_mm: Distance between two slices.
        sd_mm: Standard deviation of the Gaussian that weighs the neighbours.
    """
    reach = int(np.ceil(3 * sd_mm / slice_thickness_mm))
    if len(acsa_cm2) < 5 or reach < 2:
        return acsa_cm2.copy()
    away = np.arange(-reach, reach + 1) * (slice_thickness_mm / sd_mm)
    weights = np.exp(-0.5 * away**2)
    there = np.pad(np.ones(len(acsa_cm2)), reach)
    areas = np.pad(acsa_cm2, reach)
    moments = [np.correlate(there, weights * away**power, mode="valid") for power in range(5)]
    sums = [np.correlate(areas, weights * away**power, mode="valid") for power in range(3)]
    matrix = np.stack([np.stack([moments[row + column] for column in range(3)], axis=1) for row in range(3)], axis=1)
    return np.maximum(np.linalg.solve(matrix, np.stack(sums, axis=1)[:, :, np.newaxis])[:, 0, 0], 0.0)


def _profile(
    counts: Int[np.ndarray, " z"],
    sum_x: Int[np.ndarray, " z"],
    sum_y: Int[np.ndarray, " z"],
    grid: Grid,
    smoothing_mm: tuple[float, float],
) -> AcsaProfile | None:
    present = np.flatnonzero(counts)
    if present.size == 0:
        return None
    z = np.arange(int(present[0]), int(present[-1]) + 1)
    raw = np.stack([sum_x[present] / counts[present], sum_y[present] / counts[present], present], axis=1)
    bridged = np.stack([np.interp(z, present, raw[:, axis]) for axis in range(3)], axis=1)
    thickness = grid.spacing_xyz_mm[2]
    line_mm = _smoothed_line(grid.points_to_mm(bridged), smoothing_mm[0] / thickness)
    acsa_cm2 = counts[z] * grid.pixel_area_mm2 / 100
    span = max(len(z) - 1, 1)
    return AcsaProfile(
        z=z,
        position_mm=z * thickness,
        percent_of_length=100.0 * (z - z[0]) / span,
        acsa_cm2=acsa_cm2,
        centroid_mm=line_mm,
        obliquity_deg=_obliquity_deg(line_mm, np.asarray(grid.direction, dtype=np.float64)[:, 2]),
        slice_thickness_mm=thickness,
        acsa_smoothed_cm2=smoothed_areas(acsa_cm2, thickness, smoothing_mm[1]),
    )


def _smoothed_line(line_mm: Float[np.ndarray, "slice 3"], sigma_slices: float) -> Float[np.ndarray, "slice 3"]:
    """Gaussian smoothing; beyond each end the line goes on mirrored in the end point: straight lines stay straight."""
    reach = min(int(np.ceil(3 * sigma_slices)), len(line_mm) - 1)
    if reach < 1:
        return line_mm
    before = 2 * line_mm[0] - line_mm[reach:0:-1]
    after = 2 * line_mm[-1] - line_mm[-2 : -2 - reach : -1]
    longer = np.concatenate([before, line_mm, after])
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_slices) ** 2)
    kernel /= kernel.sum()
    return np.stack([np.convolve(longer[:, axis], kernel, mode="valid") for axis in range(3)], axis=1)


def _obliquity_deg(line_mm: Float[np.ndarray, "slice 3"], normal: Float[np.ndarray, " axis"]) -> Float[np.ndarray, " slice"]:
    if len(line_mm) < 2:
        return np.zeros(len(line_mm))
    tangent = np.gradient(line_mm, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    return np.degrees(np.arccos(np.clip(np.abs(tangent @ normal), 0, 1)))


@no_type_check
@njit(cache=True)
def _slice_moments(array: Any, ascending: Any) -> Any:
    nz, ny, nx = array.shape
    shape = (ascending.size, nz)
    counts, sum_x, sum_y = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for z in range(nz):
        for y in range(ny):
            start = 0
            for x in range(nx if nx > 0 and is_even(array[z, y]) else 1, nx + 1):
                # Runs of one label are long: look it up only where it changes.
                if x < nx and array[z, y, x] == array[z, y, start]:
                    continue
                value = np.int64(array[z, y, start])
                row = np.searchsorted(ascending, value)
                if row < ascending.size and ascending[row] == value:
                    run = x - start
                    counts[row, z] += run
                    sum_y[row, z] += run * y
                    sum_x[row, z] += run * (start + x - 1) // 2
                start = x
    return counts, sum_x, sum_y

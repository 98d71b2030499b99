"""Filling voxels that no pixel reached, from those around them, never further than the way of filling says."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence

import numpy as np
from jaxtyping import Bool, Float, Shaped

from ifssnet.compounding.holes.kernels import BLOCK, fill_kernel, fill_nearest, fill_sticks, known_blocks
from ifssnet.compounding.holes.options import DistanceFilling, GaussianFilling, HoleFilling, NearestFilling, StickFilling
from ifssnet.core.grid import Grid
from ifssnet.core.progress import Progress
from ifssnet.geometry.untyped import dilated

SLAB = 4 * BLOCK
"""Slices between two words of progress."""


def fill_holes(
    values: Shaped[np.ndarray, "z y x"],
    weights: Shaped[np.ndarray, "z y x"],
    ways: Sequence[HoleFilling],
    grid: Grid,
    open_holes: Bool[np.ndarray, "z y x"] | None = None,
) -> Generator[Progress, None, Shaped[np.ndarray, "z y x"]]:
    """Fill the voxels of weight 0.

    Each way is tried in turn where those before it failed. All of them read only what was compounded, never what was
    filled, so the order of voxels does not matter. Voxels that stay unfilled are 0.

    Args:
        values: Compounded grey levels.
        weights: What was inserted; 0 marks a hole.
        ways: How to fill, in order.
        grid: Where the voxels lie, for limits in mm.
        open_holes: The voxels of weight 0; afterwards, those of them that stayed unfilled.
    """
    filled = np.where(weights > 0, values, values.dtype.type(0))
    left = weights == 0 if open_holes is None else open_holes
    near = known_blocks(weights)
    for number, way in enumerate(ways, start=1):
        stage = "filling holes" if len(ways) == 1 else f"filling holes, way {number} of {len(ways)}"
        within_radius = _dilated(near, radius_zyx(way, grid))
        for z in range(0, values.shape[0], SLAB):
            end = min(z + SLAB, values.shape[0])
            _fill_slab(way, grid, values, weights, within_radius, (z, end), filled, left)
            yield Progress(stage, end, values.shape[0])
    return filled


def radius_zyx(way: HoleFilling, grid: Grid) -> tuple[int, int, int]:
    """How many voxels away a known voxel may be, at most, along z, y and x."""
    if isinstance(way, DistanceFilling):
        z, y, x = (math.floor(way.limit_mm / spacing + 1e-9) for spacing in grid.spacing_zyx_mm)
        return z, y, x
    voxels = way.length_limit - 2 if isinstance(way, StickFilling) else (way.size - 1) // 2
    return voxels, voxels, voxels


def bridged_voxels(way: HoleFilling, grid: Grid) -> int:
    """How many unseen voxels in a row between seen ones are all filled."""
    return way.length_limit - 2 if isinstance(way, StickFilling) else 2 * min(radius_zyx(way, grid))


def _fill_slab(
    way: HoleFilling,
    grid: Grid,
    values: Shaped[np.ndarray, "z y x"],
    weights: Shaped[np.ndarray, "z y x"],
    within_radius: Bool[np.ndarray, "zb yb xb"],
    rows: tuple[int, int],
    filled: Shaped[np.ndarray, "z y x"],
    open_holes: Bool[np.ndarray, "z y x"],
) -> None:
    whole = np.issubdtype(values.dtype, np.integer)
    if isinstance(way, StickFilling):
        fill_sticks(values, weights, within_radius, *rows, way.length_limit, way.sticks, whole, filled, open_holes)
    elif isinstance(way, NearestFilling):
        fill_nearest(values, weights, within_radius, *rows, way.size, way.minimum_known_ratio, whole, filled, open_holes)
    else:
        ratio = 0.0 if isinstance(way, DistanceFilling) else way.minimum_known_ratio
        by_weight = isinstance(way, GaussianFilling) and way.by_weight
        # PLUS cuts whole grey levels off; our own way rounds them. A mean of equal levels must not fall below them.
        rounding = 0.5 if isinstance(way, DistanceFilling) else 1e-9
        fill_kernel(
            values, weights, within_radius, *rows, kernel_of(way, grid), ratio, by_weight, whole, rounding, filled, open_holes
        )


def kernel_of(way: HoleFilling, grid: Grid) -> Float[np.ndarray, "kz ky kx"]:
    """Weights of the neighbours by their place, 0 for those that do not count."""
    radius = radius_zyx(way, grid)
    z, y, x = np.meshgrid(*(np.arange(-r, r + 1, dtype=np.float64) for r in radius), indexing="ij")
    if isinstance(way, GaussianFilling):
        # PLUS' constant factor matters for nothing but the last digit.
        return np.exp(-(z * z + y * y + x * x) / (2.0 * way.stdev**2))
    if isinstance(way, DistanceFilling):
        sz, sy, sx = grid.spacing_zyx_mm
        squared = (z * sz) ** 2 + (y * sy) ** 2 + (x * sx) ** 2
        inside = (squared > 0) & (squared <= (way.limit_mm * (1 + 1e-9)) ** 2)
        return np.where(inside, 1.0 / np.where(inside, squared, 1.0), 0.0)
    distance = np.sqrt(z * z + y * y + x * x)
    return np.divide(1.0, distance, out=np.zeros_like(distance), where=distance > 0)


def _dilated(blocks: Bool[np.ndarray, "zb yb xb"], radius: tuple[int, int, int]) -> Bool[np.ndarray, "zb yb xb"]:
    """Blocks from which some known voxel may be within the radius."""
    size = [2 * math.ceil(r / BLOCK) + 1 for r in radius]
    return dilated(blocks, size)

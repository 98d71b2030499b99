"""The surface at a level of a field, looked for only where it is."""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt8
from numba import prange

from ifssnet.geometry.compiled import compiled
from ifssnet.geometry.untyped import marching_cubes


def iso_surface(
    field: Float32[np.ndarray, "z y x"], level: float
) -> tuple[Float[np.ndarray, "vertex 3"], Int[np.ndarray, "face 3"]]:
    """Marching cubes: vertices as (z, y, x) indices, and triangles.

    Cells whose eight corners lie on one side have no part of the surface, and are passed over.

    Args:
        field: Values at the voxels' centres, some above the level and some not.
        level: Where the surface lies.
    """
    return marching_cubes(field, level, crossed_cells(field, level))


def crossed_cells(field: Float32[np.ndarray, "z y x"] | UInt8[np.ndarray, "z y x"], level: float) -> Bool[np.ndarray, "z y x"]:
    """Cells of 2 x 2 x 2 voxels, some above the level and some not, each marked at its last voxel."""
    cells = np.zeros(field.shape, dtype=np.bool_)
    _mark_crossed(field, field.dtype.type(level), cells)
    return cells


@no_type_check
@compiled(parallel=True)
def _mark_crossed(field: Any, level: Any, cells: Any) -> None:
    slices, rows, columns = field.shape
    for z in prange(1, slices):
        above = np.empty(columns, dtype=np.uint8)
        before = np.empty(columns, dtype=np.uint8)
        for y in range(rows):
            a, b = field[z - 1, y], field[z, y]
            # How many of the four voxels of this row and the one before lie above, at each column.
            for x in range(columns):
                above[x] = np.uint8(a[x] > level) + np.uint8(b[x] > level)
            if y > 0:
                for x in range(1, columns):
                    total = above[x] + above[x - 1] + before[x] + before[x - 1]
                    cells[z, y, x] = (total > 0) & (total < 8)
            above, before = before, above

"""The same voxels at the same places, in an array whose axes have another order or run back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ifssnet.core.grid import Matrix3
from ifssnet.core.images import LabelMap
from ifssnet.geometry.grids.axis_order import Order, reordered, reordered_grid


def stored_otherwise(labels: LabelMap, order: Order, flipped: set[int]) -> LabelMap:
    """The same voxels at the same places, with the array's axes in another order and some of them running back."""
    grid, array = reordered_grid(labels.grid, order), reordered(labels.array, order)
    for axis in flipped:
        end = np.zeros((1, 3))
        end[0, 2 - axis] = grid.shape_zyx[axis] - 1
        x, y, z = (float(value) for value in grid.points_to_mm(end)[0])
        matrix = np.array(grid.direction)
        matrix[:, 2 - axis] *= -1
        rows: list[tuple[float, float, float]] = [(float(a), float(b), float(c)) for a, b, c in matrix]
        direction: Matrix3 = (rows[0], rows[1], rows[2])
        grid, array = replace(grid, origin_xyz_mm=(x, y, z), direction=direction), np.flip(array, axis)
    return replace(labels, array=np.ascontiguousarray(array), grid=grid)

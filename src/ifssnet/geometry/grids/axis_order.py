"""The axes of an array in another order, with the grid that goes with it: the voxels stay where they are in space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Shaped

from ifssnet.core.grid import Grid, Matrix3

Order = tuple[int, int, int]

AS_STORED: Order = (0, 1, 2)
"""The order in which an array's axes are z, y and x."""


def axis_first(axis: int) -> Order:
    """The order that makes one axis the slice axis and keeps the other two as they follow each other.

    >>> axis_first(0), axis_first(1), axis_first(2)
    ((0, 1, 2), (1, 0, 2), (2, 0, 1))
    """
    first, second = (each for each in AS_STORED if each != axis)
    return (axis, first, second)


def reordered(array: Shaped[np.ndarray, "a b c"], order: Order) -> Shaped[np.ndarray, "d e f"]:
    """The array with its axes in another order, laid out anew."""
    return array if order == AS_STORED else np.ascontiguousarray(np.transpose(array, order))


def reordered_grid(grid: Grid, order: Order) -> Grid:
    """The grid of `reordered(array, order)`, each voxel at the same place as before."""
    if order == AS_STORED:
        return grid
    matrix = np.asarray(grid.direction)
    # Array axis 0 is z, whose unit vector is the matrix' last column.
    columns = [matrix[:, 2 - order[2 - j]] for j in range(3)]
    turned = np.stack(columns, axis=1)
    spacing = [grid.spacing_zyx_mm[axis] for axis in order]
    shape = [grid.shape_zyx[axis] for axis in order]
    rows: Matrix3 = (_row(turned[0]), _row(turned[1]), _row(turned[2]))
    return Grid((shape[0], shape[1], shape[2]), (spacing[2], spacing[1], spacing[0]), grid.origin_xyz_mm, rows)


def inverse(order: Order) -> Order:
    """The order that undoes another.

    >>> inverse((2, 0, 1))
    (1, 2, 0)
    """
    a, b, c = (order.index(axis) for axis in AS_STORED)
    return (a, b, c)


def axis_along(grid: Grid, direction_xyz: Sequence[float]) -> int:
    """The axis of an array on the grid that runs most nearly along a direction in space, either way."""
    along = np.abs(np.asarray(grid.direction).T @ np.asarray(direction_xyz, dtype=np.float64))
    return 2 - int(along.argmax())


def slice_direction_xyz(grid: Grid) -> tuple[float, float, float]:
    """The unit vector from slice to slice, in LPS."""
    return _row(np.asarray(grid.direction)[:, 2])


def _row(values: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return (x, y, z)

"""Values of one grid at the voxels of another, and how the two lie to each other."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int, Shaped

from ifssnet.core.grid import Grid
from ifssnet.geometry.untyped import affine_transform


def index_map(source: Grid, target: Grid) -> Float[np.ndarray, "4 4"]:
    """Takes (x, y, z, 1) indices of the target to (x, y, z, 1) indices of the source."""
    return source.mm_to_index @ target.index_to_mm


def sampled(array: Shaped[np.ndarray, "z y x"], source: Grid, target: Grid, order: int) -> Shaped[np.ndarray, "k j i"]:
    """The array, which lies on `source`, at every voxel of `target`, in its own type; 0 outside.

    Args:
        array: Values on the source.
        source: Its grid.
        target: The other grid.
        order: 0 nearest, 1 linear, 3 cubic.
    """
    affine = index_map(source, target)[:3]
    # The same map in the order of an array's axes.
    matrix, offset = affine[::-1, 2::-1], affine[::-1, 3]
    if order == 0:
        axes = [int(np.abs(row).argmax()) for row in matrix]
        rest = matrix.copy()
        rest[range(3), axes] = 0
        # Straight axes: look indices up one axis at a time. A thousandth of a voxel over the whole grid is no turn.
        if sorted(axes) == [0, 1, 2] and (np.abs(rest) @ np.array(target.shape_zyx)).max() < 1e-3:
            return _looked_up(array, matrix[range(3), axes], offset, axes, target)
    whole = array if order == 0 or array.dtype.kind == "f" else array.astype(np.float32)
    found = affine_transform(whole, matrix, offset, target.shape_zyx, order)
    if found.dtype == array.dtype:
        return found
    limits = np.iinfo(array.dtype)
    return np.clip(np.rint(found), limits.min, limits.max).astype(array.dtype)


def _looked_up(
    array: Shaped[np.ndarray, "z y x"],
    scale: Float[np.ndarray, " axis"],
    offset: Float[np.ndarray, " axis"],
    axes: list[int],
    target: Grid,
) -> Shaped[np.ndarray, "k j i"]:
    """Nearest voxels where source axis `a` runs along target axis `axes[a]`."""
    lookup: list[Int[np.ndarray, " n"]] = []
    valid: list[slice] = [slice(None)] * 3
    for axis in range(3):
        index = np.rint(offset[axis] + scale[axis] * np.arange(target.shape_zyx[axes[axis]])).astype(np.int64)
        within = np.flatnonzero((index >= 0) & (index < array.shape[axis]))
        valid[axes[axis]] = slice(int(within[0]), int(within[-1]) + 1) if within.size else slice(0, 0)
        lookup.append(index[within])
    out = np.zeros(target.shape_zyx, dtype=array.dtype)
    out[tuple(valid)] = array[np.ix_(*lookup)].transpose(np.argsort(axes))
    return out


def count_outside(index_xyz: Float[np.ndarray, "n 3"], source: Grid, target: Grid, axes: tuple[int, ...]) -> int:
    """How many voxels of the source have their centre outside the target's voxels, along some axes of the target."""
    there = target.points_to_index(source.points_to_mm(index_xyz))[:, axes]
    sizes = np.array(target.shape_zyx[::-1])[list(axes)]
    # A thousandth of a voxel: what round-off in a header may move.
    return int(((there < -0.501) | (there > sizes - 0.499)).any(axis=1).sum())


def rounding_mm(source: Grid, target: Grid) -> tuple[float, float, float]:
    """Per axis of the source: how far the target's voxel centres lie off the source's at most."""
    affine = index_map(source, target)
    rounding: list[float] = []
    for axis in range(3):
        row = affine[axis, :3]
        along = int(np.abs(row).argmax())
        if np.abs(np.delete(row, along)).max() < 1e-6:
            index = affine[axis, 3] + row[along] * np.arange(target.shape_zyx[::-1][along])
            within = index[(index > -0.5) & (index < source.shape_zyx[::-1][axis] - 0.5)]
            share = float(np.abs(within - np.rint(within)).max()) if within.size else 0.0
        else:
            share = 0.5
        rounding.append(share * source.spacing_xyz_mm[axis])
    return rounding[0], rounding[1], rounding[2]

"""Where pixels and voxels lie, for the loops that look a leg's tissue up."""

from __future__ import annotations

from typing import no_type_check

from ifssnet.geometry.compiled import compiled


@no_type_check
@compiled(inline=True)
def place_of_voxel(affine, i, j, k):
    """(x, y, z) of the index (i, j, k) = (column, row, slice) through an affine."""
    x = affine[0, 0] * i + affine[0, 1] * j + affine[0, 2] * k + affine[0, 3]
    y = affine[1, 0] * i + affine[1, 1] * j + affine[1, 2] * k + affine[1, 3]
    z = affine[2, 0] * i + affine[2, 1] * j + affine[2, 2] * k + affine[2, 3]
    return x, y, z


@no_type_check
@compiled(inline=True)
def place_of_pixel(pose, shift, u, v):
    """(x, y, z) of a frame's pixel (u, v) in the leg, which has moved by (x, y, z) when its line was seen."""
    x = pose[0, 0] * u + pose[0, 1] * v + pose[0, 3] - shift[0]
    y = pose[1, 0] * u + pose[1, 1] * v + pose[1, 3] - shift[1]
    z = pose[2, 0] * u + pose[2, 1] * v + pose[2, 3] - shift[2]
    return x, y, z


@no_type_check
@compiled(inline=True)
def beam_direction(pose):
    """The unit vector (x, y) of a frame's beam across the leg."""
    length = (pose[0, 1] ** 2 + pose[1, 1] ** 2 + pose[2, 1] ** 2) ** 0.5
    return pose[0, 1] / length, pose[1, 1] / length

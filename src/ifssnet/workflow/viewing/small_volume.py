"""A volume small enough to be turned in a browser, and a muscle's surface on the same coordinates."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Surface, Volume
from ifssnet.geometry.surfaces.surface import surface_of
from ifssnet.workflow.session.state import SessionState
from ifssnet.workflow.viewing.grey_slices import GreySlices

MOST_VOXELS = 2_500_000
"""A browser without a graphics card turns this many at once."""
LARGEST_FACTOR = 8
MAX_FACES = 12_000
MUSCLE_VOXELS = 3_000_000


def small_volume(slices: GreySlices) -> Volume:
    """Every second, third ... voxel along each axis, eight bits deep, so that at most `MOST_VOXELS` remain."""
    volume = slices.volume
    steps = _steps(volume.grid, MOST_VOXELS)
    z, y, x = steps
    return Volume(slices.shown(volume.array[::z, ::y, ::x]), _coarse(volume.grid, steps))


def small_surface(state: SessionState, label: int) -> Surface | None:
    """The surface of a muscle as it stands, from a grid as coarse as a quick answer needs; None where there is none.

    Positions are RAS, as browsers' viewers of NIfTI have them.

    Raises:
        InputError: No such muscle.
    """
    name = state.muscle(label).name
    steps = _steps(state.grid, MUSCLE_VOXELS)
    z_step, y_step, x_step = steps
    grid = _coarse(state.grid, steps)
    array = np.zeros(grid.shape_zyx, dtype=np.uint8)
    for k in range(grid.slices):
        mask = state.mask(label, k * z_step)
        if mask is not None and not mask.empty:
            array[k] = mask.array()[::y_step, ::x_step]
    if not array.any():
        return None
    surface = surface_of(LabelMap(array, grid, {1: name}), 1, max_faces=MAX_FACES)
    if not len(surface.faces):
        return None
    return replace(surface, vertices_mm=surface.vertices_mm * (-1.0, -1.0, 1.0))


def _steps(grid: Grid, most: int) -> tuple[int, int, int]:
    """Strides that bring the voxels down to a number, the finest axis first, so that voxels come out nearly cubic."""
    steps = [1, 1, 1]
    while math.prod(-(-n // step) for n, step in zip(grid.shape_zyx, steps, strict=True)) > most:
        finest = min(
            (axis for axis in range(3) if steps[axis] < LARGEST_FACTOR),
            key=lambda axis: grid.spacing_zyx_mm[axis] * steps[axis],
            default=None,
        )
        if finest is None:
            break
        steps[finest] += 1
    return steps[0], steps[1], steps[2]


def _coarse(grid: Grid, steps: tuple[int, int, int]) -> Grid:
    """The grid of ``array[::steps]``."""
    shape = tuple(-(-n // step) for n, step in zip(grid.shape_zyx, steps, strict=True))
    spacing = tuple(s * step for s, step in zip(grid.spacing_zyx_mm, steps, strict=True))
    return Grid((shape[0], shape[1], shape[2]), (spacing[2], spacing[1], spacing[0]), grid.origin_xyz_mm, grid.direction)

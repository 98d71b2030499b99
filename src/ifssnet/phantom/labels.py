"""The exact truth: the label of every voxel of any grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import no_type_check

import numpy as np
from jaxtyping import Float, UInt8
from numba import njit, prange

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import TRICEPS_SURAE, color_of
from ifssnet.phantom.anatomy import SKIN, Leg, as_leg
from ifssnet.phantom.locate import tissue_at
from ifssnet.phantom.subject import Subject
from ifssnet.phantom.tissue import NAMES


def leg_grid(subject: Subject | Leg, spacing_xyz_mm: tuple[float, float, float], margin_mm: float = 5.0) -> Grid:
    """The grid, in the leg's own frame, that holds the whole leg with a margin of water; slices from the knee to the ankle."""
    leg = as_leg(subject)
    reach = float(leg.layers[..., SKIN].max()) + margin_mm + float(np.abs(leg.axis_xy_mm).max())
    shape = (
        math.ceil(leg.subject.leg_mm / spacing_xyz_mm[2]),
        math.ceil(2 * reach / spacing_xyz_mm[1]),
        math.ceil(2 * reach / spacing_xyz_mm[0]),
    )
    origin = (-0.5 * (shape[2] - 1) * spacing_xyz_mm[0], -0.5 * (shape[1] - 1) * spacing_xyz_mm[1], 0.5 * spacing_xyz_mm[2])
    return Grid(shape, spacing_xyz_mm, origin)


def leg_labels(
    subject: Subject | Leg,
    grid: Grid,
    parts: Sequence[str] = TRICEPS_SURAE,
    leg_to_world: Float[np.ndarray, "4 4"] | None = None,
) -> LabelMap:
    """The label of the tissue at every voxel's centre.

    Args:
        subject: Whose leg, or the leg when it is built already.
        grid: Any grid, in the world's frame.
        parts: Which tissues to keep; the paper's three muscles unless told otherwise, `tuple(NAMES.values())` for all.
        leg_to_world: Where the leg lies; its own frame is the world's unless given.

    Returns:
        Label values as in `Tissue` (SOL 1, GM 2, GL 3, ...), 0 elsewhere.
    """
    leg = as_leg(subject)
    to_leg = np.eye(4) if leg_to_world is None else np.linalg.inv(leg_to_world)
    array = tissues_at(leg, to_leg @ grid.index_to_mm, grid.shape_zyx)
    kept = {value: name for value, name in NAMES.items() if name in parts}
    lookup = np.zeros(256, dtype=np.uint8)
    lookup[list(kept)] = list(kept)
    return LabelMap(lookup[array], grid, kept, {value: color_of(name, value) for value, name in kept.items()})


def tissues_at(leg: Leg, index_to_leg: Float[np.ndarray, "4 4"], shape_zyx: tuple[int, int, int]) -> UInt8[np.ndarray, "z y x"]:
    """The tissue's code at every index (x, y, z) of an array, through any affine."""
    out = np.zeros(shape_zyx, dtype=np.uint8)
    _fill(leg.tables, index_to_leg, out)
    return out


@no_type_check
@njit(parallel=True, cache=True)
def _fill(tables, affine, out):
    for k in prange(out.shape[0]):
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                x = affine[0, 0] * i + affine[0, 1] * j + affine[0, 2] * k + affine[0, 3]
                y = affine[1, 0] * i + affine[1, 1] * j + affine[1, 2] * k + affine[1, 3]
                z = affine[2, 0] * i + affine[2, 1] * j + affine[2, 2] * k + affine[2, 3]
                out[k, j, i] = tissue_at(tables, x, y, z)

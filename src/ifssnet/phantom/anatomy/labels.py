"""The exact truth: the label of every voxel of any grid."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.core.muscles import TRICEPS_SURAE, color_of
from ifssnet.phantom.anatomy.leg import as_leg
from ifssnet.phantom.anatomy.scannable_leg import HasTissues, ScannableLeg
from ifssnet.phantom.anatomy.subject import Subject
from ifssnet.phantom.anatomy.tissue import NAMES


def leg_grid(subject: Subject | ScannableLeg, spacing_xyz_mm: tuple[float, float, float], margin_mm: float = 5.0) -> Grid:
    """The grid, in the leg's own frame, that holds the whole leg with a margin of water; slices from the knee to the ankle."""
    leg = as_leg(subject)
    half_width = float(np.abs(leg.outline_xy_mm).max()) + margin_mm
    shape = (
        math.ceil(leg.length_mm / spacing_xyz_mm[2]),
        math.ceil(2 * half_width / spacing_xyz_mm[1]),
        math.ceil(2 * half_width / spacing_xyz_mm[0]),
    )
    origin = (-0.5 * (shape[2] - 1) * spacing_xyz_mm[0], -0.5 * (shape[1] - 1) * spacing_xyz_mm[1], 0.5 * spacing_xyz_mm[2])
    return Grid(shape, spacing_xyz_mm, origin)


def leg_labels(
    subject: Subject | ScannableLeg,
    grid: Grid,
    parts: Sequence[str] = TRICEPS_SURAE,
    leg_to_world: Float[np.ndarray, "4 4"] | None = None,
) -> LabelMap:
    """The label of the tissue at every voxel's centre.

    Args:
        subject: Whose leg, or the leg when it is built already.
        grid: Any grid, in the world's frame.
        parts: Which tissues to keep; the paper's three muscles unless others are named, `tuple(NAMES.values())` for all.
        leg_to_world: Where the leg lies; its own frame is the world's unless given.

    Returns:
        Label values as in `Tissue` (SOL 1, GM 2, GL 3, ...), 0 elsewhere.
    """
    return tissue_labels(as_leg(subject), grid, parts, leg_to_world)


def tissue_labels(
    leg: HasTissues,
    grid: Grid,
    parts: Sequence[str] = TRICEPS_SURAE,
    leg_to_world: Float[np.ndarray, "4 4"] | None = None,
) -> LabelMap:
    """As `leg_labels`, of a leg as a probe presses it, or of anything else that knows the tissue at a place."""
    to_leg = np.eye(4) if leg_to_world is None else np.linalg.inv(leg_to_world)
    array = leg.tissues(to_leg @ grid.index_to_mm, grid.shape_zyx)
    kept = {value: name for value, name in NAMES.items() if name in parts}
    lookup = np.zeros(256, dtype=np.uint8)
    lookup[list(kept)] = list(kept)
    return LabelMap(lookup[array], grid, kept, {value: color_of(name, value) for value, name in kept.items()})

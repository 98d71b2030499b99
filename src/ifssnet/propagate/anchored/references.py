"""The leg's own drawn slices, shown beside a slice that nobody drew: what the border looks like in this leg."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float, Float32

from ifssnet.geometry.compiled import compiled
from ifssnet.propagate.interpolation.group_shapes import GroupShape, GroupShapes
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup

HALF_MM = 30.0
"""Distance at which a drawn slice counts half: far ones look less and less like the wanted slice."""

DEPTH_PX = 4.0
"""Depth, in pixels, from which a drawn shape is as good as flat: what counts is its border."""


@dataclass(frozen=True, eq=False)
class Reference:
    """The nearest drawn slice on one side of the wanted one.

    Attributes:
        z: Its index.
        shape: What was drawn there, as interpolation takes it.
        weight: How much it counts, from 1 for a slice beside the wanted one to 0 for none at all.
    """

    z: int
    shape: GroupShape
    weight: float


Sides = tuple[Reference | None, Reference | None]
"""Below and above."""


def references(
    z: int, groups: Sequence[AnnotatedGroup], shapes: Mapping[AnnotatedGroup, GroupShapes], slice_mm: float
) -> Sides:
    """The nearest drawn slices with the muscle on either side of a slice.

    Args:
        z: The wanted slice.
        groups: Annotated groups, ascending.
        shapes: The shapes at the groups with the muscle.
        slice_mm: The distance of the slices.
    """
    below = next((group for group in reversed(groups) if group.present and group.last < z and group in shapes), None)
    above = next((group for group in groups if group.present and group.first > z and group in shapes), None)
    return (
        None if below is None else Reference(below.last, shapes[below].high, weight((z - below.last) * slice_mm)),
        None if above is None else Reference(above.first, shapes[above].low, weight((above.first - z) * slice_mm)),
    )


def weight(distance_mm: float) -> float:
    """How much a drawn slice at a distance counts.

    >>> [round(weight(mm), 2) for mm in (0.0, 15.0, 30.0, 60.0)]
    [1.0, 0.67, 0.5, 0.33]
    """
    return 1 / (1 + distance_mm / HALF_MM)


def weights(sides: Sides) -> Float32[np.ndarray, " side"]:
    """How much each side counts; 0 where there is none: the cues of a network that sees drawn slices."""
    return np.array([0.0 if side is None else side.weight for side in sides], dtype=np.float32)


def move_px(side: Reference, depth: Float[np.ndarray, "y x"], factor: int) -> tuple[int, int]:
    """By how many of the network's pixels a drawn slice moves, so that its muscle's centroid meets that of the prior.

    Args:
        side: Its centroid is in the pixels of `depth`.
        depth: The prior of the wanted slice, positive inside.
        factor: Pixels of `depth` along the side of a network pixel.

    Returns:
        Rows and columns; none where the prior is empty.
    """
    rows, columns, count = _summed_places(depth)
    if not count:
        return 0, 0
    y, x = (total / count - float(own) for total, own in zip((rows, columns), side.shape.centroid_yx, strict=True))
    return round(y / factor), round(x / factor)


@no_type_check
@compiled(nogil=True)
def _summed_places(depth):
    """The sums of the rows and of the columns of all pixels that are not negative, and how many these are."""
    rows, columns, count = 0, 0, 0
    for y in range(depth.shape[0]):
        row = depth[y]
        own = 0
        for x in range(depth.shape[1]):
            inside = row[x] >= 0
            own += inside
            columns += x * inside
        rows += y * own
        count += own
    return rows, columns, count


def planes(
    grey: Float32[np.ndarray, "side y x"],
    depth_px: Float32[np.ndarray, "side y x"],
    counts: Float32[np.ndarray, " side"],
) -> Float32[np.ndarray, "plane y x"]:
    """What the network sees of the drawn slices: grey levels of both, then both shapes; the less, the further away.

    Args:
        grey: Normalised grey levels.
        depth_px: Depth of the drawn shapes in network pixels, positive inside.
        counts: As `weights` has them.
    """
    scale = counts[:, None, None]
    return np.concatenate([grey * scale, np.tanh(depth_px / np.float32(DEPTH_PX)) * scale]).astype(np.float32)

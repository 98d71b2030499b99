"""What each group shows to the gaps beside it: a shape, its centroid and its area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup
from ifssnet.propagate.seeding.drawn_muscle import DrawnMuscle, ends_of


@dataclass(frozen=True, eq=False)
class GroupShape:
    """A muscle's shape as a group shows it.

    Attributes:
        z: Where along the leg, in slices, not whole.
        distances: Signed distance to the border in mm, negative inside.
        centroid_yx: In pixels of the map.
        area_px: In pixels.
    """

    z: float
    distances: Float[np.ndarray, "y x"]
    centroid_yx: Float[np.ndarray, " axis"]
    area_px: float


@dataclass(frozen=True, eq=False)
class GroupShapes:
    """What a group shows downwards and upwards: the same, unless it has more slices than are averaged."""

    low: GroupShape
    high: GroupShape


def measured_shapes(group: AnnotatedGroup, drawn: DrawnMuscle, neighbours: int) -> GroupShapes:
    """Average the slices of a group that lie next to its lower and its upper side.

    The errors of drawn borders are not the same on neighbouring slices, so the mean of three is worth more than the
    one that happens to come last; and it takes no slope from them.
    """
    low, high = ends_of(group, neighbours)
    shapes = {z: _measure(z, drawn) for z in {*low, *high}}
    below = mean_shape([shapes[z] for z in low])
    return GroupShapes(below, below if low == high else mean_shape([shapes[z] for z in high]))


def mean_shape(shapes: Sequence[GroupShape]) -> GroupShape:
    """The mean of neighbouring slices, at their mean place."""
    if len(shapes) == 1:
        return shapes[0]
    return GroupShape(
        float(np.mean([shape.z for shape in shapes])),
        np.asarray(np.mean([shape.distances for shape in shapes], axis=0, dtype=np.float32)),
        np.mean([shape.centroid_yx for shape in shapes], axis=0),
        float(np.mean([shape.area_px for shape in shapes])),
    )


def _measure(z: int, drawn: DrawnMuscle) -> GroupShape:
    y, x = np.nonzero(drawn[z])
    return GroupShape(float(z), drawn.distances(z), np.array([y.mean(), x.mean()]), float(len(y)))

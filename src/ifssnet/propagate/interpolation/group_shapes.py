"""What each group shows to the gaps beside it: a shape, its centroid and its area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ifssnet.core.seeds import Mask
from ifssnet.geometry.masks.distance import signed_distance
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup

NEIGHBOURS = 3
"""The most consecutive slices that are averaged: the paper's three (III-C)."""


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


def measured_shapes(
    group: AnnotatedGroup, masks: Mapping[int, Mask], spacing_yx_mm: tuple[float, float], neighbours: int
) -> GroupShapes:
    """Average the slices of a group that lie next to its lower and its upper side.

    The errors of drawn borders are not the same on neighbouring slices, so the mean of three is worth more than the
    one that happens to come last; and it takes no slope from them.
    """
    ends = (group.slices[:neighbours], group.slices[-neighbours:])
    drawn = {z: _measure(z, masks[z], spacing_yx_mm) for z in {*ends[0], *ends[1]}}
    low = mean_shape([drawn[z] for z in ends[0]])
    return GroupShapes(low, low if ends[0] == ends[1] else mean_shape([drawn[z] for z in ends[1]]))


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


def _measure(z: int, mask: Mask, spacing_yx_mm: tuple[float, float]) -> GroupShape:
    y, x = np.nonzero(mask)
    return GroupShape(float(z), signed_distance(mask, spacing_yx_mm), np.array([y.mean(), x.mean()]), float(len(y)))

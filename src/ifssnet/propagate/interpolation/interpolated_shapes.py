"""One muscle's distance map on a slice between annotated ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from ifssnet.propagate.interpolation.blend import blend
from ifssnet.propagate.interpolation.curves import hermite_weights, tangent_weights
from ifssnet.propagate.interpolation.gaps import Gap
from ifssnet.propagate.interpolation.group_shapes import GroupShape, GroupShapes
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup

Map = Float[np.ndarray, "y x"]


def guided_map(gap: Gap, z: int, shapes: Mapping[AnnotatedGroup, GroupShapes]) -> Map:
    """The blended distance map on a slice: up to four annotated shapes, moved to where the centroids' curve passes.

    Between the muscle and its absence, and past the outermost annotated slice, the nearest annotated shape moves
    on along the tangent; it is the level that makes it shrink.
    """
    if not gap.interpolates:
        shape, behind = _edge(gap, shapes)
        move = np.zeros(2)
        if behind is not None:
            weights = tangent_weights(behind.z, shape.z, None)
            move = (z - shape.z) * (weights[0] * behind.centroid_yx + weights[1] * shape.centroid_yx)
        return blend([shape.distances], np.ones(1), move[None])
    assert gap.left is not None
    assert gap.right is not None
    before = shapes[gap.before].high if gap.before is not None and gap.before.present else None
    after = shapes[gap.after].low if gap.after is not None and gap.after.present else None
    four = (before, shapes[gap.left].high, shapes[gap.right].low, after)
    weights = hermite_weights((before and before.z, four[1].z, four[2].z, after and after.z), z)
    used = [(shape, weight) for shape, weight in zip(four, weights, strict=True) if shape is not None]
    centroid = sum((shape.centroid_yx * weight for shape, weight in used), np.zeros(2))
    return blend(
        [shape.distances for shape, _ in used],
        np.array([weight for _, weight in used]),
        np.array([centroid - shape.centroid_yx for shape, _ in used]),
    )


def plain_map(gap: Gap, z: int, shapes: Mapping[AnnotatedGroup, GroupShapes]) -> Map:
    """The distance map of unguided interpolation: a line between two slices, a cone between the muscle and its absence."""
    if gap.interpolates:
        assert gap.left is not None
        assert gap.right is not None
        left, right = shapes[gap.left].high, shapes[gap.right].low
        share = (z - left.z) / (right.z - left.z)
        return ((1 - share) * left.distances + share * right.distances).astype(np.float32)
    shape, _ = _edge(gap, shapes)
    if gap.left is None or gap.right is None:
        return shape.distances
    absent = gap.right.first if gap.left.present else gap.left.last
    return (shape.distances - shape.distances.min() * abs(z - shape.z) / abs(absent - shape.z)).astype(np.float32)


def _edge(gap: Gap, shapes: Mapping[AnnotatedGroup, GroupShapes]) -> tuple[GroupShape, GroupShape | None]:
    """What the annotated slice with the muscle beside a gap shows, and the group with the muscle behind it."""
    upwards = gap.edge is gap.left
    inner = gap.before if upwards else gap.after
    edge = shapes[gap.edge]
    behind = None if inner is None or not inner.present else shapes[inner]
    return (edge.high, behind and behind.high) if upwards else (edge.low, behind and behind.low)

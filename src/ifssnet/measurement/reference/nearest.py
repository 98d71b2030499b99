"""From each point of one set to the nearest of another, exactly, by whichever of two ways is quicker."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int

from ifssnet.geometry.untyped import NearestPoints, squared_distance

FAR_VOXELS = 8.0
"""Surfaces whose typical distance is above this many voxels go to the distance transform, nearer ones to the k-d tree.

A k-d tree looks at all points within the distance that it finds: quick for surfaces that nearly coincide, and slower the
further apart they lie; a distance transform costs the same for any two. Where they meet was measured:
docs/reference/measures.md.
"""

MAX_TRANSFORM_VOXELS = 400_000_000
"""Boxes above this go to the k-d tree whatever the distance: a transform takes nine bytes a voxel."""

SAMPLE = 1000


def nearest_mm(
    points: Int[np.ndarray, "a 3"], others: Int[np.ndarray, "b 3"], spacing_xyz_mm: tuple[float, float, float]
) -> Float[np.ndarray, " a"]:
    """From each point to the nearest of the others."""
    if len(points) == 0 or len(others) == 0:
        return np.full(len(points), math.inf)
    spacing = np.array(spacing_xyz_mm[::-1])
    low = np.minimum(points.min(axis=0), others.min(axis=0))
    shape = np.maximum(points.max(axis=0), others.max(axis=0)) - low + 1
    tree = NearestPoints(others * spacing)
    sample = points[:: max(len(points) // SAMPLE, 1)] * spacing
    typical = float(np.mean(tree.distance(sample))) / float(spacing.max())
    if typical > FAR_VOXELS and math.prod(shape.tolist()) <= MAX_TRANSFORM_VOXELS:
        return _by_transform(points - low, others - low, shape, spacing)
    return tree.distance(points * spacing, workers=-1)


def _by_transform(
    points: Int[np.ndarray, "a 3"],
    others: Int[np.ndarray, "b 3"],
    shape: Int[np.ndarray, " axis"],
    spacing: Float[np.ndarray, " axis"],
) -> Float[np.ndarray, " a"]:
    away = np.ones(tuple(shape.tolist()), dtype=np.bool_)
    away[tuple(others.T)] = False
    # Squared, so that the root is taken of the few that are asked for, in double precision.
    squared = squared_distance(away, spacing.tolist())
    return np.sqrt(squared[tuple(points.T)].astype(np.float64))

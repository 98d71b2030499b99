"""What each knot shows to the stretches beside it: a shape, its centroid and its area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ifssnet.core.seeds import Mask
from ifssnet.geometry.distance import signed_distance
from ifssnet.propagate.seeding.annotated_groups import Knot

NEIGHBOURS = 3
"""At most so many consecutive slices are averaged: the paper's three (III-C)."""


@dataclass(frozen=True, eq=False)
class Face:
    """A muscle's shape as a knot shows it.

    Attributes:
        place: Where along z, in slices, not whole.
        distances: Signed distance to the border in mm, negative inside.
        centroid_yx: In pixels of the map.
        area_px: In pixels.
    """

    place: float
    distances: Float[np.ndarray, "y x"]
    centroid_yx: Float[np.ndarray, " axis"]
    area_px: float


@dataclass(frozen=True, eq=False)
class Faces:
    """What a knot shows downwards and upwards: the same, unless it has more slices than are averaged."""

    low: Face
    high: Face


def find_faces(knot: Knot, masks: Mapping[int, Mask], spacing_yx_mm: tuple[float, float], neighbours: int) -> Faces:
    """Average so many slices of a knot with the muscle as lie next to its lower and its upper side.

    The errors of an unsteady hand are not the same on neighbouring slices, so the mean of three is worth more than the
    one that happens to come last; and it takes no slope from them.
    """
    ends = (knot.slices[:neighbours], knot.slices[-neighbours:])
    drawn = {z: _measure(z, masks[z], spacing_yx_mm) for z in {*ends[0], *ends[1]}}
    low = mean_face([drawn[z] for z in ends[0]])
    return Faces(low, low if ends[0] == ends[1] else mean_face([drawn[z] for z in ends[1]]))


def mean_face(faces: Sequence[Face]) -> Face:
    """The mean of neighbouring slices, at their mean place."""
    if len(faces) == 1:
        return faces[0]
    return Face(
        float(np.mean([face.place for face in faces])),
        np.asarray(np.mean([face.distances for face in faces], axis=0, dtype=np.float32)),
        np.mean([face.centroid_yx for face in faces], axis=0),
        float(np.mean([face.area_px for face in faces])),
    )


def _measure(z: int, mask: Mask, spacing_yx_mm: tuple[float, float]) -> Face:
    y, x = np.nonzero(mask)
    return Face(float(z), signed_distance(mask, spacing_yx_mm), np.array([y.mean(), x.mean()]), float(len(y)))

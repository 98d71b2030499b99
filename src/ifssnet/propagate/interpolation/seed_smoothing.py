"""Noisy seeds: what the curves run through when it is not exactly what was drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ifssnet.core.seeds import Mask
from ifssnet.propagate.interpolation.blend import blend
from ifssnet.propagate.interpolation.curves import smoother
from ifssnet.propagate.interpolation.group_shapes import NEIGHBOURS, Face, Faces, find_faces
from ifssnet.propagate.seeding.annotated_groups import Knot, chains

NEGLIGIBLE = 1e-3
"""Knots with less weight than this in a smoothed shape are left out of it."""


@dataclass(frozen=True)
class Smoothing:
    """How far the curves may leave what was drawn.

    Attributes:
        average: Consecutive annotated slices show their mean, rather than each side its own outermost slice: less of
            the hand's errors, but what is shown lies a slice further away.
        strength: Of the smoothing spline through the knots, 0 for none; see `curves.smoother`.
    """

    average: bool = False
    strength: float = 0.0


def find_shown(
    knots: tuple[Knot, ...], masks: Mapping[int, Mask], spacing_yx_mm: tuple[float, float], smoothing: Smoothing
) -> dict[Knot, Faces]:
    """What each knot with the muscle shows to the stretches beside it.

    Args:
        knots: Of one muscle.
        masks: What was drawn, by slice.
        spacing_yx_mm: Of the pixels.
        smoothing: How far that may be left.
    """
    drawn = {
        knot: find_faces(knot, masks, spacing_yx_mm, NEIGHBOURS if smoothing.average else 1) for knot in knots if knot.present
    }
    return smoothed(knots, drawn, smoothing.strength)


def smoothed(knots: tuple[Knot, ...], drawn: Mapping[Knot, Faces], strength: float) -> dict[Knot, Faces]:
    """Replace shapes, centroids and areas by those of smoothing splines along z, chain by chain."""
    shown = dict(drawn)
    for chain in chains(knots):
        if strength > 0 and len(chain) >= 3:
            run = [knots[index] for index in chain]
            lows = _spline([drawn[knot].low for knot in run], run, strength)
            highs = _spline([drawn[knot].high for knot in run], run, strength)
            shown |= {knot: Faces(low, high) for knot, low, high in zip(run, lows, highs, strict=True)}
    return shown


def _spline(faces: Sequence[Face], run: Sequence[Knot], strength: float) -> list[Face]:
    places = np.array([face.place for face in faces])
    slices = np.array([min(len(knot.slices), NEIGHBOURS) for knot in run], dtype=np.float64)
    # A border displaced at random moves the area in proportion to the root of the border's length.
    area_px = np.array([face.area_px for face in faces])
    trust = slices / np.sqrt(area_px)
    of_area = smoother(places, trust / trust.mean(), strength)
    of_shape = smoother(places, slices / slices.mean(), strength)
    centroids = np.array([face.centroid_yx for face in faces])
    result: list[Face] = []
    for index, face in enumerate(faces):
        weights = of_shape[index]
        centroid = weights @ centroids
        used = np.flatnonzero(np.abs(weights) > NEGLIGIBLE).tolist()
        shape = blend([faces[i].distances for i in used], weights[used] / weights[used].sum(), centroid - centroids[used])
        result.append(Face(face.place, shape, centroid, max(float(of_area[index] @ area_px), 0.0)))
    return result

"""Noisy seeds: what the curves run through when it is not exactly what was drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from ifssnet.propagate.interpolation.blend import blend
from ifssnet.propagate.interpolation.curves import smoother
from ifssnet.propagate.interpolation.group_shapes import GroupShape, GroupShapes, measured_shapes
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup, chains
from ifssnet.propagate.seeding.drawn_muscle import NEIGHBOURS, DrawnMuscle

NEGLIGIBLE = 1e-3
"""Groups with less weight than this in a smoothed shape are left out of it."""


@dataclass(frozen=True)
class Smoothing:
    """How far the curves may leave what was drawn.

    Attributes:
        average: Consecutive annotated slices show their mean, rather than each side its own outermost slice: less of
            errors of drawing, but what is shown lies a slice further away.
        strength: How strongly the smoothing spline through the groups smooths, 0 for not at all; see `curves.smoother`.
    """

    average: bool = False
    strength: float = 0.0


def shapes_of_groups(muscle: DrawnMuscle, smoothing: Smoothing) -> dict[AnnotatedGroup, GroupShapes]:
    """What each group with the muscle shows to the gaps beside it.

    Args:
        muscle: What was drawn of it.
        smoothing: How far that may be left.
    """
    averaged = NEIGHBOURS if smoothing.average else 1
    drawn = {group: measured_shapes(group, muscle, averaged) for group in muscle.groups if group.present}
    return smoothed(muscle.groups, drawn, smoothing.strength)


def smoothed(
    groups: tuple[AnnotatedGroup, ...],
    drawn: Mapping[AnnotatedGroup, GroupShapes],
    strength: float,
    wanted: Set[AnnotatedGroup] | None = None,
) -> dict[AnnotatedGroup, GroupShapes]:
    """Replace shapes, centroids and areas by those of smoothing splines along z, chain by chain.

    Args:
        groups: One muscle's annotated groups.
        drawn: What each group with the muscle shows.
        strength: How strongly to smooth, 0 for not at all.
        wanted: The groups whose smoothed shapes are asked for, None for all; the others stay as they were drawn.
    """
    shown = dict(drawn)
    for chain in chains(groups):
        if strength > 0 and len(chain) >= 3:
            run = [groups[index] for index in chain]
            asked = [index for index, group in enumerate(run) if wanted is None or group in wanted]
            lows = _spline([drawn[group].low for group in run], run, strength, asked)
            same = all(drawn[group].low is drawn[group].high for group in run)
            highs = lows if same else _spline([drawn[group].high for group in run], run, strength, asked)
            shown |= {run[index]: GroupShapes(lows[index], highs[index]) for index in asked}
    return shown


def _spline(
    shapes: Sequence[GroupShape], run: Sequence[AnnotatedGroup], strength: float, asked: Sequence[int]
) -> dict[int, GroupShape]:
    """The smoothed shapes of some groups of a chain, by their index in it."""
    places = np.array([shape.z for shape in shapes])
    slices = np.array([min(len(group.slices), NEIGHBOURS) for group in run], dtype=np.float64)
    # A border displaced at random moves the area in proportion to the root of the border's length.
    area_px = np.array([shape.area_px for shape in shapes])
    area_weights = slices / np.sqrt(area_px)
    of_area = smoother(places, area_weights / area_weights.mean(), strength)
    of_shape = smoother(places, slices / slices.mean(), strength)
    centroids = np.array([shape.centroid_yx for shape in shapes])
    result: dict[int, GroupShape] = {}
    for index in asked:
        shape, weights = shapes[index], of_shape[index]
        centroid = weights @ centroids
        used = np.flatnonzero(np.abs(weights) > NEGLIGIBLE).tolist()
        distances = blend([shapes[i].distances for i in used], weights[used] / weights[used].sum(), centroid - centroids[used])
        result[index] = GroupShape(shape.z, distances, centroid, max(float(of_area[index] @ area_px), 0.0))
    return result

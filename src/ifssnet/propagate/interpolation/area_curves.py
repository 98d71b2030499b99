"""The area of a muscle on every slice, from its area on the annotated ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ifssnet.propagate.interpolation.curves import curve_slopes, hermite, tangent_weights, taper
from ifssnet.propagate.interpolation.gaps import Gap
from ifssnet.propagate.interpolation.group_shapes import GroupShape, GroupShapes, mean_shape
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup, chains

LONG = 0.25
"""A run of annotated slices longer than this share of the gaps beside it says something about the area's slope."""


def area_curve(gaps: tuple[Gap, ...], shapes: Mapping[AnnotatedGroup, GroupShapes]) -> dict[int, float]:
    """The area in pixels on every slice of the gaps, never negative.

    Between groups with the muscle the curve through all of them that the gaps name (`curve_slopes`); between the muscle
    and its absence a taper to nothing; past the outermost annotated slice a straight line that may fall but not rise.

    Args:
        gaps: The gaps of one muscle.
        shapes: The shapes at its groups with the muscle.
    """
    slopes = _slopes(gaps, shapes)
    curve: dict[int, float] = {}
    for gap in gaps:
        curve |= _between(gap, shapes, slopes) if gap.interpolates else _outward(gap, shapes)
    return curve


def _between(
    gap: Gap, shapes: Mapping[AnnotatedGroup, GroupShapes], slopes: Mapping[AnnotatedGroup, _Slopes]
) -> dict[int, float]:
    assert gap.left is not None
    assert gap.right is not None
    left, right = shapes[gap.left].high, shapes[gap.right].low
    curve = hermite(
        (left.z, right.z),
        (left.area_px, right.area_px),
        (slopes[gap.left].above, slopes[gap.right].below),
        np.array(gap.slices, dtype=np.float64),
    )
    return {z: max(0.0, float(value)) for z, value in zip(gap.slices, curve, strict=True)}


class _Slopes(NamedTuple):
    """Slopes of the area curve at a group, pixels a slice: towards the slices below it and towards those above."""

    below: float
    above: float


def _slopes(gaps: tuple[Gap, ...], shapes: Mapping[AnnotatedGroup, GroupShapes]) -> dict[AnnotatedGroup, _Slopes]:
    """At every group with the muscle next to a gap, from all groups between which it is nowhere annotated absent.

    An absence says that the area falls, and not where it starts to: it bends no curve between two masks.
    """
    around = {group for gap in gaps for group in gap.groups}
    groups = tuple(sorted(around, key=lambda group: group.first))
    found: dict[AnnotatedGroup, _Slopes] = {}
    for chain in chains(groups):
        found |= _chain_slopes([groups[index] for index in chain], shapes)
    return found


def _chain_slopes(groups: list[AnnotatedGroup], shapes: Mapping[AnnotatedGroup, GroupShapes]) -> dict[AnnotatedGroup, _Slopes]:
    """A group is one point of the curve, unless it is long beside the gaps around it: then each of its shapes is one."""
    points: list[GroupShape] = []
    at: list[tuple[int, int]] = []
    for index, group in enumerate(groups):
        low, high = shapes[group].low, shapes[group].high
        gaps = [abs(shapes[other].low.z - low.z) for other in groups[max(0, index - 1) : index + 2] if other != group]
        if high.z - low.z > LONG * min(gaps, default=math.inf):
            at.append((len(points), len(points) + 1))
            points += [low, high]
        else:
            at.append((len(points), len(points)))
            points.append(low if low is high else mean_shape([low, high]))
    slopes = curve_slopes(np.array([shape.z for shape in points]), np.array([shape.area_px for shape in points]))
    return {group: _Slopes(float(slopes[low]), float(slopes[high])) for group, (low, high) in zip(groups, at, strict=True)}


def _outward(gap: Gap, shapes: Mapping[AnnotatedGroup, GroupShapes]) -> dict[int, float]:
    """Areas from the muscle's last annotated slice outwards: to its absence, or along the tangent where nobody looked."""
    upwards = gap.edge is gap.left
    inner, absent = (gap.before, gap.right) if upwards else (gap.after, gap.left)
    shape = shapes[gap.edge].high if upwards else shapes[gap.edge].low
    slope = 0.0
    if inner is not None and inner.present:
        behind = shapes[inner].high if upwards else shapes[inner].low
        weights = tangent_weights(-abs(shape.z - behind.z), 0.0, None)
        slope = float(weights[0] * behind.area_px + weights[1] * shape.area_px)
    out = np.abs(np.array(gap.slices, dtype=np.float64) - shape.z)
    if absent is None:
        values = np.clip(shape.area_px + slope * out, 0.0, shape.area_px)
    else:
        width = abs((absent.first if upwards else absent.last) - shape.z)
        values = taper(shape.area_px, slope, out / width, width)
    return {z: float(value) for z, value in zip(gap.slices, values, strict=True)}

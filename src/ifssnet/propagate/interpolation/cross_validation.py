"""How much smoothing foretells the annotated slices best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from ifssnet.core.machine.threads import ahead
from ifssnet.core.provenance import SmoothingChoice
from ifssnet.core.seeds import Mask
from ifssnet.propagate.interpolation.area_curves import area_curve
from ifssnet.propagate.interpolation.gaps import find_gaps
from ifssnet.propagate.interpolation.group_shapes import GroupShapes
from ifssnet.propagate.interpolation.interpolated_shapes import guided_map
from ifssnet.propagate.interpolation.levels import depths
from ifssnet.propagate.interpolation.seed_smoothing import Smoothing, shapes_of_groups, smoothed
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup
from ifssnet.propagate.seeding.border_scatter import border_scatter_mm
from ifssnet.propagate.seeding.drawn_muscle import DrawnMuscle

STRENGTHS = (0.0, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
"""Strengths of the smoothing spline, from none to what borders of much scatter need."""

WORTHWHILE = 0.02
"""Smoothing more has to lower the error by this share: with a few groups, chance lowers it by less."""

WORTHWHILE_PERCENT = 0.5
"""The error has to fall by this share of the muscle's area as well: less is the pixels' own roughness."""

WELL_SAMPLED_PERCENT = 30.0
"""With an error above this, gaps are so wide that what leaves the curve is anatomy and not error: no smoothing."""

UNSTEADY_PIXELS = 0.4
"""Scatter of consecutive borders, in pixels, above which their mean is worth more than the nearest of them."""


NEIGHBOURS = 6
"""Groups kept on either side of one that is left out: those beyond have no say in it."""

MOST_LEFT_OUT = 40
"""Groups left out in turn of one muscle, evenly spread over it."""


def choose_smoothing(muscles: Sequence[DrawnMuscle]) -> SmoothingChoice:
    """Leave out each group that lies between two others, interpolate it, and compare with what was drawn.

    One choice for all muscles: the scatter is the annotator's, and one annotator drew all muscles.

    Args:
        muscles: What was drawn of each, with pixels of one size.
    """
    scatter_mm = border_scatter_mm(muscles)
    average = any(scatter_mm is not None and scatter_mm > UNSTEADY_PIXELS * max(one.spacing_yx_mm) for one in muscles)
    wrong = np.zeros(len(STRENGTHS))
    drawn_px = 0.0
    left_out = 0
    for muscle in muscles:
        groups = muscle.groups
        inner = [i for i in range(1, len(groups) - 1) if all(group.present for group in groups[i - 1 : i + 2])]
        shown = shapes_of_groups(muscle, Smoothing(average)) if inner else {}
        inner = inner[:: -(-len(inner) // MOST_LEFT_OUT) or 1]
        for index, own_wrong in ahead(partial(_wrong_without, muscle=muscle, shown=shown), inner):
            wrong += own_wrong
            drawn_px += float(muscle[groups[index].middle].sum())
        left_out += len(inner)
    if not left_out:
        return SmoothingChoice(average, border_scatter_mm=scatter_mm)
    error_percent = 100 * wrong / drawn_px
    best = 0
    if error_percent[0] <= WELL_SAMPLED_PERCENT:
        for place in range(1, len(STRENGTHS)):
            least = max(WORTHWHILE * error_percent[best], WORTHWHILE_PERCENT)
            if error_percent[place] < error_percent[best] - least:
                best = place
    errors = dict(zip(STRENGTHS, error_percent.tolist(), strict=True))
    return SmoothingChoice(average, STRENGTHS[best], scatter_mm, left_out, errors)


def _wrong_without(index: int, muscle: DrawnMuscle, shown: Mapping[AnnotatedGroup, GroupShapes]) -> list[float]:
    """Pixels that the middle of a group gets wrong with each strength, when the group is left out."""
    groups, target = muscle.groups, muscle.groups[index].middle
    kept = groups[max(0, index - NEIGHBOURS) : index] + groups[index + 1 : index + 1 + NEIGHBOURS]
    return [_wrong_px(kept, target, muscle[target], shown, strength) for strength in STRENGTHS]


def _wrong_px(
    kept: tuple[AnnotatedGroup, ...], z: int, drawn: Mask, shown: Mapping[AnnotatedGroup, GroupShapes], strength: float
) -> float:
    """Pixels that a slice gets wrong when it is interpolated from the groups that were kept."""
    gap = next(gap for gap in find_gaps(kept, kept[-1].last + 1, 0) if z in gap.slices)
    shapes = smoothed(kept, {group: shown[group] for group in kept if group.present}, strength, gap.groups)
    depth = depths({1: guided_map(gap, z, shapes)}, {1: area_curve((gap,), shapes)[z]}, None)[1]
    return float(((depth >= 0) != drawn).sum())

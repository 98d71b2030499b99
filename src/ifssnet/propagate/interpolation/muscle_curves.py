"""All that guided interpolation knows of one muscle: groups, shapes on them, and the curves between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ifssnet.propagate.interpolation.area_curves import area_curve
from ifssnet.propagate.interpolation.gaps import Gap, find_gaps
from ifssnet.propagate.interpolation.group_shapes import GroupShapes
from ifssnet.propagate.interpolation.seed_smoothing import Smoothing, shapes_of_groups
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup
from ifssnet.propagate.seeding.drawn_muscle import DrawnMuscle


@dataclass(frozen=True, eq=False)
class MuscleCurves:
    """One muscle along z.

    Attributes:
        groups: Ascending.
        gap_of: The gap between groups that a slice lies in, for every slice to be filled.
        shapes: What the shapes between are made of, for every group with the muscle; smoothed where the seeds are noisy.
        drawn_px: Area of every annotated slice as drawn.
        area_px: Area due to every slice to be filled.
    """

    groups: tuple[AnnotatedGroup, ...]
    gap_of: Mapping[int, Gap]
    shapes: Mapping[AnnotatedGroup, GroupShapes]
    drawn_px: Mapping[int, float]
    area_px: Mapping[int, float]

    @property
    def mean_gap(self) -> float:
        """Slices of the gap in which a slice to be filled lies, on average; 0 without any."""
        widths = [len(gap.slices) for gap in self.gap_of.values()]
        return sum(widths) / len(widths) if widths else 0.0


def find_curves(muscle: DrawnMuscle, slices: int, beyond: int, smoothing: Smoothing) -> MuscleCurves:
    """Measure one muscle's annotated slices, and lay the curves through them.

    Args:
        muscle: What was drawn, cut to a box that all muscles share.
        slices: How many slices the grid has.
        beyond: Slices to go past the outermost annotated ones.
        smoothing: How far the curves may leave what was drawn.
    """
    gaps = find_gaps(muscle.groups, slices, beyond)
    shapes = shapes_of_groups(muscle, smoothing)
    gap_of = {z: gap for gap in gaps for z in gap.slices}
    drawn_px = {z: float(mask.sum()) for z, mask in muscle.items()}
    return MuscleCurves(muscle.groups, gap_of, shapes, drawn_px, area_curve(gaps, shapes))

"""How far the volume under an area curve may be from the truth: a margin that holds for nine muscles in ten.

What is known of it comes from the muscle itself, by leaving out each annotated group in turn, and, where groups are few, from
digital legs. Errors of two gaps have nothing to do with each other; that of one grows with a power of its width. How wide the
margin has to be for nine in ten is measured, not assumed (conformal calibration): `benchmarks/volume_intervals.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ifssnet.propagate.interpolation.gaps import Gap
from ifssnet.propagate.interpolation.group_shapes import GroupShapes
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup

POWER = 2.0
"""The volume between two groups is wrong by so high a power of their distance: of 2 to 3 the one whose margins, equally often
right, are narrowest on training legs, with the numbers below."""

USUAL = 1.2e-3
"""What is usual there: the error in mean areas times mm, for a distance of 1 mm."""

USUAL_GROUPS = 4.0
"""What is usual counts as much as this number of groups of the muscle's own."""

MOST = 0.2
"""The most that the standard error of a gap's volume can be, as a share of a cylinder there."""

SCATTER_MM = 11.0
"""Length of border over which the annotator errs alike."""

END = 0.25
"""Standard error of what lies between the last slice with a muscle and the first without, as a share of a cylinder there."""

LEAST = 1e-3
"""Standard error that is always there, as a share of the volume: borders run through voxels."""

NINE_IN_TEN = 1.45
"""Standard errors that nine muscles in ten of the training legs lie within, whichever way the slices were drawn."""


@dataclass(frozen=True)
class LeftOut:
    """A group that was left out.

    Attributes:
        error_px: By how many voxels the volume changed.
        width_mm: The gap that it left.
    """

    error_px: float
    width_mm: float


def margin_px(
    volume_px: float,
    mean_area_px: float,
    left_out: Sequence[LeftOut],
    gaps: Sequence[Gap],
    shapes: Mapping[AnnotatedGroup, GroupShapes],
    slice_mm: float,
    pixel_mm: float,
    scatter_mm: float = 0.0,
) -> float:
    """Half the width of the interval that holds the volume of nine muscles in ten.

    Args:
        volume_px: The volume in voxels.
        mean_area_px: The mean area of the muscle's slices.
        left_out: What was found by leaving out groups; none where there are too few.
        gaps: All gaps of the muscle.
        shapes: The shapes at the groups with the muscle.
        slice_mm: The distance of the slices.
        pixel_mm: The side of a pixel.
        scatter_mm: SD of the drawn borders, without what the pixels add to it.
    """
    own = [each.error_px * slice_mm / (mean_area_px * each.width_mm**POWER) for each in left_out]
    square = (sum(each * each for each in own) + USUAL_GROUPS * USUAL**2) / (len(own) + USUAL_GROUPS)
    variance = (LEAST * volume_px) ** 2
    # The area of a circle of that size, whose border errs in pieces.
    border_px = 2 * math.sqrt(math.pi * mean_area_px)
    drawn_px = scatter_mm / pixel_mm * math.sqrt(border_px * SCATTER_MM / pixel_mm)
    for gap in gaps:
        if gap.interpolates:
            width_mm = len(gap.slices) * slice_mm
            errs = min(math.sqrt(square) * width_mm**POWER, MOST * width_mm)
            variance += (errs * mean_area_px / slice_mm) ** 2
            variance += (drawn_px * len(gap.slices)) ** 2
        else:
            variance += (END * shapes[gap.edge].low.area_px * len(gap.slices)) ** 2
    return NINE_IN_TEN * math.sqrt(variance)

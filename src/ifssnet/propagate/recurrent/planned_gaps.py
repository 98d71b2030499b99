"""The gaps between annotated groups that runs go through, and from which ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ifssnet.core.seeds import Mask
from ifssnet.propagate.recurrent.inference import BOTH
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup, find_groups


@dataclass(frozen=True)
class PlannedGap:
    """Slices that were not given, between two groups, or beside one.

    Attributes:
        slices: Ascending.
        low: The group below, where it shows the muscle.
        high: The group above, likewise.
        up: Whether a run comes up from the group below.
        down: Whether one comes down from the group above.
    """

    slices: range
    low: AnnotatedGroup | None
    high: AnnotatedGroup | None
    up: bool
    down: bool

    @property
    def is_outermost(self) -> bool:
        """Whether the muscle was drawn on one side of it alone."""
        return self.low is None or self.high is None


def planned_gaps(masks: Mapping[int, Mask], slices: int, direction: str) -> tuple[PlannedGap, ...]:
    """The gaps of one muscle that runs go through: never past a slice where the muscle was given as absent.

    Args:
        masks: What is given, by slice.
        slices: How many slices the volume has.
        direction: "forward" or "both".
    """
    groups = find_groups(masks)
    gaps: list[PlannedGap] = []
    for below, above in zip((None, *groups), (*groups, None), strict=True):
        between = range(0 if below is None else below.last + 1, slices if above is None else above.first)
        low = below if below is not None and below.present else None
        high = above if above is not None and above.present else None
        up, down = low is not None, high is not None and direction == BOTH
        if between and (up or down):
            gaps.append(PlannedGap(between, low, high, up, down))
    return tuple(gaps)

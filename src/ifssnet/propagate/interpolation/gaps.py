"""The gaps between the annotated groups of one muscle, and which groups have a say in each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup


@dataclass(frozen=True)
class Gap:
    """Slices to be filled, and the groups around them.

    Attributes:
        slices: Consecutive slice indices that were not annotated.
        before: The group beyond `left`, where there is one.
        left: The group below the slices; None where they lie below the lowest annotated slice.
        right: The group above the slices; None where they lie above the highest annotated slice.
        after: The group beyond `right`, where there is one.
    """

    slices: range
    before: AnnotatedGroup | None
    left: AnnotatedGroup | None
    right: AnnotatedGroup | None
    after: AnnotatedGroup | None

    @property
    def interpolates(self) -> bool:
        """Whether the muscle is present on both sides."""
        return self.left is not None and self.right is not None and self.left.present and self.right.present

    @property
    def groups(self) -> frozenset[AnnotatedGroup]:
        """Those around it that have a say in its slices."""
        return frozenset(group for group in (self.before, self.left, self.right, self.after) if group is not None)

    @property
    def edge(self) -> AnnotatedGroup:
        """The only group with the muscle, where it is present on one side."""
        group = self.left if self.left is not None and self.left.present else self.right
        assert group is not None
        return group


def find_gaps(groups: tuple[AnnotatedGroup, ...], slices: int, beyond: int) -> tuple[Gap, ...]:
    """The gaps on which a muscle may be present, ascending.

    Args:
        groups: One muscle's annotated groups.
        slices: How many slices the grid has.
        beyond: Slices to go past the outermost annotated ones where these show the muscle.
    """
    if len(groups) == 0:
        return ()
    lowest, highest = groups[0], groups[-1]
    gaps: list[Gap] = []
    if lowest.present and beyond:
        after = groups[1] if len(groups) > 1 else None
        gaps.append(Gap(range(max(0, lowest.first - beyond), lowest.first), None, None, lowest, after))
    for index, (left, right) in enumerate(pairwise(groups)):
        if right.first - left.last > 1 and (left.present or right.present):
            before = groups[index - 1] if index else None
            after = groups[index + 2] if index + 2 < len(groups) else None
            gaps.append(Gap(range(left.last + 1, right.first), before, left, right, after))
    if highest.present and beyond:
        before = groups[-2] if len(groups) > 1 else None
        gaps.append(Gap(range(highest.last + 1, min(slices, highest.last + 1 + beyond)), before, highest, None, None))
    return tuple(gap for gap in gaps if len(gap.slices))

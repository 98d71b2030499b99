"""Which annotated slices count as one: the groups that the curves of interpolation run through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ifssnet.core.seeds import Mask


@dataclass(frozen=True)
class AnnotatedGroup:
    """Consecutive annotated slices that all show the muscle, or all show that it is absent.

    Neighbouring slices lie a fraction of a millimetre apart: how a muscle changes from one to the next is the
    expert's error rather than anatomy, so a run of them is one observation and never the source of a slope.

    Attributes:
        slices: Consecutive slice indices, ascending.
        present: Whether the muscle was drawn on them.
    """

    slices: tuple[int, ...]
    present: bool

    @property
    def first(self) -> int:
        """The lowest slice."""
        return self.slices[0]

    @property
    def last(self) -> int:
        """The highest slice."""
        return self.slices[-1]

    @property
    def middle(self) -> int:
        """The slice in the middle, the higher of two."""
        return self.slices[len(self.slices) // 2]


def find_groups(masks: Mapping[int, Mask]) -> tuple[AnnotatedGroup, ...]:
    """The annotated slices of one muscle as groups, ascending."""
    runs: list[tuple[list[int], bool]] = []
    for z in sorted(masks):
        present = bool(masks[z].any())
        if runs and runs[-1][0][-1] == z - 1 and runs[-1][1] == present:
            runs[-1][0].append(z)
        else:
            runs.append(([z], present))
    return tuple(AnnotatedGroup(tuple(slices), present) for slices, present in runs)


def chains(groups: tuple[AnnotatedGroup, ...]) -> tuple[tuple[int, ...], ...]:
    """Indices of groups with the muscle between which it is nowhere annotated absent: each chain has curves of its own."""
    found: list[list[int]] = []
    for index, group in enumerate(groups):
        if not group.present:
            continue
        if found and found[-1][-1] == index - 1:
            found[-1].append(index)
        else:
            found.append([index])
    return tuple(tuple(chain) for chain in found)

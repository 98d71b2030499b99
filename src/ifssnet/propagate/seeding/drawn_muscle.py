"""What was drawn of one muscle, and how far each pixel lies from the borders there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Float

from ifssnet.core.seeds import Mask
from ifssnet.geometry.masks.distance import signed_distance
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup, find_groups

NEIGHBOURS = 3
"""The most consecutive slices that are averaged: the paper's three (III-C)."""


class DrawnMuscle(Mapping[int, Mask]):
    """The masks of one muscle by slice; distances to their borders are worked out once, where they are asked for.

    Curves ask for the same few slices at each end of a group again and again. Those are kept; a group of a
    thousand slices does not fill the memory.

    Attributes:
        spacing_yx_mm: The distances of the pixels.
        groups: The annotated groups, ascending.
    """

    def __init__(self, masks: Mapping[int, Mask], spacing_yx_mm: tuple[float, float]) -> None:
        self._masks = masks
        self.spacing_yx_mm = spacing_yx_mm
        self.groups = find_groups(masks)
        ends = (ends_of(group, NEIGHBOURS) for group in self.groups if group.present)
        self._kept: dict[int, Float[np.ndarray, "y x"] | None] = {z: None for low, high in ends for z in (*low, *high)}

    def __getitem__(self, z: int) -> Mask:
        return self._masks[z]

    def __iter__(self) -> Iterator[int]:
        return iter(self._masks)

    def __len__(self) -> int:
        return len(self._masks)

    def distances(self, z: int) -> Float[np.ndarray, "y x"]:
        """Signed distance to the border on a drawn slice, mm, negative inside (`signed_distance`); not to be written to."""
        found = self._kept.get(z)
        if found is None:
            found = signed_distance(self._masks[z], self.spacing_yx_mm)
            if z in self._kept:
                self._kept[z] = found
        return found


def ends_of(group: AnnotatedGroup, neighbours: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The slices next to a group's lower and to its upper side, at most this many of each; they may be the same."""
    return group.slices[:neighbours], group.slices[-neighbours:]

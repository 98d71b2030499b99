"""The parts of a muscle's surface: its two ends and its middle, its superficial and its deep side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int, Integer

from ifssnet.core.results.measures import Side
from ifssnet.geometry.masks.box import Box, crop, is_empty

Part: TypeAlias = Literal["first_end", "middle", "last_end", "superficial", "deep"]

END_SHARE = 0.2
"""The share of the reference's slices that each end has."""


@dataclass(frozen=True, eq=False)
class SurfaceParts:
    """How the reference divides the surfaces around it.

    Attributes:
        first_below: Slices below this number are the first end.
        last_from: Slices from this number on are the last end.
        middle_row: For each slice and column of the reference's box, half way between its first and its last row; columns and
            slices without the muscle have those of the nearest one with it. Empty where the reference is.
        corner: Slice and column of `middle_row[0, 0]`.
        side: Where the probe was.
    """

    first_below: float
    last_from: float
    middle_row: Float[np.ndarray, "z x"]
    corner: tuple[int, int]
    side: Side

    def holds(self, part: Part, zyx: Int[np.ndarray, "n 3"]) -> Bool[np.ndarray, " n"]:
        """Which voxels belong to a part; none does where the reference is empty."""
        if not self.middle_row.size:
            return np.zeros(len(zyx), dtype=bool)
        z = zyx[:, 0]
        if part == "first_end":
            return z < self.first_below
        if part == "last_end":
            return z >= self.last_from
        if part == "middle":
            return (z >= self.first_below) & (z < self.last_from)
        place = (np.clip(at - first, 0, size - 1) for at, first, size in self._axes(zyx))
        middle = self.middle_row[tuple(place)]
        near = zyx[:, 1] < middle if self.side == "-y" else zyx[:, 1] > middle
        return near if part == "superficial" else ~near

    def _axes(self, zyx: Int[np.ndarray, "n 3"]) -> tuple[tuple[Int[np.ndarray, " n"], int, int], ...]:
        return (
            (zyx[:, 0], self.corner[0], self.middle_row.shape[0]),
            (zyx[:, 2], self.corner[1], self.middle_row.shape[1]),
        )


def surface_parts(reference: Integer[np.ndarray, "z y x"], value: int, box: Box, side: Side) -> SurfaceParts:
    """The parts that a label of a reference divides surfaces into.

    Args:
        reference: Label values, slices across the leg first.
        value: The muscle.
        box: Where it lies, as `label_boxes` finds it.
        side: Where the probe was: at row 0 ("-y") or at the last one ("+y").
    """
    if is_empty(box):
        return SurfaceParts(0.0, 0.0, np.zeros((0, 0)), (0, 0), side)
    mask = crop(reference, box) == value
    rows = mask.shape[1]
    middle = (mask.argmax(axis=1) + rows - 1 - mask[:, ::-1].argmax(axis=1)) / 2.0 + box[1].start
    known = mask.any(axis=1)
    columns = np.arange(mask.shape[2], dtype=np.int64)
    filled = [z for z in range(len(mask)) if known[z].any()]
    for z in filled:
        # The nearest column with the muscle, at one half the left one.
        there = np.flatnonzero(known[z])
        middle[z] = middle[z][there[_nearest(there, columns)]]
    nearest = np.array(filled)[_nearest(np.array(filled), np.arange(len(mask), dtype=np.int64))]
    length = END_SHARE * len(mask)
    return SurfaceParts(
        box[0].start + length, box[0].stop - length, middle[nearest], (int(box[0].start), int(box[2].start)), side
    )


def _nearest(ascending: Int[np.ndarray, " n"], wanted: Int[np.ndarray, " m"]) -> Int[np.ndarray, " m"]:
    """The place in a list of numbers of the one nearest to each that is wanted."""
    above = np.searchsorted(ascending, wanted).clip(0, len(ascending) - 1)
    below = (above - 1).clip(0)
    return np.where(wanted - ascending[below] <= ascending[above] - wanted, below, above)

"""How wrong a gap between two drawn slices is expected to be: a law measured on real legs, scaled by the leg's own slices.

A border that is carried across a gap strays from the true one in proportion to the gap's width, all around the muscle. So
the volume of wrong voxels grows with the square of the width and with the square root of the muscle's area, and so does the
error of the volume. Where a muscle ends, both are some times larger. `benchmarks/next_slice.py` measures the factors; the
table is in docs/experiments/next-slice.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Float, Int

Aim: TypeAlias = Literal["volume", "shape"]
"""What is to become surer: the muscles' volumes, or where their borders run."""

WRONG = 0.071
"""Volume of wrong voxels of a gap, by the square of its width and the square root of the mean area there."""

WRONG_AT_AN_END = 0.236
"""The same between a drawn slice and the end of a muscle."""

VOLUME_SD = 0.034
"""SD of the error of a gap's volume, by the same."""

VOLUME_SD_AT_AN_END = 0.075
"""The same between a drawn slice and the end of a muscle."""

MIDDLE = 1.5
"""An error in the middle of a gap against its mean over the gap: a parabola that is 0 at both ends."""

HAND = 0.01
"""Relative error of an area that no method can go below: the hand's own."""

PLACES = 24
"""Places within a gap that are compared: finer ones make no difference."""


@dataclass(frozen=True, eq=False)
class GapErrors:
    """The expected errors of one muscle between any two slices.

    Attributes:
        slice_mm: Distance of neighbouring slices.
        areas_mm2: The muscle's area on every slice as far as it is known.
        empty: Slices on which the muscle was said to be absent.
    """

    slice_mm: float
    areas_mm2: Float[np.ndarray, " z"]
    empty: frozenset[int]

    def of(self, aim: Aim, low: int, high: int, scale: float = 1.0) -> float:
        """The expected error of one gap; for "volume" its variance, which adds up over gaps.

        Args:
            aim: Which error.
            low: The drawn slice below the gap.
            high: The drawn slice above it.
            scale: How much larger errors of this leg are than those of the legs that the law comes from.

        Returns:
            mm3 of wrong voxels for "shape"; mm6 for "volume".
        """
        return float(self._between(aim, np.array([low, high]), scale)[0, 1])

    def with_slice(self, aim: Aim, low: int, z: int, high: int, scale: float = 1.0) -> float:
        """The expected error of a gap once a slice within it is drawn; units and `scale` as in `of`."""
        return self.of(aim, low, z, scale) + self.of(aim, z, high, scale)

    def middle(self, low: int, high: int, scale: float = 1.0) -> tuple[float, float]:
        """Loss of Dice and relative SD of the area in the middle of a gap; `scale` as in `of`."""
        width_mm, area_mm2 = (high - low) * self.slice_mm, self.mean_area_mm2(low, high)
        volume_mm3 = max(area_mm2 * width_mm, 1e-9)
        loss = MIDDLE * self.of("shape", low, high, scale) / (2 * volume_mm3)
        return min(loss, 1.0), min(MIDDLE * float(np.sqrt(self.of("volume", low, high, scale))) / volume_mm3, 1.0)

    def mean_area_mm2(self, low: int, high: int) -> float:
        """Mean area between two slices, both included, each of them half."""
        return float((self._summed[high] - self._summed[low]) / (high - low))

    def best_places(self, aim: Aim, low: int, high: int, most: int, scale: float = 1.0) -> list[tuple[float, tuple[int, ...]]]:
        """Where 0, 1, 2 ... slices within a gap are best drawn, and the error that each number leaves.

        Args:
            aim: Which error.
            low: The drawn slice below the gap.
            high: The drawn slice above it.
            most: The largest number.
            scale: As in `of`.

        Returns:
            Error and ascending slices, by their number.
        """
        inner = min(high - low - 1, PLACES - 1)
        places = np.unique(np.linspace(low, high, inner + 2).round().astype(np.int64))
        cost = self._between(aim, places, scale)
        last = len(places) - 1
        found: list[tuple[float, tuple[int, ...]]] = [(float(cost[0, last]), ())]
        # left[n][a]: the least error from place a to the end with n slices in between; chosen: the first of these.
        left, chosen = [cost[:, last]], list[Int[np.ndarray, " place"]]()
        for count in range(1, min(most, inner) + 1):
            through = cost[:, 1:last] + left[-1][None, 1:last]
            chosen.append(through.argmin(axis=1) + 1)
            left.append(through.min(axis=1))
            found.append((float(left[-1][0]), tuple(int(places[each]) for each in _walk(chosen, count))))
        return found

    def _between(self, aim: Aim, places: Int[np.ndarray, " place"], scale: float) -> Float[np.ndarray, "place place"]:
        """Errors of the gaps between any two places; infinite where the second is not above the first."""
        low, high = places[:, None], places[None, :]
        slices = np.maximum(high - low, 1)
        width_mm = slices * self.slice_mm
        area_mm2 = np.maximum((self._summed[high] - self._summed[low]) / slices, 0.0)
        at_an_end = np.isin(low, list(self.empty)) | np.isin(high, list(self.empty))
        reach = scale * width_mm**2 * np.sqrt(area_mm2)
        if aim == "shape":
            error = np.where(at_an_end, WRONG_AT_AN_END, WRONG) * reach
        else:
            by_hand = HAND * area_mm2 * width_mm / MIDDLE
            error = (np.where(at_an_end, VOLUME_SD_AT_AN_END, VOLUME_SD) * reach) ** 2 + by_hand**2
        # Neighbours have nothing between them.
        error = np.where(high - low == 1, 0.0, error)
        return np.where(high > low, error, np.inf)

    @cached_property
    def _summed(self) -> Float[np.ndarray, " z"]:
        """The muscle's volume from the first slice to each, by trapezes, in mm2 times slices."""
        steps = (self.areas_mm2[1:] + self.areas_mm2[:-1]) / 2
        return np.concatenate([[0.0], np.cumsum(steps)])


def _walk(chosen: list[Int[np.ndarray, " place"]], count: int) -> Iterable[int]:
    at = 0
    for left in range(count, 0, -1):
        at = int(chosen[left - 1][at])
        yield at


def known_areas(slices: int, known: dict[int, float]) -> Float[np.ndarray, " z"]:
    """Areas on every slice from those on some, linearly in between and 0 outside."""
    if not known:
        return np.zeros(slices)
    return np.interp(np.arange(slices), sorted(known), [known[z] for z in sorted(known)], left=0.0, right=0.0)

"""How wrong each gap between drawn slices may be, and what that makes of each muscle's volume and of each slice.

The drawn slices themselves say it: each in turn is foretold from the others, by the methods where that was tried
(`hidden_slices.check`), else by a monotone curve through the other areas. An error across a gap grows with the square of its
width, as the error of a smooth curve does between two points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ifssnet.geometry.untyped import monotone_curve
from ifssnet.workflow.session.drawn_groups import hidden_groups
from ifssnet.workflow.session.events import HiddenSlice, Interval
from ifssnet.workflow.session.state import MuscleState, SessionState

OPEN_END = 0.25
"""Relative error of the area half way between a drawn slice and an end, where the drawn slices say nothing."""

UNTRIED_LOSS = 0.1
"""Loss of Dice in the middle of a gap where no slice could be hidden."""

HAND = 0.01
"""Relative error of an area that no method can go below: the hand's own."""

NEAREST_SHARE = 0.25
"""A hidden slice counts where it lies at least this share as far from one neighbour as from the other."""

PARABOLA = 2 / 3
"""Mean of a parabola that is 0 at both ends of a gap, as a share of its height in the middle."""


@dataclass(frozen=True)
class GapUncertainty:
    """What is not known of a gap.

    Attributes:
        interval: The gap.
        area_px: Mean area over it.
        area_sd_px: SD of the area in its middle.
        volume_sd_cm3: SD of the volume in it.
        dice_loss: What is missing of a Dice of 1 in its middle.
        tried: Whether drawn slices near it could be hidden and found again.
    """

    interval: Interval
    area_px: float
    area_sd_px: float
    volume_sd_cm3: float
    dice_loss: float
    tried: bool


def gap_uncertainties(state: SessionState, label: int) -> tuple[GapUncertainty, ...]:
    """What is not known of each gap of a muscle, ascending along the leg."""
    muscle = state.muscle(label)
    bounds = muscle.bounds(state.grid)
    hidden = muscle.hidden or _foretold(state, label)
    return tuple(
        _of_gap(state, each, bounds[each.low].pixels, bounds[each.high].pixels, hidden) for each in state.intervals(label)
    )


def volume_sd_cm3(state: SessionState, label: int) -> float | None:
    """SD of a muscle's volume: that of its gaps together; None while there is none."""
    gaps = gap_uncertainties(state, label)
    return math.sqrt(sum(gap.volume_sd_cm3**2 for gap in gaps)) if gaps else None


def confidences(state: SessionState, label: int) -> dict[int, float]:
    """The Dice that each slice of a muscle is expected to have: 1 where it was drawn or accepted."""
    muscle = state.muscle(label)
    found = dict.fromkeys([*muscle.drawn, *muscle.accepted], 1.0)
    for gap in gap_uncertainties(state, label):
        low, high = gap.interval.low, gap.interval.high
        for z in gap.interval.slices:
            if z not in found:
                along = (z - low) / (high - low)
                found[z] = max(0.0, 1 - 4 * along * (1 - along) * gap.dice_loss)
    return dict(sorted(found.items()))


def _foretold(state: SessionState, label: int) -> tuple[HiddenSlice, ...]:
    """Each drawn slice between two others, its area by a monotone curve through the areas of the others."""
    areas = {z: float(mask.pixels) for z, mask in state.muscle(label).bounds(state.grid).items()}
    found: list[HiddenSlice] = []
    for group in hidden_groups(state, label):
        z = group[len(group) // 2]
        others = {each: area for each, area in areas.items() if each not in group}
        area = float(monotone_curve(np.array([z], np.float64), list(map(float, others)), list(others.values()))[0])
        wrong = abs(area - areas[z]) / max(area, areas[z], 1.0)
        found.append(HiddenSlice(z, (("areas", 1 - wrong / 2),), (("areas", area),), areas[z]))
    return tuple(found)


def _of_gap(
    state: SessionState, interval: Interval, low_px: int, high_px: int, hidden: Sequence[HiddenSlice]
) -> GapUncertainty:
    muscle = state.muscle(interval.label)
    shown = [mask.pixels for z in interval.slices if (mask := muscle.shown(z)) is not None]
    area_px = sum(shown) / len(shown) if shown else (low_px + high_px) / 2
    relative, loss, tried = _middle_errors(muscle, state, interval, hidden, open_end=not (low_px and high_px))
    sd_px = math.hypot(relative, HAND) * area_px
    voxels = PARABOLA * sd_px * len(interval.slices)
    return GapUncertainty(interval, area_px, sd_px, voxels * state.grid.voxel_volume_mm3 / 1000, loss, tried)


def _middle_errors(
    muscle: MuscleState, state: SessionState, interval: Interval, hidden: Sequence[HiddenSlice], *, open_end: bool
) -> tuple[float, float, bool]:
    """Relative SD of the area and loss of Dice in the middle of a gap, and whether hidden slices say so."""
    if not hidden:
        return OPEN_END, UNTRIED_LOSS, False
    bounds = list(muscle.bounds(state.grid))
    scaled = [(each, ratio) for each in hidden if (ratio := _width_ratio(bounds, each.z, interval)) is not None]
    if not scaled:
        return OPEN_END, UNTRIED_LOSS, False
    near = [pair for pair in scaled if pair[0].z <= interval.low][-1:] + [
        pair for pair in scaled if pair[0].z >= interval.high
    ][:1]
    # What happened next to the gap counts as much as what happened anywhere: single errors are small by chance.
    relative = math.sqrt((_mean_square(near or scaled) + _mean_square(scaled)) / 2)
    loss = (_mean_loss(near or scaled) + _mean_loss(scaled)) / 2
    return (max(relative, OPEN_END) if open_end else min(relative, 1.0)), min(loss, 1.0), True


def _width_ratio(bounds: Sequence[int], z: int, interval: Interval) -> float | None:
    """What an error on a hidden slice is to be multiplied by for the middle of a gap.

    An error grows with the product of the distances to the slices on either side. None for a hidden slice so near to one of
    them that its error says nothing.
    """
    below = z - max((each for each in bounds if each < z and _apart(bounds, each, z)), default=z)
    above = min((each for each in bounds if each > z and _apart(bounds, z, each)), default=z) - z
    if min(below, above) < NEAREST_SHARE * max(below, above):
        return None
    return ((interval.high - interval.low) / 2) ** 2 / max(below * above, 1)


def _apart(bounds: Sequence[int], low: int, high: int) -> bool:
    """Whether two drawn slices belong to different groups: not all slices between them were drawn."""
    return sum(low <= each <= high for each in bounds) < high - low + 1


def _best_area_error(each: HiddenSlice) -> float:
    """Relative error of the area by the method with the best Dice."""
    name = max(each.dice, key=lambda pair: pair[1])[0]
    area = dict(each.area_px)[name]
    return abs(area - each.drawn_px) / max(area, each.drawn_px, 1.0)


def _mean_square(scaled: Sequence[tuple[HiddenSlice, float]]) -> float:
    return sum((ratio * _best_area_error(each)) ** 2 for each, ratio in scaled) / max(len(scaled), 1)


def _mean_loss(scaled: Sequence[tuple[HiddenSlice, float]]) -> float:
    return sum(ratio * (1 - max(dice for _, dice in each.dice)) for each, ratio in scaled) / max(len(scaled), 1)

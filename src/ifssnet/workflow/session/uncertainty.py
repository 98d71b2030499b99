"""How wrong each gap between drawn slices may be, and what that makes of each muscle's volume and of each slice.

A law that was measured on real legs says what to expect (`gap_errors`). The drawn slices themselves say how much more or less
it is on this leg: each in turn is foretold from the others, by the methods where that was tried (`hidden_slices.check`),
else by a monotone curve through the other areas.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ifssnet.geometry.untyped import monotone_curve
from ifssnet.workflow.session.drawn_groups import hidden_groups
from ifssnet.workflow.session.events import HiddenSlice, Interval
from ifssnet.workflow.session.gap_errors import GapErrors, known_areas
from ifssnet.workflow.session.state import SessionState

PRIOR = 2.0
"""What was measured on other legs counts as much as this number of hidden slices."""

NEAREST_SHARE = 0.25
"""A hidden slice counts where it lies at least this share as far from one neighbour as from the other."""


@dataclass(frozen=True)
class GapUncertainty:
    """What is not known of a gap.

    Attributes:
        interval: The gap.
        area_mm2: Mean area over it.
        area_sd_mm2: SD of the area in its middle.
        volume_sd_cm3: SD of the volume in it.
        dice_loss: What is missing of a Dice of 1 in its middle.
        scales: How much larger than elsewhere the errors of shape and of volume are on this leg, as far as its slices say.
    """

    interval: Interval
    area_mm2: float
    area_sd_mm2: float
    volume_sd_cm3: float
    dice_loss: float
    scales: tuple[float, float]


def gap_errors(state: SessionState, label: int) -> GapErrors:
    """The law of a muscle's gaps, with its areas as far as they are known."""
    grid, muscle = state.grid, state.muscle(label)
    pixel_mm2 = grid.spacing_xyz_mm[0] * grid.spacing_xyz_mm[1]
    bounds = muscle.bounds(grid)
    known = {z: mask.pixels * pixel_mm2 for z, mask in bounds.items()}
    for interval in state.intervals(label):
        for z in interval.slices:
            if (mask := muscle.shown(z)) is not None:
                known[z] = mask.pixels * pixel_mm2
    empty = frozenset(z for z, mask in bounds.items() if mask.empty)
    return GapErrors(grid.spacing_xyz_mm[2], known_areas(grid.slices, known), empty)


def gap_uncertainties(state: SessionState, label: int, errors: GapErrors | None = None) -> tuple[GapUncertainty, ...]:
    """What is not known of each gap of a muscle, ascending along the leg.

    Args:
        state: What is drawn.
        label: Which muscle.
        errors: What `gap_errors` gives for it, where that is known already.
    """
    law = gap_errors(state, label) if errors is None else errors
    ratios = _ratios(state, label, law)
    return tuple(_of_gap(law, each, _scales(ratios, each)) for each in state.intervals(label))


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


@dataclass(frozen=True)
class _Ratio:
    """How a hidden slice's errors compare with what the law expects of it; None for a shape that nobody tried."""

    z: int
    shape: float | None
    area: float


def _ratios(state: SessionState, label: int, law: GapErrors) -> tuple[_Ratio, ...]:
    muscle = state.muscle(label)
    bounds = list(muscle.bounds(state.grid))
    found: list[_Ratio] = []
    for each in muscle.hidden or _foretold(state, label):
        below = max((z for z in bounds if z < each.z and _apart(bounds, z, each.z)), default=each.z)
        above = min((z for z in bounds if z > each.z and _apart(bounds, each.z, z)), default=each.z)
        near, far = sorted((each.z - below, above - each.z))
        # So near to another drawn slice that its error says nothing.
        if near < NEAREST_SHARE * far or near == 0:
            continue
        loss, relative_sd = law.middle(below, above)
        along = 4 * near * far / (near + far) ** 2
        shape = (1 - max(dice for _, dice in each.dice)) / max(along * loss, 1e-9) if muscle.hidden else None
        found.append(_Ratio(each.z, shape, _best_area_error(each) / max(along * relative_sd, 1e-9)))
    return tuple(found)


def _foretold(state: SessionState, label: int) -> tuple[HiddenSlice, ...]:
    """Each drawn slice between two others, its area by a monotone curve through the areas of the others."""
    areas = {z: float(mask.pixels) for z, mask in state.muscle(label).bounds(state.grid).items()}
    found: list[HiddenSlice] = []
    for group in hidden_groups(state, label):
        z = group[len(group) // 2]
        others = {each: area for each, area in areas.items() if each not in group}
        area = float(monotone_curve(np.array([z], np.float64), list(map(float, others)), list(others.values()))[0])
        found.append(HiddenSlice(z, (("areas", 1.0),), (("areas", area),), areas[z]))
    return tuple(found)


def _scales(ratios: Sequence[_Ratio], interval: Interval) -> tuple[float, float]:
    """What the law's errors of shape and of volume are to be multiplied by in a gap.

    What happened next to the gap counts as much as what happened anywhere: single errors are small by chance.
    """
    near = [each for each in ratios if each.z <= interval.low][-1:] + [each for each in ratios if each.z >= interval.high][:1]
    shapes = [_mean([each.shape for each in some if each.shape is not None]) for some in (near, ratios)]
    areas = [_mean([each.area**2 for each in some]) for some in (near, ratios)]
    return sum(shapes) / 2, math.sqrt(sum(areas) / 2)


def _mean(ratios: Sequence[float]) -> float:
    """Their mean, with what was found on other legs: 1."""
    return (sum(ratios) + PRIOR) / (len(ratios) + PRIOR)


def _of_gap(law: GapErrors, interval: Interval, scales: tuple[float, float]) -> GapUncertainty:
    low, high = interval.low, interval.high
    area_mm2 = law.mean_area_mm2(low, high)
    loss, _ = law.middle(low, high, scales[0])
    _, relative_sd = law.middle(low, high, scales[1])
    sd_cm3 = math.sqrt(law.of("volume", low, high, scales[1])) / 1000
    return GapUncertainty(interval, area_mm2, relative_sd * area_mm2, sd_cm3, loss, scales)


def _apart(bounds: Sequence[int], low: int, high: int) -> bool:
    """Whether two drawn slices belong to different groups: not all slices between them were drawn."""
    return sum(low <= each <= high for each in bounds) < high - low + 1


def _best_area_error(each: HiddenSlice) -> float:
    """Relative error of the area by the method with the best Dice."""
    name = max(each.dice, key=lambda pair: pair[1])[0]
    area = dict(each.area_px)[name]
    return abs(area - each.drawn_px) / max(area, each.drawn_px, 1.0)

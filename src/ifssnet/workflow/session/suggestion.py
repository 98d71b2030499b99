"""Which slice to draw next: the one that is expected to take most away from what is not known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ifssnet.workflow.session.state import SessionState
from ifssnet.workflow.session.uncertainty import GapUncertainty, gap_uncertainties

Aim: TypeAlias = Literal["volume", "shape"]
"""What is to become surer: the muscles' volumes, or where their borders run."""

HALVED = 1 / 32
"""Variance of a gap's volume that is left once its middle is drawn: two halves, each an eighth of the error, independent."""

HALVED_LOSS = 1 / 4
"""Loss of Dice that is left then."""


@dataclass(frozen=True)
class Suggestion:
    """A slice to draw.

    Attributes:
        label: Which muscle.
        z: Which slice.
        gain_cm3: By how much the SD of the muscle's volume is expected to fall, or the volume of wrong voxels for aim "shape".
        gain_percent: The same in percent of the muscle's volume: what suggestions are ordered by.
        sd_cm3: The SD of the muscle's volume now.
        why: For a person.
    """

    label: int
    z: int
    gain_cm3: float
    gain_percent: float
    sd_cm3: float
    why: str


def suggest(state: SessionState, aim: Aim = "volume", label: int | None = None) -> tuple[Suggestion, ...]:
    """Slices to draw, the most worthwhile first: at most one for each gap.

    A muscle that is not drawn yet, or drawn on one slice, is suggested where the volume is widest unknown: its middle.

    Args:
        state: What is drawn.
        aim: What is to become surer.
        label: One muscle; None for all.
    """
    found: list[Suggestion] = []
    for each in state.muscles if label is None else (label,):
        muscle = state.muscle(each)
        if muscle.absent:
            continue
        gaps = gap_uncertainties(state, each)
        sd = math.sqrt(sum(gap.volume_sd_cm3**2 for gap in gaps))
        size = sum(gap.area_px * len(gap.interval.slices) for gap in gaps) * state.grid.voxel_volume_mm3 / 1000
        found += [_for_gap(state, gap, sd, size, aim) for gap in gaps]
        if (end := _open_end(state, each)) is not None:
            found.append(end)
    return tuple(sorted(found, key=lambda each: -each.gain_percent))


def _for_gap(state: SessionState, gap: GapUncertainty, sd_cm3: float, size_cm3: float, aim: Aim) -> Suggestion:
    interval = gap.interval
    z = (interval.low + interval.high) // 2
    if aim == "shape":
        voxels = 2 / 3 * gap.dice_loss * gap.area_px * len(interval.slices)
        gain = (1 - HALVED_LOSS) * voxels * state.grid.voxel_volume_mm3 / 1000
    else:
        gain = sd_cm3 - math.sqrt(max(sd_cm3**2 - (1 - HALVED) * gap.volume_sd_cm3**2, 0.0))
    width_mm = (interval.high - interval.low) * state.grid.spacing_xyz_mm[2]
    name = state.muscle(interval.label).name
    return Suggestion(
        interval.label, z, gain, 100 * gain / max(size_cm3, 1e-9), sd_cm3, f"{name}: the middle of a gap of {width_mm:.0f} mm"
    )


def _open_end(state: SessionState, label: int) -> Suggestion | None:
    """A slice past the outermost drawn one, where the muscle is large there and its end is not marked."""
    muscle, grid = state.muscle(label), state.grid
    bounds = muscle.bounds(grid)
    drawn = [z for z, mask in bounds.items() if not mask.empty]
    if not drawn:
        return (
            Suggestion(label, grid.slices // 2, math.inf, math.inf, 0.0, f"{muscle.name} is not drawn yet")
            if not bounds
            else None
        )
    best: Suggestion | None = None
    for outermost, limit in ((drawn[0], 0), (drawn[-1], grid.slices - 1)):
        beyond = [z for z in bounds if (z < outermost if limit == 0 else z > outermost)]
        room = abs(limit - outermost)
        if beyond or room == 0:
            continue
        # Half of a cone from here to the end of what was recorded.
        missing = bounds[outermost].pixels * room / 3 * grid.voxel_volume_mm3 / 1000
        why = f"{muscle.name} goes on past its outermost drawn slice {outermost}: draw it there, or mark its end"
        if best is None or missing > best.gain_cm3:
            best = Suggestion(label, (outermost + limit) // 2, missing, 100.0, missing, why)
    return best

"""Which slice to draw next: where the slices that are still needed are best drawn, the most worthwhile one first."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ifssnet.workflow.session.events import Interval
from ifssnet.workflow.session.gap_errors import Aim, GapErrors
from ifssnet.workflow.session.slices_needed import MuscleErrors, slices_needed
from ifssnet.workflow.session.state import SessionState
from ifssnet.workflow.session.uncertainty import gap_errors, gap_uncertainties

TARGET = {"volume": 0.02, "shape": 0.04}
"""Until where is planned: the mean relative SD of the muscles' volumes, and what is missing of a mean Dice of 1."""

MOST = 8
"""No more slices of one gap are planned at once."""


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


@dataclass(frozen=True, eq=False)
class _Gap:
    """A gap and the law of its errors."""

    interval: Interval
    law: GapErrors
    scale: float


@dataclass(frozen=True, eq=False)
class _Muscle:
    """The gaps of a muscle, what any number of slices would leave of their errors, and the SD of its volume."""

    gaps: tuple[_Gap, ...]
    errors: MuscleErrors
    sd_cm3: float


def suggest(state: SessionState, aim: Aim = "volume", label: int | None = None) -> tuple[Suggestion, ...]:
    """Slices to draw, the most worthwhile first: at most one for each gap.

    Slices are planned until the target is expected to be reached: each where it takes most away, those of one gap at
    distances that leave least together. A slice that is halfway between its neighbours now is not halfway in the end. A
    muscle that is not drawn yet, or whose end is open, comes first.

    Args:
        state: What is drawn.
        aim: What is to become surer.
        label: One muscle; None for all.
    """
    asked = [each for each in (state.muscles if label is None else (label,)) if not state.muscle(each).absent]
    muscles = {each: _muscle(state, each, aim) for each in asked}
    planned = slices_needed({each: muscle.errors for each, muscle in muscles.items() if muscle.gaps}, TARGET[aim])
    found = [
        _of_gap(state, muscle, number, max(planned[each, number], 1))
        for each, muscle in muscles.items()
        for number in range(len(muscle.gaps))
    ]
    found += [end for each in asked if (end := _open_end(state, each)) is not None]
    return tuple(sorted(found, key=lambda each: -each.gain_percent))


def _muscle(state: SessionState, label: int, aim: Aim) -> _Muscle:
    law = gap_errors(state, label)
    uncertainties = gap_uncertainties(state, label, law)
    gaps = tuple(_Gap(each.interval, law, each.scales[0 if aim == "shape" else 1]) for each in uncertainties)
    left = tuple(tuple(law.best_places(aim, gap.interval.low, gap.interval.high, MOST, gap.scale)) for gap in gaps)
    sd_cm3 = math.sqrt(sum(each.volume_sd_cm3**2 for each in uncertainties))
    return _Muscle(gaps, MuscleErrors(aim, max(float(law.areas_mm2.sum()) * law.slice_mm, 1e-9), left), sd_cm3)


def _of_gap(state: SessionState, muscle: _Muscle, number: int, count: int) -> Suggestion:
    """The slice of a gap's plan that takes most away by itself."""
    gap, errors = muscle.gaps[number], muscle.errors
    interval, law, left = gap.interval, gap.law, errors.left[number]
    places = left[min(count, len(left) - 1)][1]
    z = min(places, key=lambda each: law.with_slice(errors.aim, interval.low, each, interval.high, gap.scale))
    total = errors.total
    less = total - left[0][0] + law.with_slice(errors.aim, interval.low, z, interval.high, gap.scale)
    gain = errors.relative(total) - errors.relative(less)
    in_cm3 = gain * errors.volume_mm3 / 1000 * (2 if errors.aim == "shape" else 1)
    return Suggestion(interval.label, z, in_cm3, 100 * gain, muscle.sd_cm3, _why(state, gap, len(places)))


def _why(state: SessionState, gap: _Gap, needed: int) -> str:
    interval = gap.interval
    width_mm = (interval.high - interval.low) * gap.law.slice_mm
    name = state.muscle(interval.label).name
    at_an_end = interval.low in gap.law.empty or interval.high in gap.law.empty
    where = f"{name} ends within {width_mm:.0f} mm of a drawn slice" if at_an_end else f"{name}: a gap of {width_mm:.0f} mm"
    return where if needed == 1 else f"{where}, which needs {needed} slices"


def _open_end(state: SessionState, label: int) -> Suggestion | None:
    """A slice past the outermost drawn one, where the muscle is large there and its end is not marked."""
    muscle, grid = state.muscle(label), state.grid
    bounds = muscle.bounds(grid)
    drawn = [z for z, mask in bounds.items() if not mask.empty]
    if not drawn:
        if bounds:
            return None
        return Suggestion(label, _first_slice(state), math.inf, math.inf, 0.0, f"{muscle.name} is not drawn yet")
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


def _first_slice(state: SessionState) -> int:
    """Where a muscle is drawn first: where others are drawn, near the middle, so that their borders are seen together."""
    middle = state.grid.slices // 2
    others = (z for muscle in state.muscles.values() for z, drawn in muscle.drawn.items() if not drawn.mask.empty)
    return min(others, key=lambda z: (abs(z - middle), z), default=middle)

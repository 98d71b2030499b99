"""Which slice to draw next: where the slices that are still needed are best drawn, the most worthwhile one first."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

from ifssnet.workflow.session.events import Interval
from ifssnet.workflow.session.gap_errors import Aim, GapErrors
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
    """A gap with what any number of slices within it would leave of its error."""

    interval: Interval
    law: GapErrors
    scale: float
    left: tuple[tuple[float, tuple[int, ...]], ...]


@dataclass(frozen=True, eq=False)
class _Muscle:
    """The gaps of a muscle, and its volume as far as it is known, with its SD."""

    gaps: tuple[_Gap, ...]
    volume_mm3: float
    sd_cm3: float
    aim: Aim

    def relative(self, error: float) -> float:
        """What a sum of the gaps' errors is of the muscle: of Dice, or of its volume."""
        return error / (2 * self.volume_mm3) if self.aim == "shape" else math.sqrt(max(error, 0.0)) / self.volume_mm3


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
    planned = _planned({each: muscle for each, muscle in muscles.items() if muscle.gaps}, TARGET[aim])
    found = [
        _of_gap(state, muscle, gap, max(planned.get((each, number), 0), 1))
        for each, muscle in muscles.items()
        for number, gap in enumerate(muscle.gaps)
    ]
    found += [end for each in asked if (end := _open_end(state, each)) is not None]
    return tuple(sorted(found, key=lambda each: -each.gain_percent))


def _muscle(state: SessionState, label: int, aim: Aim) -> _Muscle:
    law = gap_errors(state, label)
    gaps: list[_Gap] = []
    uncertainties = gap_uncertainties(state, label, law)
    for each in uncertainties:
        scale, interval = each.scales[0 if aim == "shape" else 1], each.interval
        gaps.append(_Gap(interval, law, scale, tuple(law.best_places(aim, interval.low, interval.high, MOST, scale))))
    sd_cm3 = math.sqrt(sum(each.volume_sd_cm3**2 for each in uncertainties))
    return _Muscle(tuple(gaps), max(float(law.areas_mm2.sum()) * law.slice_mm, 1e-9), sd_cm3, aim)


def _planned(muscles: dict[int, _Muscle], target: float) -> dict[tuple[int, int], int]:
    """How many slices each gap still needs, by label and number of the gap, for the muscles' mean to reach the target."""
    error = {label: sum(gap.left[0][0] for gap in muscle.gaps) for label, muscle in muscles.items()}
    counts = {(label, number): 0 for label, muscle in muscles.items() for number in range(len(muscle.gaps))}

    def gain(label: int, number: int) -> float:
        left, count = muscles[label].gaps[number].left, counts[label, number]
        if count + 1 >= len(left):
            return 0.0
        less = error[label] - left[count][0] + left[count + 1][0]
        return muscles[label].relative(error[label]) - muscles[label].relative(less)

    def missing() -> float:
        return sum(muscle.relative(error[label]) for label, muscle in muscles.items()) / max(len(muscles), 1)

    queue = [(-gain(*place), place) for place in counts]
    heapq.heapify(queue)
    while queue and missing() > target:
        _, place = heapq.heappop(queue)
        worth = gain(*place)
        # What a gap is worth changes with the others of its muscle.
        if queue and worth < -queue[0][0]:
            if worth > 0:
                heapq.heappush(queue, (-worth, place))
            continue
        if worth <= 0:
            continue
        left, count = muscles[place[0]].gaps[place[1]].left, counts[place]
        error[place[0]] += left[count + 1][0] - left[count][0]
        counts[place] = count + 1
        heapq.heappush(queue, (-gain(*place), place))
    return counts


def _of_gap(state: SessionState, muscle: _Muscle, gap: _Gap, count: int) -> Suggestion:
    """The slice of a gap's plan that takes most away by itself."""
    interval, law = gap.interval, gap.law
    low, high = interval.low, interval.high
    places = gap.left[min(count, len(gap.left) - 1)][1]

    def left(z: int) -> float:
        return law.of(muscle.aim, low, z, gap.scale) + law.of(muscle.aim, z, high, gap.scale)

    z = min(places, key=left)
    total = sum(each.left[0][0] for each in muscle.gaps)
    less = total - gap.left[0][0] + left(z)
    gain = muscle.relative(total) - muscle.relative(less)
    in_cm3 = gain * muscle.volume_mm3 / 1000 * (2 if muscle.aim == "shape" else 1)
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
        return Suggestion(label, grid.slices // 2, math.inf, math.inf, 0.0, f"{muscle.name} is not drawn yet")
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

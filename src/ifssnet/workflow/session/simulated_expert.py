"""An expert who draws what the truth says, one slice after another: what a rule for the next slice is worth."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.progress import Progress
from ifssnet.core.seeds import Mask
from ifssnet.propagate.seeding.seed_sampling import drawn_by_hand
from ifssnet.workflow.session.events import (
    EndsMarked,
    MuscleName,
    Opened,
    PropagationEnded,
    PropagationStarted,
    SliceDrawn,
    StepsArrived,
)
from ifssnet.workflow.session.fill import fill, windows
from ifssnet.workflow.session.gap_errors import Aim
from ifssnet.workflow.session.methods import Methods
from ifssnet.workflow.session.reducer import reduce, replay
from ifssnet.workflow.session.state import SessionState
from ifssnet.workflow.session.suggestion import suggest

Rule: TypeAlias = Literal["even", "volume", "shape", "correct"]
"""Slices spaced evenly; those that `suggest` names with one aim or the other; or the one that came out worst."""

FIRST = 2
"""Outlines of each muscle that every rule begins with, spaced evenly."""

NOWHEN = "2000-01-01T00:00:00+00:00"
"""The time of every event of a simulation."""


@dataclass(frozen=True)
class SimulatedStep:
    """How good a leg is after some outlines.

    Attributes:
        rule: How the slices were chosen.
        outlines: Drawn outlines of all muscles together.
        dice: Mean Dice of the muscles.
        volume_error_percent: Mean absolute error of the muscles' volumes.
        muscles: Name, outlines, Dice and signed volume error in percent of each.
    """

    rule: Rule
    outlines: int
    dice: float
    volume_error_percent: float
    muscles: tuple[tuple[str, int, float, float], ...]


@dataclass(frozen=True, eq=False)
class SimulatedExpert:
    """One leg, and an expert who knows it.

    Attributes:
        volume: Grey levels.
        truth: What there is to draw.
        method: The name of the method that carries the outlines through the leg.
        noise_mm: SD of the border of what is drawn: the annotator's error; 0 for the truth itself.
        seed: What that noise starts from.
    """

    volume: Volume
    truth: LabelMap
    method: str
    noise_mm: float = 0.0
    seed: int = 0

    def draw(self, rule: Rule, most: int, methods: Methods) -> Generator[Progress, None, tuple[SimulatedStep, ...]]:
        """Draw outline after outline by a rule, and measure after each round.

        The first and last slice of every muscle are marked, which takes no outline.

        Args:
            rule: How slices are chosen.
            most: Outlines of each muscle to end with, on average.
            methods: Where the method comes from.

        Returns:
            How good the leg is, by the number of outlines.
        """
        if rule == "even":
            return (yield from self._evenly(most, methods))
        return (yield from self._one_by_one(rule, most, methods))

    def _evenly(self, most: int, methods: Methods) -> Generator[Progress, None, tuple[SimulatedStep, ...]]:
        found: list[SimulatedStep] = []
        for count in range(FIRST, most + 1):
            state = self._filled(self._drawn(self._opened(), self._spaced(count)), methods)
            found.append(self._measured("even", state))
            yield Progress("drawing evenly spaced slices", count, most)
        return tuple(found)

    def _one_by_one(self, rule: Rule, most: int, methods: Methods) -> Generator[Progress, None, tuple[SimulatedStep, ...]]:
        state = self._filled(self._drawn(self._opened(), self._spaced(FIRST)), methods)
        found = [self._measured(rule, state)]
        total = most * len(state.muscles)
        while found[-1].outlines < total:
            place = self._worst(state) if rule == "correct" else _suggested(state, "volume" if rule == "volume" else "shape")
            if place is None:
                break
            state = self._filled(self._drawn(state, [place]), methods)
            found.append(self._measured(rule, state))
            yield Progress("drawing slice after slice", found[-1].outlines, total)
        return tuple(found)

    def _worst(self, state: SessionState) -> tuple[int, int] | None:
        """The muscle and slice with the most wrong pixels: what an expert would correct who looks at all of them."""
        labels = state.label_map().array
        wrong = {
            (label, z): int(count)
            for label, muscle in state.muscles.items()
            for z, count in enumerate(np.count_nonzero((labels == label) != (self.truth.array == label), axis=(1, 2)))
            if z not in muscle.drawn
        }
        worst = max(wrong, key=wrong.__getitem__)
        return worst if wrong[worst] else None

    def _opened(self) -> SessionState:
        values = [value for value in sorted(self.truth.names) if (self.truth.array == value).any()]
        muscles = tuple(MuscleName(value, self.truth.names[value], (0, 0, 0)) for value in values)
        state = replay([Opened(NOWHEN, "simulated", "volume", "", self.truth.grid, muscles)])
        for value in values:
            slices = self._slices(value)
            state = reduce(state, EndsMarked(NOWHEN, "simulated", value, slices[0], slices[-1]))
        return state

    def _slices(self, label: int) -> list[int]:
        return [int(z) for z in np.flatnonzero((self.truth.array == label).any(axis=(1, 2)))]

    def _spaced(self, count: int) -> list[tuple[int, int]]:
        """A number of slices of each muscle, at equal distances from each other and from the ends.

        Where a muscle goes on past the end of what was recorded, its slice there is drawn as well: there is no end to mark.
        """
        found: list[tuple[int, int]] = []
        for label in self.truth.names:
            if slices := self._slices(label):
                inner = np.linspace(slices[0] - 1, slices[-1] + 1, count + 2)[1:-1]
                found += [(label, round(float(z))) for z in inner]
                found += [(label, z) for z in {0, self.truth.grid.slices - 1} & {slices[0], slices[-1]}]
        return found

    def _drawn(self, state: SessionState, places: Sequence[tuple[int, int]]) -> SessionState:
        for label, z in places:
            mask = PackedMask.of(self._by_hand(label, z))
            state = reduce(state, SliceDrawn(NOWHEN, "simulated", label, z, mask))
        return state

    def _by_hand(self, label: int, z: int) -> Mask:
        return drawn_by_hand(self.truth, z, [label], self.noise_mm, self.seed)[label]

    def _filled(self, state: SessionState, methods: Methods) -> SessionState:
        """The state with every interval filled anew, from all that is drawn."""
        intervals = [each for label in state.muscles for each in state.intervals(label)]
        if not intervals:
            return state
        run, basis = state.runs + 1, tuple(state.basis(each) for each in intervals)
        began = PropagationStarted(NOWHEN, "simulated", run, tuple(intervals), self.method, basis)
        filled = reduce(state, began)
        for window in windows(state, intervals):
            for _, arrived in fill(self.volume, state, window, methods.get(self.method).propagator):
                filled = reduce(filled, StepsArrived(NOWHEN, "simulated", run, arrived))
        return reduce(filled, PropagationEnded(NOWHEN, "simulated", run, "done"))

    def _measured(self, rule: Rule, state: SessionState) -> SimulatedStep:
        labels = state.label_map().array
        rows: list[tuple[str, int, float, float]] = []
        for label, muscle in state.muscles.items():
            found, true = labels == label, self.truth.array == label
            here, there = int(np.count_nonzero(found)), int(np.count_nonzero(true))
            dice = 2 * int(np.count_nonzero(found & true)) / max(here + there, 1)
            rows.append((muscle.name, len(muscle.drawn), dice, 100 * (here - there) / max(there, 1)))
        outlines = sum(row[1] for row in rows)
        dice = sum(row[2] for row in rows) / len(rows)
        return SimulatedStep(rule, outlines, dice, sum(abs(row[3]) for row in rows) / len(rows), tuple(rows))


def _suggested(state: SessionState, aim: Aim) -> tuple[int, int] | None:
    best = next(iter(suggest(state, aim)), None)
    return None if best is None else (best.label, best.z)

"""From one pilot case to a plan: outlines and minutes against the error of the volume that they leave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.geometry.untyped import monotone_curve
from ifssnet.workflow.session.state import SessionState

DEFAULT_SECONDS = 60.0
"""The time that an outline takes where the session timed none."""

LEAST_OUTLINES = 3
"""The outlines of a muscle that a plan begins with."""

LEAST_DRAWN = 5
"""Outlines of a pilot's muscle from which some can be left out."""

RATE = 2.0
"""The error falls at least with this power of the distance between outlines where too few were drawn to say."""


@dataclass(frozen=True)
class PlannedEffort:
    """What a number of outlines for each muscle is expected to give.

    Attributes:
        outlines: How many outlines of one muscle, evenly spaced.
        error_percent: Expected error of its volume, RMS over the muscles.
        minutes: Expert time for all muscles of the pilot.
        measured: Whether the pilot's own slices show it; otherwise it follows their trend.
    """

    outlines: int
    error_percent: float
    minutes: float
    measured: bool


def plan(state: SessionState, most: int = 20) -> tuple[PlannedEffort, ...]:
    """Outlines against error, from a pilot case with many outlines.

    Every second, third ... outline of each muscle is kept in turn; the volume under the curve through the kept areas is held
    against the one through all of them.

    Args:
        state: The pilot.
        most: Outlines of a muscle to plan up to.

    Raises:
        InputError: Fewer than five outlines of every muscle.
    """
    tried: dict[int, list[float]] = {}
    for label in state.muscles:
        for outlines, wrong in _thinned(state, label):
            tried.setdefault(outlines, []).append(wrong)
    if not tried:
        raise InputError("a pilot with five outlines of a muscle at least", "fewer", "Draw more slices of one leg.")
    measured = {outlines: math.sqrt(sum(e * e for e in errors) / len(errors)) for outlines, errors in tried.items()}
    seconds = state.effort.seconds_per_outline or DEFAULT_SECONDS
    muscles = sum(bool(muscle.drawn) for muscle in state.muscles.values())
    level, rate = _trend(measured)
    return tuple(
        PlannedEffort(
            count,
            measured.get(count, level / math.pow(count, rate)),
            count * muscles * seconds / 60,
            count in measured,
        )
        for count in range(LEAST_OUTLINES, most + 1)
    )


def _thinned(state: SessionState, label: int) -> list[tuple[int, float]]:
    """Outlines that were kept, and the volume's error in percent without the others, for each way of leaving out."""
    areas = {z: float(mask.pixels) for z, mask in state.muscle(label).bounds(state.grid).items()}
    drawn = [z for z, area in areas.items() if area > 0]
    if len(drawn) < LEAST_DRAWN:
        return []
    whole = _under_curve(areas)
    found: list[tuple[int, float]] = []
    for step in range(2, len(drawn)):
        for first in range(step):
            kept = drawn[first::step]
            ends = {z for z in areas if z not in drawn} | {drawn[0], drawn[-1]}
            count = len({*kept, drawn[0], drawn[-1]})
            if LEAST_OUTLINES <= count < len(drawn):
                thin = {z: areas[z] for z in sorted({*kept, *ends})}
                found.append((count, 100 * abs(_under_curve(thin) - whole) / whole))
    return found


def _under_curve(areas: dict[int, float]) -> float:
    slices = np.arange(min(areas), max(areas) + 1, dtype=np.float64)
    return float(monotone_curve(slices, list(map(float, areas)), list(areas.values())).sum())


def _trend(measured: dict[int, float]) -> tuple[float, float]:
    """Level and rate of a power law through what was measured."""
    counts = np.log(np.array(sorted(measured), dtype=np.float64))
    errors = np.log(np.array([max(measured[count], 1e-3) for count in sorted(measured)], dtype=np.float64))
    rate = RATE if len(counts) < 3 else max(RATE, -_slope(counts, errors))
    return math.exp(float((errors + rate * counts).mean())), rate


def _slope(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> float:
    at, values = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    away = at - at.mean()
    return float((away * (values - values.mean())).sum() / (away * away).sum())

"""Intervals between drawn slices, filled by a method that sees no more of the leg than it needs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ifssnet.core.images import Volume
from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.progress import Step
from ifssnet.core.seeds import Mask, Seeds
from ifssnet.core.segmentation import PartialPropagation, Propagator
from ifssnet.geometry.untyped import logit
from ifssnet.propagate.network_input.trained_pixels import on_trained_pixels
from ifssnet.workflow.session.events import Arrived, Interval
from ifssnet.workflow.session.state import SessionState

CONTEXT = 1
"""Drawn slices beyond the ends of an interval that have a say in it: the curves of a gap run through two on either side."""

INSIDE = 0.5

NEVER = 1e-6
"""A probability is kept so far from 0 and 1, for its logit."""


@dataclass(frozen=True)
class Window:
    """A part of the leg that is propagated at once.

    Attributes:
        low: The first slice.
        high: The last slice.
        intervals: What is wanted of it.
    """

    low: int
    high: int
    intervals: tuple[Interval, ...]


def windows(state: SessionState, intervals: Sequence[Interval]) -> tuple[Window, ...]:
    """Intervals with their neighbours, those that overlap together, in the order in which they were given first."""
    found: list[Window] = []
    for interval in intervals:
        drawn = list(state.muscle(interval.label).bounds(state.grid))
        below = [z for z in drawn if z <= interval.low][-1 - CONTEXT :]
        above = [z for z in drawn if z >= interval.high][: 1 + CONTEXT]
        window = Window(below[0], above[-1], (interval,))
        apart: list[Window] = []
        for other in found:
            if other.low < window.high and window.low < other.high:
                both = (*other.intervals, *window.intervals)
                window = Window(min(other.low, window.low), max(other.high, window.high), both)
            else:
                apart.append(other)
        found = [*apart, window]
    return tuple(found)


def fill(
    volume: Volume,
    state: SessionState,
    window: Window,
    propagator: Propagator,
    hidden: Mapping[int, frozenset[int]] | None = None,
    only: frozenset[int] | None = None,
) -> Iterator[tuple[int, tuple[Arrived, ...]]]:
    """Run a method on a window, slice after slice as it finds them.

    Pixels that another muscle has by the expert's hand are never taken. Between muscles that are found together a pixel goes
    to the one that is surer of it; who has it of two that were found at different times, `SessionState.mask` says.

    Args:
        volume: Grey levels of the whole leg.
        state: What is drawn.
        window: What to fill.
        propagator: The method.
        hidden: Drawn slices by label that the method is not shown.
        only: These slices of what is wanted, and no others; None for all.

    Yields:
        A slice index, and what was found there of the muscles that were asked for. A slice may come again.

    Raises:
        InputError: What the method refuses.
    """
    seeds = _seeds_of(state, window, hidden or {})
    cut = slice(window.low, window.high + 1)
    # Where a part of the grid begins does not matter to a method, and its array is a view.
    part = Volume(volume.array[cut], replace(volume.grid, shape_zyx=seeds.grid.shape_zyx), volume.header)
    wanted = {(label, z) for label, z in _wanted(window, hidden or {}) if only is None or z in only}
    with warnings.catch_warnings():
        # What a method remarks about a part of a leg is no news to whoever is drawing it.
        warnings.simplefilter("ignore")
        prepared = on_trained_pixels(propagator, seeds.grid).prepare(part if propagator.needs_volume else None, seeds)
        if isinstance(prepared, PartialPropagation):
            steps = prepared.steps_on(_by_label(wanted, window.low))
        else:
            steps = prepared.steps()
        for z, found in _by_slice(steps):
            asked = {label for label in found if (label, z + window.low) in wanted}
            if asked:
                yield z + window.low, _settled(state, z + window.low, found, asked)


def _wanted(window: Window, hidden: Mapping[int, frozenset[int]]) -> set[tuple[int, int]]:
    asked = {(each.label, z) for each in window.intervals for z in each.slices}
    return asked | {(label, z) for label, slices in hidden.items() for z in slices}


def _by_label(wanted: set[tuple[int, int]], low: int) -> dict[int, set[int]]:
    """Slices by label, counted from the first one of a window."""
    found: dict[int, set[int]] = {}
    for label, z in wanted:
        found.setdefault(label, set()).add(z - low)
    return found


def _seeds_of(state: SessionState, window: Window, hidden: Mapping[int, frozenset[int]]) -> Seeds:
    """What is drawn within the window of the muscles that are asked for.

    The others are left out: known by a few slices alone, they would push away a muscle that is known by more.
    """
    masks: dict[int, dict[int, Mask]] = {}
    for label in sorted({each.label for each in window.intervals}):
        muscle = state.muscle(label)
        known = muscle.bounds(state.grid)
        known |= {z: mask for z, mask in muscle.accepted.items() if z not in known and not muscle.outside(z)}
        away = hidden.get(label, frozenset[int]())
        inside = {
            z - window.low: mask.array()
            for z, mask in sorted(known.items())
            if window.low <= z <= window.high and z not in away
        }
        if inside and not muscle.absent:
            masks[label] = inside
    grid = replace(state.grid, shape_zyx=(window.high - window.low + 1, *state.grid.shape_zyx[1:]))
    return Seeds(masks, grid, {label: muscle.name for label, muscle in state.muscles.items()})


def _by_slice(steps: Iterator[Step]) -> Iterator[tuple[int, dict[int, Step]]]:
    """Steps of one slice that follow each other, together, by their muscles."""
    z, found = -1, dict[int, Step]()
    for step in steps:
        if found and (step.z != z or step.label in found):
            yield z, found
            found = {}
        z = step.z
        found[step.label] = step
    if found:
        yield z, found


def _settled(state: SessionState, z: int, steps: Mapping[int, Step], asked: set[int]) -> tuple[Arrived, ...]:
    """A pixel goes to the muscle that is surest of it there, unless another one has it by the expert's hand."""
    probabilities = {label: steps[label].probability for label in sorted(steps)}
    masks = _apart(state, z, probabilities)
    found: list[Arrived] = []
    for label, probability in probabilities.items():
        if label not in asked:
            continue
        packed = PackedMask.of(masks[label])
        for other, muscle in state.muscles.items():
            by_hand = other != label and (z in muscle.drawn or z in muscle.accepted)
            if by_hand and not packed.empty and (theirs := muscle.shown(z)) is not None:
                packed = packed.minus(theirs)
        sure = expected_dice(probability, masks[label])
        found.append(Arrived(label, z, packed, sure, steps[label].provisional))
    return tuple(found)


def _apart(state: SessionState, z: int, probabilities: Mapping[int, Float[np.ndarray, "y x"]]) -> dict[int, Mask]:
    """Where each muscle is, without a pixel that two have."""
    order = list(probabilities)
    masks = {label: probabilities[label] >= INSIDE for label in order}
    if len(order) == 1:
        return masks
    # Few pixels are contested: only of these it matters who is surer.
    at = np.nonzero(np.sum([masks[label] for label in order], axis=0, dtype=np.uint8) > 1)
    if not at[0].size:
        return masks
    sure = logit(np.clip(np.stack([probabilities[label][at] for label in order]), NEVER, 1 - NEVER))
    # A border strays the further, the further away it was drawn: depths are compared in units of that.
    sure /= np.array([min(max(state.muscle(label).reach(z), 1.0), state.grid.slices) for label in order])[:, None]
    best = sure.argmax(axis=0)
    for index, label in enumerate(order):
        masks[label][at] &= best == index
    return masks


def expected_dice(probability: Float[np.ndarray, "y x"], mask: Mask) -> float:
    """The Dice that a mask is expected to have if every pixel's probability holds."""
    total = float(probability.sum()) + float(np.count_nonzero(mask))
    return 2 * float(probability[mask].sum()) / total if total else 1.0

"""Propagation within a session: slices count as they come, and what was done stays when it is cancelled."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import replace

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.progress import Progress
from ifssnet.propagate.interpolation.shape_interpolation import ShapeInterpolation, ShapeInterpolationConfig
from ifssnet.workflow.session.events import Arrived, Interval, Outcome, PropagationEnded, PropagationStarted, StepsArrived
from ifssnet.workflow.session.fill import fill, windows
from ifssnet.workflow.session.hidden_slices import better_method
from ifssnet.workflow.session.methods import Methods
from ifssnet.workflow.session.session import Session, now
from ifssnet.workflow.session.state import SessionState

BATCH_S = 0.25
"""Slices wait at most so long to be written together; the first one is written at once."""

FEW = 2
"""Gaps of each muscle that are filled at once: they take no longer than a first look at one of them."""


def propagate(
    session: Session,
    methods: Methods,
    *,
    label: int | None = None,
    intervals: Sequence[Interval] | None = None,
    method: str | None = None,
    near: int | None = None,
    front: int | None = None,
    again: bool = False,
) -> Generator[Progress, None, None]:
    """Fill what has to be filled: everything whose drawn neighbours changed, and nothing else.

    Close the generator to cancel: the slices that came stay, and the intervals that were finished count as done.

    Args:
        session: Where the slices go.
        methods: Where methods come from.
        label: One muscle; None for all.
        intervals: These and no others, whether they have to be filled or not.
        method: The method's name; None for the one that hidden slices speak for in each interval, else the default.
        near: Begin with the intervals near this slice, and show that slice at once, as interpolation has it.
        front: The muscle in front of the expert: of intervals that are as near its own come first.
        again: Fill every interval anew. After a correction only the two beside it change; from all that is drawn by now the
            others may come out better as well.

    Raises:
        InputError: Nothing to do, or what the method refuses; the run then counts as failed.
    """
    wanted = list(_wanted(session, label, again=again) if intervals is None else intervals)
    if not wanted:
        raise InputError("slices to propagate to", "none", "Draw a muscle on two slices at least, or change one of them.")
    if near is not None:
        wanted.sort(key=lambda each: (max(each.low - near, near - each.high, 0), each.label != front))
    total, done = sum(len(each.slices) for each in wanted), 0
    for name, group in _by_method(session, methods, wanted, method).items():
        yield from _run(session, methods, name, _in_turn(group, near), near if done == 0 else None, done, total)
        done += sum(len(each.slices) for each in group)


def _wanted(session: Session, label: int | None, *, again: bool) -> list[Interval]:
    state = session.state
    labels = state.muscles if label is None else (label,)
    return [each for value in labels for each in (state.intervals(value) if again else state.stale(value))]


def _by_method(
    session: Session, methods: Methods, intervals: Sequence[Interval], method: str | None
) -> dict[str, list[Interval]]:
    """The intervals by the method that fills them."""
    default = methods.best()
    found: dict[str, list[Interval]] = {}
    for each in intervals:
        name = method or better_method(session.state.muscle(each.label), each, default)
        found.setdefault(name, []).append(each)
    return found


def _in_turn(intervals: Sequence[Interval], near: int | None) -> tuple[tuple[Interval, ...], ...]:
    """What is filled first, the gap of each muscle that is nearest to a slice; and then everything.

    The first gaps are filled once more among all the others, so that the result does not depend on where the expert looked.
    """
    first: dict[int, Interval] = {}
    for each in intervals:
        first.setdefault(each.label, each)
    if near is None or len(intervals) <= FEW * len(first):
        return (tuple(intervals),)
    return tuple(first.values()), tuple(intervals)


def at_once(volume: Volume, state: SessionState, interval: Interval, near: int) -> tuple[Arrived, ...]:
    """One slice of a gap as interpolation has it from the drawn slices around: what can be shown before anything else.

    Args:
        volume: Grey levels of the whole leg.
        state: What is drawn.
        interval: The gap.
        near: The slice, or one beyond the gap: then the gap's slice that is nearest to it.
    """
    z = min(max(near, interval.low + 1), interval.high - 1)
    (window,) = windows(state, [interval])
    # Cross-validation of the smoothing takes longer than the slice itself.
    quick = ShapeInterpolation(ShapeInterpolationConfig(smoothing=0.0))
    found = (each for _, arrived in fill(volume, state, window, quick, only=frozenset({z})) for each in arrived)
    return tuple(replace(each, provisional=True) for each in found)


def _run(
    session: Session,
    methods: Methods,
    name: str,
    turns: Sequence[Sequence[Interval]],
    near: int | None,
    done: int,
    total: int,
) -> Generator[Progress, None, None]:
    """One run of one method, from its first event to its last."""
    intervals = turns[-1]
    built = methods.of_case(name, session.folder)
    state = session.state
    basis = tuple(state.basis(each) for each in intervals)
    weights = "" if built.weights is None else f"{built.weights.file} {built.weights.sha256}"
    run = state.runs + 1
    session.apply(PropagationStarted(now(), session.by, run, tuple(intervals), name, basis, weights))
    outcome, text = "failed", "The program ended."
    waiting: dict[tuple[int, int], Arrived] = {}
    seen: set[tuple[int, int]] = set()
    written = 0.0
    try:
        if near is not None:
            first = at_once(session.volume, session.state, turns[0][0], near)
            _write(session, run, {(each.label, each.z): each for each in first})
            yield Progress("propagating", done, total)
        for window in (window for turn in turns for window in windows(state, turn)):
            for _, arrived in fill(session.volume, state, window, built.propagator):
                waiting |= {(each.label, each.z): each for each in arrived}
                seen |= {(each.label, each.z) for each in arrived}
                if time.monotonic() - written >= BATCH_S:
                    _write(session, run, waiting)
                    written = time.monotonic()
                    yield Progress("propagating", min(done + len(seen), total), total)
        outcome, text = "done", ""
    except GeneratorExit:
        outcome, text = "cancelled", ""
        raise
    except InputError as error:
        text = str(error)
        raise
    finally:
        _end(session, run, waiting, outcome, text)
    yield Progress("propagating", min(done + len(seen), total), total)


def _write(session: Session, run: int, waiting: dict[tuple[int, int], Arrived]) -> None:
    session.apply(StepsArrived(now(), session.by, run, tuple(waiting.values())))
    waiting.clear()


def _end(session: Session, run: int, waiting: dict[tuple[int, int], Arrived], outcome: Outcome, text: str) -> None:
    if waiting:
        _write(session, run, waiting)
    session.apply(PropagationEnded(now(), session.by, run, outcome, text))

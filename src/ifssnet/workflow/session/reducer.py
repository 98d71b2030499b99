"""Event upon event to a state: pure, so that the same log gives the same state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce as fold
from typing import Any, cast

from ifssnet.core.errors import InputError
from ifssnet.core.packed_mask import PackedMask
from ifssnet.workflow.session.events import (
    Checked,
    EndsMarked,
    Event,
    Exported,
    Interval,
    MuscleAbsent,
    MuscleAdded,
    MuscleName,
    Opened,
    PropagationEnded,
    PropagationStarted,
    Redone,
    RedrawAsked,
    Reopened,
    Signed,
    SliceDrawn,
    SliceErased,
    SliceRedrawn,
    SlicesAccepted,
    SlicesSeen,
    StepsArrived,
    Undone,
)
from ifssnet.workflow.session.state import (
    DrawnSlice,
    Effort,
    MuscleState,
    Past,
    Proposal,
    Redrawing,
    Run,
    SessionState,
    Signature,
)

LONGEST_PAUSE_S = 120.0
"""A longer time between two events of an expert counts as this much work: the expert was elsewhere."""


def replay(events: Iterable[Event]) -> SessionState:
    """The state that events lead to.

    Raises:
        InputError: No event, a first one that does not open a session, or one that cannot be.
    """
    iterator = iter(events)
    first = next(iterator, None)
    if not isinstance(first, Opened):
        raise InputError("a session that begins with its opening", "another beginning", "Take a copy of the log.")
    return fold(reduce, iterator, _opened(first))


def reduce(state: SessionState, event: Event) -> SessionState:
    """The state after one more event.

    Raises:
        InputError: What the event says cannot be in this state; the state stays as it is.
    """
    return replace(_rule_for(event)(state, event), events=state.events + 1)


def _rule_for(event: Event) -> Callable[[SessionState, Any], SessionState]:
    rule = _RULES.get(type(event))
    if rule is None:
        raise InputError("an event of an open session", f"'{event.kind}'", "Open a session only once.")
    return rule


def _opened(event: Opened) -> SessionState:
    muscles = {muscle.label: _new(muscle) for muscle in event.muscles}
    if len(muscles) != len(event.muscles):
        raise InputError("a label for each muscle", "two muscles with the same label", "Give each one a label of its own.")
    return SessionState(event.volume, event.sha256, event.grid, muscles, event.subject, event.side, event.visit, events=1)


def _new(muscle: MuscleName) -> MuscleState:
    if muscle.label < 1 or not muscle.name:
        raise InputError("a muscle with a label above 0 and a name", f"{muscle.label} '{muscle.name}'", "Correct it.")
    return MuscleState(muscle.name, muscle.color)


@dataclass(frozen=True)
class _ExpertRule:
    """An event of an expert: it takes time, needs an unsigned session, and can be undone."""

    change: Callable[[SessionState, Any], Mapping[int, MuscleState]]

    def __call__(self, state: SessionState, event: Any) -> SessionState:
        _unsigned(state)
        changed = self.change(state, event)
        before = {label: state.muscles[label] for label in changed if label in state.muscles}
        return replace(
            state,
            muscles={**state.muscles, **changed},
            past=Past(before, state.past),
            future=None,
            effort=_with_time(state.effort, event, again=_drawn_already(state, event)),
        )


def _drawn_already(state: SessionState, event: Event) -> bool:
    """Whether an event goes on with an outline: a program that sends every stroke draws one outline with many of them."""
    return isinstance(event, SliceDrawn) and event.z in state.muscle(event.label).drawn


def _unsigned(state: SessionState) -> None:
    if state.signature is not None:
        raise InputError(
            "a session that is not signed",
            f"one that {state.signature.by} signed",
            "Reopen it first; the signature then no longer counts.",
        )


def _with_time(effort: Effort, event: Event, *, again: bool = False) -> Effort:
    """The effort with an event of an expert; a clock that was set back counts nothing, a further stroke no outline."""
    pause = (_time(event.at) - _time(effort.last_at)).total_seconds() if effort.last_at else 0.0
    effort = replace(effort, active_seconds=effort.active_seconds + min(max(pause, 0.0), LONGEST_PAUSE_S), last_at=event.at)
    if not isinstance(event, SliceDrawn | SliceRedrawn) or (isinstance(event, SliceDrawn) and event.how == "imported"):
        return effort
    timed = event.seconds > 0
    return replace(
        effort,
        outlines=effort.outlines + (not again),
        outline_seconds=effort.outline_seconds + max(event.seconds, 0.0),
        timed_outlines=effort.timed_outlines + (timed and not again),
    )


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError("a time as 2026-01-31T12:00:00+00:00", f"'{text}'", "Correct the time of the event.") from None
    if found.tzinfo is None:
        raise InputError("a time with its zone, such as +00:00", f"'{text}'", "Correct the time of the event.")
    return found


def _check_slice(state: SessionState, z: int, mask: PackedMask | None = None) -> None:
    if not 0 <= z < state.grid.slices:
        raise InputError(f"slices from 0 to {state.grid.slices - 1}", f"slice {z}", "Choose one of them.")
    if mask is not None and mask.shape_yx != state.grid.shape_zyx[1:]:
        raise InputError(
            f"masks of {state.grid.shape_zyx[1]} x {state.grid.shape_zyx[2]} pixels (y, x)",
            f"{mask.shape_yx[0]} x {mask.shape_yx[1]} on slice {z}",
            "Give masks of this volume.",
        )


def _add(state: SessionState, event: MuscleAdded) -> Mapping[int, MuscleState]:
    name = event.muscle
    if name.label in state.muscles or name.name in {muscle.name for muscle in state.muscles.values()}:
        raise InputError("a new muscle", f"{name.name} with label {name.label}, of which there is one", "Use that one.")
    return {name.label: _new(name)}


def _draw(state: SessionState, event: SliceDrawn) -> Mapping[int, MuscleState]:
    """The slice is as it was drawn; the pixels are taken from what was drawn or accepted of other muscles there."""
    _check_slice(state, event.z, event.mask)
    muscle, z = state.muscle(event.label), event.z
    drawn = DrawnSlice(event.mask, event.how, event.by, event.seconds)
    changed = {
        event.label: replace(
            muscle,
            absent=False,
            drawn={**muscle.drawn, z: drawn},
            accepted=_without(muscle.accepted, z),
            **_ends_with(muscle, event),
        )
    }
    for label, other in state.muscles.items():
        if label == event.label:
            continue
        if z in other.drawn and (less := other.drawn[z].mask.minus(event.mask)) is not other.drawn[z].mask:
            changed[label] = replace(other, drawn={**other.drawn, z: replace(other.drawn[z], mask=less)})
        elif z in other.accepted and (less := other.accepted[z].minus(event.mask)) is not other.accepted[z]:
            changed[label] = replace(other, accepted={**other.accepted, z: less})
    return changed


def _ends_with(muscle: MuscleState, event: SliceDrawn) -> dict[str, int | None]:
    """The marked ends, moved where the expert now draws the muscle outside of them."""
    if event.mask.empty:
        return {}
    first = muscle.first if muscle.first is None or muscle.first <= event.z else event.z
    last = muscle.last if muscle.last is None or muscle.last >= event.z else event.z
    return {"first": first, "last": last}


def _without(mapping: Mapping[int, PackedMask], z: int) -> Mapping[int, PackedMask]:
    return {key: value for key, value in mapping.items() if key != z} if z in mapping else mapping


def _erase(state: SessionState, event: SliceErased) -> Mapping[int, MuscleState]:
    muscle = state.muscle(event.label)
    if event.z not in muscle.drawn:
        raise InputError(f"a slice on which {muscle.name} was drawn", f"slice {event.z}", "Choose a drawn slice.")
    return {event.label: replace(muscle, drawn={z: drawn for z, drawn in muscle.drawn.items() if z != event.z})}


def _absent(state: SessionState, event: MuscleAbsent) -> Mapping[int, MuscleState]:
    return {event.label: replace(state.muscle(event.label), absent=event.absent)}


def _mark_ends(state: SessionState, event: EndsMarked) -> Mapping[int, MuscleState]:
    muscle = state.muscle(event.label)
    for z in (event.first, event.last):
        if z is not None:
            _check_slice(state, z)
    if event.first is not None and event.last is not None and event.first > event.last:
        raise InputError("a first slice below the last one", f"{event.first} and {event.last}", "Exchange them.")
    marked = replace(muscle, first=event.first, last=event.last)
    if beyond := [z for z, each in muscle.drawn.items() if not each.mask.empty and marked.outside(z)]:
        raise InputError(
            f"ends beyond every slice on which {muscle.name} was drawn", f"slice {beyond[0]} outside", "Erase that slice first."
        )
    return {event.label: marked}


def _accept(state: SessionState, event: SlicesAccepted) -> Mapping[int, MuscleState]:
    muscle = state.muscle(event.label)
    accepted = dict(muscle.accepted)
    for z in event.slices:
        _check_slice(state, z)
        if not event.accepted:
            accepted.pop(z, None)
        elif z not in muscle.drawn:
            mask = state.mask(event.label, z)
            if mask is None:
                raise InputError(
                    f"slices on which there is something of {muscle.name} to accept", f"slice {z}", "Draw or propagate first."
                )
            accepted[z] = mask
    return {event.label: replace(muscle, accepted=accepted)}


def _undo(state: SessionState, event: Undone) -> SessionState:
    _unsigned(state)
    if (past := state.past) is None:
        raise InputError("something to undo", "nothing that was done", "Go on drawing.")
    return replace(_exchanged(state, past, event), past=past.earlier, future=Past(_now(state, past), state.future))


def _redo(state: SessionState, event: Redone) -> SessionState:
    _unsigned(state)
    if (future := state.future) is None:
        raise InputError("something to redo", "nothing that was undone", "Go on drawing.")
    return replace(_exchanged(state, future, event), past=Past(_now(state, future), state.past), future=future.earlier)


def _exchanged(state: SessionState, other: Past, event: Undone | Redone) -> SessionState:
    """All muscles with those of another time. A muscle that was added stays, undrawn."""
    return replace(state, muscles={**state.muscles, **other.muscles}, effort=_with_time(state.effort, event))


def _now(state: SessionState, other: Past) -> dict[int, MuscleState]:
    """The muscles of another time as they are now."""
    return {label: state.muscles[label] for label in other.muscles}


def _start(state: SessionState, event: PropagationStarted) -> SessionState:
    _unsigned(state)
    if event.run != state.runs + 1 or len(event.basis) != len(event.intervals):
        raise InputError(f"run {state.runs + 1}, each interval with its basis", f"run {event.run}", "Begin the run again.")
    run = Run(event.run, event.intervals, event.basis, event.method)
    networks = {**state.networks, event.run: event.weights} if event.weights else state.networks
    return replace(state, run=run, runs=event.run, networks=networks)


def _arrive(state: SessionState, event: StepsArrived) -> SessionState:
    """Proposals take their places, but for intervals whose ends were drawn anew while the run was under way."""
    run = state.run
    if run is None or run.number != event.run or state.signature is not None:
        return state
    valid = _valid(state, run)
    proposals: dict[int, dict[int, Proposal]] = {}
    for found in event.found:
        _check_slice(state, found.z, found.mask)
        if any(each.label == found.label and each.low < found.z < each.high for each in valid):
            own = proposals.setdefault(found.label, {})
            own[found.z] = Proposal(found.mask, found.confidence, run.number, run.method, found.provisional)
    changed = {
        label: replace(state.muscles[label], proposals={**state.muscles[label].proposals, **own})
        for label, own in proposals.items()
    }
    return replace(state, muscles={**state.muscles, **changed})


def _valid(state: SessionState, run: Run) -> list[Interval]:
    return [
        each
        for each, basis in zip(run.intervals, run.basis, strict=True)
        if each.label in state.muscles and state.basis(each) == basis
    ]


def _end(state: SessionState, event: PropagationEnded) -> SessionState:
    """The run is over; the intervals of which every slice arrived are up to date."""
    run = state.run
    if run is None or run.number != event.run:
        return state
    muscles = dict(state.muscles)
    for interval in _valid(state, run):
        muscle = muscles[interval.label]
        arrived = [_arrived(muscle.proposals.get(z), run) for z in interval.slices]
        # A method yields nothing for slices that it takes to be without the muscle: its word at the end counts for them.
        if all(arrived) or event.outcome == "done":
            gone = [z for z, here in zip(interval.slices, arrived, strict=True) if not here and z in muscle.proposals]
            kept = {z: each for z, each in muscle.proposals.items() if z not in gone} if gone else muscle.proposals
            fresh = {each for each in muscle.fresh if each[0] != interval} | {(interval, state.basis(interval))}
            muscles[interval.label] = replace(muscle, fresh=frozenset(fresh), proposals=kept)
    return replace(state, muscles=muscles, run=None)


def _arrived(proposal: Proposal | None, run: Run) -> bool:
    return proposal is not None and proposal.run == run.number and not proposal.provisional


def _check(state: SessionState, event: Checked) -> SessionState:
    muscle = replace(state.muscle(event.label), hidden=event.hidden)
    return replace(state, muscles={**state.muscles, event.label: muscle})


def _see(state: SessionState, event: SlicesSeen) -> SessionState:
    for z in event.slices:
        _check_slice(state, z)
    return replace(state, seen=state.seen | set(event.slices), effort=_with_time(state.effort, event))


def _ask(state: SessionState, event: RedrawAsked) -> SessionState:
    for label, z in event.slices:
        muscle = state.muscle(label)
        if z not in muscle.drawn:
            raise InputError(f"slices on which {muscle.name} was drawn", f"slice {z}", "Ask for drawn slices.")
    return replace(state, asked=event.slices)


def _redraw(state: SessionState, event: SliceRedrawn) -> SessionState:
    _check_slice(state, event.z, event.mask)
    if (event.label, event.z) not in state.asked:
        raise InputError("a slice that was asked for", f"slice {event.z}", "Ask for slices to be drawn again first.")
    first = state.muscle(event.label).drawn.get(event.z)
    asked = tuple(each for each in state.asked if each != (event.label, event.z))
    if first is None:
        return replace(state, asked=asked)
    redrawing = Redrawing(event.label, event.z, first.mask, first.by, event.mask, event.by)
    return replace(state, asked=asked, redrawn=(*state.redrawn, redrawing), effort=_with_time(state.effort, event))


def _sign(state: SessionState, event: Signed) -> SessionState:
    _unsigned(state)
    if not event.by.strip():
        raise InputError("who signs", "no name", "Give a name.")
    if state.run is not None:
        raise InputError("a session at rest", "a propagation under way", "Wait for it, or cancel it.")
    if not any(muscle.drawn or muscle.absent for muscle in state.muscles.values()):
        raise InputError("a session with something drawn", "an empty one", "Draw first.")
    signature = Signature(event.by, event.at, event.statement)
    return replace(state, signature=signature, effort=_with_time(state.effort, event))


def _reopen(state: SessionState, event: Reopened) -> SessionState:
    if state.signature is None:
        raise InputError("a signed session", "one that is not", "Go on drawing.")
    return replace(state, signature=None, effort=_with_time(state.effort, event))


def _export(state: SessionState, event: Exported) -> SessionState:
    return replace(state, exports=(*state.exports, event.file))


_RULES: Mapping[type, Callable[[SessionState, Any], SessionState]] = cast(
    "Mapping[type, Callable[[SessionState, Any], SessionState]]",
    {
        MuscleAdded: _ExpertRule(_add),
        SliceDrawn: _ExpertRule(_draw),
        SliceErased: _ExpertRule(_erase),
        MuscleAbsent: _ExpertRule(_absent),
        EndsMarked: _ExpertRule(_mark_ends),
        SlicesAccepted: _ExpertRule(_accept),
        Undone: _undo,
        Redone: _redo,
        PropagationStarted: _start,
        StepsArrived: _arrive,
        PropagationEnded: _end,
        Checked: _check,
        SlicesSeen: _see,
        RedrawAsked: _ask,
        SliceRedrawn: _redraw,
        Signed: _sign,
        Reopened: _reopen,
        Exported: _export,
    },
)

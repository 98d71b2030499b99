"""What is known of a muscle on a slice, and where that differs between two states of a session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

from ifssnet.core.packed_mask import PackedMask
from ifssnet.workflow.session.state import MuscleState, SessionState

Origin: TypeAlias = Literal["drawn", "accepted", "proposed", "none"]


@dataclass(frozen=True)
class Mark:
    """One muscle on one slice.

    Attributes:
        label: Which muscle.
        z: Which slice.
        origin: Who says so: the expert drew it, accepted it, or a method proposed it; "none" where nothing is known.
        mask: Where the muscle is; None where nothing is known.
        confidence: How sure the method was that proposed it, 0 to 1; None for what the expert drew.
        corrected: Whether the expert drew it over a proposal.
    """

    label: int
    z: int
    origin: Origin
    mask: PackedMask | None
    confidence: float | None = None
    corrected: bool = False


def marks(state: SessionState) -> Iterator[Mark]:
    """Everything that is known, muscle by muscle and slice by slice."""
    for label, muscle in state.muscles.items():
        for z in _slices(muscle):
            if (found := mark(state, label, z)).origin != "none":
                yield found


def mark(state: SessionState, label: int, z: int) -> Mark:
    """What is known of one muscle on one slice."""
    muscle = state.muscles[label]
    mask = state.mask(label, z)
    if mask is None:
        return Mark(label, z, "none", None)
    if z in muscle.drawn:
        return Mark(label, z, "drawn", mask, corrected=muscle.drawn[z].how == "corrected")
    confidence = muscle.proposals[z].confidence if z in muscle.proposals else None
    return Mark(label, z, "accepted" if z in muscle.accepted else "proposed", mask, confidence)


def changed_marks(before: SessionState, after: SessionState) -> Iterator[Mark]:
    """What is known after a change on the slices that the change may have touched."""
    if before.muscles is after.muscles:
        return
    touched = {z for label in after.muscles for z in _touched(before.muscles.get(label), after.muscles[label])}
    for label in after.muscles:
        for z in sorted(touched):
            now = mark(after, label, z)
            if label not in before.muscles or now != mark(before, label, z):
                yield now


def only_slices_came(before: SessionState, after: SessionState) -> bool:
    """Whether a run found slices between two states, and nothing else happened: the work as a whole is where it was."""
    others = (each.name for each in fields(after) if each.name not in ("muscles", "events"))
    return after.run is not None and all(getattr(after, name) is getattr(before, name) for name in others)


def _slices(muscle: MuscleState) -> list[int]:
    return sorted({*muscle.drawn, *muscle.accepted, *muscle.proposals})


def _touched(before: MuscleState | None, after: MuscleState) -> set[int]:
    if before is after:
        return set()
    if before is None or _frame(before) != _frame(after):
        return {*_slices(after), *(_slices(before) if before else ())}
    pairs = ((before.drawn, after.drawn), (before.accepted, after.accepted), (before.proposals, after.proposals))
    return {z for old, new in pairs if old is not new for z in {*old, *new} if old.get(z) is not new.get(z)}


def _frame(muscle: MuscleState) -> tuple[object, ...]:
    """What decides on every slice at once: the ends, and between which drawn slices the muscle is enclosed."""
    drawn = frozenset((z, drawn.mask.empty) for z, drawn in muscle.drawn.items())
    return muscle.absent, muscle.first, muscle.last, drawn

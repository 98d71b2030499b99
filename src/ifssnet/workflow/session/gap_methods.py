"""Which method fills each gap, by how much it is ahead on hidden slices, and the comparison that finds that out."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from ifssnet.core.progress import Progress
from ifssnet.workflow.session.events import Interval
from ifssnet.workflow.session.hidden_slices import better_method, check, gap_scores
from ifssnet.workflow.session.methods import Methods
from ifssnet.workflow.session.propagation import propagate
from ifssnet.workflow.session.session import Session
from ifssnet.workflow.session.state import SessionState


@dataclass(frozen=True)
class GapMethod:
    """Which method filled a gap, and how the methods fared on the hidden slices at its ends.

    Attributes:
        muscle: The muscle's name.
        low: The drawn slice below the gap.
        high: The drawn slice above it.
        method: What filled it; empty while nothing did.
        better: What fills it next time.
        dice: Mean Dice by the method's name; empty where no slice was hidden.
    """

    muscle: str
    low: int
    high: int
    method: str
    better: str
    dice: Mapping[str, float]

    @property
    def lead(self) -> float | None:
        """By how much the method is ahead of the best other one; None where nobody compared."""
        others = [dice for name, dice in self.dice.items() if name != self.method]
        return self.dice[self.method] - max(others) if self.method in self.dice and others else None


def gap_methods(state: SessionState, label: int, default: str) -> tuple[GapMethod, ...]:
    """Every gap of a muscle with its method, ascending.

    Args:
        state: What is drawn and found.
        label: Which muscle.
        default: The method that runs where nothing speaks against it.
    """
    muscle = state.muscle(label)
    found: list[GapMethod] = []
    for each in state.intervals(label):
        filled = next((muscle.proposals[z].method for z in each.slices if z in muscle.proposals), "")
        dice = gap_scores(muscle, each)
        found.append(GapMethod(muscle.name, each.low, each.high, filled, better_method(muscle, each, default), dice))
    return tuple(found)


def compare_methods(
    session: Session, methods: Methods, labels: Sequence[int] = ()
) -> Generator[Progress, None, tuple[GapMethod, ...]]:
    """Hide the drawn slices of some muscles in turn, and fill those gaps again that another method fills better.

    Args:
        session: Where the outcome goes.
        methods: Where methods come from.
        labels: Which muscles; none for all.

    Returns:
        Every gap with its method.
    """
    labels, default = tuple(labels) or tuple(session.state.muscles), methods.best()
    for label in labels:
        yield from check(session, methods, label)
    worse = [
        Interval(label, each.low, each.high)
        for label in labels
        for each in gap_methods(session.state, label, default)
        if each.method and each.method != each.better
    ]
    if worse:
        yield from propagate(session, methods, intervals=worse)
    return tuple(each for label in labels for each in gap_methods(session.state, label, default))

"""Methods tried on drawn slices that are hidden from them: which one serves better in each gap, and how wrong it is."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.progress import Progress
from ifssnet.workflow.session.drawn_groups import hidden_groups
from ifssnet.workflow.session.events import Checked, HiddenSlice, Interval
from ifssnet.workflow.session.fill import fill, windows
from ifssnet.workflow.session.methods import INTERPOLATION, Methods
from ifssnet.workflow.session.session import Session, now
from ifssnet.workflow.session.state import MuscleState, SessionState

WORTHWHILE = 0.003
"""Dice by which a method has to be better than the default on the hidden slices around a gap to take its place there."""


def check(session: Session, methods: Methods, label: int, names: Sequence[str] = ()) -> Generator[Progress, None, None]:
    """Hide each drawn slice of a muscle in turn, and let every method find it from the others.

    Slices drawn side by side are hidden together. The outermost ones cannot be hidden. A network that was tuned on this case
    knows drawn slices by heart, so the one that it began with is tried in its place.

    Args:
        session: Where the outcome goes.
        methods: Where methods come from.
        label: Which muscle.
        names: The methods; none for the default and interpolation.
    """
    names = tuple(names) or tuple(dict.fromkeys((methods.best(), INTERPOLATION)))
    state = session.state
    groups = hidden_groups(state, label)
    found: list[HiddenSlice] = []
    for done, group in enumerate(groups):
        yield Progress("hiding slices", done, len(groups))
        found.append(_tried(session, methods, state, label, group, names))
    session.apply(Checked(now(), session.by, label, tuple(found)))
    yield Progress("hiding slices", len(groups), len(groups))


def _tried(
    session: Session, methods: Methods, state: SessionState, label: int, group: tuple[int, ...], names: Sequence[str]
) -> HiddenSlice:
    """How the methods fare on the middle one of some slices that are hidden."""
    middle = group[len(group) // 2]
    drawn = state.muscle(label).drawn[middle].mask
    bounds = sorted(state.muscle(label).bounds(state.grid))
    low = max(z for z in bounds if z < group[0])
    high = min(z for z in bounds if z > group[-1])
    (window,) = windows(state, [Interval(label, low, high)])
    dice: list[tuple[str, float]] = []
    areas: list[tuple[str, float]] = []
    for name in names:
        found = PackedMask.empty_of(drawn.shape_yx)
        steps = fill(
            session.volume, state, window, methods.get(name).propagator, {label: frozenset(group)}, frozenset({middle})
        )
        for _, arrived in steps:
            found = next((each.mask for each in arrived if each.label == label), found)
        dice.append((name, dice_of(found, drawn)))
        areas.append((name, float(found.pixels)))
    return HiddenSlice(middle, tuple(dice), tuple(areas), float(drawn.pixels))


def dice_of(one: PackedMask, other: PackedMask) -> float:
    """Dice of two masks; 1 for two empty ones."""
    both = one.pixels + other.pixels
    if not both:
        return 1.0
    return 2 * (one.pixels - one.minus(other).pixels) / both


def better_method(muscle: MuscleState, interval: Interval, default: str) -> str:
    """The method for a gap: the default, unless another one was better on the hidden slices at its ends.

    Args:
        muscle: With the outcome of `check`.
        interval: The gap.
        default: The method that runs where nothing speaks against it.
    """
    scores = gap_scores(muscle, interval)
    if default not in scores:
        return default
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > scores[default] + WORTHWHILE else default


def gap_scores(muscle: MuscleState, interval: Interval) -> dict[str, float]:
    """Mean Dice of each method on the hidden slices nearest to a gap, one on either side; empty where none was hidden."""
    below = [each for each in muscle.hidden if each.z <= interval.low]
    above = [each for each in muscle.hidden if each.z >= interval.high]
    near = [*below[-1:], *above[:1]]
    if not near:
        return {}
    return {name: sum(dict(each.dice)[name] for each in near) / len(near) for name, _ in near[0].dice}

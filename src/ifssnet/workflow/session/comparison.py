"""A muscle's change between two visits, or its difference between two legs, against what a lab can detect at all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ifssnet.core.errors import InputError
from ifssnet.workflow.session.state import Redrawing, SessionState
from ifssnet.workflow.session.uncertainty import volume_sd_cm3

LEAST_REDRAWN = 5
"""Redrawn slices that a lab's own error is found from."""

CONFIDENT = 1.96
"""SDs that hold 95 % of a normal distribution."""


@dataclass(frozen=True)
class LabError:
    """How far this lab's experts are from themselves.

    Attributes:
        redrawn: Slices that one person drew twice, blind.
        relative_sem: Standard error of measurement of an area as a share of it; None for too few slices.
    """

    redrawn: int
    relative_sem: float | None


@dataclass(frozen=True)
class CaseChange:
    """One muscle in two cases.

    Attributes:
        muscle: Its name.
        before_cm3: Its volume in the case that is compared with.
        now_cm3: Its volume in this case.
        mdc_cm3: The smallest change that is more than error, with 95 % confidence; None where nobody knows.
    """

    muscle: str
    before_cm3: float
    now_cm3: float
    mdc_cm3: float | None

    @property
    def change_cm3(self) -> float:
        """What it has more than before."""
        return self.now_cm3 - self.before_cm3

    @property
    def detectable(self) -> bool | None:
        """Whether the change is more than error; None where nobody knows."""
        return None if self.mdc_cm3 is None else abs(self.change_cm3) > self.mdc_cm3


def lab_error(states: Iterable[SessionState]) -> LabError:
    """What the blind redrawings of a lab say of its error.

    The SEM is that of agreement: the root of half the mean square of the relative differences, a constant bias among them.
    """
    differences = [
        (each.second.pixels - each.first.pixels) / ((each.second.pixels + each.first.pixels) / 2)
        for state in states
        for each in state.redrawn
        if _by_one_person(each)
    ]
    if len(differences) < LEAST_REDRAWN:
        return LabError(len(differences), None)
    return LabError(len(differences), math.sqrt(sum(d * d for d in differences) / len(differences) / 2))


def _by_one_person(each: Redrawing) -> bool:
    return each.first_by == each.second_by and bool(each.first.pixels + each.second.pixels)


def changes(
    now: SessionState, before: SessionState, lab: LabError, mdc_cm3: Mapping[str, float] | None = None
) -> tuple[CaseChange, ...]:
    """The muscles that two cases share, in the order of this case.

    A minimal detectable change follows from the lab's error, taken to be the same on all outlines of a leg, which is the
    worst that it can be, and from what the gaps of both cases leave unknown.

    Args:
        now: This case.
        before: An earlier visit, or the other leg.
        lab: From blind redrawings.
        mdc_cm3: By muscle, from a study of its own; it goes before what follows from redrawings.

    Raises:
        InputError: They share no muscle that was drawn in both, one of them has gaps that are not filled, or a change is given
            for a muscle that they do not share.
    """
    shared = [
        (label, before.label_of(muscle.name), muscle.name)
        for label, muscle in now.muscles.items()
        if muscle.drawn and any(each.name == muscle.name and each.drawn for each in before.muscles.values())
    ]
    if not shared:
        raise InputError("two cases with a muscle that was drawn in both", "none", "Draw the same muscle in both.")
    # What is drawn only is no volume: between two drawn slices there is nothing yet.
    if unfilled := [name for label, other, name in shared if now.stale(label) or before.stale(other)]:
        raise InputError(
            f"{' and '.join(unfilled)} with all gaps filled in both cases", "gaps that are not", "Propagate in both first."
        )
    given = dict(mdc_cm3 or {})
    if unknown := sorted(set(given) - {name for _, _, name in shared}):
        raise InputError(f"some of {', '.join(name for _, _, name in shared)}", f"'{unknown[0]}'", "Choose among them.")
    found: list[CaseChange] = []
    for label, other, name in shared:
        volumes = (before.volume_cm3(other), now.volume_cm3(label))
        sds = [volume_sd_cm3(before, other), volume_sd_cm3(now, label)]
        found.append(CaseChange(name, *volumes, given.get(name, _detectable(volumes, sds, lab))))
    return tuple(found)


def _detectable(volumes: Sequence[float], sds: Sequence[float | None], lab: LabError) -> float | None:
    if lab.relative_sem is None:
        return None
    hands = [(lab.relative_sem * volume) ** 2 for volume in volumes]
    return CONFIDENT * math.sqrt(sum(hands) + sum(sd**2 for sd in sds if sd is not None))

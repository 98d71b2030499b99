"""A folder of cases: each a folder with a session, or a volume that nobody has begun to draw on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ifssnet.core.errors import InputError
from ifssnet.measurement.checks.completeness import Incompleteness
from ifssnet.workflow.session.completeness import unfinished
from ifssnet.workflow.session.log import read_log
from ifssnet.workflow.session.reducer import replay
from ifssnet.workflow.session.session import LOG
from ifssnet.workflow.session.state import SessionState
from ifssnet.workflow.session.uncertainty import volume_sd_cm3

Progression: TypeAlias = Literal["new", "drawn", "propagated", "checked", "signed"]
"""How far a case is. Checked: every slice of every muscle was drawn, accepted or seen since it was propagated."""


@dataclass(frozen=True)
class MuscleVolume:
    """A muscle's volume as it stands.

    Attributes:
        volume_cm3: The volume; None while a gap of the muscle has to be filled, because what is drawn is not the muscle.
        sd_cm3: Its SD as the drawn slices tell it; None while there are too few.
        outlines: Slices drawn.
        unfinished: Why the volume is not that of the muscle; None where nothing speaks against it.
    """

    volume_cm3: float | None
    sd_cm3: float | None
    outlines: int
    unfinished: Incompleteness | None = None


@dataclass(frozen=True)
class CaseSummary:
    """One case in a list.

    Attributes:
        name: The folder's name, which identifies it.
        progression: How far it is; None where the log cannot be read.
        subject: Whose leg.
        side: "left", "right" or empty.
        visit: When or why it was recorded.
        volumes: Name of each muscle that something is known of, and its volume.
        minutes: Expert time.
        last_at: When an expert last worked on it; empty before the first time.
        problem: Why the log cannot be read; empty where it can.
    """

    name: str
    progression: Progression | None
    subject: str = ""
    side: str = ""
    visit: str = ""
    volumes: Mapping[str, MuscleVolume] | None = None
    minutes: float = 0.0
    last_at: str = ""
    problem: str = ""


def progression(state: SessionState) -> Progression:
    """How far a session is."""
    if state.signature is not None:
        return "signed"
    if not any(muscle.drawn for muscle in state.muscles.values()):
        return "new"
    if state.run is not None or any(state.stale(label) for label in state.muscles):
        return "drawn"
    unseen = any(
        z not in muscle.drawn and z not in muscle.accepted and z not in state.seen
        for muscle in state.muscles.values()
        for z in muscle.proposals
    )
    return "propagated" if unseen else "checked"


def summary(name: str, state: SessionState) -> CaseSummary:
    """A session in a list of cases."""
    volumes = {
        muscle.name: MuscleVolume(
            None if state.stale(label) else state.volume_cm3(label),
            volume_sd_cm3(state, label),
            len(muscle.drawn),
            unfinished(state, label),
        )
        for label, muscle in state.muscles.items()
        if muscle.drawn or muscle.absent
    }
    effort = state.effort
    return CaseSummary(
        name, progression(state), state.subject, state.side, state.visit, volumes, effort.minutes, effort.last_at
    )


def states(folder: Path) -> Iterator[SessionState]:
    """Every case in a folder whose log can be read."""
    for each in sorted(folder.iterdir()):
        if (each / LOG).is_file():
            with suppress(InputError):
                yield replay(read_log(each / LOG).events)


def cases(folder: Path) -> tuple[CaseSummary, ...]:
    """The cases in a folder, by name. One whose log cannot be read is listed with what is wrong with it.

    Raises:
        InputError: No such folder.
    """
    if not folder.is_dir():
        raise InputError("a folder of cases", f"{folder}", "Create it, or choose another one.")
    found: list[CaseSummary] = []
    for each in sorted(folder.iterdir()):
        if (each / LOG).is_file():
            try:
                found.append(summary(each.name, replay(read_log(each / LOG).events)))
            except InputError as error:
                found.append(CaseSummary(each.name, None, problem=str(error)))
    return tuple(found)

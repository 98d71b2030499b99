"""What `ifss session` does, each in one call: folders and files in, answers out."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.core.muscles import field_name
from ifssnet.core.packed_mask import PackedMask
from ifssnet.core.progress import Progress
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.masks.live_wire import traced
from ifssnet.workflow.files.opener import open_seeds
from ifssnet.workflow.session.cases import CaseSummary, states, summary
from ifssnet.workflow.session.comparison import CaseChange, LabError, changes, lab_error
from ifssnet.workflow.session.completeness import unfinished_findings
from ifssnet.workflow.session.drawing_aids import copied, grown, guided, snapped_slice
from ifssnet.workflow.session.events import (
    EndsMarked,
    How,
    MuscleAbsent,
    MuscleAdded,
    MuscleName,
    Redone,
    Reopened,
    Signed,
    SliceDrawn,
    SliceErased,
    SlicesAccepted,
    Undone,
)
from ifssnet.workflow.session.export import export
from ifssnet.workflow.session.gap_methods import GapMethod, compare_methods
from ifssnet.workflow.session.methods import Methods
from ifssnet.workflow.session.own_network import forget_own_network, tune
from ifssnet.workflow.session.planner import PlannedEffort, plan
from ifssnet.workflow.session.propagation import propagate
from ifssnet.workflow.session.quality_control import DrawingQuality, ask_again, drawing_quality
from ifssnet.workflow.session.session import Session, default_muscles, now
from ifssnet.workflow.session.suggestion import Aim, Suggestion, suggest
from ifssnet.workflow.training.adapted_network import AdaptedNetwork


@dataclass(frozen=True)
class SessionAnswer:
    """A session after a command.

    Attributes:
        case: The session in a line.
        to_propagate: Gaps that are not up to date.
        findings: What a person has to know.
        written: Files that were written.
        gaps: Every gap with its method, where methods were compared.
    """

    case: CaseSummary
    to_propagate: int
    findings: tuple[Finding, ...] = ()
    written: tuple[Path, ...] = ()
    gaps: tuple[GapMethod, ...] = ()


def _answer(
    session: Session, written: tuple[Path, ...] = (), findings: tuple[Finding, ...] = (), gaps: tuple[GapMethod, ...] = ()
) -> SessionAnswer:
    state = session.state
    stale = sum(len(state.stale(label)) for label in state.muscles)
    said = (*session.findings, *findings, *unfinished_findings(state))
    return SessionAnswer(summary(session.folder.name, state), stale, said, written, gaps)


def new_session(
    folder: Path, volume: Path, muscles: Sequence[str], by: str | None, subject: str = "", side: str = "", visit: str = ""
) -> SessionAnswer:
    """Begin a session on a volume."""
    names = default_muscles(muscles) if muscles else default_muscles()
    with Session.create(folder, volume, by=by, muscles=names, subject=subject, side=side, visit=visit) as session:
        return _answer(session)


def show_session(folder: Path) -> SessionAnswer:
    """A session as it stands; it may be open elsewhere."""
    with Session.open(folder, read_only=True) as session:
        return _answer(session)


def draw(
    folder: Path, files: Sequence[Path], by: str | None, *, slices: Sequence[int] = (), corrected: bool = False
) -> SessionAnswer:
    """Take what was drawn elsewhere into a session: seeds in any form that `ifss segment` reads.

    Args:
        folder: The session's.
        files: Seeds, onto the session's volume.
        by: Who drew.
        slices: These slices alone; none for all.
        corrected: Whether this corrects what a method proposed.

    Raises:
        InputError: Seeds that cannot be read, drawn across another axis, or without one of the slices.
    """
    how: How = "corrected" if corrected else "imported"
    with Session.open(folder, by=by) as session:
        seeds = open_seeds(list(files), session.state.grid)
        if seeds.axes != (0, 1, 2):
            raise InputError("slices drawn along the volume's first axis", f"axes {seeds.axes}", "Use ifss segment for these.")
        import_seeds(session, seeds, set(slices), how)
        return _answer(session)


Aid: TypeAlias = Literal["trace", "copy", "between", "snap", "grow"]
"""How an outline comes about that a hand need not draw."""


def outline(
    folder: Path, muscle: str, z: int, by: str | None, *, aid: Aid, points: Sequence[float] = (), by_mm: float = 0.0
) -> SessionAnswer:
    """Outline a muscle on a slice along bright borders, from its neighbours, onto the proposal, or wider.

    Args:
        folder: The session's.
        muscle: Which one.
        z: Which slice.
        by: Who draws.
        aid: How.
        points: For "trace": column and row of each click in pixels, one after the other.
        by_mm: For "grow": how far the border moves out; below 0 in.

    Raises:
        InputError: A slice that there is not, clicks that are none, or too little that is drawn.
    """
    with Session.open(folder, by=by) as session:
        state, label = session.state, session.state.label_of(muscle)
        if not 0 <= z < state.grid.slices:
            raise InputError(f"slices from 0 to {state.grid.slices - 1}", f"slice {z}", "Choose one of them.")
        match aid:
            case "trace":
                if len(points) % 2:
                    raise InputError("a column and a row for each click", f"{len(points)} numbers", "Correct the points.")
                grey = np.clip(np.rint(session.volume.array[z]), 0, 255).astype(np.uint8)
                mask = traced(grey, list(zip(points[::2], points[1::2], strict=True)))
            case "copy":
                mask = copied(state, label, z)
            case "between":
                mask = guided(state, label, z)
            case "snap":
                mask = snapped_slice(state, label, z)
            case "grow":
                shown = state.mask(label, z)
                if shown is None or shown.empty:
                    raise InputError(f"{muscle} on slice {z}", "nothing", "Draw or propagate it first.")
                mask = grown(shown.array(), by_mm, state.grid)
        known = state.muscles[label].shown(z)
        how: How = "drawn" if known is None else "corrected"
        session.apply(SliceDrawn(now(), session.by, label, z, PackedMask.of(mask), how))
        return _answer(session)


def import_seeds(session: Session, seeds: Seeds, slices: Set[int] = frozenset(), how: How = "imported") -> int:
    """Let what was drawn elsewhere happen in a session; muscles that it does not have are added.

    Args:
        session: Where it happens.
        seeds: On the session's grid.
        slices: These slices alone; none for all.
        how: What the drawing was.

    Returns:
        How many outlines were taken.

    Raises:
        InputError: Seeds without one of the slices.
    """
    missing = sorted(slices - set(seeds.annotated_slices))
    if missing:
        raise InputError(
            f"seeds on slice {missing[0]}", f"seeds on {len(seeds.annotated_slices)} others", "Choose drawn slices."
        )
    names = {muscle.name: label for label, muscle in session.state.muscles.items()}
    events: list[MuscleAdded | SliceDrawn] = []
    for value in seeds.labels:
        name = field_name(seeds.name(value))
        if name not in names:
            names[name] = max(names.values(), default=0) + 1
            color = seeds.colors.get(value, (200, 200, 60))
            events.append(MuscleAdded(now(), session.by, MuscleName(names[name], name, color)))
        for z, mask in sorted(seeds.masks[value].items()):
            if not slices or z in slices:
                packed = PackedMask.of(np.asarray(mask, dtype=bool))
                events.append(SliceDrawn(now(), session.by, names[name], z, packed, how))
    session.apply(*events)
    return sum(isinstance(event, SliceDrawn) for event in events)


def propagate_session(
    folder: Path,
    by: str | None,
    *,
    muscle: str | None = None,
    method: str | None = None,
    device: str = "auto",
    again: bool = False,
) -> Generator[Progress, None, SessionAnswer]:
    """Propagate to every gap that is not up to date, or to every gap anew."""
    with Session.open(folder, by=by) as session:
        label = None if muscle is None else session.state.label_of(muscle)
        yield from propagate(session, Methods(device), label=label, method=method, again=again)
        return _answer(session)


def adapt_session(
    folder: Path, by: str | None, *, most_s: float | None = None, seed: int = 0, forget: bool = False
) -> Generator[Progress, None, tuple[SessionAnswer, AdaptedNetwork | None]]:
    """Tune the network on the case's slices; propagation uses it from then on, for gaps that are filled anew.

    It is kept in the folder only where slices that were kept back come out better. Otherwise, and with `forget`, there is none.
    """
    with Session.open(folder, by=by) as session:
        if forget:
            forget_own_network(folder)
            return _answer(session), None
        found = yield from tune(session, most_s=most_s, seed=seed)
        return _answer(session), found


def check_session(
    folder: Path, by: str | None, *, muscle: str | None = None, device: str = "auto"
) -> Generator[Progress, None, SessionAnswer]:
    """Hide drawn slices from the methods, so that each gap gets the better one and the volume its error."""
    with Session.open(folder, by=by) as session:
        labels = () if muscle is None else (session.state.label_of(muscle),)
        gaps = yield from compare_methods(session, Methods(device), labels)
        return _answer(session, gaps=gaps)


def suggest_slices(folder: Path, aim: Aim = "volume", most: int = 5) -> tuple[Suggestion, ...]:
    """The slices to draw next."""
    with Session.open(folder, read_only=True) as session:
        return suggest(session.state, aim)[:most]


def accept(folder: Path, muscle: str, slices: Sequence[int], by: str | None, *, accepted: bool = True) -> SessionAnswer:
    """Accept slices of a muscle as they are; none named for every slice that something is known of."""
    with Session.open(folder, by=by) as session:
        label = session.state.label_of(muscle)
        chosen = tuple(slices) or tuple(session.state.area_px(label))
        session.apply(SlicesAccepted(now(), session.by, label, chosen, accepted))
        return _answer(session)


def erase(folder: Path, muscle: str, slices: Sequence[int], by: str | None) -> SessionAnswer:
    """Take back what was drawn of a muscle on some slices."""
    with Session.open(folder, by=by) as session:
        label = session.state.label_of(muscle)
        session.apply(*(SliceErased(now(), session.by, label, z) for z in slices))
        return _answer(session)


def mark(
    folder: Path, muscle: str, by: str | None, *, first: int | None = None, last: int | None = None, absent: bool = False
) -> SessionAnswer:
    """Mark a muscle's ends, or say that it is nowhere in the volume."""
    with Session.open(folder, by=by) as session:
        label = session.state.label_of(muscle)
        known = session.state.muscles[label]
        if absent:
            session.apply(MuscleAbsent(now(), session.by, label))
        else:
            low = known.first if first is None else first
            high = known.last if last is None else last
            session.apply(EndsMarked(now(), session.by, label, low, high))
        return _answer(session)


def undo(folder: Path, by: str | None, *, again: bool = False) -> SessionAnswer:
    """Take back the last thing that an expert did, or do it again."""
    with Session.open(folder, by=by) as session:
        session.apply(Redone(now(), session.by) if again else Undone(now(), session.by))
        return _answer(session)


def sign(folder: Path, by: str, statement: str = "", *, reopen: bool = False) -> SessionAnswer:
    """Sign a session off, or reopen it."""
    with Session.open(folder, by=by) as session:
        session.apply(Reopened(now(), by) if reopen else Signed(now(), by, statement))
        return _answer(session)


def export_session(folder: Path, kinds: Sequence[str], by: str | None) -> SessionAnswer:
    """Write the result into the session's folder."""
    with Session.open(folder, by=by) as session:
        return _answer(session, export(session, kinds))


def redraw(folder: Path, share: float, by: str | None, seed: int | None = None) -> tuple[tuple[str, int], ...]:
    """Choose drawn slices to be drawn again, blind: muscle and slice of each, in random order."""
    with Session.open(folder, by=by) as session:
        return tuple((session.state.muscles[label].name, z) for label, z in ask_again(session, share, seed))


def quality(folder: Path) -> tuple[DrawingQuality, ...]:
    """How slices that were drawn twice agree: by one person, and by two."""
    with Session.open(folder, read_only=True) as session:
        found = [drawing_quality(session.state, same_hand=same) for same in (True, False)]
        return tuple(each for each in found if each is not None)


@dataclass(frozen=True)
class CaseComparison:
    """A case against another one.

    Attributes:
        now: This case.
        before: The other one.
        changes: Muscle by muscle.
        lab: What the redrawings in the folder of this case say.
    """

    now: str
    before: str
    changes: tuple[CaseChange, ...]
    lab: LabError


def compare_cases(folder: Path, before: Path, mdc_cm3: Mapping[str, float] | None = None) -> CaseComparison:
    """A case against an earlier visit or the other leg; all cases beside it say what the lab can detect."""
    with Session.open(folder, read_only=True) as one, Session.open(before, read_only=True) as other:
        lab = lab_error(states(folder.resolve().parent))
        found = changes(one.state, other.state, lab, mdc_cm3)
        return CaseComparison(folder.resolve().name, before.resolve().name, found, lab)


def plan_study(folder: Path, most: int = 20) -> tuple[PlannedEffort, ...]:
    """Outlines and minutes against error, from a pilot case."""
    with Session.open(folder, read_only=True) as session:
        return plan(session.state, most)

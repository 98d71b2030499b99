"""A session's state as the page reads it, without the masks; and what is to be said of it."""

from __future__ import annotations

import math

from ifssnet.io.plain_data import Json
from ifssnet.measurement.checks.completeness import Incompleteness
from ifssnet.workflow.session.completeness import unfinished
from ifssnet.workflow.session.gap_methods import GapMethod, gap_methods
from ifssnet.workflow.session.quality_control import drawing_quality
from ifssnet.workflow.session.state import MuscleState, SessionState
from ifssnet.workflow.session.suggestion import suggest
from ifssnet.workflow.session.uncertainty import volume_sd_cm3


def state_json(name: str, state: SessionState) -> dict[str, Json]:
    """Everything but what lies on the slices."""
    signature = state.signature
    return {
        "name": name,
        "version": state.events,
        "volume": state.sha256[:16],
        "shape": list(state.grid.shape_zyx),
        "spacing": list(state.grid.spacing_zyx_mm),
        "subject": state.subject,
        "side": state.side,
        "visit": state.visit,
        "muscles": [_muscle(state, label, muscle) for label, muscle in state.muscles.items()],
        "canUndo": state.past is not None,
        "canRedo": state.future is not None,
        "signature": None if signature is None else {"by": signature.by, "at": signature.at, "statement": signature.statement},
        "seen": len(state.seen),
        "exports": list(state.exports),
        "minutes": round(state.effort.minutes, 2),
        "outlines": state.effort.outlines,
        "secondsPerOutline": state.effort.seconds_per_outline,
        "runs": state.runs,
        "asked": [[label, z] for label, z in state.asked],
        "redrawn": len(state.redrawn),
    }


def advice_json(state: SessionState, default: str) -> dict[str, Json]:
    """The slice to draw next, the SD of each muscle's volume by its label, what speaks against it, and the method of each gap.

    Args:
        state: What is known.
        default: The method that runs where nothing speaks against it.
    """
    sds: dict[str, Json] = {str(label): volume_sd_cm3(state, label) for label in state.muscles}
    open_ends: dict[str, Json] = {str(label): _unfinished(unfinished(state, label)) for label in state.muscles}
    gaps: dict[str, Json] = {str(label): [_gap(each) for each in gap_methods(state, label, default)] for label in state.muscles}
    return {"suggestion": _suggestion(state), "sds": sds, "gaps": gaps, "unfinished": open_ends}


def _unfinished(found: Incompleteness | None) -> dict[str, Json] | None:
    return None if found is None else {"kind": found.kind, "slices": list(found.slices)}


def _gap(each: GapMethod) -> dict[str, Json]:
    return {"low": each.low, "high": each.high, "method": each.method, "lead": each.lead, "dice": dict(each.dice)}


def _suggestion(state: SessionState) -> dict[str, Json] | None:
    best = next(iter(suggest(state)), None)
    if best is None:
        return None
    # Where nothing is known yet the gain is without bounds, which JSON has no word for.
    gain = best.gain_cm3 if math.isfinite(best.gain_cm3) else None
    return {"label": best.label, "z": best.z, "why": best.why, "gain": gain}


def _muscle(state: SessionState, label: int, muscle: MuscleState) -> dict[str, Json]:
    return {
        "label": label,
        "name": muscle.name,
        "color": list(muscle.color),
        "absent": muscle.absent,
        "first": muscle.first,
        "last": muscle.last,
        "stale": [[each.low, each.high] for each in state.stale(label)],
        "methods": sorted({proposal.method for proposal in muscle.proposals.values()}),
    }


def quality_json(state: SessionState) -> dict[str, Json]:
    """Agreement of slices that were drawn twice: by one person, and by two; areas in mm2."""
    return {"same": _quality(state, same_hand=True), "other": _quality(state, same_hand=False)}


def _quality(state: SessionState, *, same_hand: bool) -> dict[str, Json] | None:
    found = drawing_quality(state, same_hand=same_hand)
    if found is None:
        return None
    areas, again = found.areas, found.reliability
    pairs: list[Json] = [[_finite(first), _finite(second)] for first, second in found.pairs_mm2]
    return {
        "slices": found.slices,
        "dice": found.dice,
        "pairs": pairs,
        "bias": None if areas is None else _finite(areas.bias),
        "limits": None if areas is None else [_finite(each) for each in areas.limits],
        "icc": None if again is None else _finite(again.icc_2_1.value),
        "sem": None if again is None else _finite(again.sem_agreement),
        "mdc": None if again is None else _finite(again.mdc_agreement),
    }


def _finite(value: float) -> float | None:
    """JSON has no word for what is not a number."""
    return value if math.isfinite(value) else None

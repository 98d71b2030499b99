"""A session's state as the page reads it, without the masks."""

from __future__ import annotations

import math

from ifssnet.io.plain_data import Json
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
        "suggestion": _suggestion(state),
    }


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
        "sd": volume_sd_cm3(state, label),
        "stale": [[each.low, each.high] for each in state.stale(label)],
        "methods": sorted({proposal.method for proposal in muscle.proposals.values()}),
    }

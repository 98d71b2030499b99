"""The cases of a folder as rows."""

from __future__ import annotations

from ifssnet.io.plain_data import Json
from ifssnet.web.cases.hub import Hub
from ifssnet.workflow.session.cases import CaseSummary, cases


def case_table(hub: Hub) -> list[Json]:
    """Every case that can be opened, by name."""
    return [_row(each, hub) for each in cases(hub.root)]


def _row(case: CaseSummary, hub: Hub) -> dict[str, Json]:
    volumes = case.volumes or {}
    return {
        "name": case.name,
        "open": hub.is_open(case.name),
        "state": case.progression or "damaged",
        "problem": case.problem,
        "subject": case.subject,
        "side": case.side,
        "visit": case.visit,
        "volumes": {name: round(each.volume_cm3, 2) for name, each in volumes.items() if each.volume_cm3 is not None},
        "sds": {name: None if each.sd_cm3 is None else round(each.sd_cm3, 2) for name, each in volumes.items()},
        "unfinished": {name: each.unfinished.kind for name, each in volumes.items() if each.unfinished is not None},
        "drawn": sum(each.outlines for each in volumes.values()),
        "minutes": round(case.minutes, 2),
        "at": case.last_at,
    }

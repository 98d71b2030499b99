"""The cases of a folder as rows."""

from __future__ import annotations

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import Json
from ifssnet.web.hub import Hub
from ifssnet.workflow.session.session import LOG, Session


def case_table(hub: Hub) -> list[Json]:
    """Every case, by name."""
    rows: list[Json] = []
    for folder in sorted(hub.root.iterdir()):
        if not (folder / LOG).is_file() or folder.name.startswith("."):
            continue
        row: dict[str, Json] = {"name": folder.name, "open": hub.is_open(folder.name)}
        try:
            session = Session.open(folder, read_only=True)
        except InputError as error:
            rows.append({**row, "state": "damaged", "problem": str(error)})
            continue
        state = session.state
        drawn = sum(len(muscle.drawn) for muscle in state.muscles.values())
        proposals = any(muscle.proposals for muscle in state.muscles.values())
        word = "signed" if state.signature else "propagated" if proposals else "drawn" if drawn else "new"
        volumes: dict[str, Json] = {muscle.name: round(state.volume_cm3(label), 2) for label, muscle in state.muscles.items()}
        rows.append({**row, "state": word, "volumes": volumes, "minutes": round(state.effort.minutes, 1), "drawn": drawn})
    return rows

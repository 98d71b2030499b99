"""The folder: its cases."""

from __future__ import annotations

from fastapi import APIRouter, Request

from ifssnet.io.plain_data import Json
from ifssnet.web.cases.case_table import case_table
from ifssnet.web.cases.messages import By
from ifssnet.web.context import batch_of, hub_of

router = APIRouter(prefix="/api")


@router.get("/folder")
def folder(request: Request) -> dict[str, Json]:
    """Every case of the folder with its state."""
    hub = hub_of(request)
    return {"folder": hub.root.resolve().name, "cases": [*case_table(hub)]}


@router.post("/batch")
def start_batch(request: Request, given: By) -> dict[str, Json]:
    """Propagate every case in which something is drawn and not up to date."""
    batch = batch_of(request)
    batch.start(given.by)
    return batch.state.json()


@router.get("/batch")
def batch_state(request: Request) -> dict[str, Json]:
    """How far the batch is."""
    return batch_of(request).state.json()

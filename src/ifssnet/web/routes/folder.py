"""The folder: its cases."""

from __future__ import annotations

from fastapi import APIRouter, Request

from ifssnet.io.plain_data import Json
from ifssnet.web.case_table import case_table
from ifssnet.web.context import hub_of

router = APIRouter(prefix="/api")


@router.get("/folder")
def folder(request: Request) -> dict[str, Json]:
    """Every case of the folder with its state."""
    hub = hub_of(request)
    return {"folder": hub.root.resolve().name, "cases": [*case_table(hub)]}

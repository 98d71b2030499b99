"""One case: what is known, what an expert does, and the stream of changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from ifssnet.io.plain_data import Json
from ifssnet.web.cases.live import Stream
from ifssnet.web.cases.messages import Name, Propagate, Tab, Wished
from ifssnet.web.context import hub_of

router = APIRouter(prefix="/api/cases/{name}")
COMES_BACK_S = 4.0
"""A tab that is loaded again stays the one that writes."""


@router.get("")
def whole(request: Request, name: str) -> dict[str, Json]:
    """Everything that is known, the masks among it."""
    return hub_of(request).case(name).snapshot()


@router.post("/events")
def wish(request: Request, name: str, wished: Wished) -> dict[str, Json]:
    """Do something; the answer comes when it is on disk."""
    return {"version": hub_of(request).case(name).wish(wished)}


@router.post("/propagate")
def start(request: Request, name: str, wanted: Propagate) -> dict[str, Json]:
    """Begin to propagate; slices come on the stream."""
    hub_of(request).case(name).start(wanted)
    return {"started": True}


@router.post("/cancel")
def cancel(request: Request, name: str, tab: Tab) -> dict[str, Json]:
    """End the propagation; what came stays."""
    case = hub_of(request).case(name)
    case.check_writer(tab.tab)
    case.cancel()
    return {"cancelled": True}


@router.post("/writer")
def take_over(request: Request, name: str, tab: Tab) -> dict[str, Json]:
    """Write from this tab; every other one only reads from now on."""
    hub_of(request).case(name).take_over(tab.tab)
    return {"writer": True}


@router.get("/live")
async def live(request: Request, name: str, tab: Name) -> StreamingResponse:
    """Changes as they happen, as server-sent events."""
    case = await asyncio.to_thread(hub_of(request).case, name)
    stream = Stream(tab)

    async def texts() -> AsyncIterator[str]:
        case.connect(stream)
        try:
            async for text in stream.texts():
                yield text
        finally:
            case.disconnect(stream)
            asyncio.get_running_loop().call_later(COMES_BACK_S, case.leave, tab)

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(texts(), media_type="text/event-stream", headers=headers)

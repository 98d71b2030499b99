"""One case: what is known, what an expert does, and the stream of changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request

from ifssnet.core.packed_mask import PackedMask
from ifssnet.io.plain_data import Json, plain_table
from ifssnet.web.cases.live import Stream
from ifssnet.web.cases.messages import Name, Place, Propagate, Rest, Tab, Tune, Wished, mask_json
from ifssnet.web.cases.places import case_folder
from ifssnet.web.cases.state_json import quality_json
from ifssnet.web.context import hub_of
from ifssnet.web.routes.answers import EventStream
from ifssnet.workflow.session.commands import compare_cases
from ifssnet.workflow.session.drawing_aids import snapped_slice

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


@router.post("/snap")
def snap(request: Request, name: str, place: Place) -> dict[str, Json]:
    """What is drawn on a slice, moved onto what a method had found wherever both are close; the page draws it."""
    state = hub_of(request).case(name).session.state
    return {"mask": mask_json(PackedMask.of(snapped_slice(state, place.label, place.z)))}


@router.post("/propagate")
def start(request: Request, name: str, wanted: Propagate) -> dict[str, Json]:
    """Begin to propagate; slices come on the stream."""
    hub_of(request).case(name).start(wanted)
    return {"started": True}


@router.post("/tune")
def tune(request: Request, name: str, wanted: Tune) -> dict[str, Json]:
    """Begin to tune the network on what is drawn, and fill every gap anew if that helped; or forget what was tuned."""
    hub_of(request).case(name).tune(wanted)
    return {"started": not wanted.forget}


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


@router.post("/rest")
async def rest(request: Request, name: str, given: Rest) -> dict[str, Json]:
    """A tab is in the background, or is gone."""
    case = await asyncio.to_thread(hub_of(request).case, name)
    case.rest(given.tab, given.resting)
    if not given.resting:
        asyncio.get_running_loop().call_later(COMES_BACK_S, case.leave, given.tab)
    return {"resting": given.resting}


@router.get("/findings")
def findings(request: Request, name: str) -> dict[str, Json]:
    """What the look at the recording found before it was compounded, and what became of its frames."""
    return {"findings": [plain_table(each) for each in hub_of(request).case(name).findings()]}


@router.get("/quality")
def quality(request: Request, name: str) -> dict[str, Json]:
    """How slices agree that were drawn twice."""
    return quality_json(hub_of(request).case(name).session.state)


@router.get("/compare/{other}")
def compare(request: Request, name: str, other: str) -> dict[str, Json]:
    """The volumes against those of another case."""
    root = hub_of(request).root
    return plain_table(compare_cases(case_folder(root, name), case_folder(root, other)))


@router.get("/live", response_class=EventStream)
async def live(request: Request, name: str, tab: Name) -> EventStream:
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
    return EventStream(texts(), headers=headers)

"""Files to take away."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from ifssnet.io.plain_data import Json
from ifssnet.web.cases.messages import Export
from ifssnet.web.cases.places import file_in
from ifssnet.web.context import hub_of
from ifssnet.web.routes.answers import ANY_FILE

router = APIRouter(prefix="/api/cases/{name}/exports")


@router.post("")
def write(request: Request, name: str, wanted: Export) -> dict[str, Json]:
    """Write the result as it stands."""
    return {"files": [*hub_of(request).case(name).export(wanted)]}


@router.get("/{file}", response_class=FileResponse, responses=ANY_FILE)
def read(request: Request, name: str, file: str) -> FileResponse:
    """A file that was written."""
    case = hub_of(request).case(name)
    path = file_in(case.exports, file)
    return FileResponse(path, filename=path.name, content_disposition_type="attachment", headers={"cache-control": "no-store"})

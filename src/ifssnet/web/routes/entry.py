"""The token, once; and the page's own files."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import Field

from ifssnet.web.cases.messages import Message
from ifssnet.web.security import COOKIE, Access, same

router = APIRouter()
STATIC = Path(__file__).parent.parent / "static"


class Token(Message):
    """What `ifss serve` printed."""

    token: str = Field(max_length=200)


@router.post("/api/login")
def login(request: Request, given: Token) -> Response:
    """Exchange the printed token for a cookie that other sites cannot make a browser send."""
    access = request.app.state.access
    assert isinstance(access, Access)
    if not access.token or not same(given.token, access.token):
        return JSONResponse({"error": "This is not the token that `ifss serve` printed."}, 401)
    answer = JSONResponse({"known": True})
    secure = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
    answer.set_cookie(COOKIE, access.token, httponly=True, samesite="strict", secure=secure)
    return answer


@router.get("/", include_in_schema=False)
def page() -> FileResponse:
    """The page."""
    return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})

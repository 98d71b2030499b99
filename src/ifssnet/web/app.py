"""The server: addresses, errors as answers, and the guard in front."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from ifssnet.core.errors import InputError
from ifssnet.web.cases.hub import Hub
from ifssnet.web.cases.open_case import NotTheWriter
from ifssnet.web.cases.places import INCOMING
from ifssnet.web.routes import arrivals, case, entry, exports, folder, images
from ifssnet.web.routes.answers import REFUSALS
from ifssnet.web.security import Access, Guard
from ifssnet.web.work.batch import Batch
from ifssnet.web.work.jobs import Jobs
from ifssnet.workflow.arrivals.new_case import clear_leftovers
from ifssnet.workflow.session.log import UnwritableLogError
from ifssnet.workflow.session.methods import Methods

LARGEST_FILE = 8 * 10**9


def create_app(root: Path, access: Access, methods: Methods | None = None, limit_bytes: int = LARGEST_FILE) -> FastAPI:
    """The server of one folder.

    Args:
        root: The folder whose cases are shown.
        access: Who may ask.
        methods: Where methods of propagation come from.
        limit_bytes: The largest file that may be sent.
    """
    hub, jobs = Hub(root, methods or Methods()), Jobs(root)
    shutil.rmtree(root / INCOMING, ignore_errors=True)
    clear_leftovers(root)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        yield
        jobs.close()
        hub.close()

    app = FastAPI(
        title="ifss serve",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
        responses=REFUSALS,
    )
    app.state.batch = Batch(hub)
    app.state.hub, app.state.jobs, app.state.access, app.state.limit_bytes = hub, jobs, access, limit_bytes
    for room in (entry, folder, arrivals, case, images, exports):
        app.include_router(room.router)
    app.mount("/assets", StaticFiles(directory=entry.STATIC / "assets", check_dir=False))
    app.add_exception_handler(InputError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(UnwritableLogError, _later)
    app.add_exception_handler(NotTheWriter, _not_the_writer)
    app.add_exception_handler(HTTPException, _nothing_there)
    app.add_middleware(GZipMiddleware, minimum_size=4000, compresslevel=1)
    app.add_middleware(Guard, access=access)
    return app


def _refused(_: Request, error: Exception) -> JSONResponse:
    """Input that cannot be used: what was expected, what came, what to do."""
    assert isinstance(error, InputError)
    parts = {"error": str(error), "expected": error.expected, "received": error.received, "remedy": error.remedy}
    return JSONResponse(parts, 400)


def _malformed(_: Request, error: Exception) -> JSONResponse:
    """A message that is none. What came is not repeated: JSON has no word for some of it, such as infinity."""
    assert isinstance(error, RequestValidationError)
    wrong = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:5]]
    return JSONResponse({"error": "; ".join(wrong)}, 422)


def _later(_: Request, error: Exception) -> JSONResponse:
    """Nothing is wrong with what was sent: the page keeps it, and sends it again."""
    return JSONResponse({"error": str(error)}, 507)


def _not_the_writer(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse({"error": "Another tab writes to this case. Take it over there first.", "reason": "writer"}, 409)


def _nothing_there(_: Request, error: Exception) -> JSONResponse:
    """No such address, another method than it has, or a body that is no text: in the same form as every refusal."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)

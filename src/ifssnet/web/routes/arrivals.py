"""Files from elsewhere, and the digital leg."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import Field

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import Json
from ifssnet.web.cases.messages import Message, Name
from ifssnet.web.cases.places import INCOMING, case_folder, checked_name
from ifssnet.web.context import hub_of, jobs_of
from ifssnet.web.routes.answers import BYTES

router = APIRouter(prefix="/api")
READY = ".ready.seg.nrrd"
TRAY = r"[0-9a-f-]{8,40}"
MOST_FILES = 5000


class Example(Message):
    """Which digital leg."""

    size: Literal["small", "quarter"] = "small"


class Tray(Message):
    """The tray whose files become a case."""

    tray: str = Field(pattern=f"^{TRAY}$")


class SeedsTray(Tray):
    """A tray, and the case that its files were drawn for."""

    case: Name


class TakenSeeds(Tray):
    """A tray whose files were read, and who takes them."""

    tab: Name
    by: Name


@router.put("/trays/{tray}/{file}", openapi_extra=BYTES)
async def receive(request: Request, tray: str, file: str) -> dict[str, Json]:
    """Take a file, piece by piece, into a tray."""
    if not re.fullmatch(TRAY, tray):
        raise InputError("the name of a tray", f"'{tray[:40]}'", "Load the page again.")
    folder = _tray(hub_of(request).root, tray)
    path = folder / checked_name(file)
    limit = int(request.app.state.limit_bytes)
    size = 0
    try:
        with path.open("wb") as stream:
            async for piece in request.stream():
                size += len(piece)
                if size > limit:
                    raise InputError(
                        f"a file of at most {limit / 1e9:g} GB", f"{file}, which is larger", "Start with --limit-gb."
                    )
                stream.write(piece)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise InputError("room on the disk", error.strerror or str(error), "Make room, and send the file again.") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return {"bytes": size}


def _tray(root: Path, name: str) -> Path:
    """The folder of a tray, made where it is not there yet; the served folder itself is not made again."""
    if not root.is_dir():
        raise InputError(f"the folder {root.name}", "none there any more", "Bring it back, or start ifss serve on another one.")
    try:
        (root / INCOMING / name).mkdir(parents=True, exist_ok=True)
        files = len(list((root / INCOMING / name).iterdir()))
    except OSError as error:
        raise InputError("room on the disk", error.strerror or str(error), "Make room, and send the file again.") from error
    if files >= MOST_FILES:
        raise InputError(f"at most {MOST_FILES} files", "one more", "Drop the files of one leg.")
    return root / INCOMING / name


@router.post("/jobs/case")
def make_case(request: Request, given: Tray) -> dict[str, Json]:
    """Make a case of the files in a tray."""
    folder = hub_of(request).root / INCOMING / given.tray
    files = sorted(path for path in folder.iterdir() if path.name != READY) if folder.is_dir() else []
    if not files:
        raise InputError("files in the tray", "none", "Send the files first.")
    job = jobs_of(request).start("files", [str(path) for path in files], lambda: shutil.rmtree(folder, ignore_errors=True))
    return {"job": job}


@router.post("/jobs/seeds")
def read_seeds(request: Request, given: SeedsTray) -> dict[str, Json]:
    """Bring the files in a tray onto the volume of a case; the case then takes them."""
    root = hub_of(request).root
    case_folder(root, given.case)
    folder = root / INCOMING / given.tray
    files = sorted(path for path in folder.iterdir() if path.name != READY) if folder.is_dir() else []
    if not files:
        raise InputError("files in the tray", "none", "Send the files first.")
    rest = [given.case, str(folder / READY), *(str(path) for path in files)]
    return {"job": jobs_of(request).start("seeds", rest)}


@router.post("/cases/{name}/seeds")
def take_seeds(request: Request, name: str, given: TakenSeeds) -> dict[str, Json]:
    """Take what was read into the case, as outlines that were drawn elsewhere."""
    case = hub_of(request).case(name)
    folder = hub_of(request).root / INCOMING / given.tray
    if not (folder / READY).is_file():
        raise InputError("seeds that were read", "none", "Send the files first.")
    taken = case.take_seeds(given.tab, given.by, folder / READY)
    shutil.rmtree(folder, ignore_errors=True)
    return {"outlines": taken}


@router.post("/jobs/example")
def make_example(request: Request, given: Example) -> dict[str, Json]:
    """Make a digital leg."""
    return {"job": jobs_of(request).start("example", [given.size])}


@router.get("/jobs/{name}")
def job(request: Request, name: str) -> dict[str, Json]:
    """How far a job is."""
    return jobs_of(request).get(name).json()

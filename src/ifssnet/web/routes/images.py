"""Slices of the volume, the small volume and the surfaces."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ifssnet.io.plain_data import Json
from ifssnet.web.cases.messages import near_json
from ifssnet.web.context import hub_of
from ifssnet.workflow.viewing.small_files import small_surface_file, small_volume_file

router = APIRouter(prefix="/api/cases/{name}")
FOREVER = "private, max-age=86400, immutable"
"""The address of a slice contains the volume's hash, so that it never shows anything else."""


@router.get("/slices/{volume}/{axis}/{index}")
def grey_slice(request: Request, name: str, volume: str, axis: str, index: int) -> Response:
    """One slice, a byte a pixel, row after row; the page knows its shape."""
    case = hub_of(request).case(name)
    case.check_volume(volume)
    pixels = case.slices.section(axis, index).tobytes()
    return Response(pixels, media_type="application/octet-stream", headers={"cache-control": FOREVER})


@router.get("/small/{volume}.nii")
def small(request: Request, name: str, volume: str) -> Response:
    """The volume with every second, third ... voxel, as NIfTI."""
    case = hub_of(request).case(name)
    case.check_volume(volume)
    return Response(small_volume_file(case.slices), media_type="application/octet-stream", headers={"cache-control": FOREVER})


@router.get("/near/{z}")
def near(request: Request, name: str, z: int) -> dict[str, Json]:
    """The raw frames nearest to a slice, one of each sweep, the nearest first."""
    return {"frames": [near_json(each) for each in hub_of(request).case(name).raw_frames.near(z)]}


@router.get("/frames/{volume}/{sweep}/{frame}")
def raw_frame(request: Request, name: str, volume: str, sweep: int, frame: int) -> Response:
    """A raw frame, a byte a pixel, row after row."""
    case = hub_of(request).case(name)
    case.check_volume(volume)
    pixels = case.raw_frames.pixels(sweep, frame).tobytes()
    return Response(pixels, media_type="application/octet-stream", headers={"cache-control": FOREVER})


@router.get("/surfaces/{label}.stl")
def surface(request: Request, name: str, label: int) -> Response:
    """The surface of a muscle as it stands, as STL; nothing where there is none."""
    data = small_surface_file(hub_of(request).case(name).session.state, label)
    headers = {"cache-control": "no-store"}
    return Response(data, 200 if data else 204, media_type="application/octet-stream", headers=headers)

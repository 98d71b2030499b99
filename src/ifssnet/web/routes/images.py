"""Slices of the volume, the small volume and the surfaces."""

from __future__ import annotations

from fastapi import APIRouter, Request

from ifssnet.io.plain_data import Json
from ifssnet.web.cases.messages import near_json
from ifssnet.web.context import hub_of
from ifssnet.web.routes.answers import Bytes
from ifssnet.workflow.viewing.small_files import small_surface_file, small_volume_file

router = APIRouter(prefix="/api/cases/{name}")
FOREVER = "private, max-age=86400, immutable"
"""The address of a slice contains the volume's hash, so that it never shows anything else."""


@router.get("/slices/{volume}/{axis}/{index}", response_class=Bytes)
def grey_slice(request: Request, name: str, volume: str, axis: str, index: int) -> Bytes:
    """One slice, a byte a pixel, row after row; the page knows its shape."""
    case = hub_of(request).case(name)
    case.check_volume(volume)
    pixels = case.slices.section(axis, index).tobytes()
    return Bytes(pixels, headers={"cache-control": FOREVER})


@router.get("/small/{volume}.nii", response_class=Bytes)
def small(request: Request, name: str, volume: str) -> Bytes:
    """The volume with every second, third ... voxel, as NIfTI."""
    case = hub_of(request).case(name)
    case.check_volume(volume)
    return Bytes(small_volume_file(case.slices), headers={"cache-control": FOREVER})


@router.get("/near/{z}")
def near(request: Request, name: str, z: int) -> dict[str, Json]:
    """The raw frames nearest to a slice, one of each sweep, the nearest first."""
    return {"frames": [near_json(each) for each in hub_of(request).case(name).raw_frames.near(z)]}


@router.get("/frames/{volume}/{sweep}/{frame}", response_class=Bytes)
def raw_frame(request: Request, name: str, volume: str, sweep: int, frame: int) -> Bytes:
    """A raw frame, a byte a pixel, row after row."""
    case = hub_of(request).case(name)
    case.check_volume(volume)
    pixels = case.raw_frames.pixels(sweep, frame).tobytes()
    return Bytes(pixels, headers={"cache-control": FOREVER})


@router.get("/surfaces/{label}.stl", response_class=Bytes, responses={204: {"description": "The muscle has no voxel yet"}})
def surface(request: Request, name: str, label: int) -> Bytes:
    """The surface of a muscle as it stands, as STL; nothing where there is none."""
    data = small_surface_file(hub_of(request).case(name).session.state, label)
    return Bytes(data, 200 if data else 204, headers={"cache-control": "no-store"})

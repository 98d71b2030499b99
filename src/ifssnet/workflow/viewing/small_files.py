"""The small volume and a muscle's surface as the bytes of a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ifssnet.io.save import save
from ifssnet.io.volumes.surfaces import write_surface
from ifssnet.workflow.session.state import SessionState
from ifssnet.workflow.viewing.grey_slices import GreySlices
from ifssnet.workflow.viewing.small_volume import small_surface, small_volume


def small_volume_file(slices: GreySlices) -> bytes:
    """The small volume as NIfTI."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.nii"
        save(small_volume(slices), path)
        return path.read_bytes()


def small_surface_file(state: SessionState, label: int) -> bytes:
    """A muscle's surface as STL, RAS as NIfTI is; empty where too little is known to enclose anything.

    Raises:
        InputError: No such muscle.
    """
    found = small_surface(state, label)
    if found is None:
        return b""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "muscle.stl"
        write_surface(found, path)
        return path.read_bytes()

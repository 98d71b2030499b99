"""A session's result as Stradwin and Stradview have it: cross-sections as frames, and an outline of each muscle on them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.core.errors import InputError
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.sweep import Contour, Sweep
from ifssnet.geometry.untyped import contour_lines, simplified
from ifssnet.workflow.session.state import SessionState

EVERY_MM = 2.5
"""Distance between the frames beside those that an expert drew or accepted."""

TOLERANCE_PX = 0.25
"""How far a corner that is left out of an outline lies from it at most."""


def outlined_sweep(volume: Volume, state: SessionState, labels: LabelMap) -> Sweep:
    """The slices that were drawn or accepted and one every few mm between them, with their outlines.

    Args:
        volume: Grey levels from 0 to 255.
        state: What was drawn, on the volume's grid.
        labels: The result, on the same grid.

    Raises:
        InputError: No muscle is on any slice.
    """
    grid = volume.grid
    shown = np.flatnonzero((labels.array > 0).any(axis=(1, 2)))
    if not shown.size:
        raise InputError("a session with something drawn", "an empty one", "Draw and propagate first.")
    step = max(1, round(EVERY_MM / grid.spacing_xyz_mm[2]))
    drawn = {z for muscle in state.muscles.values() for z in (*muscle.drawn, *muscle.accepted)}
    slices = sorted({*range(int(shown[0]), int(shown[-1]) + 1, step), *(z for z in drawn if shown[0] <= z <= shown[-1])})
    contours = [
        Contour(label, frame, ring)
        for frame, z in enumerate(slices)
        for label in state.muscles
        for ring in _rings(labels.array[z] == label)
    ]
    frames = np.clip(np.rint(volume.array[slices]), 0, 255).astype(np.uint8)
    return Sweep(
        frames,
        np.stack([_pose(grid.index_to_mm, z) for z in slices]),
        np.arange(len(slices), dtype=np.float64),
        grid.spacing_xyz_mm[:2],
        np.ones(len(slices), dtype=np.bool_),
        tuple(contours),
        {label: muscle.name for label, muscle in state.muscles.items()},
        {label: muscle.color for label, muscle in state.muscles.items()},
    )


def _pose(index_to_mm: Float[np.ndarray, "4 4"], z: int) -> Float[np.ndarray, "4 4"]:
    """The way from (u, v) of a slice to mm."""
    pose = np.array(index_to_mm, dtype=np.float64)
    pose[:3, 3] += z * pose[:3, 2]
    return pose


def _rings(mask: Bool[np.ndarray, "y x"]) -> list[Float[np.ndarray, "point 2"]]:
    """Closed outlines in (u, v), the longest first."""
    padded = np.pad(mask.astype(np.float64), 1)
    lines = sorted(contour_lines(padded, 0.5), key=len, reverse=True)
    rings = [simplified(line, TOLERANCE_PX)[:-1, ::-1] - 1.0 for line in lines if len(line) > 4]
    return [np.ascontiguousarray(ring) for ring in rings if len(ring) > 2]

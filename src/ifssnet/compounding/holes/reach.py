"""How far hole filling has to reach: as far as frames lie apart, within bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from ifssnet.compounding.holes.options import (
    LARGEST_SIZE,
    LONGEST_STICK,
    AnyFilling,
    DistanceFilling,
    GaussianFilling,
    HoleFilling,
    NearestFilling,
    ScaledFilling,
    StickFilling,
)
from ifssnet.core.grid import Grid
from ifssnet.core.sweep import Sweep

OF_FRAME_DISTANCE = 1.5
"""Reach over the median distance of frames: hands move unevenly, and a hole is best filled from both sides."""

LEAST_MM, MOST_MM = 1.0, 4.0
"""Bounds of a reach that nobody gave. What lies further from every frame than the upper one is not to be invented."""

STILL_MM = 0.02
"""Frames closer than this stand still: they say nothing about how far frames lie apart."""


def frame_distance_mm(sweeps: Sequence[Sweep], skip_interval: int = 1) -> float:
    """Median distance between the planes of frames that follow each other and are used, of the sweep where it is largest.

    Args:
        sweeps: Recordings.
        skip_interval: Every n-th frame is used, n being this number.

    Returns:
        mm; 0 where no two frames lie apart.
    """
    return max((_median_distance_mm(sweep, skip_interval) for sweep in sweeps), default=0.0)


def with_reach(ways: Sequence[AnyFilling], frame_mm: float, grid: Grid) -> tuple[HoleFilling, ...]:
    """The ways of filling, each with a reach; those that have one keep it.

    Args:
        ways: As the user gave them.
        frame_mm: How far frames lie apart.
        grid: Where the voxels lie.
    """
    return tuple(_scaled(way, frame_mm, grid) if isinstance(way, ScaledFilling) else way for way in ways)


def _scaled(way: ScaledFilling, frame_mm: float, grid: Grid) -> HoleFilling:
    reach_mm = min(max(OF_FRAME_DISTANCE * frame_mm, LEAST_MM), MOST_MM)
    finest_mm = min(grid.spacing_xyz_mm)
    across = math.ceil(min(frame_mm, MOST_MM) / finest_mm - 1e-9)
    size = min(2 * across + 1, LARGEST_SIZE)
    match way.kind:
        case "distance":
            return DistanceFilling(reach_mm)
        case "stick":
            usual = StickFilling()
            stick = min(math.ceil(reach_mm / finest_mm) + 2, LONGEST_STICK) if frame_mm > 0 else 0
            return replace(usual, length_limit=max(usual.length_limit, stick))
        case "nearest":
            return NearestFilling(max(NearestFilling().size, size))
        case "gaussian":
            usual_gaussian = GaussianFilling()
            if size <= usual_gaussian.size:
                return usual_gaussian
            return GaussianFilling(size, usual_gaussian.stdev * size / usual_gaussian.size)


def _median_distance_mm(sweep: Sweep, skip_interval: int) -> float:
    indices = np.arange(0, len(sweep.frames), skip_interval)
    poses = sweep.image_to_world[indices[sweep.valid[indices]]]
    if len(poses) < 2:
        return 0.0
    middle = np.array([(sweep.frames.shape[2] - 1) / 2, (sweep.frames.shape[1] - 1) / 2, 0.0, 1.0])
    steps = np.diff((poses @ middle)[:, :3], axis=0)
    across = np.abs(np.einsum("ij,ij->i", steps, _normals(poses)[:-1]))
    apart = across[across > STILL_MM]
    return float(np.median(apart)) if len(apart) else 0.0


def _normals(poses: Float[np.ndarray, "frame 4 4"]) -> Float[np.ndarray, "frame 3"]:
    normals = np.cross(poses[:, :3, 0], poses[:, :3, 1])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.where(lengths > 0, lengths, 1.0)

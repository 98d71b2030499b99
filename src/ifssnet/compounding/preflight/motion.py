"""How the probe moved: steps from frame to frame, jumps, times."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ifssnet.core.facts.compounding_facts import Jump, Motion
from ifssnet.core.sweep import Sweep
from ifssnet.geometry.masks.runs import longest_run

LEAST_JUMP_MM = 1.0
LEAST_JUMP_DEG = 2.0
"""Smaller steps are never called jumps: hands do that."""

DEVIATIONS = 8.0
"""A jump exceeds the median step by this many robust standard deviations (1.4826 median absolute deviations) ..."""

MEDIANS = 4.0
"""... and is at least this many median steps; so is a time gap."""

STILL_MM = 0.02
"""Frames whose middle moved less than this, a tenth of a tracker's noise, add nothing new."""


def motion_of(sweep: Sweep) -> Motion:
    """Look at the poses and times of a sweep."""
    indices = np.flatnonzero(sweep.valid)
    poses = sweep.image_to_world[indices]
    middle = np.array([(sweep.frames.shape[2] - 1) / 2, (sweep.frames.shape[1] - 1) / 2, 0.0, 1.0])
    places = (poses @ middle)[:, :3]
    moves = np.diff(places, axis=0)
    lengths = np.linalg.norm(moves, axis=1)
    turns = _turns_deg(poses)
    across = np.abs(np.einsum("ij,ij->i", moves, _normals(poses)[:-1])) if len(poses) > 1 else np.zeros(0)
    # A step over frames that were left out may be as much longer as frames are missing.
    missing = np.diff(indices).astype(np.float64)
    far = _beyond(lengths / missing, LEAST_JUMP_MM) | _beyond(turns / missing, LEAST_JUMP_DEG)
    jumps = tuple(Jump(int(indices[i + 1]), float(lengths[i]), float(turns[i])) for i in np.flatnonzero(far))
    intervals = np.diff(sweep.timestamps_s)
    interval = float(np.median(intervals)) if len(intervals) and np.isfinite(intervals).all() else 0.0
    gaps = np.flatnonzero(intervals > MEDIANS * interval) + 1 if interval > 0 else np.zeros(0, dtype=np.int64)
    return Motion(
        median_step_mm=float(np.median(lengths)) if len(lengths) else 0.0,
        median_spacing_mm=float(np.median(across)) if len(across) else 0.0,
        length_mm=float(np.ptp(places @ _principal(places))) if len(places) > 1 else 0.0,
        jumps=jumps,
        still_frames=int((lengths < STILL_MM).sum()),
        median_interval_s=max(interval, 0.0),
        time_gaps=tuple(int(i) for i in gaps),
        backward_times=tuple(int(i) for i in np.flatnonzero(intervals < 0) + 1),
        longest_invalid_run=longest_run(~sweep.valid),
    )


def held_poses(sweep: Sweep) -> tuple[int, int, float]:
    """Frames that have exactly the pose of the frame before: no tracker measures one place twice to the last digit.

    Returns:
        How many there are, in how many runs, and the median step in mm where the pose changes.
    """
    poses = sweep.image_to_world[sweep.valid]
    held = (poses[1:] == poses[:-1]).all(axis=(1, 2))
    runs = int(held[:1].sum() + (held[1:] & ~held[:-1]).sum())
    steps = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1)[~held]
    return int(held.sum()), runs, float(np.median(steps)) if len(steps) else 0.0


def _beyond(steps: Float[np.ndarray, " step"], least: float) -> np.ndarray:
    if len(steps) == 0:
        return np.zeros(0, dtype=bool)
    median = float(np.median(steps))
    spread = 1.4826 * float(np.median(np.abs(steps - median)))
    return (steps > median + DEVIATIONS * spread) & (steps > MEDIANS * median) & (steps > least)


def _axes(poses: Float[np.ndarray, "frame 4 4"]) -> Float[np.ndarray, "frame 3 2"]:
    """Unit vectors along each frame's rows and columns."""
    axes = poses[:, :3, :2]
    return axes / np.linalg.norm(axes, axis=1, keepdims=True)


def _normals(poses: Float[np.ndarray, "frame 4 4"]) -> Float[np.ndarray, "frame 3"]:
    axes = _axes(poses)
    normals = np.cross(axes[:, :, 0], axes[:, :, 1])
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


def _turns_deg(poses: Float[np.ndarray, "frame 4 4"]) -> Float[np.ndarray, " step"]:
    """Angle by which each frame is turned against the one before."""
    if len(poses) < 2:
        return np.zeros(0)
    axes, normals = _axes(poses), _normals(poses)
    rotations = np.stack([axes[:, :, 0], np.cross(normals, axes[:, :, 0]), normals], axis=2)
    traces = np.einsum("fij,fij->f", rotations[:-1], rotations[1:])
    return np.degrees(np.arccos(np.clip((traces - 1) / 2, -1, 1)))


def _principal(places: Float[np.ndarray, "frame 3"]) -> Float[np.ndarray, " xyz"]:
    centered = places - places.mean(axis=0)
    return np.linalg.eigh(centered.T @ centered)[1][:, 2]

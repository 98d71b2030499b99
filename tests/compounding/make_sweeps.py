"""Sweeps small enough to work out by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ifssnet.compounding.compound import Compounded, compound_sweeps
from ifssnet.compounding.options import CompoundOptions
from ifssnet.core.grid import Grid
from ifssnet.core.progress import drain
from ifssnet.core.sweep import Sweep


def straight_sweep(frames: np.ndarray, pixel_mm: float = 1.0, step_mm: float = 1.0, origin=(0.0, 0.0, 0.0)) -> Sweep:
    """Frames side by side: u along x, v along y, frame k at z = k * step."""
    poses = np.tile(np.eye(4), (len(frames), 1, 1))
    poses[:, 0, 0] = poses[:, 1, 1] = pixel_mm
    poses[:, :3, 3] = np.asarray(origin) + np.outer(np.arange(len(frames)), (0, 0, step_mm))
    times = 0.1 * np.arange(len(frames))
    return Sweep(frames, poses, times, (pixel_mm, pixel_mm), np.ones(len(frames), dtype=bool))


def moved(sweep: Sweep, change: Callable[[np.ndarray], None], **fields) -> Sweep:
    """A copy with other poses."""
    poses = sweep.image_to_world.copy()
    change(poses)
    values = {"frames": sweep.frames, "timestamps_s": sweep.timestamps_s, "valid": sweep.valid, **fields}
    return Sweep(values["frames"], poses, values["timestamps_s"], sweep.pixel_spacing_uv_mm, values["valid"])


def random_sweep(seed: int, frames: int = 5, shape_vu=(12, 15), dtype=np.uint8) -> Sweep:
    """Noise in frames that turn and move at random, pixels of about 0.8 mm."""
    rng = np.random.default_rng(seed)
    poses = np.tile(np.eye(4), (frames, 1, 1))
    for pose in poses:
        rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        pose[:3, :3] = rotation * 0.8
        pose[:3, 3] = rng.uniform(-4, 4, size=3)
    grey = rng.integers(0, 256, size=(frames, *shape_vu)).astype(dtype)
    return Sweep(grey, poses, np.arange(frames) * 0.1, (0.8, 0.8), np.ones(frames, dtype=bool))


def compounded(sweeps, grid: Grid | None = None, **options) -> Compounded:
    """The result of compounding, 1 mm voxels unless said otherwise."""
    every = [sweeps] if isinstance(sweeps, Sweep) else list(sweeps)
    return drain(compound_sweeps(every, CompoundOptions(**{"spacing_mm": 1.0, "axes": "reference", **options}), grid))

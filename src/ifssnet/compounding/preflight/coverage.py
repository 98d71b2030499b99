"""How much of what was swept over was seen, estimated on a sample of columns along the sweep, without inserting a pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import no_type_check

import numpy as np
from jaxtyping import Float, UInt8
from numba import prange

from ifssnet.compounding.grid import automatic_grid
from ifssnet.compounding.options import CompoundOptions
from ifssnet.compounding.plan import used_frames
from ifssnet.compounding.spans import frame_spans
from ifssnet.core.facts.compounding_facts import Coverage
from ifssnet.core.grid import Grid
from ifssnet.core.sweep import Sweep
from ifssnet.geometry.compiled import compiled

COLUMNS = 40
"""Columns sampled along x and along y."""

MAX_SLICES = 4000
"""Beyond this many voxels along the sweep the sample is coarser: a broken pose must not cost memory."""


def coverage(sweeps: Sequence[Sweep], options: CompoundOptions) -> Coverage:
    """Estimate the coverage.

    A voxel counts as seen where one of the nine pixels around the point of a frame's plane that lies deepest in it
    goes to it by nearest-neighbour insertion.
    """
    grid = automatic_grid(sweeps, replace(options, axes="sweep", fit_z_spacing=False))
    if grid.slices > MAX_SLICES:
        z_spacing = grid.spacing_xyz_mm[2] * grid.slices / MAX_SLICES
        x, y, _ = grid.spacing_xyz_mm
        grid = replace(grid, shape_zyx=(MAX_SLICES, *grid.shape_zyx[1:]), spacing_xyz_mm=(x, y, z_spacing))
    ny, nx = grid.shape_zyx[1:]
    xs = np.unique(np.linspace(0, nx - 1, min(nx, COLUMNS)).round())
    ys = np.unique(np.linspace(0, ny - 1, min(ny, COLUMNS)).round())
    seen_by = np.zeros((len(ys), len(xs), grid.slices), dtype=np.uint8)
    swept, met = np.zeros_like(seen_by), np.zeros_like(seen_by)
    for sweep in sweeps:
        seen = np.zeros_like(seen_by)
        indices = used_frames(sweep, options)
        if len(indices):
            spans = frame_spans(options, (sweep.frames.shape[1], sweep.frames.shape[2]))
            _mark(*_planes(sweep.image_to_world[indices], grid), spans, xs, ys, seen, swept, met)
        seen_by += np.minimum(seen, 255 - seen_by)
    return _summary(seen_by, swept, met, grid.spacing_xyz_mm[2], len(sweeps))


def _planes(
    poses: Float[np.ndarray, "frame 4 4"], grid: Grid
) -> tuple[Float[np.ndarray, "frame 3 4"], Float[np.ndarray, "frame 3 4"], Float[np.ndarray, "frame 3"]]:
    """For each frame: pixels to voxels; voxels to (u, v, distance from the plane in voxels); the normal in voxels."""
    to_voxel = grid.mm_to_index @ poses
    normals = np.cross(to_voxel[:, :3, 0], to_voxel[:, :3, 1])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300)
    upright = to_voxel.copy()
    upright[:, :3, 2] = normals
    return np.ascontiguousarray(to_voxel[:, :3]), np.ascontiguousarray(np.linalg.inv(upright)[:, :3]), normals


def _summary(
    seen_by: UInt8[np.ndarray, "y x z"],
    swept: UInt8[np.ndarray, "y x z"],
    met: UInt8[np.ndarray, "y x z"],
    z_spacing_mm: float,
    sweeps: int,
) -> Coverage:
    seen = seen_by > 0
    total = int(seen.sum())
    if total == 0:
        return Coverage(1.0, math.inf, None if sweeps < 2 else 0.0)
    gaps = (swept > 0) & ~seen
    # Between pixels that are larger than voxels a frame sees nothing, and yet it lies there: no gap along the sweep.
    longest = _longest_run((gaps & (met == 0)).reshape(-1, gaps.shape[2]))
    overlap = None if sweeps < 2 else float((seen_by > 1).sum() / total)
    return Coverage(float(gaps.sum() / (gaps.sum() + total)), longest * z_spacing_mm, overlap)


@no_type_check
@compiled()
def _longest_run(rows):
    longest = 0
    for r in range(rows.shape[0]):
        run = 0
        for z in range(rows.shape[1]):
            run = run + 1 if rows[r, z] else 0
            longest = max(longest, run)
    return longest


@no_type_check
@compiled(parallel=True)
def _mark(to_voxel, to_frame, normals, spans, xs, ys, seen, swept, met):
    """Set to 1 the voxels of the columns at (xs, ys) that a frame sees, that were swept over, or that a frame's plane cuts."""
    slices = seen.shape[2]
    for j in prange(len(ys)):
        for i in range(len(xs)):
            before = np.nan  # where the last frame's plane met the column, if within its pixels
            for f in range(len(to_frame)):
                m = to_frame[f]
                n = normals[f]
                spread = abs(n[0]) + abs(n[1]) + abs(n[2])
                offset, slope, half = m[2, 0] * xs[i] + m[2, 1] * ys[j] + m[2, 3], m[2, 2], 0.5 * spread
                if abs(slope) < 1e-9:
                    before = np.nan
                    if abs(offset) > half:
                        continue
                    z0, z1 = 0, slices - 1
                else:
                    now = -offset / slope
                    if not _within(m, spans, xs[i], ys[j], now):
                        now = np.nan
                    if not np.isnan(now) and not np.isnan(before):
                        for z in range(
                            max(np.int64(np.ceil(min(before, now))), 0), min(np.int64(max(before, now)) + 1, slices)
                        ):
                            swept[j, i, z] = 1
                    before = now
                    a, b = (-half - offset) / slope, (half - offset) / slope
                    z0 = max(np.int64(np.ceil(max(min(a, b), -1.0))), 0)
                    z1 = min(np.int64(np.floor(min(max(a, b), slices + 1.0))), slices - 1)
                for z in range(z0, z1 + 1):
                    if not np.isnan(before):
                        met[j, i, z] = 1
                    if seen[j, i, z] == 0:
                        # The plane's point with the smallest largest offset from the voxel's center.
                        move = -(offset + slope * z) / spread
                        place = (xs[i] + move * np.sign(n[0]), ys[j] + move * np.sign(n[1]), z + move * np.sign(n[2]))
                        if _hit(to_voxel[f], m, spans, place, (xs[i], ys[j], np.float64(z))):
                            seen[j, i, z] = 1


@no_type_check
@compiled()
def _hit(to_voxel, m, spans, place, voxel):
    """Whether a pixel beside a place in the frame's plane goes to a voxel."""
    x, y, z = place
    u0 = np.int64(np.floor(m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3] + 0.5))
    v0 = np.int64(np.floor(m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3] + 0.5))
    for v in range(max(v0 - 1, 0), min(v0 + 2, len(spans))):
        for u in range(u0 - 1, u0 + 2):
            if not (spans[v, 0] <= u <= spans[v, 1] or spans[v, 2] <= u <= spans[v, 3]):
                continue
            hit = True
            for a in range(3):
                position = to_voxel[a, 0] * u + to_voxel[a, 1] * v + to_voxel[a, 3]
                hit = hit and np.floor(position + 0.5) == voxel[a]
            if hit:
                return True
    return False


@no_type_check
@compiled()
def _within(m, spans, x, y, z):
    """Whether a voxel's place in the frame's plane is a pixel that is compounded."""
    u = np.int64(np.floor(m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3] + 0.5))
    v = np.int64(np.floor(m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3] + 0.5))
    if v < 0 or v >= len(spans):
        return False
    return spans[v, 0] <= u <= spans[v, 1] or spans[v, 2] <= u <= spans[v, 3]

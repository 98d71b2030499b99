"""The loops of hole filling, compiled. Each hole is one thread's and reads only compounded voxels."""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from numba import prange

from ifssnet.geometry.compiled import compiled

BLOCK = 8
"""Edge, in voxels, of the blocks by which empty regions are passed over."""

DIRECTIONS = np.array(
    [
        (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, -1, 0),
        (1, 0, -1), (0, 1, -1), (1, 1, 1), (-1, 1, 1), (1, -1, 1), (-1, -1, 1),
    ],
    dtype=np.int64,
)  # fmt: skip
"""The 13 directions (x, y, z) from a voxel to half of its 26 neighbours: a stick goes both ways."""


@no_type_check
@compiled(parallel=True)
def known_blocks(weights):
    """Which blocks hold a voxel of weight above 0."""
    nz, ny, nx = weights.shape
    blocks = np.zeros(((nz + BLOCK - 1) // BLOCK, (ny + BLOCK - 1) // BLOCK, (nx + BLOCK - 1) // BLOCK), dtype=np.bool_)
    for zb in prange(blocks.shape[0]):
        for z in range(zb * BLOCK, min((zb + 1) * BLOCK, nz)):
            for y in range(ny):
                for x in range(nx):
                    if weights[z, y, x] > 0:
                        blocks[zb, y // BLOCK, x // BLOCK] = True
    return blocks


@no_type_check
@compiled(parallel=True)
def fill_kernel(values, weights, reachable, z0, z1, kernel, ratio, by_weight, whole, rounding, filled, open_holes):
    """Weighted mean of the known voxels under a kernel, where they are more than a share of it."""
    nz, ny, nx = values.shape
    rz, ry, rx = kernel.shape[0] // 2, kernel.shape[1] // 2, kernel.shape[2] // 2
    needed = ratio * kernel.size
    for z in prange(z0, z1):
        for y in range(ny):
            for x in range(nx):
                if not open_holes[z, y, x] or not reachable[z // BLOCK, y // BLOCK, x // BLOCK]:
                    continue
                total, mass, known = 0.0, 0.0, 0
                for k in range(max(z - rz, 0), min(z + rz + 1, nz)):
                    for j in range(max(y - ry, 0), min(y + ry + 1, ny)):
                        for i in range(max(x - rx, 0), min(x + rx + 1, nx)):
                            if weights[k, j, i] > 0:
                                weight = kernel[k - z + rz, j - y + ry, i - x + rx]
                                if by_weight:
                                    weight *= weights[k, j, i]
                                total += values[k, j, i] * weight
                                mass += weight
                                known += 1
                if mass > 0 and known > needed:
                    mean = total / mass
                    filled[z, y, x] = np.int64(mean + rounding) if whole else mean
                    open_holes[z, y, x] = False


@no_type_check
@compiled(parallel=True)
def fill_nearest(values, weights, reachable, z0, z1, size, ratio, whole, filled, open_holes):
    """Plain mean over the smallest cube that holds a known voxel."""
    nz, ny, nx = values.shape
    needed = ratio * size * size * size
    for z in prange(z0, z1):
        for y in range(ny):
            for x in range(nx):
                if not open_holes[z, y, x] or not reachable[z // BLOCK, y // BLOCK, x // BLOCK]:
                    continue
                total, known = 0.0, 0
                for r in range(1, (size - 1) // 2 + 1):
                    for k in range(max(z - r, 0), min(z + r + 1, nz)):
                        for j in range(max(y - r, 0), min(y + r + 1, ny)):
                            for i in range(max(x - r, 0), min(x + r + 1, nx)):
                                if weights[k, j, i] > 0:
                                    total += values[k, j, i]
                                    known += 1
                    if known > 0:
                        break
                if known > 0 and known > needed:
                    filled[z, y, x] = np.int64(total / known) if whole else total / known
                    open_holes[z, y, x] = False


@no_type_check
@compiled(parallel=True)
def fill_sticks(values, weights, reachable, z0, z1, limit, sticks, whole, filled, open_holes):
    """Linear interpolation along the shortest sticks that end in known voxels on both sides."""
    ny, nx = values.shape[1:]
    for z in prange(z0, z1):
        scores = np.zeros(len(DIRECTIONS))
        between = np.zeros(len(DIRECTIONS))
        for y in range(ny):
            for x in range(nx):
                if not open_holes[z, y, x] or not reachable[z // BLOCK, y // BLOCK, x // BLOCK]:
                    continue
                for d in range(len(DIRECTIONS)):
                    dx, dy, dz = DIRECTIONS[d]
                    scores[d] = 0.0
                    ahead = _steps_to_known(weights, z, y, x, dz, dy, dx, limit - 1)
                    if ahead == 0:
                        continue
                    behind = _steps_to_known(weights, z, y, x, -dz, -dy, -dx, limit - 1 - ahead)
                    if behind == 0:
                        continue
                    # PLUS counts the hole itself into the length and weighs the ends by it: (behind + 1) to ahead.
                    length = ahead + behind + 1.0
                    share = (behind + 1) / length
                    value = (1.0 - share) * values[z - behind * dz, y - behind * dy, x - behind * dx]
                    value += share * values[z + ahead * dz, y + ahead * dy, x + ahead * dx]
                    between[d] = np.int64(value) if whole else value
                    scores[d] = 1.0 / (length * np.sqrt(np.float64(dx * dx + dy * dy + dz * dz)))
                mean, found = _mean_of_best(scores, between, sticks)
                if found:
                    filled[z, y, x] = np.int64(mean) if whole else mean
                    open_holes[z, y, x] = False


@no_type_check
@compiled()
def _steps_to_known(weights, z, y, x, dz, dy, dx, limit):
    """Steps along a direction to the first known voxel; 0 when none comes within the limit or the grid."""
    nz, ny, nx = weights.shape
    for step in range(1, limit + 1):
        k, j, i = z + step * dz, y + step * dy, x + step * dx
        if k < 0 or k >= nz or j < 0 or j >= ny or i < 0 or i >= nx:
            return 0
        if weights[k, j, i] > 0:
            return step
    return 0


@no_type_check
@compiled()
def _mean_of_best(scores, between, sticks):
    """Mean of the best-scored values, weighted by score; equal scores are used together. Uses the scores up."""
    total, mass, used = 0.0, 0.0, 0
    while used < sticks:
        best = scores.max()
        if best == 0:
            break
        for d in range(len(scores)):
            if scores[d] == best:
                total += between[d] * best
                mass += best
                used += 1
                scores[d] = 0.0
    return (total / mass if mass > 0 else 0.0), mass > 0

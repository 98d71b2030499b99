"""Insertion of each pixel into the voxel nearest to it."""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from numba import prange

from ifssnet.compounding.insertion.voxel_arithmetic import (
    FULL_WEIGHT,
    LATEST,
    MAXIMUM,
    MEAN,
    RECURSIVE_ABOVE,
    columns_reaching,
    to_nearest,
)
from ifssnet.geometry.compiled import compiled


@no_type_check
@compiled(parallel=True)
def insert_nearest(
    frames, to_voxel, spans, column_weights, threshold, mode, whole, axis, edges, values, sums, weights, steps, seen
):
    """Insert frames into the volume, in their order.

    The output is divided into slabs along one axis, and each slab is one thread's: a voxel sees its pixels in the same
    order whatever the number of threads.

    Args:
        frames: Grey levels, [frame, v, u].
        to_voxel: [frame, 3, 4], (u, v, 0, 1) to voxel coordinates (x, y, z).
        spans: [v, 4], the columns to use (`spans.Spans`).
        column_weights: [u], weight of a pixel by its column, float32; used by the mean.
        threshold: Pixels below are left out.
        mode: What becomes of a voxel that several pixels reach (`voxel_arithmetic`).
        whole: Whether grey levels are whole numbers, which the running mean then keeps.
        axis: 0, 1 or 2 for x, y or z: along which the slabs lie.
        edges: Where the slabs begin and end along that axis, in voxels.
        values: [z, y, x], grey levels: of the latest, the maximum or the running mean.
        sums: [z, y, x], float32: sums of weighted grey levels, for the mean.
        weights: [z, y, x], float32: sums of weights, for the mean.
        steps: [z, y, x], uint16: PLUS' weights, for the running mean.
        seen: [z, y, x], uint8: 1 where a pixel went, for the latest and the maximum.
    """
    nz, ny, nx = sums.shape if mode == MEAN else values.shape
    for slab in prange(len(edges) - 1):
        x0, y0, z0, x1, y1, z1 = 0, 0, 0, nx, ny, nz
        low, high = edges[slab], edges[slab + 1]
        if axis == 0:
            x0, x1 = low, high
        elif axis == 1:
            y0, y1 = low, high
        else:
            z0, z1 = low, high
        for f in range(frames.shape[0]):
            m = to_voxel[f]
            for v in range(frames.shape[1]):
                bx, by, bz = m[0, 3] + v * m[0, 1], m[1, 3] + v * m[1, 1], m[2, 3] + v * m[2, 1]
                base = bx if axis == 0 else (by if axis == 1 else bz)
                for part in range(2):
                    if spans[v, 2 * part] > spans[v, 2 * part + 1]:
                        continue
                    first, last = columns_reaching(
                        base, m[axis, 0], low - 0.5, high - 0.5, spans[v, 2 * part], spans[v, 2 * part + 1]
                    )
                    for u in range(first, last + 1):
                        x = to_nearest(bx + u * m[0, 0])
                        y = to_nearest(by + u * m[1, 0])
                        z = to_nearest(bz + u * m[2, 0])
                        if x < x0 or x >= x1 or y < y0 or y >= y1 or z < z0 or z >= z1:
                            continue
                        pixel = frames[f, v, u]
                        if pixel < threshold:
                            continue
                        if mode == MEAN:
                            sums[z, y, x] += column_weights[u] * np.float32(pixel)
                            weights[z, y, x] += column_weights[u]
                        elif mode == LATEST:
                            values[z, y, x] = pixel
                            seen[z, y, x] = 1
                        elif mode == MAXIMUM:
                            if pixel > values[z, y, x] or seen[z, y, x] == 0:
                                values[z, y, x] = pixel
                            seen[z, y, x] = 1
                        else:
                            _run(pixel, whole, values, steps, z, y, x)


@no_type_check
@compiled(inline=True)
def _run(pixel, whole, values, steps, z, y, x):
    """One step of PLUS' nearest-neighbour mean: whole grey levels are rounded down at every step."""
    old = np.int64(steps[z, y, x])
    if old <= RECURSIVE_ABOVE:
        new = old + FULL_WEIGHT
        total = pixel * FULL_WEIGHT + values[z, y, x] * old
        values[z, y, x] = total // new if whole else total / new
        steps[z, y, x] = new
    else:
        values[z, y, x] = pixel / 256.0 + values[z, y, x] * (255.0 / 256.0)

"""Insertion of each pixel into the eight voxels around it, shared by trilinear weights."""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from numba import prange

from ifssnet.compounding.insertion.voxel_arithmetic import (
    FIXED_ONE,
    FULL_WEIGHT,
    LARGEST_WEIGHT,
    LATEST,
    MAXIMUM,
    MEAN,
    columns_reaching,
    to_floor,
    to_nearest,
)
from ifssnet.geometry.compiled import compiled

LEAST_SHARE = 0.125
"""The latest and the maximum go only to corners with at least this weight: all eight when a pixel is in their middle."""


@no_type_check
@compiled(parallel=True)
def insert_linear(
    frames, to_voxel, spans, column_weights, threshold, mode, whole, fixed, axis, edges, values, sums, weights, steps, seen
):
    """Insert frames into the volume, in their order, divided into slabs as in `insert_nearest`.

    A pixel with any of its eight voxels outside the grid is dropped whole, as in PLUS. `fixed`: weights have 14 binary
    digits. Every other argument is that of `insert_nearest`. With the maximum, a black pixel leaves its voxel unseen,
    so that hole filling may fill it: PLUS' rule too.
    """
    nz, ny, nx = sums.shape if mode == MEAN else values.shape
    for slab in prange(len(edges) - 1):
        low, high = edges[slab], edges[slab + 1]
        for f in range(frames.shape[0]):
            m = to_voxel[f]
            for v in range(frames.shape[1]):
                bx, by, bz = m[0, 3] + v * m[0, 1], m[1, 3] + v * m[1, 1], m[2, 3] + v * m[2, 1]
                base = bx if axis == 0 else (by if axis == 1 else bz)
                for part in range(2):
                    if spans[v, 2 * part] > spans[v, 2 * part + 1]:
                        continue
                    first, last = columns_reaching(
                        base, m[axis, 0], low - 1.0, high + 0.0, spans[v, 2 * part], spans[v, 2 * part + 1]
                    )
                    for u in range(first, last + 1):
                        pixel = frames[f, v, u]
                        if pixel < threshold:
                            continue
                        px, py, pz = bx + u * m[0, 0], by + u * m[1, 0], bz + u * m[2, 0]
                        x, y, z = to_floor(px), to_floor(py), to_floor(pz)
                        fx, fy, fz = px - x, py - y, pz - z
                        if x < 0 or y < 0 or z < 0:
                            continue
                        if x + (fx != 0) >= nx or y + (fy != 0) >= ny or z + (fz != 0) >= nz:
                            continue
                        if mode == MEAN and not fixed:
                            near = x if axis == 0 else (y if axis == 1 else z)
                            if near >= low and near + 1 < high and x + 1 < nx and y + 1 < ny and z + 1 < nz:
                                _add(sums, weights, np.float32(pixel), column_weights[u], (z, y, x), (fz, fy, fx))
                                continue
                        for corner in range(8):
                            dx, dy, dz = corner >> 2, (corner >> 1) & 1, corner & 1
                            place = x + dx if axis == 0 else (y + dy if axis == 1 else z + dz)
                            if place < low or place >= high:
                                continue
                            wx = fx if dx else 1.0 - fx
                            share = (fy if dy else 1.0 - fy) * (fz if dz else 1.0 - fz)
                            if fixed:
                                share = wx * _in_fixed_point(share)
                                share = _in_fixed_point(share)
                            else:
                                share = wx * share
                            if share == 0:
                                continue
                            i, j, k = z + dz, y + dy, x + dx
                            if mode == MEAN:
                                weight = np.float32(share) * column_weights[u]
                                sums[i, j, k] += weight * np.float32(pixel)
                                weights[i, j, k] += weight
                            elif mode == LATEST:
                                if share >= LEAST_SHARE:
                                    values[i, j, k] = pixel
                                    seen[i, j, k] = 1
                            elif mode == MAXIMUM:
                                unseen = seen[i, j, k] == 0
                                if share >= LEAST_SHARE and (pixel > values[i, j, k] or (unseen and pixel < 0)):
                                    values[i, j, k] = pixel
                                    seen[i, j, k] = 1
                            elif fixed and whole:
                                _run_fixed(pixel, share, values, steps, i, j, k)
                            else:
                                _run(pixel, share, whole, values, steps, i, j, k)


@no_type_check
@compiled(inline=True)
def _add(sums, weights, pixel, column_weight, lowest, fractions):
    """Add to all eight corners, where none needs a test of its own: the same sums as the loop's, to the last bit."""
    z, y, x = lowest
    fz, fy, fx = fractions
    gz, gy, gx = 1.0 - fz, 1.0 - fy, 1.0 - fx
    _add_pair(sums, weights, pixel, column_weight, gy * gz, gx, fx, z, y, x)
    _add_pair(sums, weights, pixel, column_weight, fy * gz, gx, fx, z, y + 1, x)
    _add_pair(sums, weights, pixel, column_weight, gy * fz, gx, fx, z + 1, y, x)
    _add_pair(sums, weights, pixel, column_weight, fy * fz, gx, fx, z + 1, y + 1, x)


@no_type_check
@compiled(inline=True)
def _add_pair(sums, weights, pixel, column_weight, across, gx, fx, z, y, x):
    low, high = np.float32(gx * across) * column_weight, np.float32(fx * across) * column_weight
    sums[z, y, x] += low * pixel
    sums[z, y, x + 1] += high * pixel
    weights[z, y, x] += low
    weights[z, y, x + 1] += high


@no_type_check
@compiled(inline=True)
def _in_fixed_point(x):
    """Rounded to 14 binary digits."""
    return np.floor(x * FIXED_ONE + 0.5) / FIXED_ONE


@no_type_check
@compiled(inline=True)
def _run(pixel, share, whole, values, steps, i, j, k):
    """One step of PLUS' linear mean: the grey level rounded, the weight kept in 256ths."""
    old = steps[i, j, k] / 256.0
    total = share + old
    mean = (share * pixel + old * values[i, j, k]) / total
    values[i, j, k] = to_nearest(mean) if whole else mean
    total *= 256.0
    steps[i, j, k] = to_nearest(total) if total < LARGEST_WEIGHT else LARGEST_WEIGHT


@no_type_check
@compiled(inline=True)
def _run_fixed(pixel, share, values, steps, i, j, k):
    """The same in fixed point: every intermediate rounded to 14 binary digits."""
    part = np.int64(share * FIXED_ONE)
    old = np.int64(steps[i, j, k]) * (FIXED_ONE // FULL_WEIGHT)
    total = part + old
    mean = np.rint((part * pixel + old * values[i, j, k]) / total * FIXED_ONE)
    values[i, j, k] = to_nearest(mean / FIXED_ONE)
    weight = total * FULL_WEIGHT
    steps[i, j, k] = (weight + FIXED_ONE // 2) // FIXED_ONE if weight < LARGEST_WEIGHT * FIXED_ONE else LARGEST_WEIGHT

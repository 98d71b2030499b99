"""The inner loops of regions: means of blocks, and the values between the centres of blocks."""

from __future__ import annotations

from typing import no_type_check

import numpy as np

from ifssnet.geometry.compiled import compiled

FACTOR_MOST = 7
"""Blocks up to this side are summed in the order in which numpy sums them, so that the means are the same to the last bit."""


@no_type_check
@compiled(nogil=True)
def add_blocks(plane, top, left, factor, held, means):
    """Means over blocks of a plane that begin at a voxel. Beyond the plane lie zeros or, `held`, the values of its edge.

    Sums are the first plus the sum of the rest, along rows and then across them: numpy's order.
    """
    height, width = plane.shape
    rows, columns = means.shape
    share = np.float32(factor * factor)
    line, rest = np.empty(columns, np.float32), np.empty(columns, np.float32)
    for v in range(rows):
        rest[:] = np.float32(0)
        for i in range(factor):
            y = top + v * factor + i
            outside = y < 0 or y >= height
            if outside and held:
                y, outside = min(max(y, 0), height - 1), False
            for u in range(columns):
                x = left + u * factor
                if outside:
                    line[u] = np.float32(0)
                elif x >= 0 and x + factor <= width:
                    line[u] = _row_sum(plane[y], x, factor)
                else:
                    line[u] = _edge_sum(plane[y], x, factor, held)
            if i == 0:
                for u in range(columns):
                    means[v, u] = line[u]
            else:
                for u in range(columns):
                    rest[u] += line[u]
        for u in range(columns):
            means[v, u] = (means[v, u] + rest[u]) / share


@no_type_check
@compiled(inline=True)
def _row_sum(row, x, factor):
    rest = np.float32(0)
    for j in range(1, factor):
        rest += np.float32(row[x + j])
    return np.float32(row[x]) + rest


@no_type_check
@compiled()
def _edge_sum(row, x, factor, held):
    width = row.shape[0]
    first, rest = np.float32(0), np.float32(0)
    for j in range(factor):
        at = x + j
        value = np.float32(0)
        if 0 <= at < width or held:
            value = np.float32(row[min(max(at, 0), width - 1)])
        if j:
            rest += value
        else:
            first = value
    return first + rest


@no_type_check
@compiled(nogil=True)
def spread(values, down, down_share, right, right_share, found):
    """Values at blocks' centres to voxels: each between the centres `down` and the next, then between `right` and the next."""
    line = np.empty(values.shape[1], np.float32)
    one = np.float32(1)
    for y in range(found.shape[0]):
        above, below, share = values[down[y]], values[down[y] + 1], down_share[y]
        for u in range(line.size):
            line[u] = above[u] * (one - share) + below[u] * share
        for x in range(found.shape[1]):
            found[y, x] = line[right[x]] * (one - right_share[x]) + line[right[x] + 1] * right_share[x]

"""Distance maps of several slices, each moved along the muscle, blended into one."""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from jaxtyping import Float

from ifssnet.geometry.compiled import compiled


def blend(
    maps: list[Float[np.ndarray, "y x"]], weights: Float[np.ndarray, " map"], moves_yx: Float[np.ndarray, "map 2"]
) -> Float[np.ndarray, "y x"]:
    """The weighted sum of maps, each moved by a number of pixels.

    Args:
        maps: Maps of one size, float32.
        weights: One a map.
        moves_yx: How far each map's content moves, in pixels, not whole; bilinear between pixels, and the edge's
            values beyond the edge.
    """
    total = np.zeros(maps[0].shape, dtype=np.float32)
    for distances, weight, (dy, dx) in zip(maps, weights, moves_yx, strict=True):
        if weight:
            _add_moved(total, distances, np.float32(weight), float(dy), float(dx))
    return total


@no_type_check
@compiled(nogil=True)
def _add_moved(total, distances, weight, dy, dx):
    height, width = total.shape
    floor_y, floor_x = int(np.floor(-dy)), int(np.floor(-dx))
    # One move for the whole map, so the four bilinear weights are the same for every pixel.
    fy, fx = np.float32(-dy - floor_y), np.float32(-dx - floor_x)
    one = np.float32(1)
    w00, w01, w10, w11 = weight * (one - fy) * (one - fx), weight * (one - fy) * fx, weight * fy * (one - fx), weight * fy * fx
    # Where no neighbour lies beyond the edge, the loop is one that a processor runs on several pixels at a time.
    first = min(max(-floor_x, 0), width)
    last = max(min(width - 1 - floor_x, width), first)
    for y in range(height):
        above = distances[min(max(y + floor_y, 0), height - 1)]
        below = distances[min(max(y + floor_y + 1, 0), height - 1)]
        row = total[y, first:last]
        a0, a1 = above[first + floor_x : last + floor_x], above[first + floor_x + 1 : last + floor_x + 1]
        b0, b1 = below[first + floor_x : last + floor_x], below[first + floor_x + 1 : last + floor_x + 1]
        for x in range(last - first):
            row[x] += w00 * a0[x] + w01 * a1[x] + w10 * b0[x] + w11 * b1[x]
        for start, stop in ((0, first), (last, width)):
            for x in range(start, stop):
                x0, x1 = min(max(x + floor_x, 0), width - 1), min(max(x + floor_x + 1, 0), width - 1)
                total[y, x] += w00 * above[x0] + w01 * above[x1] + w10 * below[x0] + w11 * below[x1]

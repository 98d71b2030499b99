"""The seed from which the cheapest path leads to each voxel."""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from jaxtyping import Float, Float32, UInt8

from ifssnet.geometry.compiled import compiled


def nearest_seeds(
    image: Float32[np.ndarray, "z y x"],
    markers: UInt8[np.ndarray, "z y x"],
    spacing_zyx_mm: Float[np.ndarray, " axis"],
    per_mm: float,
    *,
    as_slicer: bool = False,
) -> UInt8[np.ndarray, "z y x"]:
    """Spread markers along the cheapest paths through 26 neighbours (Zhu et al. 2014, by Dijkstra's algorithm).

    A step costs the difference of the grey levels, and a price for each millimetre.

    Args:
        image: Grey levels.
        markers: 0 where a marker is to be found; at least one voxel is not 0.
        spacing_zyx_mm: The distances of the voxels.
        per_mm: Cost of a millimetre, in grey levels; above 0, for without it every way through an even region is
            the same and the first to come takes all.
        as_slicer: Go on from voxels of one cost in the order in which they were reached, and from none at the image's border,
            as 3D Slicer's filter does. Then `per_mm` may be 0.
    """
    grown = markers.copy()
    turns = np.zeros(image.size if as_slicer else 0, dtype=np.int64)
    _spread(image, grown, spacing_zyx_mm.astype(np.float64), np.float32(per_mm), turns)
    return grown


@no_type_check
@compiled()
def _spread(image, grown, spacing, per_mm, turns):
    depth, height, width = image.shape
    size = image.size
    grey, label = image.ravel(), grown.reshape(-1)
    cost = np.full(size, np.inf, dtype=np.float32)
    # A binary heap of voxels by cost. place: where a voxel stands in it; -1 not yet, -2 settled.
    heap = np.empty(size, dtype=np.int64)
    place = np.full(size, -1, dtype=np.int64)
    count = 0
    for voxel in range(size):
        if label[voxel]:
            cost[voxel] = 0
            heap[count] = voxel
            place[voxel] = count
            count += 1
            if turns.size:
                turns[voxel] = count
    turn = count
    while count:
        voxel = heap[0]
        place[voxel] = -2
        count -= 1
        if count:
            _sink(heap, place, cost, turns, heap[count], count)
        z, rest = divmod(voxel, height * width)
        y, x = divmod(rest, width)
        if turns.size and (z in (0, depth - 1) or y in (0, height - 1) or x in (0, width - 1)):
            continue
        for dz in range(-1, 2):
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    nz, ny, nx = z + dz, y + dy, x + dx
                    if nz < 0 or ny < 0 or nx < 0 or nz >= depth or ny >= height or nx >= width:
                        continue
                    near = (nz * height + ny) * width + nx
                    if place[near] == -2:
                        continue
                    length = np.sqrt((dz * spacing[0]) ** 2 + (dy * spacing[1]) ** 2 + (dx * spacing[2]) ** 2)
                    through = np.float32(cost[voxel] + abs(grey[near] - grey[voxel]) + per_mm * length)
                    if through < cost[near]:
                        cost[near] = through
                        label[near] = label[voxel]
                        if place[near] == -1:
                            place[near] = count
                            count += 1
                        if turns.size:
                            turn += 1
                            turns[near] = turn
                        _rise(heap, place, cost, turns, near)


@no_type_check
@compiled()
def _before(cost, turns, one, other):
    """Whether a voxel's turn comes before another's: the cheaper one first, then the one that was reached first."""
    if cost[one] != cost[other] or not turns.size:
        return cost[one] < cost[other]
    return turns[one] < turns[other]


@no_type_check
@compiled()
def _sink(heap, place, cost, turns, voxel, count):
    """Put a voxel in at the top and let it sink to where it belongs."""
    here = 0
    while True:
        below = 2 * here + 1
        if below >= count:
            break
        if below + 1 < count and _before(cost, turns, heap[below + 1], heap[below]):
            below += 1
        if not _before(cost, turns, heap[below], voxel):
            break
        heap[here] = heap[below]
        place[heap[here]] = here
        here = below
    heap[here] = voxel
    place[voxel] = here


@no_type_check
@compiled()
def _rise(heap, place, cost, turns, voxel):
    """Let a voxel that has become cheaper rise to where it belongs."""
    here = place[voxel]
    while here > 0:
        above = (here - 1) // 2
        if not _before(cost, turns, voxel, heap[above]):
            break
        heap[here] = heap[above]
        place[heap[here]] = here
        here = above
    heap[here] = voxel
    place[voxel] = here

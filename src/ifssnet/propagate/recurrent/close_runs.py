"""Two runs between two annotated groups, each corrected by what it missed the other's group by.

A run that is let go on to the next group predicts slices whose masks are known. The difference there is what it has gathered
on its way, and is taken back along it, as surveyors close a traverse. How far back depends on how soon a network forgets its
errors: one that only holds its mask never does, all of its way is to blame, and it becomes linear interpolation of signed
distances; one that sees the border's place in the image errs anew every few millimetres, and only the last of them are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float32

from ifssnet.core.seeds import Mask
from ifssnet.geometry.masks.soft_distance import soft_depth
from ifssnet.geometry.untyped import expit
from ifssnet.propagate.network_input.region import Region, crop, paste
from ifssnet.propagate.recurrent.run import FoundSlice

Depth = Float32[np.ndarray, "_ _"]

GAIN = 0.8
"""Logit of a mask a pixel from its border."""
FAR_PX = 16.0
"""No pixel counts as further from the border."""


def share_of_miss(way: int, whole: int, length: float) -> float:
    """What is expected of an error so far on a way, of what it is at its end: 0 at the beginning, 1 at the end.

    The mean of a process that begins at no error, forgets what it has over a length, and ends as it was seen to: sinh(way /
    length) / sinh(whole / length), a straight line where the length is long.

    >>> round(share_of_miss(5, 10, 1e6), 3), round(share_of_miss(5, 10, 2.0), 3)
    (0.5, 0.082)
    """
    return math.exp((way - whole) / length) * math.expm1(-2 * way / length) / math.expm1(-2 * whole / length)


def close_run(
    run: Mapping[int, FoundSlice], start: int, end: int, given: Mask, length: float
) -> dict[int, tuple[Region, Depth]] | None:
    """Distances of a run's masks to their borders, in network pixels, so shifted that it ends on the given mask.

    Args:
        run: By slice, up to the next group's first slice.
        start: The last slice of the group that it came from.
        end: The first slice of the next group, which may lie below or above.
        given: Its mask.
        length: Slices over which the network forgets an error.

    Returns:
        By slice, without the last one; None where the run ended before it or finds no muscle there.
    """
    last = run.get(end)
    if last is None or not (last.probability >= 0.5).any():
        return None
    there = crop(given[None], last.region)[0]
    if not (there >= 0.5).any():
        return None
    missed = soft_depth(there) - soft_depth(last.probability)
    moved = {last.region: missed}
    closed: dict[int, tuple[Region, Depth]] = {}
    for z, found in run.items():
        if z == end:
            continue
        if found.region not in moved:
            moved[found.region] = crop(paste(missed, last.region, given.shape, 0.0)[None], found.region)[0]
        share = np.float32(share_of_miss(abs(z - start), abs(end - start), length))
        depth = soft_depth(found.probability) + share * moved[found.region]
        closed[z] = (found.region, np.clip(depth, -FAR_PX, FAR_PX).astype(np.float32))
    return closed


def blend_closed(
    first: tuple[Region, Depth], second: tuple[Region, Depth], below: int, above: int, shape_yx: tuple[int, int]
) -> Float32[np.ndarray, "y x"]:
    """The probability of a slice from two closed runs; their borders are averaged, not their votes on a pixel.

    Args:
        first: What the run that came up has: its region, and the depth there.
        second: The same for the run that came down.
        below: Slices down to the group that the first came from: it weighs as much as the distance to the other's group.
        above: Up to the group of the second.
        shape_yx: The slice's rows and columns.
    """
    share = np.float32(above / (below + above))
    up, down = (paste(depth, region, shape_yx, -FAR_PX) for region, depth in (first, second))
    return expit(np.float32(GAIN) * (share * up + (1 - share) * down))

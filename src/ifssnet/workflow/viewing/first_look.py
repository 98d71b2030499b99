"""Where a volume is opened: a slice on which there is something to see, and a point in the middle of that."""

from __future__ import annotations

import numpy as np

from ifssnet.workflow.viewing.grey_slices import GreySlices

SIDE = 64
"""At least this many pixels of a slice are looked at along each of its sides, where it has them."""
BLACK = 10
"""Grey levels up to this one, of 255, count as nothing."""
ENOUGH = 0.8
"""A slice with this part of the most that any slice shows is as good as that one."""


def first_look(slices: GreySlices) -> tuple[int, int, int]:
    """The (z, y, x) index to open a volume at.

    It is the slice nearest to the middle that shows enough, and the middle of what that slice shows. A scan often fills
    only a part of the box that it lies in, and the box's middle may be black.
    """
    depth, height, width = slices.volume.array.shape
    rows, columns = (slice(None, None, max(1, n // SIDE)) for n in (height, width))
    seen = [_seen(slices, z, rows, columns) for z in range(depth)]
    counts = np.array([np.count_nonzero(each) for each in seen])
    good = np.flatnonzero(counts >= max(1.0, ENOUGH * counts.max()))
    if not good.size:
        return depth // 2, height // 2, width // 2
    z = int(min(good, key=lambda at: abs(at - depth // 2)))
    y, x = (int(np.mean(places)) for places in np.nonzero(seen[z]))
    return z, y * rows.step, x * columns.step


def _seen(slices: GreySlices, z: int, rows: slice, columns: slice) -> np.ndarray:
    return slices.shown(slices.volume.array[z, rows, columns]) > BLACK

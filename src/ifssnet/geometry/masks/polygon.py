"""Polygons to pixels, by the even-odd rule at pixel centres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

_FARTHEST_PX = 1e9
"""Corners farther out are drawn in to here, so that no product overflows."""


def fill_even_odd(polygons: Sequence[Float[np.ndarray, "_ 2"]], shape_yx: tuple[int, int]) -> Bool[np.ndarray, "y x"]:
    """The pixels whose centres lie inside an odd number of polygons: a polygon inside another is a hole.

    A pixel's centre is at whole numbers. A centre exactly on an outline counts as inside on the left and upper side
    and as outside on the right and lower side, so that polygons that share a side share no pixel and leave none out.

    Args:
        polygons: Corners (u, v) in pixels, u along a row and v down the rows; the last joins the first. They may
            cross themselves, leave the image, and be fewer than three, which encloses nothing.
        shape_yx: Rows and columns of the mask.
    """
    rows, columns = shape_yx
    if not polygons:
        return np.zeros(shape_yx, dtype=bool)
    starts = np.clip(np.concatenate(polygons), -_FARTHEST_PX, _FARTHEST_PX)
    ends = np.clip(np.concatenate([np.roll(polygon, -1, axis=0) for polygon in polygons]), -_FARTHEST_PX, _FARTHEST_PX)

    # An edge crosses the rows from the one at or below its upper end to the last one above its lower end.
    downward = starts[:, 1] <= ends[:, 1]
    upper = np.where(downward[:, None], starts, ends)
    lower = np.where(downward[:, None], ends, starts)
    first = np.clip(np.ceil(upper[:, 1]), 0, rows).astype(np.int64)
    count = np.maximum(np.clip(np.ceil(lower[:, 1]), 0, rows).astype(np.int64) - first, 0)

    # One crossing for each edge and row.
    edge = np.repeat(np.arange(len(count)), count)
    row = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    along = (row - upper[edge, 1]) / (lower[edge, 1] - upper[edge, 1])
    crossing_u = upper[edge, 0] * (1 - along) + lower[edge, 0] * along

    # A pixel is inside when an odd number of crossings lies to its right.
    column = np.clip(np.ceil(crossing_u), 0, columns).astype(np.int64)
    crossings = np.bincount(row * (columns + 1) + column, minlength=rows * (columns + 1)).reshape(rows, columns + 1)
    to_the_right = crossings.sum(axis=1, keepdims=True) - np.cumsum(crossings, axis=1)
    return to_the_right[:, :columns] % 2 == 1

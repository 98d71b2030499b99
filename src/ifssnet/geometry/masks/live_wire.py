"""Outlines along bright borders: the cheapest way over a slice from click to click (Mortensen and Barrett, 1998)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt8

from ifssnet.core.errors import InputError
from ifssnet.geometry.masks.polygon import fill_even_odd
from ifssnet.geometry.untyped import box_mean, cheapest_way

DEAREST = 32
"""The price of a pixel of even grey; one on the brightest line costs 1."""

FINE_PX, COARSE_PX = 1, 6
"""Pixels on every side of a box: a line is what is brighter in the small box than in the large one."""

STEEPNESS = 0.7
"""What a steep change of grey counts against a bright line."""

PERCENTILE = 98.0
"""What is as bright, or as steep, as this share of the slice is not does not get cheaper."""


def border_costs(grey: UInt8[np.ndarray, "y x"]) -> Float32[np.ndarray, "y x"]:
    """The price of each pixel, 1 to `DEAREST`: low on bright lines, as fascia is, and on steep changes of grey."""
    values = grey.astype(np.float32)
    fine = box_mean(values, 2 * FINE_PX + 1)
    ridge = _scaled(fine - box_mean(values, 2 * COARSE_PX + 1))
    steep = np.zeros_like(fine)
    steep[1:-1, 1:-1] = np.hypot(fine[1:-1, 2:] - fine[1:-1, :-2], fine[2:, 1:-1] - fine[:-2, 1:-1])
    cheap = np.maximum(ridge, np.float32(STEEPNESS) * _scaled(steep))
    return np.asarray(1 + np.rint((DEAREST - 1) * (1 - cheap)), np.float32)


def _scaled(values: Float32[np.ndarray, "y x"]) -> Float32[np.ndarray, "y x"]:
    top = np.percentile(values, PERCENTILE)
    return np.clip(values / np.float32(top if top > 0 else 1.0), 0, 1).astype(np.float32)


def traced(grey: UInt8[np.ndarray, "y x"], clicks_xy: Sequence[tuple[float, float]]) -> Bool[np.ndarray, "y x"]:
    """The inside of the closed outline that follows bright borders from click to click, and back to the first one.

    Args:
        grey: One slice.
        clicks_xy: Column and row of each click in pixels, in order around the muscle.

    Raises:
        InputError: Fewer than three clicks, or one beside the slice.
    """
    if len(clicks_xy) < 3:
        raise InputError("three clicks along the border at least", f"{len(clicks_xy)}", "Click on.")
    rows, columns = grey.shape
    at = [(round(y), round(x)) for x, y in clicks_xy]
    for y, x in at:
        if not (0 <= y < rows and 0 <= x < columns):
            raise InputError(f"clicks on a slice of {columns} x {rows} pixels", f"one at ({x}, {y})", "Click on the slice.")
    price = border_costs(grey)
    ways = [_between(price, start, end) for start, end in zip(at, [*at[1:], at[0]], strict=True)]
    ring: Float[np.ndarray, "point 2"] = np.concatenate(ways)[:, ::-1].astype(np.float64)
    mask = fill_even_odd([ring], (rows, columns))
    # The line itself is drawn as well.
    mask[tuple(np.concatenate(ways).T)] = True
    return mask


def _between(price: Float32[np.ndarray, "y x"], start: tuple[int, int], end: tuple[int, int]) -> Int[np.ndarray, "point 2"]:
    """Rows and columns of the cheapest way; it may leave the box of its ends by as much as the box is long."""
    reach = max(abs(end[0] - start[0]), abs(end[1] - start[1])) + COARSE_PX
    top, left = max(min(start[0], end[0]) - reach, 0), max(min(start[1], end[1]) - reach, 0)
    part = price[top : max(start[0], end[0]) + reach + 1, left : max(start[1], end[1]) + reach + 1]
    way = cheapest_way(part, (start[0] - top, start[1] - left), (end[0] - top, end[1] - left))
    return way + np.array([top, left])

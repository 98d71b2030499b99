"""How much drawn borders scatter over consecutive slices: what the annotator added to the anatomy."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ifssnet.propagate.seeding.drawn_muscle import DrawnMuscle

PIXEL_SCATTER = 0.2
"""Scatter, in pixels, that exact masks show because borders run through pixels (`border_scatter.py`)."""


def border_scatter_mm(muscles: Sequence[DrawnMuscle]) -> float | None:
    """SD of the drawn borders about smooth ones, from slices drawn side by side.

    Along three consecutive slices a muscle's border moves evenly, so what the second difference of its signed
    distance shows is error of drawing (and of the pixels: about a fifth of one, where masks are exact).

    Args:
        muscles: What was drawn of each.

    Returns:
        In mm, pooled over all muscles; None without three consecutive slices of any.
    """
    squares, count = 0.0, 0
    for muscle in muscles:
        for group in muscle.groups:
            for z in group.slices[1:-1] if group.present else ():
                below, here, above = (muscle.distances(near) for near in (z - 1, z, z + 1))
                border = np.abs(here) < max(muscle.spacing_yx_mm)
                bend = (below - 2 * here + above)[border].astype(np.float64)
                squares += float((bend * bend).sum())
                count += int(border.sum())
    return math.sqrt(squares / count / 6) if count else None


def scatter_beyond_pixels_mm(scatter_mm: float | None, spacing_yx_mm: Sequence[float]) -> float:
    """The scatter of the drawn borders without what the pixels add to it; 0 where it is not known."""
    if scatter_mm is None:
        return 0.0
    return math.sqrt(max(scatter_mm**2 - (PIXEL_SCATTER * max(spacing_yx_mm)) ** 2, 0.0))

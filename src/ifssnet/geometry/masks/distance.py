"""Signed distance to the border of a mask."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.core.errors import InputError
from ifssnet.geometry.untyped import distance_to_other


def signed_distance(mask: Bool[np.ndarray, "*axes"], spacing_mm: Sequence[float]) -> Float[np.ndarray, "*axes"]:
    """Euclidean distance to the border of a mask in mm: negative inside, positive outside.

    Exact distances between pixel centres (from each to the nearest on the other side), less half the smallest
    spacing, so that values on the two sides of a straight border between pixels of 1 mm are -0.5 and 0.5, no pixel
    is 0, and the zero level runs half way between the two. Across an axis with a wider spacing than the smallest, both
    sides lie further from 0 than half a step, by equally much. What lies beyond the array is unknown and pulls
    at nothing: a mask that touches the array's edge has no border there.

    Args:
        mask: Two- or three-dimensional.
        spacing_mm: Distance between pixel centres along each axis of the array, in the array's order.

    Returns:
        float32. A mask without any border (empty, or full) lies further from one than anything in the array:
        the length of the array's diagonal, positive where it is empty and negative where it is full.

    Raises:
        InputError: Not one positive spacing an axis.
    """
    spacing = tuple(float(s) for s in spacing_mm)
    if len(spacing) != mask.ndim or not all(math.isfinite(s) and s > 0 for s in spacing):
        raise InputError(
            f"{mask.ndim} positive spacings in mm, one an axis", f"{spacing}", "Give the grid's spacing in the array's order."
        )
    inside = np.ascontiguousarray(mask)
    if inside.size == 0:
        return np.zeros(inside.shape, dtype=np.float32)
    if not inside.any() or inside.all():
        diagonal = math.sqrt(sum((n * s) ** 2 for n, s in zip(inside.shape, spacing, strict=True)))
        return np.full(inside.shape, -diagonal if inside.all() else diagonal, dtype=np.float32)
    # Each pixel's distance to the nearest centre of the other side, which lies half a pixel beyond the border.
    to_other = distance_to_other(inside, spacing)
    half = np.float32(0.5 * min(spacing))
    return np.where(inside, half - to_other, to_other - half)

"""Depth below the half level of a probability map, finer than a pixel."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float32

from ifssnet.geometry.untyped import nearest_false

LEAST = 1e-3
"""A value nearer to the half than this counts as so near."""


def soft_depth(probability: Float32[np.ndarray, "y x"]) -> Float32[np.ndarray, "y x"]:
    """Distance in pixels to where a map crosses 0.5: positive where it is larger, negative where it is smaller.

    Between neighbours on either side of the half the crossing is where a straight line through both values has it, so a
    border that moves by a tenth of a pixel moves here as well; a mask of 0 and 1 has its border half way between pixels.
    What lies beyond the array pulls at nothing.

    Args:
        probability: From 0 to 1.

    Returns:
        A map without any crossing lies further from one than anything in the array, by the array's diagonal.
    """
    inside = probability >= 0.5
    if not inside.any() or inside.all():
        diagonal = math.hypot(*probability.shape)
        return np.full(probability.shape, diagonal if inside.all() else -diagonal, dtype=np.float32)
    rim, near = _beside_border(probability, inside)
    depth = np.empty(probability.shape, dtype=np.float32)
    for side in (inside, ~inside):
        away, rows, columns = nearest_false(side)
        # The nearest pixel of the other side lies beside the border, and by how much is known.
        depth[side] = (away - near[rows, columns])[side]
    depth = np.where(rim, near, np.maximum(depth, near.min()))
    return np.where(inside, depth, -depth)


def _beside_border(
    probability: Float32[np.ndarray, "y x"], inside: Bool[np.ndarray, "y x"]
) -> tuple[Bool[np.ndarray, "y x"], Float32[np.ndarray, "y x"]]:
    """Pixels with a neighbour on the other side, and how far the border is from them."""
    from_half = np.maximum(np.abs(probability - np.float32(0.5)), np.float32(LEAST))
    inverse_square = np.zeros(probability.shape, dtype=np.float32)
    for axis in (0, 1):
        nearest = np.full(probability.shape, np.inf, dtype=np.float32)
        low, high = [slice(None), slice(None)], [slice(None), slice(None)]
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        crossing = inside[tuple(low)] != inside[tuple(high)]
        share = from_half[tuple(low)] / (from_half[tuple(low)] + from_half[tuple(high)])
        for half, part in ((low, share), (high, 1 - share)):
            there = nearest[tuple(half)]
            there[crossing] = np.minimum(there, part)[crossing]
        inverse_square += 1 / np.square(nearest)
    rim = inverse_square > 0
    return rim, np.where(rim, 1 / np.sqrt(np.where(rim, inverse_square, 1)), np.float32(0))

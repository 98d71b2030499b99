"""The arithmetic that every insertion shares, compiled into its loops.

Rounding is PLUS': a number up to 2**-17 below the next step is taken up to it, which comes from adding a large constant
and cutting the sum off. With the constants below the result is the same to the last bit.
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np

from ifssnet.geometry.compiled import compiled

LATEST, MAXIMUM, MEAN, RUNNING_MEAN = 0, 1, 2, 3
"""What becomes of a voxel that several pixels reach, as the compiled loops know it."""

FULL_WEIGHT = 256
"""What a whole pixel adds to PLUS' 16-bit weights."""

LARGEST_WEIGHT = 65535
RECURSIVE_ABOVE = LARGEST_WEIGHT - FULL_WEIGHT
"""From this weight on PLUS' nearest-neighbour mean becomes a recursive filter: 255 parts old, 1 part new."""

FIXED_ONE = 16384
"""One, in fixed point with 14 binary digits."""

_SHIFT = 103079215104
_ROUNDING = np.float64(_SHIFT + 0.5)
_FLOORING = np.float64(_SHIFT)


@no_type_check
@compiled(inline=True)
def to_nearest(x):
    """The nearest whole number, halves up."""
    return np.int64(x + _ROUNDING) - _SHIFT


@no_type_check
@compiled(inline=True)
def to_floor(x):
    """The whole number below."""
    return np.int64(x + _FLOORING) - _SHIFT


@no_type_check
@compiled()
def columns_reaching(base, step, low, high, first, last):
    """Which columns of a row may lie between two positions along the axis that the work is divided by.

    A little too wide on purpose: each voxel is tested again. Position = base + column * step.
    """
    if abs(step) < 1e-9:
        if low - 1e-3 <= base + first * step <= high + 1e-3:
            return first, last
        return 0, -1
    a, b = (low - base) / step, (high - base) / step
    if a > b:
        a, b = b, a
    start = first if a <= first else np.int64(min(a, last + 2.0)) - 1
    stop = last if b >= last else np.int64(max(b, first - 2.0)) + 2
    return max(start, first), min(stop, last)

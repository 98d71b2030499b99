"""What there is to choose of IFSS-Net's blocks, in words and numbers alone: nothing here needs torch."""

from __future__ import annotations

from itertools import pairwise

FULL, LIGHT = "full", "light"
READINGS = (FULL, LIGHT)
"""How blocks are built where the paper leaves it open."""

SAME, IN_PLANE = "same", "in-plane"
DEPTH_DILATIONS = (SAME, IN_PLANE)
RATES = (1, 6, 12, 18)
"""Rates of the atrous convolutions (paper, III-C4), and whether they hold along depth too."""

BOTH, FORWARD, NONE = "both", "forward", "none"
DIRECTIONS = (BOTH, FORWARD, NONE)
"""Where the ConvLSTM runs."""


def shares(channels: int, branches: int) -> tuple[int, ...]:
    """Share channels out among branches as evenly as possible.

    >>> shares(30, 4)
    (7, 8, 7, 8)
    """
    ends = [channels * i // branches for i in range(branches + 1)]
    return tuple(end - start for start, end in pairwise(ends))


def groups_of(channels: int) -> int:
    """Groups of the group normalisation: up to eight, of at least four channels each.

    >>> groups_of(30), groups_of(60), groups_of(64)
    (6, 6, 8)
    """
    return next(g for g in range(8, 0, -1) if channels % g == 0 and (g == 1 or channels // g >= 4))

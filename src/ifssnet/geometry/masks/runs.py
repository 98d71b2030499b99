"""Runs of marked elements, and of whole numbers, in a row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool


def longest_run(marked: Bool[np.ndarray, " element"]) -> int:
    """Length of the longest run of True.

    >>> longest_run(np.array([True, False, True, True]))
    2
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0


def number_ranges(values: Sequence[int], most: int | None = None) -> str:
    """Whole numbers with runs drawn together.

    Args:
        values: The numbers, in any order.
        most: How many runs are written out before the rest is counted; None writes all of them.

    >>> number_ranges([12, 13, 14, 101, 200, 201])
    '12–14, 101, 200–201'
    >>> number_ranges([1, 3, 5, 7, 8, 9], most=2)
    '1, 3 and 4 more'
    """
    runs: list[list[int]] = []
    for value in sorted(set(values)):
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    shown = runs if most is None else runs[:most]
    text = ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in shown)
    left = sum(b - a + 1 for a, b in runs[len(shown) :])
    return f"{text} and {left} more" if left else text

"""Runs of marked elements in a row."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool


def longest_run(marked: Bool[np.ndarray, " element"]) -> int:
    """Length of the longest run of True.

    >>> longest_run(np.array([True, False, True, True]))
    2
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0

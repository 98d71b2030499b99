"""Two runs that meet between two annotated groups become one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

LEAST_CONFIDENCE = 0.05
"""The least weight of a run on a pixel where its probability is near one half."""


def blend_directions(
    from_below: Float32[np.ndarray, "y x"],
    from_above: Float32[np.ndarray, "y x"],
    below: float | int,
    above: float | int,
    by_confidence: bool = True,
) -> Float32[np.ndarray, "y x"]:
    """Blend two probabilities of one slice by how far each came, and by how sure each is of a pixel.

    Each run weighs as much as the distance to the other's start: all beside its own group, nothing beside the other.

    Args:
        from_below: What the run that came up found.
        from_above: What the run that came down found.
        below: Slices (or mm) down to the group that the first run came from.
        above: Up to the group of the second.
        by_confidence: Multiply each weight by |2p - 1| + 0.05, pixel by pixel.

    >>> float(blend_directions(np.ones((1, 1), np.float32), np.zeros((1, 1), np.float32), 1, 3)[0, 0])
    0.75
    """
    first = np.full(from_below.shape, above, dtype=np.float32)
    second = np.full(from_above.shape, below, dtype=np.float32)
    if by_confidence:
        first *= np.abs(2 * from_below - 1) + np.float32(LEAST_CONFIDENCE)
        second *= np.abs(2 * from_above - 1) + np.float32(LEAST_CONFIDENCE)
    return (first * from_below + second * from_above) / (first + second)

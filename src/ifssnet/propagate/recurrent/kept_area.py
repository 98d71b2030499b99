"""A slice's probability with its area brought towards the one that the area curve has there."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from ifssnet.geometry.untyped import expit, logit

LEAST = np.float32(1e-4)
"""Probabilities are kept this far from 0 and 1 before their logits are taken."""


def with_area(probability: Float32[np.ndarray, "y x"], area_px: float, share: float) -> Float32[np.ndarray, "y x"]:
    """The same logits, raised or lowered until the muscle has another area.

    Args:
        probability: As found.
        area_px: The area that is its due.
        share: How far to go there from the area as found.
    """
    found = int((probability >= 0.5).sum())
    # Where nothing at all speaks for the muscle, no area puts it.
    possible = probability[probability > LEAST]
    wanted = min(max(round((1 - share) * found + share * area_px), 1), possible.size - 1)
    if not found or wanted in (0, found):
        return probability
    # Half way between the last pixel that is in and the first that is out.
    cut = possible.size - wanted
    out, inside = logit(np.partition(possible, (cut - 1, cut))[cut - 1 : cut + 1].clip(LEAST, 1 - LEAST))
    logits = logit(probability.clip(LEAST, 1 - LEAST))
    return np.where(probability > LEAST, expit(logits - (out + inside) / 2), probability).astype(np.float32)

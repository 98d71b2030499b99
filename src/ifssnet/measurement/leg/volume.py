"""Volume from the areas of a few slices, as tools for single images estimate it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from ifssnet.core.errors import InputError


def truncated_cones_cm3(position_mm: Float[np.ndarray, " slice"], acsa_cm2: Float[np.ndarray, " slice"]) -> float:
    """Truncated cones between neighbouring cross-sections: the sum of h/3 (A + sqrt(A B) + B).

    The usual estimate from single images along a muscle (Esformes, Narici and Maganaris, Eur J Appl Physiol 87:90, 2002).

    Args:
        position_mm: Where each cross-section lies along the muscle, ascending.
        acsa_cm2: Its area.

    Raises:
        InputError: Fewer than two cross-sections, positions that do not ascend, or a negative area.
    """
    heights_cm = np.diff(position_mm) / 10
    if len(position_mm) < 2 or (heights_cm <= 0).any() or (acsa_cm2 < 0).any():
        raise InputError(
            "at least two cross-sections at ascending positions, with areas of 0 or more",
            f"{len(position_mm)} cross-sections at {position_mm.tolist()} mm of {acsa_cm2.tolist()} cm2",
            "Give the cross-sections in their order along the muscle.",
        )
    lower, upper = acsa_cm2[:-1], acsa_cm2[1:]
    return float((heights_cm / 3 * (lower + np.sqrt(lower * upper) + upper)).sum())


def spread_slices(slices: int, count: int) -> Int[np.ndarray, " chosen"]:
    """`count` of a muscle's slices, evenly spread from its first to its last, both included; all of them if there are fewer."""
    return np.unique(np.rint(np.linspace(0, slices - 1, min(count, slices))).astype(np.int64))

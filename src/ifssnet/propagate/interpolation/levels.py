"""The level at which each muscle's distance map is cut, so that every muscle gets the area that is its due."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float

ROUNDS = 3
"""Passes over the muscles of one slice; borders that they share have settled to a pixel or two by then."""

Map = Float[np.ndarray, "y x"]


def depths(
    distances: Mapping[int, Map], areas_px: Mapping[int, float], taken: Bool[np.ndarray, "y x"] | None
) -> dict[int, Map]:
    """How deep inside each muscle a pixel lies, in mm; 0 and above is inside.

    Interpolated one by one, neighbours that share a border overlap there, and each would lose area when the
    overlap is given to one of them. So their levels are found together: a pixel counts for the muscle in which
    it lies deepest, and every muscle's level rises until the pixels that count for it have its area.

    Args:
        distances: Blended distance map of each muscle on one slice, mm, negative inside.
        areas_px: The area due to each, in pixels.
        taken: Pixels that an expert gave to other muscles on this slice.
    """
    free = {label: phi if taken is None else np.where(taken, np.inf, phi) for label, phi in distances.items()}
    levels = {label: _level(free[label], areas_px[label]) for label in free}
    inside = {label: levels[label] - phi for label, phi in free.items()}
    for _ in range(ROUNDS):
        if len(inside) < 2 or not _overlap(inside):
            break
        for label, phi in free.items():
            rival = np.maximum.reduce([inside[other] for other in inside if other != label])
            level = _level(phi + np.maximum(rival, 0), areas_px[label])
            inside[label] = level - phi
    return {label: depth.astype(np.float32) for label, depth in inside.items()}


def _overlap(inside: Mapping[int, Map]) -> bool:
    """Whether any pixel lies in two muscles."""
    return bool((np.sum([depth >= 0 for depth in inside.values()], axis=0) > 1).any())


def _level(threshold: Map, area_px: float) -> np.float32:
    """The level that as many pixels reach as the area asks for; below all of them where it asks for none."""
    wanted = min(round(area_px), int(np.isfinite(threshold).sum()))
    if wanted < 1:
        return np.float32(threshold.min() - 1) if np.isfinite(threshold.min()) else np.float32(-1)
    return np.float32(np.partition(threshold.ravel(), wanted - 1)[wanted - 1])

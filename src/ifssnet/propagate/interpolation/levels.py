"""The level at which each muscle's distance map is cut, so that every muscle gets the area that is its due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.geometry.compiled import compiled

ROUNDS = 3
"""Passes over the muscles of one slice; borders that they share have settled to a pixel or two by then."""

NEAR_MM = np.float32(1.5)
"""How far from a first guess a level usually lies; where it does not, finding it takes longer."""

FAR_MM = np.float32(5.0)
"""How far from a first guess a level at most comes to lie, as a rule; where one lies further, all pixels are looked at."""

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
    labels = list(distances)
    if not labels:
        return {}
    inside = np.stack([np.asarray(distances[label], np.float32) for label in labels])
    if taken is not None:
        inside[:, taken] = np.inf
    _depths(inside.reshape(len(labels), -1), np.array([round(areas_px[label]) for label in labels], dtype=np.int64), ROUNDS)
    return dict(zip(labels, inside, strict=True))


@no_type_check
@compiled(nogil=True)
def _depths(maps, areas, rounds):
    """Turn distance maps (muscle, pixel) into depths, in place."""
    muscles, pixels = maps.shape
    phi, near = maps.copy(), np.empty(pixels + 1, np.float32)
    finite = 0
    for pixel in range(pixels):
        finite += np.isfinite(phi[0, pixel])
    wanted = np.minimum(areas, finite)
    levels = np.zeros(muscles, np.float32)
    for own in range(muscles):
        levels[own] = _level(phi[own], near, levels[own], wanted[own])
        for pixel in range(pixels):
            maps[own, pixel] = levels[own] - phi[own, pixel]
    if rounds == 0 or not _overlap(maps):
        return
    # Muscles settle within a few pixels of their borders. Most of a slice lies far outside all of them: no level comes
    # there, and what lies there costs more than every pixel that counts.
    farthest = levels + FAR_MM
    close = np.empty(pixels, np.int64)
    count = 0
    for pixel in range(pixels):
        close[count] = pixel
        within = False
        for own in range(muscles):
            within |= phi[own, pixel] <= farthest[own]
        count += within
    some_phi, some_maps = np.empty((muscles, count), np.float32), np.empty((muscles, count), np.float32)
    for own in range(muscles):
        for place in range(count):
            some_phi[own, place] = phi[own, close[place]]
            some_maps[own, place] = maps[own, close[place]]
    if not _settle(some_phi, some_maps, levels, wanted, rounds, near, farthest):
        farthest[:] = np.inf
        _settle(phi, maps, levels, wanted, rounds, near, farthest)
    for own in range(muscles):
        for pixel in range(pixels):
            maps[own, pixel] = levels[own] - phi[own, pixel]


@no_type_check
@compiled(nogil=True)
def _settle(phi, maps, levels, wanted, rounds, near, farthest):
    """Find the levels at which muscles share what lies in several of them; False where one would lie beyond `farthest`."""
    muscles, pixels = phi.shape
    threshold = np.empty(pixels, np.float32)
    for _ in range(rounds):
        if not _overlap(maps):
            break
        for own in range(muscles):
            if wanted[own] < 1 and farthest[own] < np.inf:
                return False
            # What a pixel costs: its distance, and the depth at which a rival holds it.
            threshold[:] = np.float32(0)
            for other in range(muscles):
                if other != own:
                    for pixel in range(pixels):
                        value = maps[other, pixel]
                        threshold[pixel] = value if value > threshold[pixel] else threshold[pixel]
            for pixel in range(pixels):
                threshold[pixel] += phi[own, pixel]
            levels[own] = _level(threshold, near, levels[own], wanted[own])
            if not levels[own] <= farthest[own]:
                return False
            for pixel in range(pixels):
                maps[own, pixel] = levels[own] - phi[own, pixel]
    return True


@no_type_check
@compiled(nogil=True)
def _overlap(inside):
    """Whether any pixel lies in two muscles."""
    muscles, pixels = inside.shape
    for one in range(muscles):
        for other in range(one):
            both = 0
            for pixel in range(pixels):
                both += (inside[one, pixel] >= 0) & (inside[other, pixel] >= 0)
            if both:
                return True
    return False


@no_type_check
@compiled(nogil=True)
def _level(threshold, near, guess, wanted):
    """The level that the wanted number of pixels reaches; below all of them where none is wanted.

    It is looked for close to a guess first: of a whole slice few pixels lie there, and only those are put in order.
    """
    if wanted < 1:
        least = threshold.min()
        return np.float32(least - np.float32(1)) if np.isfinite(least) else np.float32(-1)
    low, high = guess - NEAR_MM, guess + NEAR_MM
    below, count = 0, 0
    for pixel in range(threshold.size):
        value = threshold[pixel]
        near[count] = value
        count += (value >= low) & (value <= high)
        below += value < low
    rank = wanted - below - 1
    if 0 <= rank < count:
        return of_rank(near, count, rank)
    near[: threshold.size] = threshold
    return of_rank(near, threshold.size, wanted - 1)


@no_type_check
@compiled(nogil=True)
def of_rank(values, count, rank):
    """The value of a rank, from 0, among the first `count`; reorders them (Hoare, Comm ACM 1961, 4:321).

    numpy's own takes seconds longer to compile, and as long to run.
    """
    left, right = 0, count - 1
    while left < right:
        pivot, i, j = values[rank], left, right
        while i <= j:
            while values[i] < pivot:
                i += 1
            while pivot < values[j]:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if j < rank:
            left = i
        if rank < i:
            right = j
    return values[rank]

"""How backscatter varies in a tissue: noise that belongs to places, the same for every view of a leg."""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np

from ifssnet.geometry.compiled import compiled


@no_type_check
@compiled(inline=True)
def _hash(a, b, c, seed):
    """A number from 0 to 1 that belongs to a lattice point."""
    h = (np.uint64(a & 0xFFFFF) * np.uint64(0x9E3779B97F4A7C15)) ^ (np.uint64(b & 0xFFFFF) * np.uint64(0xC2B2AE3D27D4EB4F))
    h ^= np.uint64(c & 0xFFFFF) * np.uint64(0x165667B19E3779F9) ^ np.uint64(seed) * np.uint64(0x27D4EB2F165667C5)
    h ^= h >> np.uint64(29)
    h *= np.uint64(0xBF58476D1CE4E5B9)
    h ^= h >> np.uint64(32)
    h *= np.uint64(0x94D049BB133111EB)
    h ^= h >> np.uint64(31)
    return float(h >> np.uint64(11)) / 9007199254740992.0


@no_type_check
@compiled()
def value_noise(x, y, z, seed):
    """Smooth noise over three coordinates, from -1.5 to 1.5 and mostly within 1, the same for the same place."""
    i, j, k = math.floor(x), math.floor(y), math.floor(z)
    fx, fy, fz = x - i, y - j, z - k
    fx, fy, fz = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy), fz * fz * (3 - 2 * fz)
    total = 0.0
    for c in range(2):
        wz = fz if c else 1 - fz
        for b in range(2):
            wy = fy if b else 1 - fy
            total += wz * wy * ((1 - fx) * _hash(i, j + b, k + c, seed) + fx * _hash(i + 1, j + b, k + c, seed))
    return 3.0 * (total - 0.5)


NOWHERE = -(2**62)
"""A number of no lattice point: what is remembered before anything was looked up."""


@no_type_check
@compiled()
def noise_beside(x, y, z, seed, cell, corners):
    """As `value_noise`, for places that follow each other: `corners` holds the last cell's, which often is this one's."""
    i, j, k = math.floor(x), math.floor(y), math.floor(z)
    if cell[0] != i or cell[1] != j or cell[2] != k or cell[3] != seed:
        cell[0], cell[1], cell[2], cell[3] = i, j, k, seed
        for c in range(2):
            for b in range(2):
                corners[4 * c + 2 * b] = _hash(i, j + b, k + c, seed)
                corners[4 * c + 2 * b + 1] = _hash(i + 1, j + b, k + c, seed)
    fx, fy, fz = x - i, y - j, z - k
    fx, fy, fz = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy), fz * fz * (3 - 2 * fz)
    total = 0.0
    for c in range(2):
        wz = fz if c else 1 - fz
        for b in range(2):
            wy = fy if b else 1 - fy
            total += wz * wy * ((1 - fx) * corners[4 * c + 2 * b] + fx * corners[4 * c + 2 * b + 1])
    return 3.0 * (total - 0.5)


@no_type_check
@compiled()
def fascicles(turn, code, x, y, z, seed, cells, corners):
    """Logarithm of a tissue's relative backscatter: bundles tilted by the pennation, with bright perimysium between.

    `turn` is the pennation's cosine and sine; three rows of `cells` and `corners` remember the place before.
    """
    cosine, sine = turn
    along = z * cosine - y * sine
    across = z * sine + y * cosine
    bent = across + 1.4 * noise_beside(x / 9.0, across / 9.0, along / 25.0, seed + 31, cells[0], corners[0])
    fine = noise_beside(x / 4.5, bent / 0.8, along / 14.0, seed + code, cells[1], corners[1])
    coarse = noise_beside(x / 12.0, across / 7.0, along / 30.0, seed + 97, cells[2], corners[2])
    return 0.8 * fine + 0.7 * coarse + 4.5 * max(0.0, fine - 0.42)


@no_type_check
@compiled()
def infiltration(share, x, y, z, seed):
    """Fat between the fibres at a place, 0 to 1: patches of a centimetre whose mean is about `share`."""
    patch = value_noise(x / 11.0, y / 9.0, z / 22.0, seed + 211) + 0.5 * value_noise(x / 4.0, y / 3.5, z / 9.0, seed + 223)
    return min(1.0, max(0.0, share + 0.9 * patch * min(1.0, 3.0 * share)))

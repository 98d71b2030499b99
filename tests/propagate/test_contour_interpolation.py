"""Morphological contour interpolation: the same voxels as ITK's filter, which 3D Slicer calls."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from known_solids import disc

from ifssnet.propagate.baselines.contour_interpolation import ContourInterpolation

GAP = 7
SHAPE = (48, 56)


def spot(radius: float, y: float, x: float) -> np.ndarray:
    return disc(radius, (y, x), SHAPE)


BAR = np.zeros(SHAPE, dtype=bool)
BAR[8:14, 4:52] = True
HOOK = spot(18, 24, 26) & ~spot(13, 24, 30)
BLOCKS = np.zeros(SHAPE, dtype=bool)
BLOCKS[10:20, 10:20] = BLOCKS[20:34, 20:34] = True
COMB = np.zeros(SHAPE, dtype=bool)
COMB[10:13, 4:40] = COMB[12:30, 4:7] = COMB[12:22, 16:19] = COMB[12:36, 30:35] = True
CASES = {
    "one into one": (spot(9, 20, 18), spot(14, 26, 34)),
    "one into two": (spot(15, 24, 27), spot(6, 20, 18) | spot(7, 28, 36)),
    "two into one, one alone": (spot(5, 14, 14) | spot(6, 15, 35) | spot(3, 42, 50), BAR),
    "two into two that all overlap": (BAR | HOOK & ~BAR & (np.arange(SHAPE[0]) > 20)[:, None], HOOK | spot(4, 10, 48)),
    "alone and hollow": (HOOK | spot(3, 4, 4), spot(3, 4, 5)),
    "pieces that touch at a corner": (BLOCKS, BAR | spot(9, 30, 30)),
    "an arm far from the centroid": (COMB, np.roll(COMB[:, ::-1], 9, axis=0) & ~BAR),
    "moved past the image's border": (spot(14, 16, 14), spot(5, 4, 44) | spot(6, 10, 26)),
}
# What 3D Slicer's own filter (slicer-core 5.13) and ITK's (5.4.7) fill, by dilations and by distances; both gave these digests.
BY_ITK = {
    "one into one": ("ec8f8d82805ccaa7", "e6cd48ddab66b593"),
    "one into two": ("5ac628940e0e85b6", "3723fa7114b992b4"),
    "two into one, one alone": ("1dbb376c413fca51", "d1212791d539d4a1"),
    "two into two that all overlap": ("f6808cde8fb05bcf", "f3aeebaf41a17589"),
    "alone and hollow": ("a1d89468cd9adb59", "6c6914136bfa343e"),
    "pieces that touch at a corner": ("5d641f77d2b70d0b", "f0eea60fe1b5a3c2"),
    "an arm far from the centroid": ("a5cd5e06367eeda2", "fea38ce762238f01"),
    "moved past the image's border": ("172ff22f69b6d849", "de3749f7c7f0c8cf"),
}


def digest(stack: np.ndarray) -> str:
    return hashlib.sha256(np.packbits(stack).tobytes()).hexdigest()[:16]


@pytest.mark.parametrize("by_distance", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_the_slices_between_are_those_of_itks_filter(case: str, by_distance: bool):
    below, above = CASES[case]
    found = ContourInterpolation(distance_transform=by_distance).between(below, above, GAP)
    assert found.shape == (GAP - 1, *SHAPE)
    assert digest(found) == BY_ITK[case][by_distance]


def test_trying_every_shift_fills_as_well_as_following_the_better_ones():
    below, above = CASES["one into one"]
    found = ContourInterpolation(heuristic_alignment=False).between(below, above, GAP)
    areas = [below.sum(), *found.sum(axis=(1, 2)), above.sum()]
    assert sorted(areas) == areas


def test_nothing_lies_between_neighbours_or_beside_an_empty_mask():
    one, nothing = spot(9, 20, 18), np.zeros(SHAPE, dtype=bool)
    assert ContourInterpolation().between(one, one, 1).shape == (0, *SHAPE)
    assert not ContourInterpolation().between(one, nothing, 4).any()
    assert (ContourInterpolation().between(one, one, 4) == one).all()

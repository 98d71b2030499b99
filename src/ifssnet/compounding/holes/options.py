"""Ways to fill voxels that no pixel reached. Sizes are in voxels as in PLUS, unless the name says mm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ifssnet.core.errors import InputError

LARGEST_SIZE = 65
"""Diameter in voxels beyond which a neighbourhood is a mistake: 18 mm at the paper's spacing."""


LONGEST_STICK = 1000


def _check_kernel(size: int, minimum_known_ratio: float) -> None:
    if not (3 <= size <= LARGEST_SIZE and size % 2 == 1):
        raise InputError(
            f"an odd size of 3 to {LARGEST_SIZE} voxels for hole filling", f"{size}", "Give the neighbourhood's diameter."
        )
    if not 0 <= minimum_known_ratio <= 1:
        raise InputError("a minimum known ratio from 0 to 1", f"{minimum_known_ratio}", "Give a share of the neighbourhood.")


@dataclass(frozen=True)
class NearestFilling:
    """Mean of the known voxels in the smallest cube around the hole that holds any (PLUS: NEAREST_NEIGHBOR).

    Attributes:
        size: Diameter of the largest cube.
        minimum_known_ratio: The known voxels must be more than this share **of the largest cube**, as in PLUS.
    """

    size: int = 5
    minimum_known_ratio: float = 0.0

    def __post_init__(self) -> None:
        _check_kernel(self.size, self.minimum_known_ratio)


@dataclass(frozen=True)
class StickFilling:
    """Linear interpolation along the shortest sticks, in 13 directions, with a known voxel at either end (PLUS: STICK).

    Attributes:
        length_limit: Longest stick, both known ends included.
        sticks: Shortest sticks to average; sticks of one length are always taken together, as in PLUS.
    """

    length_limit: int = 9
    sticks: int = 1

    def __post_init__(self) -> None:
        if not 3 <= self.length_limit <= LONGEST_STICK:
            raise InputError(f"a stick limit of 3 to {LONGEST_STICK} voxels", f"{self.length_limit}", "Give another limit.")
        if not 1 <= self.sticks <= 13:
            raise InputError("1 to 13 sticks", f"{self.sticks}", "Give how many of the shortest sticks are averaged.")


@dataclass(frozen=True)
class GaussianFilling:
    """Gaussian-weighted mean of the known voxels in a cube (PLUS: GAUSSIAN, GAUSSIAN_ACCUMULATION).

    The defaults are those of LEG-3D-US: a Gaussian over 5 voxels.

    Attributes:
        size: Diameter of the cube.
        stdev: Standard deviation in voxels.
        minimum_known_ratio: Known voxels must be more than this share of the cube.
        by_weight: Weigh each known voxel with what was inserted there as well (PLUS: GAUSSIAN_ACCUMULATION).
    """

    size: int = 5
    stdev: float = 1.0
    minimum_known_ratio: float = 0.0
    by_weight: bool = False

    def __post_init__(self) -> None:
        _check_kernel(self.size, self.minimum_known_ratio)
        if not (math.isfinite(self.stdev) and self.stdev > 0):
            raise InputError("a standard deviation above 0 voxels", f"{self.stdev}", "Give it in voxels.")


@dataclass(frozen=True)
class InverseDistanceFilling:
    """Mean of the known voxels in a cube, weighted by 1 / distance in voxels (PLUS: DISTANCE_WEIGHT_INVERSE).

    Attributes:
        size: Diameter of the cube.
        minimum_known_ratio: Known voxels must be more than this share of the cube.
    """

    size: int = 5
    minimum_known_ratio: float = 0.0

    def __post_init__(self) -> None:
        _check_kernel(self.size, self.minimum_known_ratio)


@dataclass(frozen=True)
class DistanceFilling:
    """Mean of the known voxels within a sphere in mm, weighted by 1 / distance squared: our own, for any spacing.

    Attributes:
        limit_mm: Radius: a hole further than this from any known voxel stays empty.
    """

    limit_mm: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.limit_mm) and self.limit_mm > 0):
            raise InputError("a limit above 0 mm for hole filling", f"{self.limit_mm}", "Give a distance in mm.")


HoleFilling: TypeAlias = NearestFilling | StickFilling | GaussianFilling | InverseDistanceFilling | DistanceFilling

FillingKind: TypeAlias = Literal["nearest", "stick", "gaussian", "distance"]


@dataclass(frozen=True)
class ScaledFilling:
    """A way of filling whose reach follows the distance of frames (`ifssnet.compounding.holes.reach`).

    Attributes:
        kind: The way.
    """

    kind: FillingKind


AnyFilling: TypeAlias = HoleFilling | ScaledFilling
"""A way of filling as it can be asked for."""

"""Rigid registration of two volumes of one leg: a coarse search along the leg, then mutual information at finer levels.

The acquisitions r1 and r2 differ in gain and frequency, so that grey levels correspond without being equal: mutual
information (Mattes et al. 2003) is what they share. Voxels that no pixel reached (0) take no part. Everything runs in
one thread with a fixed seed, so that the same two volumes always give the same transform.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ifssnet.compounding.registration.images import Pyramid, at_spacing, coarse_spacing_mm, whole_extent_mm
from ifssnet.compounding.registration.metric import Rigid, mutual_information, overlap_share, refine, search_starts
from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.progress import Progress

LEAST_TURN_DEG = 0.5
"""A smaller turn than this, with a shift of less than a voxel, is none."""


@dataclass(frozen=True)
class RegisterOptions:
    """How two volumes are brought together.

    Attributes:
        finest_mm: Voxel size of the finest level; coarser ones are 2 and 4 times that. Finer than 1 mm gains nothing
            that speckle would not take away.
        search_mm: Shifts along the sweep axis tried at the start, to either side.
        search_turns_deg: Turns about the sweep axis tried with each of them.
        sampling: Share of the voxels that the finer levels look at.
        least_overlap: Share of the smaller volume that must overlap in the result.
        most_turn_deg: A result turned further than this is taken for a failure.
        seed: What the random sampling starts from.
    """

    finest_mm: float = 1.0
    search_mm: float = 60.0
    search_turns_deg: tuple[float, ...] = (-8.0, 0.0, 8.0)
    sampling: float = 0.25
    least_overlap: float = 0.3
    most_turn_deg: float = 60.0
    seed: int = 7

    def __post_init__(self) -> None:
        if not (self.finest_mm > 0 and self.search_mm >= 0 and 0 < self.sampling <= 1 and 0 <= self.least_overlap <= 1):
            raise InputError(
                "a finest spacing above 0, a search of 0 mm or more, a sampling above 0 up to 1, an overlap from 0 to 1",
                f"{self.finest_mm}, {self.search_mm}, {self.sampling}, {self.least_overlap}",
                "Correct the registration's options.",
            )


@dataclass(frozen=True, eq=False)
class Registration:
    """A rigid transform and how good it is.

    Attributes:
        transform: 4 x 4, takes (x, y, z, 1) in mm of the **moving** volume to mm of the **fixed** one, LPS.
        metric: Mutual information in the result, in nats; higher is better, 0 is independence.
        start_metric: The same before registration, both volumes as acquired; 0 where they did not overlap.
        overlap: Share of the smaller volume's seen voxels that lie in the other's.
        translation_mm: How far the moving volume's middle moves.
        rotation_deg: By how much it turns.
    """

    transform: Float[np.ndarray, "4 4"]
    metric: float
    start_metric: float
    overlap: float
    translation_mm: float
    rotation_deg: float


def register(fixed: Volume, moving: Volume, options: RegisterOptions | None = None) -> Generator[Progress, None, Registration]:
    """Find the rigid transform that brings `moving` onto `fixed`.

    Args:
        fixed: The acquisition to bring things onto (r1); its z axis is taken as the sweep's.
        moving: The other one (r2).
        options: Levels, search and limits.

    Raises:
        InputError: A volume without structure, or a result that is no better than the start, hardly overlaps, or is
            turned implausibly.
    """
    chosen = options or RegisterOptions()
    levels = [at_spacing(fixed, moving, chosen.finest_mm * factor) for factor in (4, 2, 1)]
    coarse = at_spacing(fixed, moving, max(coarse_spacing_mm(fixed, moving), 2 * chosen.finest_mm))
    starts = search_starts(coarse, chosen.search_mm, chosen.search_turns_deg)
    total = len(starts) + len(levels)
    scored: list[tuple[float, int]] = []
    for i, start in enumerate(starts):
        scored.append((_score(coarse, start, chosen), i))
        yield Progress("searching along the leg", i + 1, total)
    # Ties go to the earliest start: as acquired first, then the smallest shifts.
    best = starts[max(scored, key=lambda pair: (pair[0], -pair[1]))[1]]
    for i, level in enumerate(levels):
        best = refine(level, best, sampling=1.0 if i == 0 else chosen.sampling, seed=chosen.seed)
        yield Progress("registering", len(starts) + i + 1, total)
    return _judge(levels[-1], best, chosen)


def _score(images: Pyramid, start: Rigid, options: RegisterOptions) -> float:
    """Mutual information of a start, by its overlap: a sliver that happens to agree is no start."""
    overlap = overlap_share(images, start)
    if overlap < options.least_overlap:
        return -np.inf
    return mutual_information(images, start) * overlap


def _judge(images: Pyramid, found: Rigid, options: RegisterOptions) -> Registration:
    start = replace(found, parameters=(0.0,) * 6)
    start_metric = mutual_information(images, start)
    metric, overlap = mutual_information(images, found), overlap_share(images, found)
    to_moving = found.fixed_to_moving()
    transform = np.linalg.inv(to_moving)
    turn = np.degrees(np.arccos(np.clip((np.trace(transform[:3, :3]) - 1) / 2, -1, 1)))
    middle = np.append(whole_extent_mm(images.moving).mean(axis=0), 1.0)
    move = float(np.linalg.norm((transform @ middle - middle)[:3]))
    if overlap < options.least_overlap or turn > options.most_turn_deg:
        raise InputError(
            f"two volumes of one leg that overlap by {options.least_overlap:.0%} and differ by less than"
            f" {options.most_turn_deg:.0f} degrees",
            f"a result with {overlap:.0%} overlap, turned by {turn:.0f} degrees and moved by {move:.0f} mm",
            "Check that both volumes show the same leg; crop them to the same part, or register by hand.",
        )
    if metric <= start_metric:
        if move < options.finest_mm and turn < LEAST_TURN_DEG:  # they lay on each other already
            return Registration(np.eye(4), start_metric, start_metric, overlap_share(images, start), 0.0, 0.0)
        raise InputError(
            "a registration better than the volumes as they were acquired",
            f"mutual information {metric:.4f} after and {start_metric:.4f} before",
            "Use the volumes as they are, or check that they show the same leg.",
        )
    return Registration(transform, metric, start_metric, overlap, move, float(turn))

"""One level a muscle that gives it back the volume of its prior: every network alone makes volumes worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float16, Float32, Int

from ifssnet.propagate.network_input.region import Region

MOST = 3.0
"""Largest level, as a logit: a network that is further off than that has seen something else."""

ROUNDS = 3
"""Passes over the muscles; a level moves the borders that muscles share."""

CLOSED = 0.05
"""Where the gate is further closed than this, a level moves nothing."""


@dataclass(frozen=True, eq=False)
class MuscleLogits:
    """What a network said about one muscle, on slices along it.

    Attributes:
        region: Where the pixels lie; regions of all muscles are on one lattice of blocks.
        slices: Ascending.
        prior: Logit of the prior.
        correction: What the network adds to it.
        gate: How much of that counts on each slice, 0 to 1.
        weight: For how many slices each one stands.
    """

    region: Region
    slices: Int[np.ndarray, " slice"]
    prior: Float16[np.ndarray, "slice v u"]
    correction: Float16[np.ndarray, "slice v u"]
    gate: Float[np.ndarray, " slice"]
    weight: Float[np.ndarray, " slice"]

    def logit(self, index: int, level: float) -> Float32[np.ndarray, "v u"]:
        """On one slice, with a level added wherever the gate is open."""
        return self.prior[index] + np.float32(self.gate[index]) * (self.correction[index] + np.float32(level))


def volume_levels(muscles: Mapping[int, MuscleLogits], shares: Mapping[int, float]) -> dict[int, float]:
    """The levels to be added to the corrections.

    Pixels that two muscles claim count for the one with the larger logit, as in the result.

    Args:
        muscles: By label.
        shares: How much of the way from the network's own volume (0) to the prior's (1) is gone, by label.
    """
    levels = dict.fromkeys(muscles, 0.0)
    if not any(shares[label] > 0 for label in muscles):
        return levels
    for _ in range(ROUNDS if len(muscles) > 1 else 1):
        for label in muscles:
            levels[label] = shares[label] * _level(label, muscles, levels)
    return levels


def _level(label: int, muscles: Mapping[int, MuscleLogits], levels: Mapping[int, float]) -> float:
    own = muscles[label]
    found: list[np.ndarray] = []
    weights: list[np.ndarray] = []
    # Voxels of the prior that are still to be found among those that some level would give to the muscle.
    wanted = 0.0
    for index in range(len(own.slices)):
        if own.gate[index] < CLOSED:
            continue
        weight = float(own.weight[index])
        # Priors overlap: what interpolation gives a muscle is what it wins there.
        wanted += weight * float((own.prior[index] >= _rival(label, index, muscles, None)).sum())
        need = (_rival(label, index, muscles, levels) - own.logit(index, 0.0)) / np.float32(own.gate[index])
        wanted -= weight * float((need <= -MOST).sum())
        near = need[np.abs(need) < MOST]
        found.append(near)
        weights.append(np.full(near.size, weight, dtype=np.float32))
    if not found:
        return 0.0
    need, weight = np.concatenate(found), np.concatenate(weights)
    if not need.size:
        return 0.0
    order = np.argsort(need)
    need, reached = need[order], np.cumsum(weight[order], dtype=np.float64)
    count = int(np.searchsorted(reached, wanted - 0.5 * float(weight.min())))
    if count == np.searchsorted(need, 0.0, side="right") - 1:
        return 0.0
    # Half way between the last pixel that is wanted and the first that is not.
    return float(need[max(count, 0) : count + 2].mean()) if count < len(need) else float(need[-1])


def _rival(
    label: int, index: int, muscles: Mapping[int, MuscleLogits], levels: Mapping[int, float] | None
) -> Float32[np.ndarray, "v u"]:
    """What a pixel's logit has to reach to be the muscle's: 0, or the largest of the others'; priors have no levels."""
    own = muscles[label]
    most = np.zeros(own.region.shape_yx, dtype=np.float32)
    z = int(own.slices[index])
    for other, theirs in muscles.items():
        if other == label:
            continue
        place = int(np.searchsorted(theirs.slices, z))
        if place == len(theirs.slices) or theirs.slices[place] != z:
            continue
        mine, there = _shared(own.region, theirs.region)
        if mine is not None and there is not None:
            logit = theirs.prior[place] if levels is None else theirs.logit(place, levels[other])
            most[mine] = np.maximum(most[mine], logit[there])
    return most


Part = tuple[slice, slice]


def _shared(one: Region, other: Region) -> tuple[Part, Part] | tuple[None, None]:
    """The part that two regions share, in the pixels of each; none where they lie apart."""
    mine: list[slice] = []
    there: list[slice] = []
    for first, blocks, their_first, their_blocks in (
        (one.top, one.shape_yx[0], other.top, other.shape_yx[0]),
        (one.left, one.shape_yx[1], other.left, other.shape_yx[1]),
    ):
        offset = (their_first - first) // one.factor
        low, high = max(0, offset), min(blocks, offset + their_blocks)
        if low >= high:
            return None, None
        mine.append(slice(low, high))
        there.append(slice(low - offset, high - offset))
    return (mine[0], mine[1]), (there[0], there[1])

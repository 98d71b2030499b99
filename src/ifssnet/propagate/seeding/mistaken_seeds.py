"""Annotated groups that look drawn under another muscle's name: what no interpolation recovers from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from ifssnet.core.seeds import Mask, Seeds
from ifssnet.geometry.masks.distance import signed_distance
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup, find_groups

OTHERS_AT_LEAST = 0.5
"""Dice with what the other muscle's neighbours let expect."""
BETTER_BY = 0.3
"""The Dice with the other muscle exceeds that with its own by at least this."""


@dataclass(frozen=True)
class Mistake:
    """One annotated group that was probably drawn under a wrong name.

    Attributes:
        z: The middle slice of the group.
        label: As which muscle it is drawn.
        other: Which one it looks like.
        own_dice: With what the label's neighbouring groups let expect there.
        other_dice: With what the other's do.
    """

    z: int
    label: int
    other: int
    own_dice: float
    other_dice: float


def find_mistakes(seeds: Seeds) -> tuple[Mistake, ...]:
    """Compare each annotated group with linear interpolation between the groups around it, of its own muscle and of the others.

    Only a group with the muscle on both sides can be judged. Ascending by slice.
    """
    groups = {label: find_groups(seeds.masks[label]) for label in seeds.labels}
    spacing = (seeds.grid.spacing_zyx_mm[1], seeds.grid.spacing_zyx_mm[2])

    @lru_cache(maxsize=256)
    def distance(label: int, z: int) -> Float[np.ndarray, "y x"]:
        return signed_distance(seeds.masks[label][z], spacing)

    found: list[Mistake] = []
    for label in seeds.labels:
        for group in groups[label]:
            if not group.present:
                continue
            z = group.middle
            drawn = seeds.masks[label][z]
            alike = {each: _expected(groups[each], each, group, distance) for each in seeds.labels}
            own = alike.pop(label)
            if own is None:
                continue
            own_dice = _dice(drawn, own)
            others = {each: _dice(drawn, mask) for each, mask in alike.items() if mask is not None}
            best = max(others, key=lambda each: others[each], default=None)
            if best is not None and others[best] >= max(OTHERS_AT_LEAST, own_dice + BETTER_BY):
                found.append(Mistake(z, label, best, own_dice, others[best]))
    return tuple(sorted(found, key=lambda mistake: mistake.z))


def describe(mistake: Mistake, seeds: Seeds) -> str:
    """The mistake as a sentence."""
    own, other = seeds.name(mistake.label), seeds.name(mistake.other)
    return (
        f"slice {mistake.z}: what is drawn as {own} lies where the places around it let expect {other} "
        f"(Dice {mistake.other_dice:.2f}; with {own} {mistake.own_dice:.2f}). Check its name."
    )


def _expected(
    groups: tuple[AnnotatedGroup, ...],
    label: int,
    group: AnnotatedGroup,
    distance: Callable[[int, int], Float[np.ndarray, "y x"]],
) -> Mask | None:
    """A muscle where it is to be expected from the groups below and above; None where one of them lacks it."""
    z = group.middle
    below = [each for each in groups if each.last < group.first]
    above = [each for each in groups if each.first > group.last]
    if not (below and above and below[-1].present and above[0].present):
        return None
    low, high = below[-1].last, above[0].first
    share = (z - low) / (high - low)
    return (1 - share) * distance(label, low) + share * distance(label, high) < 0


def _dice(one: Mask, other: Mask) -> float:
    return 2 * float((one & other).sum()) / max(1, int(one.sum()) + int(other.sum()))

"""Annotated groups that look drawn under another muscle's name: what no interpolation recovers from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
COVERED_AT_LEAST = 0.8
"""A muscle that is not drawn on a slice was drawn as another one there where that covers this share of its place."""
COVERED_ELSEWHERE = 0.2
"""Where both are drawn, the other one covers at most this share of it; else it is a group with the muscle in it."""


@dataclass(frozen=True)
class Mistake:
    """One annotated group that was probably drawn under a wrong name.

    Attributes:
        z: The middle slice of the group.
        label: As which muscle it is drawn.
        other: Which one it looks like.
        own_dice: With what the label's neighbouring groups let expect there.
        other_dice: With what the other's do.
        covered: Where the other is not drawn on the slice: the part of its place that is drawn as this one, 0 to 1.
    """

    z: int
    label: int
    other: int
    own_dice: float
    other_dice: float
    covered: float = 0.0


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
            swallowed = _swallowed(seeds, label, group, alike)
            if swallowed is not None:
                found.append(swallowed)
            if own is None or swallowed is not None:
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
    if mistake.covered:
        return (
            f"slice {mistake.z}: what is drawn as {own} covers {100 * mistake.covered:.0f} % of where {other} is to be "
            f"expected, and {other} is not drawn there. Check its name."
        )
    return (
        f"slice {mistake.z}: what is drawn as {own} lies where the places around it let expect {other} "
        f"(Dice {mistake.other_dice:.2f}; with {own} {mistake.own_dice:.2f}). Check its name."
    )


def _swallowed(seeds: Seeds, label: int, group: AnnotatedGroup, alike: Mapping[int, Mask | None]) -> Mistake | None:
    """A muscle that is missing on a group's slice and whose place there is drawn as the group's muscle."""
    z, own = group.middle, seeds.masks[label]
    for other, expected in alike.items():
        if expected is None or not expected.any() or z in seeds.masks[other]:
            continue
        covered = float((own[z] & expected).sum()) / float(expected.sum())
        together = [(own[each], seeds.masks[other][each]) for each in seeds.present(other) if each in own]
        elsewhere = max((float((one & two).sum()) / float(two.sum()) for one, two in together), default=0.0)
        if covered >= COVERED_AT_LEAST and elsewhere <= COVERED_ELSEWHERE:
            return Mistake(z, label, other, 0.0, _dice(own[z], expected), covered)
    return None


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

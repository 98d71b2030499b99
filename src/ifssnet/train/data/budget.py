"""The slices that an expert draws for training: a number for each leg, in threes, over each muscle (paper, III-C2, III-C3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ifssnet.core.errors import InputError

DECREMENTAL, CONSTANT, FULL = POLICIES = "decremental", "constant", "full"
GIVEN, SHUFFLED = ORDERS = "given", "shuffled"
ENDS, BLOCKS = SPREADS = "ends", "blocks"

Range = tuple[int, int]
"""First and last slice with a muscle."""


@dataclass(frozen=True)
class Annotations:
    """The annotated slices of a training set.

    Attributes:
        slices: Leg to muscle to annotated slices, ascending; legs in the order in which the budget was dealt.
        ranges: Leg to muscle to its first and last slice.
        planned: Leg to slices that the policy grants it, for a leg of the policy's length.
    """

    slices: Mapping[str, Mapping[str, tuple[int, ...]]]
    ranges: Mapping[str, Mapping[str, Range]]
    planned: Mapping[str, int]

    @property
    def total(self) -> int:
        """Masks that an expert draws: annotated slices of every muscle of every leg."""
        return sum(len(drawn) for muscles in self.slices.values() for drawn in muscles.values())

    @property
    def available(self) -> int:
        """Masks that there would be with every slice drawn."""
        return sum(last - first + 1 for muscles in self.ranges.values() for first, last in muscles.values())

    @property
    def share(self) -> float:
        """Masks drawn of those that there would be, 0 to 1."""
        return self.total / self.available if self.available else 0.0

    @property
    def images(self) -> int:
        """Slices on which at least one muscle is drawn."""
        return sum(len({z for drawn in muscles.values() for z in drawn}) for muscles in self.slices.values())

    @property
    def total_by_muscle(self) -> dict[str, int]:
        """Masks drawn of each muscle: what the paper counts, which trains a network for each."""
        totals: dict[str, int] = {}
        for muscles in self.slices.values():
            for muscle, drawn in muscles.items():
                totals[muscle] = totals.get(muscle, 0) + len(drawn)
        return totals


@dataclass(frozen=True)
class AnnotationBudget:
    """How many slices of each leg are annotated, and where.

    A number of slices is meant for a leg of `leg_slices`; a muscle that is present on fewer gets the same share of them
    (the paper decays "the annotation %").

    Attributes:
        policy: "decremental", exponential decay from leg to leg down to a floor (paper, III-C3); "constant", the
            same of each (paper, III-C2); "full", every slice.
        first: Annotated slices of the first leg (paper, III-C3: around 230); "decremental" only.
        decay: How the annotated slices fall from one leg to the next (paper, III-C3: 230 to 115); "decremental" only.
        floor: Slices that no leg goes below; "decremental" only. 42 is the paper's 3 in 100
            (docs/concepts/annotation-budget.md).
        constant: Annotated slices of each leg (paper, III-C2: 3 x 14 = 42); "constant" only.
        leg_slices: Slices of the leg that these numbers are meant for (paper, IV-A3: 1400).
        run: Consecutive slices that are annotated together (paper, III-C2: 3).
        spread: "ends", runs from the first slice with the muscle to the last at equal distances, so that both ends are
            drawn; "blocks", a run at the beginning of each of several equal parts (paper, III-C2: every 100 slices).
        order: The legs come as "given", or "shuffled".
        seed: The seed of the shuffled order.
    """

    policy: str = DECREMENTAL
    first: int = 230
    decay: float = 0.5
    floor: int = 42
    constant: int = 42
    leg_slices: int = 1400
    run: int = 3
    spread: str = ENDS
    order: str = GIVEN
    seed: int = 0

    def __post_init__(self) -> None:
        choices = {"policy": (self.policy, POLICIES), "spread": (self.spread, SPREADS), "order": (self.order, ORDERS)}
        for name, (value, known) in choices.items():
            if value not in known:
                raise InputError(f"a {name} of {', '.join(known)}", f"'{value}'", "Choose one of them.")
        most = max(self.first, self.floor) if self.policy == DECREMENTAL else self.constant
        if min(self.first, self.constant, self.leg_slices, self.run) < 1 or self.floor < 0:
            raise InputError("numbers of slices above 0", f"{self}", "Correct the budget.")
        if self.policy != FULL and most > self.leg_slices:
            raise InputError(f"no more than the leg's {self.leg_slices} slices", f"{most}", "Correct the budget.")
        if not 0 < self.decay <= 1:
            raise InputError("a decay above 0, at most 1", f"{self.decay}", "Correct the budget.")

    def counts(self, legs: int = 29) -> tuple[int, ...]:
        """Slices granted to each leg, in the order in which they are dealt.

        >>> AnnotationBudget().counts(6)
        (230, 115, 57, 42, 42, 42)
        >>> sum(AnnotationBudget().counts(29)), sum(AnnotationBudget(floor=0).counts(29))
        (1494, 455)
        """
        return tuple(int(share * self.leg_slices) for share in self._shares(legs))

    @property
    def total(self) -> int:
        """Slices granted to the paper's 29 training legs."""
        return sum(self.counts())

    @property
    def share(self) -> float:
        """Share of the slices of the paper's 29 training legs, 0 to 1."""
        return self.total / (len(self.counts()) * self.leg_slices)

    def annotated(self, ranges: Mapping[str, Mapping[str, Range]]) -> Annotations:
        """The slices that are annotated.

        Args:
            ranges: Leg to muscle to the first and the last slice with it.

        Raises:
            InputError: A range that ends before it begins.
        """
        for leg, muscles in ranges.items():
            for muscle, (first, last) in muscles.items():
                if not 0 <= first <= last:
                    raise InputError(
                        "a first slice and a last one after it", f"{first} and {last} for {muscle} in {leg}", "Give its range."
                    )
        legs = self._dealt(tuple(ranges))
        shares = self._shares(len(legs))
        return Annotations(
            slices={
                leg: {muscle: self._slices(found, share) for muscle, found in ranges[leg].items()}
                for leg, share in zip(legs, shares, strict=True)
            },
            ranges={leg: dict(ranges[leg]) for leg in legs},
            planned=dict(zip(legs, self.counts(len(legs)), strict=True)),
        )

    def _dealt(self, legs: Sequence[str]) -> tuple[str, ...]:
        if self.order == GIVEN:
            return tuple(legs)
        # Sorted first, so that the order does not depend on how the legs were listed.
        names = sorted(legs)
        return tuple(names[int(i)] for i in np.random.default_rng(self.seed).permutation(len(names)))

    def _shares(self, legs: int) -> list[Fraction]:
        """The share of each leg's slices that is annotated, in whole slices of a leg of `leg_slices`."""
        if self.policy == FULL:
            return [Fraction(1)] * legs
        if self.policy == CONSTANT:
            return [Fraction(self.constant, self.leg_slices)] * legs
        granted = (max(int(self.first * self.decay**index), self.floor) for index in range(legs))
        return [Fraction(slices, self.leg_slices) for slices in granted]

    def _slices(self, found: Range, share: Fraction) -> tuple[int, ...]:
        """Runs spread over a muscle's range: never fewer than one, at its first slice."""
        first, last = found
        length = last - first + 1
        runs = max(1, round(length * share / self.run))
        if share == 1 or runs * self.run >= length:
            return tuple(range(first, last + 1))
        if self.spread == BLOCKS or runs == 1:
            starts = [first + index * length // runs for index in range(runs)]
        else:
            # Rounded half up in whole numbers, so that runs never overlap.
            room = length - self.run
            starts = [first + (2 * index * room + runs - 1) // (2 * (runs - 1)) for index in range(runs)]
        return tuple(start + step for start in starts for step in range(self.run))


def with_ends(found: Range, slices: Sequence[int]) -> tuple[int, ...]:
    """The annotated slices, with the muscle's first and last one and those without it beside them."""
    first, last = found
    return tuple(z for z in sorted({*slices, first - 1, first, last, last + 1}) if z >= 0)

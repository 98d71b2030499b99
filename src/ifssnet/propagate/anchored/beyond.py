"""Between drawn slices and on from them: gaps by the corrected interpolation, what lies past the outermost ones by carrying."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription
from ifssnet.propagate.anchored.propagation import AnchoredPropagation
from ifssnet.propagate.recurrent.propagation import RecurrentPropagation


@dataclass(frozen=True, eq=False)
class BetweenAndBeyond:
    """One network in both of its uses on one leg.

    Attributes:
        between: It corrects guided interpolation between annotated groups.
        beyond: It carries the outermost groups' masks on, to where the muscle ends or was drawn absent.
    """

    between: AnchoredPropagation
    beyond: RecurrentPropagation

    def steps(self) -> Iterator[Step]:
        """Yield the gaps, then what lies past them, muscle after muscle."""
        further = sum(len(gap.slices) for gaps in self.beyond.plans.values() for gap in gaps)
        done = 0
        for step in self.between.steps():
            done = step.total
            yield replace(step, total=done + further)
        for step in self.beyond.steps():
            yield replace(step, done=done + step.done, total=done + step.total)

    def describe(self) -> MethodDescription:
        """What the corrected interpolation says, and how masks were carried on from it."""
        found = self.between.describe()
        return replace(found, details={**found.details, "beyond": self.beyond.inference})

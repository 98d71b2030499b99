"""The result of propagation, and the protocol of every method that propagates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from ifssnet.core.images import LabelMap, Volume, first_names
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription, Provenance
from ifssnet.core.seeds import Seeds


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Every voxel labelled, and how that came about.

    Attributes:
        labels: One muscle a voxel.
        probability: That of the voxel's own label where there is one, else of its most probable muscle; None when not kept.
        provenance: How it came about; None where nobody kept account, as for slices that are still being collected.
    """

    labels: LabelMap
    probability: Float[np.ndarray, "z y x"] | None
    provenance: Provenance | None = None

    def __repr__(self) -> str:
        how = f"; {self.provenance.method_name}" if self.provenance else ""
        return f"Segmentation({first_names(self.labels.names.values())}{how}; {self.labels.grid.in_words})"


@runtime_checkable
class Propagation(Protocol):
    """A method prepared for one volume and its seeds: a value that never changes.

    Its steps may be gone through once, more than once or not at all, beside those of other legs; what it says of itself is
    always about its own leg.
    """

    def steps(self) -> Iterator[Step]:
        """Yield the probability of each muscle on each slice that the method can say something about.

        A slice of a muscle that is never yielded is background for that muscle; one that is yielded twice counts
        as it was yielded last. Masks of annotated slices may be yielded or not: whoever collects the steps
        restores what the expert drew.

        Raises:
            InputError: What only the work itself can find out cannot be used by this method.
        """
        ...

    def describe(self) -> MethodDescription:
        """Settings, choices made from these seeds, and estimates with their errors, for provenance."""
        ...


@runtime_checkable
class PartialPropagation(Propagation, Protocol):
    """A propagation that finds some slices without the work for all of them: what a person who waits asks for."""

    def steps_on(self, wanted: Mapping[int, Set[int]]) -> Iterator[Step]:
        """Yield steps of these slices alone.

        Args:
            wanted: Slices by label; a muscle that is not named only says what is its own.
        """
        ...


@runtime_checkable
class Propagator(Protocol):
    """Propagates the masks of a few annotated slices through a volume. Every method, learned or not, is one."""

    @property
    def name(self) -> str:
        """The method's name on the command line."""
        ...

    @property
    def needs_volume(self) -> bool:
        """Whether the method reads grey levels; one that does not may be given None."""
        ...

    def prepare(self, volume: Volume | None, seeds: Seeds) -> Propagation:
        """The method with a leg to work on; the work itself waits until it is asked for.

        Raises:
            InputError: The seeds or the volume cannot be used by this method.
        """
        ...


@dataclass(frozen=True, eq=False)
class SimplePropagation:
    """A propagation of which everything but its steps is known from the start.

    Attributes:
        work: Begins the steps, anew at each call.
        description: What provenance says.
    """

    work: Callable[[], Iterator[Step]]
    description: MethodDescription

    def steps(self) -> Iterator[Step]:
        """Yield the steps, as `Propagation` has it."""
        return self.work()

    def describe(self) -> MethodDescription:
        """The description."""
        return self.description

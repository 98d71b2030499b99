"""One network a muscle, as the paper trains them (III-C4), behind the protocol of a single method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ifssnet.core.errors import InputError
from ifssnet.core.images import Volume
from ifssnet.core.muscles import field_name
from ifssnet.core.progress import Step
from ifssnet.core.provenance import MethodDescription
from ifssnet.core.seeds import Seeds
from ifssnet.core.segmentation import Propagation, Propagator
from ifssnet.propagate.network_input.trained_pixels import on_trained_pixels


@dataclass(frozen=True, eq=False)
class PerMuscle:
    """Gives each muscle to the method that was trained on it.

    Attributes:
        methods: The field's name of a muscle to its method.
    """

    methods: Mapping[str, Propagator]

    def __post_init__(self) -> None:
        if not self.methods:
            raise InputError("a method for at least one muscle", "none", "Give one.")

    @property
    def name(self) -> str:
        """The kind of the methods, which are alike but for their weights."""
        return next(iter(self.methods.values())).name

    @property
    def needs_volume(self) -> bool:
        """Whether any of them reads grey levels."""
        return any(method.needs_volume for method in self.methods.values())

    def prepare(self, volume: Volume | None, seeds: Seeds) -> PropagationPerMuscle:
        """Every muscle with its method: one that has none is refused before any work is done.

        Raises:
            InputError: A muscle that none of the methods is for, or what a method refuses.
        """
        names = [(label, field_name(seeds.name(label))) for label in seeds.labels]
        methods = [(label, name, on_trained_pixels(self._of(name), seeds.grid)) for label, name in names]
        return PropagationPerMuscle(
            tuple((name, method.prepare(volume, _only(seeds, label))) for label, name, method in methods)
        )

    def _of(self, muscle: str) -> Propagator:
        if muscle not in self.methods:
            raise InputError(
                f"one of the muscles {', '.join(self.methods)}, which there are weights of",
                f"'{muscle}'",
                "Train a network on it, or leave it out.",
            )
        return self.methods[muscle]


@dataclass(frozen=True, eq=False)
class PropagationPerMuscle:
    """Muscle after muscle, each by its own method.

    Attributes:
        propagations: The field's name of each muscle with its propagation.
    """

    propagations: tuple[tuple[str, Propagation], ...]

    def steps(self) -> Iterator[Step]:
        """Yield the steps of one muscle after another."""
        muscles = len(self.propagations)
        for place, (_, propagation) in enumerate(self.propagations):
            for step in propagation.steps():
                yield Step(step.label, step.z, step.probability, place * step.total + step.done, muscles * step.total)

    def describe(self) -> MethodDescription:
        """What each of them says of its muscle."""
        return MethodDescription(per_muscle={name: propagation.describe() for name, propagation in self.propagations})


def _only(seeds: Seeds, label: int) -> Seeds:
    return replace(seeds, masks={label: seeds.masks[label]})

"""What an evaluation compares: the cohort, the methods, and the annotated slices that each method is given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ifssnet.core.errors import InputError

FIRST_THREE, EVERY_100, ALL_SEEDS = "first-three", "every-100", "all-seeds"


@dataclass(frozen=True)
class SeedProtocol:
    """The slices that an expert is taken to have drawn, and those of them that a method is given.

    Attributes:
        protocol: Which of the drawn slices a method is given, a key of `ifssnet.propagate.seeding.protocols.PROTOCOLS`.
        every: The number of slices from one annotated group to the next (paper, IV-C2: 100); None for the default.
        every_mm: The same distance in mm; takes the place of `every`.
        noise_mm: The standard deviation of the drawn border about the true one.
        seed: The seed of that noise.
        consecutive: The number of slices drawn side by side in each group (paper, IV-C2: 3).

    Raises:
        InputError: Both distances, or one that is not above 0.
    """

    protocol: str = ALL_SEEDS
    every: int | None = None
    every_mm: float | None = None
    noise_mm: float = 0.0
    seed: int = 0
    consecutive: int = 3

    def __post_init__(self) -> None:
        if self.every is not None and self.every_mm is not None:
            raise InputError("one of every and every_mm", "both", "Give one of them.")
        for name, value in (("every", self.every), ("every_mm", self.every_mm)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} above 0", f"{value}", f"Correct {name}.")

    @property
    def distance(self) -> str:
        """The distance between annotated groups, in words."""
        return f"{self.every_mm:g} mm" if self.every_mm else f"{self.every or 100} slices"


@dataclass(frozen=True)
class EvaluatedCohort:
    """The cohort of an evaluation.

    Attributes:
        name: The data set's name.
        folder: The name of the folder that held it.
        sha256: A hash of all volumes and labels of the evaluated legs.
        notes: What everyone who reports numbers on it ought to know.
        label_error: How wrong the reference labels are known to be, as a sentence; empty where nobody says.
    """

    name: str = "a cohort"
    folder: str = ""
    sha256: str = ""
    notes: tuple[str, ...] = ()
    label_error: str = ""


@dataclass(frozen=True)
class NetworkFacts:
    """A trained network, without its tensors.

    Attributes:
        network: The network's configuration.
        sampling: How grey levels and masks become its pixels.
        muscles: The muscles that it was trained on; empty for any.
    """

    network: Mapping[str, object]
    sampling: Mapping[str, object]
    muscles: tuple[str, ...] = ()


@dataclass(frozen=True)
class MethodWeights:
    """The weights of a learned method.

    Attributes:
        weights_sha256: The hash of the tensors.
        weights: The network that they belong to.
    """

    weights_sha256: str
    weights: NetworkFacts


@dataclass(frozen=True)
class MethodFacts:
    """Everything that a method's results depend on.

    Attributes:
        given_as: The name that the user wrote, such as "guided".
        method: The method's name in `ifssnet.propagate.methods`, or "hold".
        settings: All settings that differ from the defaults.
        weights_sha256: The hash of a learned method's tensors; None for the others.
        weights: The network that they belong to.
        weights_by_muscle: The muscle's name to its weights, where each muscle has a network of its own.
    """

    given_as: str
    method: str
    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    weights_sha256: str | None = None
    weights: NetworkFacts | None = None
    weights_by_muscle: Mapping[str, MethodWeights] | None = None


@dataclass(frozen=True)
class EvaluationFacts:
    """What was compared on which legs.

    Attributes:
        format: The version of the files.
        cohort: The cohort.
        split: The part of the cohort.
        given: The annotated slices that each method was given.
        legs: The names of the legs.
        methods: The method's label to its facts, in the order of every table.
        against: The label of the method that the others are tested against.
        software: The versions of this package, Python and the libraries.
    """

    format: str = ""
    cohort: EvaluatedCohort = field(default_factory=EvaluatedCohort)
    split: str = ""
    given: SeedProtocol = field(default_factory=SeedProtocol)
    legs: tuple[str, ...] = ()
    methods: Mapping[str, MethodFacts] = field(default_factory=dict[str, MethodFacts])
    against: str = ""
    software: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Failure:
    """A method that could not be run on a leg.

    Attributes:
        case: The leg.
        method: The method's label.
        error: What went wrong.
    """

    case: str
    method: str
    error: str


@dataclass(frozen=True)
class Absences:
    """What an evaluation has no numbers of.

    Attributes:
        failed: The runs that failed.
        absent_muscles: The leg's name to the muscles that its reference lacks.
    """

    failed: tuple[Failure, ...] = ()
    absent_muscles: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

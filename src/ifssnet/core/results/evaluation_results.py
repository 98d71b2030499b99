"""What an evaluation found: a row for each number, a row for each slice, and what both say together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, Shaped

from ifssnet.core.findings import Finding
from ifssnet.core.muscles import in_field_order
from ifssnet.core.results.evaluation import Absences, EvaluationFacts, Failure
from ifssnet.core.results.reliability import BlandAltman, Interval, Reliability

MEAN = "mean"
"""Stands for the mean over a leg's muscles where a muscle's name is expected."""

WHOLE = "whole_"
"""The prefix of a metric over all slices; without it, annotated slices do not count."""


@dataclass(frozen=True)
class Score:
    """One number of one muscle of one leg by one method.

    Attributes:
        case: The leg.
        muscle: The muscle's name.
        method: The method's label in this evaluation.
        protocol: Which of the annotated slices were given.
        metric: The name in `ifss compare`, with `WHOLE` before it where annotated slices count too.
        value: It may be infinite (a distance to an empty mask) or NaN (nothing left to measure).
        seconds: The time that the method took for the leg, all its muscles together.
        peak_mb: The largest memory of the process meanwhile, in 10^6 bytes; NaN where the system does not tell.
    """

    case: str
    muscle: str
    method: str
    protocol: str
    metric: str
    value: float
    seconds: float
    peak_mb: float


SCORE_COLUMNS: tuple[str, ...] = tuple(f.name for f in fields(Score))


@dataclass(frozen=True)
class SliceScore:
    """One slice of one muscle that was not annotated and where the muscle is or was found.

    Attributes:
        muscle: The muscle's name.
        z: The slice's index.
        nearest_given_mm: The distance to the nearest given slice.
        since_given_mm: The distance past the last given slice below; NaN before the first.
        dice: The slice's Dice.
        hausdorff_mm: The largest distance from the slice's border to the other surface, in 3-D.
        asd_mm: The mean of these distances, both directions together.
        area_error_percent: 100 (found - reference) / reference.
        found_mm2: The area that was found.
        reference_mm2: The reference's area.
    """

    muscle: str
    z: int
    nearest_given_mm: float
    since_given_mm: float
    dice: float
    hausdorff_mm: float
    asd_mm: float
    area_error_percent: float
    found_mm2: float
    reference_mm2: float


@dataclass(frozen=True, eq=False)
class SliceScores:
    """The slices of all runs, a column for each field of `SliceScore`, and three that say which run it is.

    Attributes:
        case: The leg.
        method: The method's label.
        protocol: Which of the annotated slices were given.
        muscle, z, nearest_given_mm, since_given_mm, dice, hausdorff_mm, asd_mm, area_error_percent, found_mm2, reference_mm2:
            As `SliceScore` has them.
    """

    case: Shaped[np.ndarray, " row"]
    muscle: Shaped[np.ndarray, " row"]
    method: Shaped[np.ndarray, " row"]
    protocol: Shaped[np.ndarray, " row"]
    z: Int[np.ndarray, " row"]
    nearest_given_mm: Float[np.ndarray, " row"]
    since_given_mm: Float[np.ndarray, " row"]
    dice: Float[np.ndarray, " row"]
    hausdorff_mm: Float[np.ndarray, " row"]
    asd_mm: Float[np.ndarray, " row"]
    area_error_percent: Float[np.ndarray, " row"]
    found_mm2: Float[np.ndarray, " row"]
    reference_mm2: Float[np.ndarray, " row"]

    def column(self, name: str) -> Float[np.ndarray, " row"]:
        """A column of numbers by its name."""
        return getattr(self, name)


SLICE_COLUMNS: tuple[str, ...] = tuple(f.name for f in fields(SliceScores))

TEXT_COLUMNS: tuple[str, ...] = ("case", "muscle", "method", "protocol")
"""The columns of both tables that hold words."""


def slice_scores(columns: Mapping[str, list[str] | list[int] | list[float]]) -> SliceScores:
    """The table by slice out of a list for each of `SLICE_COLUMNS`; columns that are missing are empty."""
    kinds = {**dict.fromkeys(TEXT_COLUMNS, np.str_), "z": np.int64}
    return SliceScores(**{name: np.array(columns.get(name, []), dtype=kinds.get(name, np.float64)) for name in SLICE_COLUMNS})


@dataclass(frozen=True)
class MetricSummary:
    """One metric of one method over the legs, in the metric's unit.

    Attributes:
        legs: The number of legs with a value.
        mean: The mean; None where there is no value or one is infinite.
        sd: The standard deviation (n - 1); None with fewer than two values or an infinite one.
        median: The median; None where it is infinite.
        interval: The 95 % bootstrap interval of the mean; None where there is no standard deviation.
        infinite: The number of legs whose value is infinite.
    """

    legs: int
    mean: float | None
    sd: float | None
    median: float | None
    interval: Interval | None
    infinite: int


@dataclass(frozen=True)
class PairedTest:
    """One method against another on the same legs.

    Attributes:
        legs: The number of legs that both have.
        better: The number of legs on which the method is better.
        mean_difference: The mean of method minus other, in the metric's unit; None where a difference is infinite.
        interval: The 95 % bootstrap interval of the mean difference; None where there is none.
        p: The p-value of Wilcoxon's signed ranks, two-sided.
        p_holm: The same after Holm's correction over the methods of one metric and muscle.
    """

    legs: int
    better: int
    mean_difference: float | None
    interval: Interval | None
    p: float
    p_holm: float


@dataclass(frozen=True)
class PairedTests:
    """Every method against one.

    Attributes:
        method: The label of the one.
        tests: Metric to muscle to method to its test.
    """

    method: str
    tests: Mapping[str, Mapping[str, Mapping[str, PairedTest]]]

    def of(self, metric: str, muscle: str, method: str) -> PairedTest | None:
        """One test; None where it was not made."""
        return self.tests.get(metric, {}).get(muscle, {}).get(method)


@dataclass(frozen=True)
class Cost:
    """What a method takes for a leg.

    Attributes:
        legs: The number of legs that it was run on.
        seconds_mean: The mean time; None without legs.
        seconds_max: The longest time.
        peak_mb_max: The largest memory of the process, in 10^6 bytes; None where the system does not tell.
    """

    legs: int
    seconds_mean: float | None
    seconds_max: float | None
    peak_mb_max: float | None


@dataclass(frozen=True)
class Counts:
    """How much was evaluated.

    Attributes:
        legs: The number of legs.
        muscles: The names of the muscles.
        methods: The number of methods.
        failed: The number of runs that failed.
    """

    legs: int
    muscles: tuple[str, ...]
    methods: int
    failed: int


@dataclass(frozen=True)
class VolumeAgreement:
    """Volumes of a method against the reference's, in cm3.

    Attributes:
        bland_altman: Bias and limits of agreement.
        reliability: Intraclass correlations, standard error and minimal detectable change.
    """

    bland_altman: BlandAltman
    reliability: Reliability


@dataclass(frozen=True)
class Summary:
    """What the scores of an evaluation say.

    Attributes:
        counts: How much was evaluated.
        failed: The runs that failed.
        cost: The method's label to its time and memory.
        metrics: Metric to muscle, or `MEAN`, to method to its summary.
        against: Every method against one.
        volume_agreement: Muscle to method to the agreement of volumes.
    """

    counts: Counts
    failed: tuple[Failure, ...]
    cost: Mapping[str, Cost]
    metrics: Mapping[str, Mapping[str, Mapping[str, MetricSummary]]]
    against: PairedTests
    volume_agreement: Mapping[str, Mapping[str, VolumeAgreement]]


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that an evaluation found.

    Attributes:
        scores: A row for each number.
        slices: A row for each slice that was not annotated.
        methods: The methods' labels, in the order of every table and figure.
        kinds: The method's label to its name.
        about: What was compared.
        absences: What has no numbers.
        summary: What the scores say; None until it is computed.
        findings: What has to be known before using the numbers.
    """

    scores: tuple[Score, ...]
    slices: SliceScores
    methods: tuple[str, ...]
    kinds: Mapping[str, str]
    about: EvaluationFacts = field(default_factory=EvaluationFacts)
    absences: Absences = field(default_factory=Absences)
    summary: Summary | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def muscles(self) -> tuple[str, ...]:
        """The muscles that have numbers, the paper's first."""
        seen = dict.fromkeys(score.muscle for score in self.scores)
        return tuple(in_field_order(seen))

    @property
    def cases(self) -> tuple[str, ...]:
        """The legs that have numbers, by name."""
        return tuple(sorted({score.case for score in self.scores}))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics, in the order of the table."""
        return tuple(dict.fromkeys(score.metric for score in self.scores))

    def values(self, metric: str, muscle: str = MEAN) -> dict[str, dict[str, float]]:
        """Method to leg to the value of one muscle or, with `MEAN`, of the mean over the leg's muscles."""
        found: dict[str, dict[str, list[float]]] = {method: {} for method in self.methods}
        for score in self.scores:
            if score.metric == metric and muscle in (MEAN, score.muscle) and score.method in found:
                found[score.method].setdefault(score.case, []).append(score.value)
        return {
            method: {case: math.fsum(values) / len(values) if len(values) > 1 else values[0] for case, values in row.items()}
            for method, row in found.items()
        }


@dataclass(frozen=True)
class DrawnFigures:
    """The figures of an evaluation.

    Attributes:
        output: Their folder.
        files: The names of the files in it.
    """

    output: Path
    files: tuple[str, ...]

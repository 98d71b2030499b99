"""What an evaluation found: one tidy table, a row a number, and another by slice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np
from jaxtyping import Shaped

from ifssnet.core.muscles import TRICEPS_SURAE
from ifssnet.core.segmentation import Json

MEAN = "mean"
"""Stands for the mean over a leg's muscles where a muscle's name is expected."""

WHOLE = "whole_"
"""Prefix of a metric over all slices; without it, annotated slices do not count."""


@dataclass(frozen=True)
class Score:
    """One number of one muscle of one leg by one method.

    Attributes:
        case: The leg.
        muscle: The field's name.
        method: The method's label in this evaluation.
        protocol: Which of the annotated slices were given.
        metric: As `ifss compare` calls it, with `WHOLE` before it where annotated slices count too.
        value: May be infinite (a distance to an empty mask) or NaN (nothing left to measure).
        seconds: That the method took for the leg, all its muscles together.
        peak_mb: Largest memory of the process meanwhile, in 10^6 bytes; NaN where the system does not tell.
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

SLICE_COLUMNS: tuple[str, ...] = (
    "case", "muscle", "method", "protocol", "z", "nearest_given_mm", "since_given_mm",
    "dice", "hausdorff_mm", "asd_mm", "area_error_percent", "found_mm2", "reference_mm2",
)  # fmt: skip
"""Of the table by slice: distances to the nearest given slice, and past the last given slice below (NaN before the first)."""


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that an evaluation found.

    Attributes:
        scores: One row a number.
        slices: `SLICE_COLUMNS`, each with one entry a slice that was not annotated.
        methods: Labels, in the order of every table and figure.
        kinds: Label to the method's name.
        about: Cohort, split, protocol, versions, hashes: plain data.
        summary: Means, tests, agreement and failures: plain data; empty until they are computed.
    """

    scores: tuple[Score, ...]
    slices: Mapping[str, Shaped[np.ndarray, " row"]]
    methods: tuple[str, ...]
    kinds: Mapping[str, str]
    about: Mapping[str, Json] = field(default_factory=dict[str, "Json"])
    summary: Mapping[str, Json] = field(default_factory=dict[str, "Json"])

    @property
    def muscles(self) -> tuple[str, ...]:
        """The muscles that have numbers, the paper's first."""
        seen = dict.fromkeys(score.muscle for score in self.scores)
        return (*(m for m in TRICEPS_SURAE if m in seen), *(m for m in seen if m not in TRICEPS_SURAE))

    @property
    def cases(self) -> tuple[str, ...]:
        """The legs that have numbers, by name."""
        return tuple(sorted({score.case for score in self.scores}))

    @property
    def metrics(self) -> tuple[str, ...]:
        """What was measured, in the order of the table."""
        return tuple(dict.fromkeys(score.metric for score in self.scores))

    @property
    def label_error(self) -> str:
        """How wrong the labels are known to be that the numbers were measured against; empty where nobody says."""
        cohort = self.about.get("cohort")
        return str(cohort.get("label_error", "")) if isinstance(cohort, Mapping) else ""

    def values(self, metric: str, muscle: str = MEAN) -> dict[str, dict[str, float]]:
        """Method to leg to value, of one muscle or, a leg, of the mean over its muscles."""
        found: dict[str, dict[str, list[float]]] = {method: {} for method in self.methods}
        for score in self.scores:
            if score.metric == metric and muscle in (MEAN, score.muscle) and score.method in found:
                found[score.method].setdefault(score.case, []).append(score.value)
        return {
            method: {case: math.fsum(values) / len(values) if len(values) > 1 else values[0] for case, values in row.items()}
            for method, row in found.items()
        }

"""How well repeated measurements of the same subjects agree: bias and limits, intraclass correlations, detectable change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Interval = tuple[float, float]
"""The lower and the upper end."""


@dataclass(frozen=True)
class BlandAltman:
    """How two methods agree (Bland and Altman 1986). All values but the count have the unit of the measurements.

    Attributes:
        subjects: The number of subjects that both methods measured.
        bias: The mean of the differences, first minus second.
        sd: The standard deviation of the differences (n - 1).
        limits: The bias minus and plus 1.96 standard deviations: 95 % of the differences lie between them.
        bias_interval: The confidence interval of the bias.
        lower_limit_interval: The confidence interval of the lower limit, by its standard error sqrt(3 / n) sd.
        upper_limit_interval: The same for the upper limit.
    """

    subjects: int
    bias: float
    sd: float
    limits: Interval
    bias_interval: Interval
    lower_limit_interval: Interval
    upper_limit_interval: Interval


@dataclass(frozen=True)
class IntraclassCorrelation:
    """One coefficient with its confidence interval.

    Attributes:
        value: The estimate; it may be negative, and is NaN where nothing differs.
        interval: Its confidence interval.
    """

    value: float
    interval: Interval


@dataclass(frozen=True)
class Reliability:
    """What repeated measurements of the same subjects say (two-way analysis of variance, one value a cell).

    Attributes:
        subjects: The number of subjects.
        raters: The number of measurements of each subject: raters, methods or occasions.
        icc_2_1: Absolute agreement of single measurements by raters drawn from many: ICC(2,1), also ICC(A,1).
        icc_3_1: Consistency of single measurements by these very raters: ICC(3,1), also ICC(C,1).
        sem_agreement: The standard error of measurement with the differences between raters: the root of the sum of their
            variance and the error's, in the unit of the measurements.
        sem_consistency: The same without these differences: the root of the error's mean square.
        mdc_agreement: The minimal detectable change between two measurements at the confidence level, in the same unit:
            1.96 sqrt(2) SEM at 95 %.
        mdc_consistency: The same from `sem_consistency`.
    """

    subjects: int
    raters: int
    icc_2_1: IntraclassCorrelation
    icc_3_1: IntraclassCorrelation
    sem_agreement: float
    sem_consistency: float
    mdc_agreement: float
    mdc_consistency: float


@dataclass(frozen=True)
class RaterPair:
    """Two raters, methods or occasions against each other.

    Attributes:
        first: The name of the first.
        second: The name of the second.
        difference: Their differences, first minus second.
    """

    first: str
    second: str
    difference: BlandAltman


@dataclass(frozen=True)
class RepeatedMeasurements:
    """All measurements of one muscle.

    Attributes:
        raters: The names of the raters, methods or occasions.
        reliability: All of them together.
        pairs: Each two of them.
    """

    raters: tuple[str, ...]
    reliability: Reliability
    pairs: tuple[RaterPair, ...]


@dataclass(frozen=True)
class RaterAgreement:
    """The agreement of repeated measurements, muscle by muscle.

    Attributes:
        quantity: What was measured, as `ifss measure` calls it; empty for values of a table that does not say.
        confidence: The confidence of all intervals, between 0 and 1.
        muscles: The muscle's name to its measurements.
    """

    quantity: str
    confidence: float
    muscles: Mapping[str, RepeatedMeasurements]

"""Agreement over a cohort: bias and limits, intraclass correlations, standard error, minimal detectable change.

Sources: Bland and Altman, Lancet 1:307, 1986; Shrout and Fleiss, Psychol Bull 86:420, 1979; McGraw and Wong, Psychol
Methods 1:30, 1996; Weir, J Strength Cond Res 19:231, 2005.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Num

from ifssnet.core.errors import InputError
from ifssnet.core.results.reliability import BlandAltman, IntraclassCorrelation, Reliability
from ifssnet.measurement.statistics.distributions import f_quantile, normal_quantile, t_quantile


def bland_altman(
    first: Num[np.ndarray, " subject"], second: Num[np.ndarray, " other"], multiplier: float = 1.96, confidence: float = 0.95
) -> BlandAltman:
    """Bias and limits of agreement of two methods on the same subjects.

    Args:
        first: One value a subject.
        second: The same subjects, in the same order.
        multiplier: How many standard deviations the limits are away; the 1986 paper rounds 1.96 to 2.
        confidence: The confidence of the intervals, by Student's t with n - 1 degrees of freedom.

    Raises:
        InputError: Fewer than two subjects, lengths that differ, values that are not finite, or an impossible confidence.
    """
    if first.shape != second.shape:
        raise InputError("two values a subject", f"{len(first)} and {len(second)} values", "Pair them by subject.")
    table = _checked(np.stack([first, second], axis=1), confidence)
    difference = table[:, 0] - table[:, 1]
    n = len(difference)
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    t = t_quantile((1 + confidence) / 2, n - 1)
    bias_reach, limit_reach = t * sd / math.sqrt(n), t * sd * math.sqrt(3 / n)
    low, high = bias - multiplier * sd, bias + multiplier * sd
    return BlandAltman(
        subjects=n,
        bias=bias,
        sd=sd,
        limits=(low, high),
        bias_interval=(bias - bias_reach, bias + bias_reach),
        lower_limit_interval=(low - limit_reach, low + limit_reach),
        upper_limit_interval=(high - limit_reach, high + limit_reach),
    )


def reliability(values: Num[np.ndarray, "subject rater"], confidence: float = 0.95) -> Reliability:
    """Intraclass correlations, standard error of measurement and minimal detectable change.

    Args:
        values: One row a subject, one column a rater, method or occasion.
        confidence: The confidence of the intervals and of the minimal detectable change.

    Raises:
        InputError: Fewer than two subjects or raters, values that are not finite, or an impossible confidence.
    """
    table = _checked(values, confidence)
    ms = _mean_squares(table)
    rater_variance = max((ms.raters - ms.error) / ms.n, 0.0)
    sem_agreement, sem_consistency = math.sqrt(rater_variance + ms.error), math.sqrt(ms.error)
    factor = float(normal_quantile((1 + confidence) / 2)) * math.sqrt(2)
    return Reliability(
        subjects=ms.n,
        raters=ms.k,
        icc_2_1=_absolute_agreement(ms, confidence),
        icc_3_1=_consistency(ms, confidence),
        sem_agreement=sem_agreement,
        sem_consistency=sem_consistency,
        mdc_agreement=factor * sem_agreement,
        mdc_consistency=factor * sem_consistency,
    )


def _checked(values: Num[np.ndarray, "subject rater"], confidence: float) -> Float[np.ndarray, "subject rater"]:
    if min(values.shape) < 2 or not np.isfinite(values).all():
        raise InputError(
            "finite values of at least two subjects, measured at least twice",
            f"{values.shape[0]} subjects measured {values.shape[1]} times, {int((~np.isfinite(values)).sum())} not finite",
            "Leave out subjects with a missing value.",
        )
    if not 0 < confidence < 1:
        raise InputError("a confidence between 0 and 1", f"{confidence}", "Take 0.95.")
    return values.astype(np.float64)


@dataclass(frozen=True)
class _MeanSquares:
    """Mean squares of the two-way analysis of variance of n subjects and k raters."""

    n: int
    k: int
    subjects: float
    raters: float
    error: float


def _mean_squares(table: Float[np.ndarray, "subject rater"]) -> _MeanSquares:
    n, k = table.shape
    centred = table - table.mean()
    subjects = k * float((centred.mean(axis=1) ** 2).sum())
    raters = n * float((centred.mean(axis=0) ** 2).sum())
    left = centred - centred.mean(axis=1, keepdims=True) - centred.mean(axis=0)
    error = float((left**2).sum())
    # What round-off leaves of raters who never differ is no error, and no difference of theirs.
    nothing = 1e-24 * float((table**2).sum())
    error, raters = (0.0 if each <= nothing else each for each in (error, raters))
    return _MeanSquares(n, k, subjects / (n - 1), raters / (k - 1), error / ((n - 1) * (k - 1)))


def _consistency(ms: _MeanSquares, confidence: float) -> IntraclassCorrelation:
    """ICC(3,1) = (BMS - EMS) / (BMS + (k - 1) EMS), interval by the F distribution (Shrout and Fleiss 1979)."""
    if ms.error == 0:
        return _certain(1.0 if ms.subjects > 0 else math.nan)
    k, f, freedom = ms.k, ms.subjects / ms.error, (ms.n - 1) * (ms.k - 1)
    upper = (1 + confidence) / 2
    low = f / f_quantile(upper, ms.n - 1, freedom)
    high = f * f_quantile(upper, freedom, ms.n - 1)
    return IntraclassCorrelation((f - 1) / (f + k - 1), ((low - 1) / (low + k - 1), (high - 1) / (high + k - 1)))


def _absolute_agreement(ms: _MeanSquares, confidence: float) -> IntraclassCorrelation:
    """ICC(2,1) = (BMS - EMS) / (BMS + (k - 1) EMS + k (JMS - EMS) / n).

    Interval by Satterthwaite's degrees of freedom (Fleiss and Shrout, Psychometrika 43:259, 1978; McGraw and Wong 1996).
    """
    n, k = ms.n, ms.k
    total = ms.subjects + (k - 1) * ms.error + k * (ms.raters - ms.error) / n
    if total == 0:
        return _certain(math.nan)
    icc = (ms.subjects - ms.error) / total
    if icc >= 1:
        return _certain(icc)
    a, b = k * icc / (n * (1 - icc)), 1 + k * icc * (n - 1) / (n * (1 - icc))
    spread = (a * ms.raters) ** 2 / (k - 1) + (b * ms.error) ** 2 / ((n - 1) * (k - 1))
    if spread == 0:
        return _certain(icc)
    freedom = (a * ms.raters + b * ms.error) ** 2 / spread
    upper = (1 + confidence) / 2
    f_low, f_high = f_quantile(upper, n - 1, freedom), f_quantile(upper, freedom, n - 1)
    rest = k * ms.raters + (k * n - k - n) * ms.error
    low = n * (ms.subjects - f_low * ms.error) / (f_low * rest + n * ms.subjects)
    high = n * (f_high * ms.subjects - ms.error) / (rest + n * f_high * ms.subjects)
    return IntraclassCorrelation(icc, (low, high))


def _certain(value: float) -> IntraclassCorrelation:
    """Nothing scatters: 1 where subjects differ and raters do not, unknown where nothing differs at all."""
    return IntraclassCorrelation(value, (value, value))

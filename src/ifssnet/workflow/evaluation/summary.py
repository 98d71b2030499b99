"""What a table of scores says: means and their spread, tests against one method, agreement of volumes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from ifssnet.core.results.evaluation_results import (
    MEAN,
    WHOLE,
    Cost,
    Counts,
    MetricSummary,
    PairedTest,
    PairedTests,
    Results,
    Summary,
    VolumeAgreement,
)
from ifssnet.measurement.statistics.agreement import bland_altman, reliability
from ifssnet.measurement.statistics.bootstrap import bootstrap_mean
from ifssnet.measurement.statistics.paired_tests import holm, signed_rank

LARGER_IS_BETTER = ("dice", "iou", "miou", "precision", "recall")
TESTED = (
    "dice", "iou", "hausdorff_mm", "hausdorff95_mm", "asd_mm", "absolute_volume_error_percent",
    f"{WHOLE}dice", f"{WHOLE}absolute_volume_error_percent",
)  # fmt: skip
"""The metrics with a better and a worse."""


def summarise(results: Results, against: str) -> Summary:
    """Every metric's mean ± SD, median and interval, the paired tests and the agreement of volumes.

    A leg counts once: "mean" is the mean over its muscles. p-values are Holm's over the methods of one metric and muscle.

    Args:
        results: The scores.
        against: The label of the method that the others are tested against.
    """
    places = (MEAN, *results.muscles)
    failed = results.absences.failed
    return Summary(
        counts=Counts(len(results.cases), results.muscles, len(results.methods), len(failed)),
        failed=failed,
        cost={method: _cost(results, method) for method in results.methods},
        metrics={
            metric: {
                muscle: {method: metric_summary(list(row.values())) for method, row in results.values(metric, muscle).items()}
                for muscle in places
            }
            for metric in results.metrics
        },
        against=PairedTests(
            against,
            {
                metric: {
                    muscle: paired_tests(
                        results.values(metric, muscle), against, metric.removeprefix(WHOLE) in LARGER_IS_BETTER
                    )
                    for muscle in places
                }
                for metric in TESTED
                if metric in results.metrics
            },
        ),
        volume_agreement={
            muscle: {
                method: agreement
                for method in results.methods
                if (agreement := _volume_agreement(results, method, muscle)) is not None
            }
            for muscle in results.muscles
        },
    )


def metric_summary(values: Sequence[float]) -> MetricSummary:
    """Mean ± SD, median and the mean's interval of one value for each leg; NaN does not count."""
    known = np.array([value for value in values if not math.isnan(value)], dtype=np.float64)
    finite = bool(np.isfinite(known).all())
    n = int(known.size)
    median = float(np.median(known)) if n else math.nan
    return MetricSummary(
        legs=n,
        mean=float(known.mean()) if n and finite else None,
        sd=float(known.std(ddof=1)) if n > 1 and finite else None,
        median=median if math.isfinite(median) else None,
        interval=bootstrap_mean(known).interval if n > 1 and finite else None,
        infinite=int((~np.isfinite(known)).sum()),
    )


def paired_tests(values: Mapping[str, Mapping[str, float]], against: str, larger_is_better: bool) -> dict[str, PairedTest]:
    """Each method's legs against the same legs of one method.

    Args:
        values: Method to leg to value.
        against: The label of the one method.
        larger_is_better: Whether a positive difference is a gain.
    """
    base = values.get(against, {})
    found: dict[str, PairedTest] = {}
    for method, row in values.items():
        shared = sorted(case for case in row.keys() & base.keys() if not (math.isnan(row[case]) or math.isnan(base[case])))
        if method == against or not shared:
            continue
        first, second = (np.array([part[case] for case in shared], dtype=np.float64) for part in (row, base))
        difference = _difference(first, second)
        finite = bool(np.isfinite(difference).all())
        p = signed_rank(first, second).p_value
        found[method] = PairedTest(
            legs=len(shared),
            better=int((difference > 0 if larger_is_better else difference < 0).sum()),
            mean_difference=float(difference.mean()) if finite else None,
            interval=bootstrap_mean(difference).interval if finite and difference.size > 1 else None,
            p=p,
            p_holm=p,
        )
    adjusted = holm([test.p for test in found.values()])
    return {method: replace(test, p_holm=p) for (method, test), p in zip(found.items(), adjusted, strict=True)}


def _difference(first: Float[np.ndarray, " leg"], second: Float[np.ndarray, " leg"]) -> Float[np.ndarray, " leg"]:
    """First minus second; two equal infinities do not differ."""
    out = np.zeros_like(first)
    np.subtract(first, second, out=out, where=first != second)
    return out


def _cost(results: Results, method: str) -> Cost:
    """Time and memory, once a leg."""
    legs = {score.case: (score.seconds, score.peak_mb) for score in results.scores if score.method == method}
    seconds, peaks = [row[0] for row in legs.values()], [row[1] for row in legs.values() if not math.isnan(row[1])]
    mean = sum(seconds) / len(seconds) if seconds else None
    return Cost(len(legs), mean, max(seconds, default=None), max(peaks, default=None))


def _volume_agreement(results: Results, method: str, muscle: str) -> VolumeAgreement | None:
    """Volumes of a method against the truth's; None with fewer than two legs."""
    ours = results.values(f"{WHOLE}volume_cm3", muscle)[method]
    truth = results.values(f"{WHOLE}reference_volume_cm3", muscle)[method]
    legs = sorted(ours.keys() & truth.keys())
    table = np.array([[ours[leg], truth[leg]] for leg in legs], dtype=np.float64)
    if len(legs) < 2 or not np.isfinite(table).all():
        return None
    return VolumeAgreement(bland_altman(table[:, 0], table[:, 1]), reliability(table))

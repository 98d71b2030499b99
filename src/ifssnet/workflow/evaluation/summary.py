"""What a table of scores says: means and their spread, tests against one method, agreement of volumes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import cast

import numpy as np
from jaxtyping import Float

from ifssnet.core.results import MEAN, WHOLE, Results
from ifssnet.core.segmentation import Json
from ifssnet.measurement.agreement import bland_altman, reliability
from ifssnet.measurement.bootstrap import bootstrap_mean
from ifssnet.measurement.paired_tests import holm, signed_rank

LARGER_IS_BETTER = ("dice", "iou", "miou", "precision", "recall")
TESTED = (
    "dice", "iou", "hausdorff_mm", "hausdorff95_mm", "asd_mm", "absolute_volume_error_percent",
    f"{WHOLE}dice", f"{WHOLE}absolute_volume_error_percent",
)  # fmt: skip
"""Metrics on which a better and a worse are defined and claimed."""


def summarise(results: Results, against: str) -> dict[str, Json]:
    """Every metric's mean ± SD, median and interval, the paired tests and the agreement of volumes.

    A leg counts once: "mean" is the mean over its muscles. p-values are Holm's over the methods of one metric and muscle.

    Args:
        results: The tidy table.
        against: The method that the others are tested against.
    """
    failed = cast("Sequence[Json]", results.about.get("failed", []))
    return {
        "counts": {
            "legs": len(results.cases),
            "muscles": list(results.muscles),
            "methods": len(results.methods),
            "failed": len(failed),
        },
        "failed": failed,
        "cost": {method: _cost(results, method) for method in results.methods},
        "metrics": {metric: _by_muscle(results, metric) for metric in results.metrics},
        "against": {
            "method": against,
            "tests": {
                metric: {
                    muscle: tests(results.values(metric, muscle), against, metric.removeprefix(WHOLE) in LARGER_IS_BETTER)
                    for muscle in (MEAN, *results.muscles)
                }
                for metric in TESTED
                if metric in results.metrics
            },
        },
        "volume_agreement": {
            muscle: {method: found for method in results.methods if (found := _agreement(results, method, muscle))}
            for muscle in results.muscles
        },
    }


def described(values: Sequence[float]) -> dict[str, Json]:
    """Mean ± SD, median and the mean's interval of one value a leg.

    Where a value is infinite, so is the mean (null), and `infinite` counts them; the median stands all the same.
    """
    known = np.array([value for value in values if not math.isnan(value)], dtype=np.float64)
    finite = bool(np.isfinite(known).all())
    n = int(known.size)
    return {
        "legs": n,
        "mean": float(known.mean()) if n and finite else None,
        "sd": float(known.std(ddof=1)) if n > 1 and finite else None,
        "median": _or_none(float(np.median(known))) if n else None,
        "interval": list(bootstrap_mean(known).interval) if n > 1 and finite else None,
        "infinite": int((~np.isfinite(known)).sum()),
    }


def tests(values: Mapping[str, Mapping[str, float]], against: str, larger_is_better: bool) -> dict[str, Json]:
    """Each method's legs against the same legs of one method.

    Args:
        values: Method to leg to value.
        against: The method to beat.
        larger_is_better: Whether a positive difference is a gain.
    """
    base = values.get(against, {})
    found: dict[str, dict[str, Json]] = {}
    p_values: dict[str, float] = {}
    for method, row in values.items():
        shared = sorted(case for case in row.keys() & base.keys() if not (math.isnan(row[case]) or math.isnan(base[case])))
        if method == against or not shared:
            continue
        first, second = (np.array([part[case] for case in shared], dtype=np.float64) for part in (row, base))
        test = signed_rank(first, second)
        difference = _difference(first, second)
        gain = difference > 0 if larger_is_better else difference < 0
        finite = difference.size > 1 and bool(np.isfinite(difference).all())
        p_values[method] = test.p_value
        found[method] = {
            "legs": len(shared),
            "better": int(gain.sum()),
            "mean_difference": float(difference.mean()) if np.isfinite(difference).all() else None,
            "interval": list(bootstrap_mean(difference).interval) if finite else None,
            "p": test.p_value,
        }
    for method, p in zip(p_values, holm(list(p_values.values())), strict=True):
        found[method]["p_holm"] = p
    return dict(found)


def _difference(first: Float[np.ndarray, " leg"], second: Float[np.ndarray, " leg"]) -> Float[np.ndarray, " leg"]:
    """First minus second; two equal infinities do not differ."""
    out = np.zeros_like(first)
    np.subtract(first, second, out=out, where=first != second)
    return out


def _by_muscle(results: Results, metric: str) -> dict[str, Json]:
    return {
        muscle: {method: described(list(row.values())) for method, row in results.values(metric, muscle).items()}
        for muscle in (MEAN, *results.muscles)
    }


def _cost(results: Results, method: str) -> dict[str, Json]:
    """Time and memory, once a leg."""
    legs = {score.case: (score.seconds, score.peak_mb) for score in results.scores if score.method == method}
    seconds, peaks = [row[0] for row in legs.values()], [row[1] for row in legs.values() if not math.isnan(row[1])]
    return {
        "legs": len(legs),
        "seconds_mean": sum(seconds) / len(seconds) if seconds else None,
        "seconds_max": max(seconds, default=None),
        "peak_mb_max": max(peaks, default=None),
    }


def _agreement(results: Results, method: str, muscle: str) -> dict[str, Json]:
    """Volumes of a method against the truth's, cm3; empty with fewer than two legs."""
    ours = results.values(f"{WHOLE}volume_cm3", muscle)[method]
    truth = results.values(f"{WHOLE}reference_volume_cm3", muscle)[method]
    legs = sorted(ours.keys() & truth.keys())
    table = np.array([[ours[leg], truth[leg]] for leg in legs], dtype=np.float64)
    if len(legs) < 2 or not np.isfinite(table).all():
        return {}
    told = {"bland_altman": asdict(bland_altman(table[:, 0], table[:, 1])), "reliability": asdict(reliability(table))}
    return cast("dict[str, Json]", told)


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None

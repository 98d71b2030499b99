"""How values spread: over the legs of an evaluation, over the slices of a leg, and along a training."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ifssnet.core.results.evaluation_results import Results

SLICE_PERCENTILES = (5, 25, 50, 75, 95)
"""The percentiles over a leg's slices that an evaluation shows."""


def mean_and_sd(values: Sequence[float]) -> tuple[float, float | None]:
    """The mean and the standard deviation (n - 1) of all values that are not NaN.

    The mean of no value is NaN, and an infinite value makes it infinite. There is no deviation (None) of fewer than two
    values, or where one of them is infinite.
    """
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return math.nan, None
    mean = math.fsum(known) / len(known)
    if len(known) < 2 or not math.isfinite(mean):
        return mean, None
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in known) / (len(known) - 1))


def slice_percentiles(
    results: Results, method: str, case: str, muscle: str, quantity: str
) -> Float[np.ndarray, " five"] | None:
    """`SLICE_PERCENTILES` of a quantity over the slices of one muscle of a leg; None where it has no value."""
    table = results.slices
    here = (table.method == method) & (table.case == case) & (table.muscle == muscle)
    values = table.column(quantity)[here]
    values = values[~np.isnan(values)]
    if values.size == 0:
        return None
    # Nothing can be interpolated between infinite values: the nearest one is taken.
    return np.percentile(values, SLICE_PERCENTILES, method="nearest").astype(np.float64)


def usual_range(values: Float[np.ndarray, " point"]) -> Float[np.ndarray, " two"]:
    """The 1st and the 99th percentile: the range without single peaks."""
    return np.percentile(values, [1, 99])


def neighbour_means(
    x: Float[np.ndarray, " point"], y: Float[np.ndarray, " point"], at_most: int
) -> tuple[Float[np.ndarray, " fewer"], Float[np.ndarray, " fewer"]]:
    """A curve of a limited number of points, each the mean of neighbouring points."""
    if len(x) <= at_most:
        return x, y
    edges = np.linspace(0, len(x), at_most + 1).astype(int)
    counts = np.diff(edges)
    return np.add.reduceat(x, edges[:-1]) / counts, np.add.reduceat(y, edges[:-1]) / counts


def running_mean(y: Float[np.ndarray, " point"], neighbours: int) -> Float[np.ndarray, " point"]:
    """The mean of each point and a number of neighbours before and after it; the ends have fewer."""
    sums = np.concatenate([[0.0], np.cumsum(y)])
    at = np.arange(len(y))
    first, last = np.maximum(at - neighbours, 0), np.minimum(at + neighbours + 1, len(y))
    return (sums[last] - sums[first]) / (last - first)

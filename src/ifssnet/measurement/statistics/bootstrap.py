"""How sure a mean over a few legs is: the bootstrap, bias-corrected and accelerated.

Source: Efron, J Am Stat Assoc 82:171, 1987. For paired comparisons, give it the differences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Num

from ifssnet.core.errors import InputError
from ifssnet.measurement.statistics.distributions import normal_probability, normal_quantile

RESAMPLES = 10_000


@dataclass(frozen=True)
class BootstrapMean:
    """A mean with its confidence interval.

    Attributes:
        count: Values.
        mean: Their mean.
        interval: Its lower and upper confidence limit.
    """

    count: int
    mean: float
    interval: tuple[float, float]


def bootstrap_mean(
    values: Num[np.ndarray, " n"], confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> BootstrapMean:
    """The mean of values, and its BCa interval by drawing as many of them with replacement, many times.

    Args:
        values: One a leg; for a comparison, the difference of two methods on it.
        confidence: The confidence of the interval.
        resamples: How many times.
        seed: The same seed gives the same interval.

    Raises:
        InputError: Fewer than two values, one that is not finite, or an impossible confidence.
    """
    if values.size < 2 or not np.isfinite(values).all():
        raise InputError(
            "at least two values, all finite",
            f"{values.size}, {int((~np.isfinite(values)).sum())} not finite",
            "Leave those out.",
        )
    if not 0 < confidence < 1 or resamples < 1:
        raise InputError("a confidence between 0 and 1, and resamples", f"{confidence}, {resamples}", "Take 0.95 and 10000.")
    data = values.astype(np.float64)
    n, mean = data.size, float(data.mean())
    if float(np.ptp(data)) <= 1e-12 * float(np.abs(data).max()):
        return BootstrapMean(n, mean, (mean, mean))
    drawn = np.random.default_rng(seed).integers(0, n, size=(resamples, n))
    means: Float[np.ndarray, " draw"] = np.sort(data[drawn].mean(axis=1))
    # The same values in another order may sum to a little more or less: that is no difference.
    equal = np.abs(means - mean) <= 1e-12 * float(np.abs(data).max())
    below = float(((means < mean) & ~equal).mean() + equal.mean() / 2)
    bias = float(normal_quantile(np.clip(below, 1 / (2 * resamples), 1 - 1 / (2 * resamples))))
    left_out = (data.sum() - data) / (n - 1)
    off = left_out.mean() - left_out
    acceleration = float((off**3).sum() / (6 * (off**2).sum() ** 1.5))
    tails = normal_quantile(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    moved = bias + (bias + tails) / (1 - acceleration * (bias + tails))
    low, high = np.quantile(means, normal_probability(moved)).tolist()
    return BootstrapMean(n, mean, (float(low), float(high)))

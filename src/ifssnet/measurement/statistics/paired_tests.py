"""Whether one method beats another on the same legs: Wilcoxon's signed ranks, exact with ties, and Holm's correction.

Sources: Wilcoxon, Biometrics Bulletin 1:80, 1945; Holm, Scand J Statist 6:65, 1979.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Num

from ifssnet.core.errors import InputError
from ifssnet.measurement.statistics.distributions import mean_ranks, normal_probability

EXACT_PAIRS = 100
"""Up to this many pairs the distribution is counted out; beyond it the normal approximation is as good."""


@dataclass(frozen=True)
class SignedRank:
    """Wilcoxon's signed-rank test of paired values, two-sided.

    Attributes:
        pairs: Pairs that differ; equal ones say nothing and are left out.
        positive: Sum of the ranks of the pairs whose first value is larger.
        negative: The sum for those whose second value is larger.
        p_value: 1 where no pair differs.
        exact: Whether every assignment of signs was counted, rather than approximated by the normal distribution.
    """

    pairs: int
    positive: float
    negative: float
    p_value: float
    exact: bool


def signed_rank(first: Num[np.ndarray, " pair"], second: Num[np.ndarray, " other"]) -> SignedRank:
    """Test whether the differences of paired values lie symmetrically about 0.

    Ties share their mean rank, and the exact distribution counts with these. Infinite values rank highest; two equal
    infinities are no difference.

    Raises:
        InputError: Lengths that differ, or NaN.
    """
    if first.shape != second.shape or np.isnan(first).any() or np.isnan(second).any():
        raise InputError(
            "two numbers a pair", f"{first.size} and {second.size}, or NaN among them", "Leave out pairs that lack a value."
        )
    unequal = first != second
    difference = first[unequal].astype(np.float64) - second[unequal].astype(np.float64)
    n = int(difference.size)
    ranks = mean_ranks(_settled(np.abs(difference)))
    positive = float(ranks[difference > 0].sum())
    negative = float(ranks.sum()) - positive
    if n <= EXACT_PAIRS:
        return SignedRank(n, positive, negative, _exact_p(ranks, min(positive, negative)), True)
    counts = np.unique(ranks, return_counts=True)[1]
    variance = n * (n + 1) * (2 * n + 1) / 24 - float((counts**3 - counts).sum()) / 48
    z = (min(positive, negative) - n * (n + 1) / 4 + 0.5) / math.sqrt(variance)
    return SignedRank(n, positive, negative, 2 * float(normal_probability(min(z, 0.0))), False)


def _settled(sizes: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Sizes in very small steps: differences of decimal fractions that only rounding tells apart count as equal."""
    step = float(sizes[np.isfinite(sizes)].max(initial=0.0)) * 1e-12
    return np.rint(sizes / step) if step > 0 else sizes


def _exact_p(ranks: Float[np.ndarray, " n"], smaller: float) -> float:
    """Share of the 2^n assignments of signs whose smaller rank sum is at most this one."""
    # Mean ranks are whole or half: doubled, they are whole, and sums of subsets can be counted one rank after another.
    doubled: Int[np.ndarray, " n"] = np.rint(2 * ranks).astype(np.int64)
    ways = np.zeros(round(2 * smaller) + 1)
    ways[0] = 1.0
    for rank in doubled.tolist():
        ways[rank:] = ways[rank:] + ways[:-rank]
        ways /= 2
    return min(1.0, 2 * float(ways.sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment: each p-value is significant at a level if the adjusted one is, for all of them together.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03, 0.005])]
    [0.03, 0.06, 0.06, 0.02]
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = highest
    return adjusted

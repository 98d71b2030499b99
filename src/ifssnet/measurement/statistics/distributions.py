"""Distributions of statistics as scipy computes them, with the types that scipy does not carry."""

# scipy carries no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

import numpy as np
from jaxtyping import Float, Shaped
from scipy import special, stats


def normal_quantile(probability: float | Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The value that a standard normal variable stays below with a probability."""
    return np.asarray(special.ndtri(probability), dtype=np.float64)


def normal_probability(value: float | Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The probability that a standard normal variable stays below a value."""
    return np.asarray(special.ndtr(value), dtype=np.float64)


def t_quantile(probability: float, freedom: int | float) -> float:
    """The value that Student's t stays below with a probability, at a number of degrees of freedom."""
    return float(stats.t.ppf(probability, freedom))


def f_quantile(probability: float, numerator: int | float, denominator: int | float) -> float:
    """The value that Fisher's F stays below with a probability.

    Args:
        probability: From 0 to 1.
        numerator: Degrees of freedom of the numerator.
        denominator: Degrees of freedom of the denominator.
    """
    return float(stats.f.ppf(probability, numerator, denominator))


def mean_ranks(values: Shaped[np.ndarray, " value"]) -> Float[np.ndarray, " value"]:
    """Ranks from 1; equal values share the mean of their ranks."""
    return np.asarray(stats.rankdata(values), dtype=np.float64)

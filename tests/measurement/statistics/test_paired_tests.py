"""Signed ranks, Holm and the bootstrap against published examples and what can be counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ifssnet.core.errors import InputError
from ifssnet.measurement.statistics.bootstrap import bootstrap_mean
from ifssnet.measurement.statistics.paired_tests import SignedRank, holm, signed_rank


def test_darwin_s_maize():
    # Fisher, The Design of Experiments, 1935: crossed minus self-fertilised, eighths of an inch. Ranks of the two
    # negative ones are 10 and 14, and the exact two-sided p-value is 2 x 676 / 2^15.
    differences = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48])
    found = signed_rank(differences, np.zeros(15, dtype=np.int64))
    assert (found.positive, found.negative, found.pairs, found.exact) == (96.0, 24.0, 15, True)
    assert found.p_value == pytest.approx(0.041259765625, abs=1e-15)


def test_hamilton_depression_scale():
    # Hollander and Wolfe, Nonparametric Statistical Methods, 1973, p. 29: T+ = 40, one-sided p = 0.01953125.
    first = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
    second = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
    found = signed_rank(first, second)
    assert found.positive == 40.0
    assert found.p_value == pytest.approx(2 * 0.01953125)


def test_ties_by_hand():
    # Three equal sizes share the rank 2. Of the 8 signs, 4 have a negative sum of at most 2: p = 2 x 4/8.
    found = signed_rank(np.array([1.0, 1.0, -1.0]), np.zeros(3))
    assert (found.positive, found.negative, found.p_value) == (4.0, 2.0, 1.0)
    # 0.3 - 0.2 and 0.2 - 0.1 differ by rounding alone: they are a tie.
    assert signed_rank(np.array([0.3, 0.2, 9.0]), np.array([0.2, 0.3 - 0.2 + 1e-17, 0.0])).positive == 6.0
    for unit in (1.0, 1e-13):
        sizes = signed_rank(unit * np.array([0.3, 0.1, 0.9]), unit * np.array([0.2, 0.2, 0.0]))
        assert (sizes.positive, sizes.negative) == (4.5, 1.5)
    # Ranks 1.5, 1.5, 3.5 and 3.5: of 16 signs, 4 have a sum of at most 3.
    assert signed_rank(np.array([-1.0, -1.0, 2.0, 2.0]), np.zeros(4)).p_value == 0.5


def test_n_legs_cannot_do_better_than_all_on_one_side():
    for n in (1, 5, 10):
        found = signed_rank(np.arange(1, n + 1), np.zeros(n))
        assert (found.pairs, found.p_value) == (n, pytest.approx(min(1.0, 2 / 2**n)))


def test_equal_pairs_say_nothing_and_infinite_ones_rank_highest():
    for same in (np.array([math.inf, 1.0]), np.zeros(0)):
        assert signed_rank(same, same) == SignedRank(0, 0.0, 0.0, 1.0, True)
    endless = signed_rank(np.array([math.inf, math.inf]), np.array([0.0, 1.0]))
    assert (endless.positive, endless.p_value) == (3.0, 0.5)
    found = signed_rank(np.array([math.inf, 1.0, 5.0]), np.array([1.0, 3.0, 4.0]))
    assert (found.positive, found.negative) == (3.0 + 1.0, 2.0)
    with pytest.raises(InputError):
        signed_rank(np.array([math.nan]), np.array([1.0]))


@given(st.lists(st.integers(-1000, 1000).filter(bool), min_size=3, max_size=25, unique_by=abs))
def test_without_ties_it_is_scipy_s_exact_test(differences: list[int]):
    theirs = stats.wilcoxon(differences, method="exact")
    assert signed_rank(np.array(differences), np.zeros(len(differences))).p_value == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize("decimals", [1, 12])
def test_many_pairs_are_approximated(decimals: int):
    """Also where many have the same size."""
    difference = np.round(np.random.default_rng(1).normal(0.2, 1.0, 150), decimals)
    difference = difference[difference != 0]
    found = signed_rank(difference, np.zeros(difference.size))
    theirs = stats.wilcoxon(difference, method="asymptotic", correction=True)
    assert not found.exact
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-6)


def test_a_hundred_pairs_are_counted_out_and_one_more_are_not():
    both = np.repeat(np.arange(1.0, 52.0), 2) * np.tile([1.0, -1.0], 51)
    assert [signed_rank(both[:n], np.zeros(n)).exact for n in (100, 101)] == [True, False]
    # As many on one side as on the other.
    assert signed_rank(both, np.zeros(102)).p_value == 1.0


def test_holm_by_hand():
    # The smallest of four times 4, the next times 3 ...; never below one that came before, never above 1.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_two_values_have_an_interval_from_one_to_the_other():
    # Of four equally likely resamples one is twice the lower, one twice the upper value: more than 2.5 % each.
    found = bootstrap_mean(np.array([1.0, 3.0]))
    assert (found.mean, found.interval) == (2.0, (1.0, 3.0))


def test_of_many_normal_values_it_is_the_textbook_s_interval():
    values = np.random.default_rng(0).normal(5.0, 2.0, 400)
    found = bootstrap_mean(values)
    reach = 1.96 * values.std(ddof=1) / 20
    assert found.interval == pytest.approx((values.mean() - reach, values.mean() + reach), abs=0.02)
    assert bootstrap_mean(values) == found


def test_skewed_values_get_a_skewed_interval_as_scipy_finds_it():
    values = np.random.default_rng(3).exponential(1.0, 12)
    found = bootstrap_mean(values, resamples=2000, seed=5)
    # The same numbers are drawn.
    theirs = stats.bootstrap((values,), np.mean, n_resamples=2000, batch=2000, method="BCa", rng=np.random.default_rng(5))
    interval = (theirs.confidence_interval.low, theirs.confidence_interval.high)
    assert found.interval == pytest.approx(interval, rel=1e-9)
    low, high = found.interval
    assert high - found.mean > found.mean - low
    assert bootstrap_mean(values) == bootstrap_mean(values, 0.95, 10_000, 0)


@pytest.mark.parametrize(("seed", "lower", "upper"), [(4, 5 / 3, 2.0), (34, 0.0, 2 / 3)])
def test_a_mean_beyond_all_that_are_drawn_counts_as_half_a_draw_beyond(seed: int, lower: float, upper: float):
    """Two draws on the same side of the mean: a quarter of them, not none, would lie beyond it. No acceleration."""
    values = np.array([0.0, 1.0, 2.0])
    drawn = np.sort(values[np.random.default_rng(seed).integers(0, 3, size=(2, 3))].mean(axis=1))
    assert drawn.tolist() == pytest.approx([lower, upper])
    low, high = bootstrap_mean(values, confidence=0.5, resamples=2, seed=seed).interval
    far, near = (
        (stats.norm.cdf(3 * stats.norm.ppf(0.25)), 0.25) if lower > 1 else (0.75, stats.norm.cdf(3 * stats.norm.ppf(0.75)))
    )
    assert (low, high) == pytest.approx((lower + far * (upper - lower), lower + near * (upper - lower)))


def test_draws_of_the_mean_itself_count_half_below_it():
    # A quarter of the draws is 1, a half is 2, a quarter is 3: from 30 to 70 % of them all are 2.
    assert bootstrap_mean(np.array([1.0, 3.0]), confidence=0.4).interval == (2.0, 2.0)


@pytest.mark.parametrize("power", [-30, 30])
def test_the_interval_has_the_unit_of_the_values(power: int):
    values = np.random.default_rng(3).exponential(1.0, 12)
    low, high = bootstrap_mean(values, resamples=500).interval
    scaled = bootstrap_mean(np.ldexp(values, power), resamples=500).interval
    assert scaled == pytest.approx((low * 2.0**power, high * 2.0**power), rel=1e-12, abs=0)


def test_the_interval_moves_and_stretches_with_the_values():
    values = np.array([0.9, 0.95, 0.97, 0.91, 0.8])
    low, high = bootstrap_mean(values).interval
    moved = bootstrap_mean(10 * values + 3).interval
    assert moved == pytest.approx((10 * low + 3, 10 * high + 3))


def test_what_does_not_scatter_is_certain_and_what_is_not_finite_refused():
    for same in (np.zeros(3), np.full(3, 0.1), np.array([1e9, 1e9 + 1e-4])):
        found = bootstrap_mean(same)
        assert found.interval == (found.mean, found.mean)
    for bad in (np.array([1.0]), np.array([1.0, math.inf])):
        with pytest.raises(InputError):
            bootstrap_mean(bad)
    for confidence, resamples in ((0.0, 9), (1.0, 9), (1.5, 9), (0.95, 0)):
        with pytest.raises(InputError, match="resamples"):
            bootstrap_mean(np.array([1.0, 3.0]), confidence, resamples)
    assert bootstrap_mean(np.array([1.0, 3.0]), resamples=1).mean == 2.0

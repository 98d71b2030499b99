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
from ifssnet.measurement.statistics.paired_tests import holm, signed_rank


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
    sizes = signed_rank(np.array([0.3, 0.1]), np.array([0.2, 0.2]))
    assert (sizes.positive, sizes.negative) == (1.5, 1.5)


def test_n_legs_cannot_do_better_than_all_on_one_side():
    for n in (1, 5, 10):
        found = signed_rank(np.arange(1, n + 1), np.zeros(n))
        assert found.p_value == pytest.approx(min(1.0, 2 / 2**n))


def test_equal_pairs_say_nothing_and_infinite_ones_rank_highest():
    assert signed_rank(np.array([math.inf, 1.0]), np.array([math.inf, 1.0])) == signed_rank(np.zeros(0), np.zeros(0))
    found = signed_rank(np.array([math.inf, 1.0, 5.0]), np.array([1.0, 3.0, 4.0]))
    assert (found.positive, found.negative) == (3.0 + 1.0, 2.0)
    with pytest.raises(InputError):
        signed_rank(np.array([math.nan]), np.array([1.0]))


@given(st.lists(st.integers(-1000, 1000).filter(bool), min_size=3, max_size=25, unique_by=abs))
def test_without_ties_it_is_scipy_s_exact_test(differences: list[int]):
    theirs = stats.wilcoxon(differences, method="exact")
    assert signed_rank(np.array(differences), np.zeros(len(differences))).p_value == pytest.approx(theirs.pvalue)


def test_many_pairs_are_approximated():
    rng = np.random.default_rng(1)
    difference = rng.normal(0.2, 1.0, 150)
    found = signed_rank(difference, np.zeros(150))
    theirs = stats.wilcoxon(difference, method="asymptotic", correction=True)
    assert not found.exact
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-6)


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
    found = bootstrap_mean(values, resamples=50_000)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=50_000, method="BCa", rng=np.random.default_rng(5))
    interval = (theirs.confidence_interval.low, theirs.confidence_interval.high)
    assert found.interval == pytest.approx(interval, abs=0.02)
    low, high = found.interval
    assert high - found.mean > found.mean - low


def test_the_interval_moves_and_stretches_with_the_values():
    values = np.array([0.9, 0.95, 0.97, 0.91, 0.8])
    low, high = bootstrap_mean(values).interval
    moved = bootstrap_mean(10 * values + 3).interval
    assert moved == pytest.approx((10 * low + 3, 10 * high + 3))


def test_what_does_not_scatter_is_certain_and_what_is_not_finite_refused():
    assert bootstrap_mean(np.array([0.1, 0.1, 0.1])).interval == pytest.approx((0.1, 0.1))
    for bad in (np.array([1.0]), np.array([1.0, math.inf])):
        with pytest.raises(InputError):
            bootstrap_mean(bad)

"""Agreement: the worked examples of the papers that the formulas come from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ifssnet.core.errors import InputError
from ifssnet.measurement.statistics.agreement import bland_altman, reliability

# Shrout and Fleiss 1979, Table 2: six targets, four judges.
JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])

# Anxiety as three raters saw it in 20 people: the example of the R package irr.
ANXIETY = np.array(
    [
        [3, 3, 3, 4, 5, 5, 2, 3, 5, 2, 2, 6, 1, 5, 2, 2, 1, 2, 4, 3],
        [3, 6, 4, 6, 2, 4, 2, 4, 3, 3, 2, 3, 3, 3, 2, 2, 1, 3, 3, 4],
        [2, 1, 4, 4, 3, 2, 1, 6, 1, 1, 1, 2, 3, 3, 1, 1, 3, 3, 2, 2],
    ]
).T

# Bland and Altman 1986, Table I: first readings of the large and of the mini peak flow meter, l/min.
LARGE = np.array([494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427])
MINI = np.array([512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451])


def test_shrout_and_fleiss():
    found = reliability(JUDGES)
    assert (found.subjects, found.raters) == (6, 4)
    assert round(found.icc_2_1.value, 2) == 0.29
    assert round(found.icc_3_1.value, 2) == 0.71
    # Intervals as the R package psych prints them for these data.
    assert found.icc_2_1.interval == pytest.approx((0.019, 0.761), abs=0.001)
    assert found.icc_3_1.interval == pytest.approx((0.342, 0.946), abs=0.001)
    # Their analysis of variance: BMS 11.24, JMS 32.49, EMS 1.02.
    assert found.sem_consistency == pytest.approx(math.sqrt(1.02), abs=0.005)
    assert found.sem_agreement == pytest.approx(math.sqrt(1.02 + (32.49 - 1.02) / 6), abs=0.005)
    assert found.mdc_consistency == pytest.approx(1.96 * math.sqrt(2) * math.sqrt(1.02), abs=0.02)


def test_the_interval_where_the_error_is_larger_than_what_raters_differ_by():
    # As icc(anxiety, model = "twoway", type = "agreement") prints it.
    found = reliability(ANXIETY).icc_2_1
    assert round(found.value, 3) == 0.198
    assert found.interval == pytest.approx((-0.039, 0.494), abs=0.0005)


def test_bland_and_altman():
    found = bland_altman(LARGE, MINI, multiplier=2.0)
    assert found.subjects == 17
    assert round(found.bias, 1) == -2.1
    assert round(found.sd, 1) == 38.8
    # They round the bias and the deviation first: -79.7 and 75.5; their intervals the same way.
    assert found.limits == pytest.approx((-79.7, 75.5), abs=0.1)
    assert found.bias_interval == pytest.approx((-22.0, 17.8), abs=0.1)
    assert found.lower_limit_interval == pytest.approx((-114.3, -45.1), abs=0.3)
    assert found.upper_limit_interval == pytest.approx((40.9, 110.1), abs=0.3)
    exact = bland_altman(LARGE, MINI)
    assert exact.limits == pytest.approx((-2.118 - 1.96 * 38.765, -2.118 + 1.96 * 38.765), abs=0.01)


def test_raters_who_never_differ_and_one_who_is_always_higher():
    subjects = np.array([1.0, 3.0, 7.0, 4.0])
    same = reliability(np.stack([subjects, subjects], axis=1))
    assert same.icc_2_1.value == same.icc_3_1.value == 1
    assert same.mdc_agreement == 0
    higher = reliability(np.stack([subjects, subjects + 2], axis=1))
    assert higher.icc_3_1.value == pytest.approx(1)
    assert higher.sem_consistency == pytest.approx(0, abs=1e-9)
    # By hand: variance between subjects 6.25, between raters 2.
    assert higher.icc_2_1.value == pytest.approx(6.25 / (6.25 + 2))
    assert higher.sem_agreement == pytest.approx(math.sqrt(2))
    for one in (reliability(np.ones((3, 2))).icc_2_1, reliability(np.ones((3, 2))).icc_3_1):
        assert math.isnan(one.value)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_rounding_leaves_of_raters_who_differ_by_the_same_everywhere_is_no_error(sign: float):
    subjects = np.array([0.1, 0.37, 0.7, 0.41])
    found = reliability(sign * np.stack([subjects, subjects + 0.3, subjects + 0.2], axis=1))
    assert found.sem_consistency == 0
    assert (found.icc_3_1.value, found.icc_3_1.interval) == (1.0, (1.0, 1.0))


def test_what_rounding_leaves_of_raters_who_agree_is_no_difference():
    """Lengths that were added up in another order."""
    lengths = np.array([0.1 + 0.2, 0.7 + 0.1, 0.9, 1.1]) * 276.8
    again = lengths * (1 + np.array([2e-16, 0, -2e-16, 2e-16]))
    found = reliability(np.stack([lengths, again], axis=1))
    assert (found.sem_agreement, found.mdc_agreement, found.sem_consistency) == (0, 0, 0)


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.float64, (7, 3), elements=st.floats(-100, 100)), st.floats(0.1, 50), st.floats(-500, 500))
def test_properties(values, scale, offset):
    values = np.round(values, 3)
    found, moved = reliability(values), reliability(values * scale + offset)
    if found.sem_consistency < 1e-3 or math.isnan(found.icc_2_1.value):
        return
    assert moved.icc_2_1.value == pytest.approx(found.icc_2_1.value, abs=1e-6)
    assert moved.icc_3_1.value == pytest.approx(found.icc_3_1.value, abs=1e-6)
    assert moved.mdc_agreement == pytest.approx(scale * found.mdc_agreement, rel=1e-6)
    for one in (found.icc_2_1, found.icc_3_1):
        assert one.interval[0] <= one.value + 1e-9
        assert one.value <= one.interval[1] + 1e-9
    back, forth = bland_altman(values[:, 0], values[:, 1]), bland_altman(values[:, 1], values[:, 0])
    assert back.bias == pytest.approx(-forth.bias)
    assert back.limits[0] == pytest.approx(-forth.limits[1])


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    truth = 4 / (4 + 1 + 1)
    covered = 0
    for _ in range(300):
        table = rng.normal(0, 2, (20, 1)) + rng.normal(0, 1, (1, 12)) + rng.normal(0, 1, (20, 12))
        low, high = reliability(table).icc_2_1.interval
        covered += low <= truth <= high
    assert 0.91 <= covered / 300 <= 0.985


@pytest.mark.parametrize(
    "values", [np.ones((1, 3)), np.ones((3, 1)), np.array([[1.0, np.nan], [1.0, 2.0]]), np.array([[1.0, np.inf], [1.0, 2.0]])]
)
def test_what_cannot_be_analysed_is_refused(values):
    with pytest.raises(InputError, match="subjects"):
        reliability(values)
    for confidence in (0.0, 1.0, 1.5, 95.0):
        with pytest.raises(InputError, match="confidence"):
            reliability(JUDGES, confidence=confidence)
    with pytest.raises(InputError, match="subject"):
        bland_altman(LARGE, MINI[1:])

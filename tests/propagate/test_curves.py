from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifssnet.propagate.interpolation.curves import (
    STEEPEST,
    curve_slopes,
    hermite,
    hermite_weights,
    smoother,
    tangent_weights,
    taper,
)
from ifssnet.propagate.seeding.annotated_groups import AnnotatedGroup, chains, find_groups

places = st.lists(st.integers(1, 40), min_size=3, max_size=3).map(lambda gaps: (0.0, *np.cumsum(gaps).astype(float).tolist()))


def test_the_middle_of_four_even_places_is_known():
    assert hermite_weights((0.0, 1.0, 2.0, 3.0), 1.5).tolist() == [-0.0625, 0.5625, 0.5625, -0.0625]


@settings(deadline=None, max_examples=50)
@given(places, st.floats(0, 1), st.floats(-3, 3), st.floats(-3, 3), st.floats(-0.1, 0.1))
def test_parabolas_are_found_exactly_whatever_the_gaps(four, share, a, b, c):
    def parabola(z):
        return a + b * z + c * z * z

    z = four[1] + share * (four[2] - four[1])
    value = hermite_weights(four, z) @ np.array([parabola(place) for place in four])
    assert value == pytest.approx(parabola(z), abs=1e-6)


@pytest.mark.parametrize("missing", [(0,), (3,), (0, 3)])
def test_missing_neighbours_weigh_nothing_and_lines_are_still_exact(missing):
    four = [None if i in missing else float(i * i) for i in range(4)]
    weights = hermite_weights(tuple(four), 2.0)
    assert all(weights[i] == 0 for i in missing)
    assert weights.sum() == pytest.approx(1)
    assert weights @ np.array([0 if place is None else 5 - 2 * place for place in four]) == pytest.approx(1)


def test_a_slope_with_no_neighbour_is_none():
    assert tangent_weights(None, 3.0, None).tolist() == [0, 0, 0]


@pytest.mark.parametrize("count", [3, 4, 5, 8])
def test_a_rounded_muscle_keeps_its_rounded_ends(count):
    """A parabola, from its zero to its zero: straight ends would lose volume there."""
    places = np.linspace(0, 100, count)
    places[1:-1] += np.random.default_rng(count).uniform(-5, 5, count - 2)
    areas = places * (100 - places)
    assert curve_slopes(places, areas) == pytest.approx(100 - 2 * places, rel=1e-6, abs=1e-6)


def test_five_places_find_a_cubic_and_two_a_line():
    places = np.array([0.0, 20, 30, 60, 75])
    cubic = 1000 + 3 * places + 0.5 * places**2 - 0.006 * places**3
    assert curve_slopes(places, cubic) == pytest.approx(3 + places - 0.018 * places**2)
    middle = hermite((20.0, 30.0), (cubic[1], cubic[2]), tuple(curve_slopes(places, cubic)[1:3]), np.array([25.0]))
    assert middle == pytest.approx(1000 + 75 + 312.5 - 93.75)
    assert curve_slopes(np.array([0.0, 2.0]), np.array([1.0, 5.0])).tolist() == [2.0, 2.0]
    assert curve_slopes(np.array([3.0]), np.array([7.0])).tolist() == [0.0]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.floats(0.5, 50), st.floats(0, 1e4)), min_size=3, max_size=9))
def test_no_area_is_negative_and_no_slope_throws_the_curve_about(drawn):
    places = np.cumsum([gap for gap, _ in drawn])
    values = np.array([value for _, value in drawn])
    slopes = curve_slopes(places, values)
    chords = np.abs(np.diff(values) / np.diff(places))
    steepest = np.maximum(np.append(chords[0], chords), np.append(chords, chords[-1]))
    assert (np.abs(slopes) <= STEEPEST * steepest * (1 + 1e-9)).all()
    for index in range(len(places) - 1):
        both = slice(index, index + 2)
        at = np.linspace(places[index], places[index + 1], 20)
        curve = hermite(tuple(places[both]), tuple(values[both]), tuple(slopes[both]), at)
        assert curve.min() >= -1e-9 * (1 + values.max())


@settings(deadline=None, max_examples=50)
@given(st.floats(0, 1e4), st.floats(-1e4, 1e4), st.floats(0.5, 100))
def test_a_taper_starts_at_its_value_ends_at_nothing_and_never_rises(value, slope, gap):
    curve = taper(value, slope, np.linspace(0, 1, 50), gap)
    assert curve[0] == pytest.approx(value)
    assert curve[-1] == pytest.approx(0, abs=1e-9 * max(value, 1))
    assert (np.diff(curve) <= 1e-9 * max(value, 1)).all()


def test_smoothing_keeps_lines_and_takes_the_noise_off_a_parabola():
    places = np.array([0.0, 10, 25, 30, 44, 60, 71])
    trust = np.ones(7)
    assert np.allclose(smoother(places, trust, 10.0) @ (3 - 2 * places), 3 - 2 * places)
    assert np.allclose(smoother(places, trust, 0.0), np.eye(7))
    noise = np.random.default_rng(1).normal(0, 1, (7, 200))
    left = smoother(places, trust, 0.1) @ noise
    assert left.std() < 0.9


def test_consecutive_slices_are_one_knot_and_an_absence_is_its_own():
    full, empty = np.ones((2, 2), dtype=bool), np.zeros((2, 2), dtype=bool)
    masks = {4: empty, 5: full, 6: full, 7: full, 30: full, 31: empty, 32: empty, 50: full}
    knots = find_groups(masks)
    assert knots == (
        AnnotatedGroup((4,), False),
        AnnotatedGroup((5, 6, 7), True),
        AnnotatedGroup((30,), True),
        AnnotatedGroup((31, 32), False),
        AnnotatedGroup((50,), True),
    )
    assert chains(knots) == ((1, 2), (4,))
    assert (knots[1].first, knots[1].middle, knots[1].last) == (5, 6, 7)

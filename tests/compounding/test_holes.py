"""Hole filling: values derived by hand, then PLUS' stick rule written out a second time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifssnet.compounding.holes.fill import fill_holes
from ifssnet.compounding.holes.options import (
    DistanceFilling,
    GaussianFilling,
    InverseDistanceFilling,
    NearestFilling,
    StickFilling,
)
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.progress import drain


def filled(values: np.ndarray, *ways, known: np.ndarray | None = None, spacing=(1.0, 1.0, 1.0)) -> np.ndarray:
    weights = (values > 0 if known is None else known).astype(np.uint8)
    grid = Grid(values.shape, spacing)
    return drain(fill_holes(values, weights, ways, grid))


def row(*levels: int) -> np.ndarray:
    return np.array(levels, dtype=np.uint8)[None, None, :]


def test_a_stick_interpolates_between_its_ends():
    # PLUS weighs the end that lies `ahead` with (behind + 1) / (ahead + behind + 1).
    # Hole 1: behind 1, ahead 3: 2/5 of 110, 3/5 of 10 = 50. Hole 2: 3/5 and 2/5... = 70. Hole 3: 4/5 = 90.
    np.testing.assert_array_equal(filled(row(10, 0, 0, 0, 110), StickFilling(9, 1))[0, 0], (10, 50, 70, 90, 110))


@pytest.mark.parametrize(("limit", "bridged"), [(4, False), (5, True)])
def test_a_stick_is_no_longer_than_its_limit_with_both_ends(limit, bridged):
    result = filled(row(10, 0, 0, 0, 110), StickFilling(limit, 1))[0, 0]
    assert result[1:4].all() == bridged
    assert result[1:4].any() == bridged


def test_sticks_never_fill_beyond_what_lies_between_two_known_voxels():
    result = filled(row(0, 0, 10, 0, 20, 0, 0), StickFilling(9, 1))[0, 0]
    assert result[3] == int(1 / 3 * 10 + 2 / 3 * 20)
    assert not result[[0, 1, 5, 6]].any()


def naive_stick(values: np.ndarray, known: np.ndarray, limit: int, sticks: int) -> np.ndarray:
    """PLUS' rule, hole by hole."""
    directions = [d for d in np.ndindex(3, 3, 3) if d > (1, 1, 1)]  # half of the 26, as (z, y, x) + 1
    result = np.where(known, values, 0)

    def first(place, direction, most):
        for step in range(1, most + 1):
            at = tuple(int(p + step * d) for p, d in zip(place, direction, strict=True))
            if any(not 0 <= a < n for a, n in zip(at, values.shape, strict=True)):
                return None
            if known[at]:
                return step, int(values[at])
        return None

    # Which of the two ways along a stick PLUS calls forward matters, as it weighs them differently.
    forward = {
        (0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0), (0, -1, 1),
        (-1, 0, 1), (-1, 1, 0), (1, 1, 1), (1, 1, -1), (1, -1, 1), (1, -1, -1),
    }  # fmt: skip
    for hole in np.argwhere(~known):
        found = []
        for place in directions:
            direction = tuple(p - 1 for p in place)
            if direction not in forward:
                direction = tuple(-d for d in direction)
            ahead = first(hole, direction, limit - 1)
            behind = ahead and first(hole, tuple(-d for d in direction), limit - 1 - ahead[0])
            if not behind:
                continue
            length = ahead[0] + behind[0] + 1
            share = (behind[0] + 1) / length
            level = int((1 - share) * behind[1] + share * ahead[1])
            found.append((round(length * math.dist((0, 0, 0), direction), 9), level))
        found.sort()
        use, lengths = [], sorted({length for length, _ in found})
        while len(use) < sticks and lengths:
            shortest = lengths.pop(0)
            use += [(length, level) for length, level in found if length == shortest]
        if use:
            result[tuple(hole)] = int(sum(level / length for length, level in use) / sum(1 / length for length, _ in use))
    return result


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), limit=st.integers(3, 9), sticks=st.integers(1, 4), share=st.sampled_from([0.03, 0.1, 0.3]))
def test_sticks_agree_with_the_rule_written_out(seed, limit, sticks, share):
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 256, size=(6, 7, 8), dtype=np.uint8)
    known = rng.random(values.shape) < share
    result = filled(values, StickFilling(limit, sticks), known=known).astype(int)
    expected = naive_stick(values, known, limit, sticks)
    # The last digit of a weighted mean may fall to either side of a whole number.
    assert np.abs(result - expected).max() <= 1
    assert ((result > 0) == (expected > 0)).all()


def test_nearest_takes_the_mean_of_the_smallest_cube_that_knows_anything():
    values = np.zeros((5, 5, 5), dtype=np.uint8)
    values[2, 2, 1], values[2, 3, 2], values[2, 2, 4] = 10, 21, 200
    result = filled(values, NearestFilling(5))
    assert result[2, 2, 2] == 15  # (10 + 21) / 2 cut off; 200 is two voxels away
    assert result[2, 2, 3] == (21 + 200) // 2


def test_a_share_of_known_voxels_must_be_exceeded():
    values = np.zeros((5, 5, 5), dtype=np.uint8)
    values[2, 2, 1] = 27
    assert filled(values, GaussianFilling(3, 1.0, 0.5 / 27))[2, 2, 2] == 27
    assert filled(values, GaussianFilling(3, 1.0, 1.0 / 27))[2, 2, 2] == 0
    assert filled(values, NearestFilling(3, 1.0 / 27))[2, 2, 2] == 0


def test_gaussian_weighs_by_distance():
    values = np.zeros((5, 5, 5), dtype=np.float32)
    values[2, 2, 1], values[2, 2, 4] = 10, 40
    near, far = math.exp(-0.5 / 1.5**2), math.exp(-2 / 1.5**2)
    assert filled(values, GaussianFilling(5, 1.5))[2, 2, 2] == pytest.approx((10 * near + 40 * far) / (near + far))


def test_gaussian_can_weigh_by_what_was_inserted():
    values = np.zeros((3, 3, 3), dtype=np.float32)
    weights = np.zeros((3, 3, 3), dtype=np.float32)
    values[1, 1, 0], values[1, 1, 2] = 10, 40
    weights[1, 1, 0], weights[1, 1, 2] = 3, 1
    result = drain(fill_holes(values, weights, [GaussianFilling(3, 1.0, by_weight=True)], Grid((3, 3, 3))))
    assert result[1, 1, 1] == pytest.approx((3 * 10 + 40) / 4)


def test_inverse_distance():
    values = np.zeros((5, 5, 5), dtype=np.float32)
    values[2, 2, 1], values[2, 2, 4] = 10, 40
    assert filled(values, InverseDistanceFilling(5))[2, 2, 2] == pytest.approx((10 + 40 / 2) / 1.5)


def test_distance_filling_is_limited_in_mm_whatever_the_spacing():
    values = np.zeros((9, 9, 9), dtype=np.uint8)
    values[4, 4, 4] = 77
    spacing = (0.5, 1.0, 2.0)  # x, y, z
    result = filled(values, DistanceFilling(1.5), spacing=spacing)
    z, y, x = np.indices(values.shape) - 4
    within = (0.5 * x) ** 2 + (1.0 * y) ** 2 + (2.0 * z) ** 2 <= 1.5**2
    np.testing.assert_array_equal(result, np.where(within, 77, 0))


def test_distance_filling_weighs_by_the_inverse_square():
    values = np.zeros((3, 3, 9), dtype=np.float32)
    values[1, 1, 2], values[1, 1, 5] = 10, 40
    assert filled(values, DistanceFilling(2.0))[1, 1, 3] == pytest.approx((10 / 1 + 40 / 4) / 1.25)


def test_ways_are_tried_in_turn():
    values = row(10, 0, 20, 0, 0)
    only_stick = filled(values, StickFilling(9, 1))[0, 0]
    both = filled(values, StickFilling(9, 1), NearestFilling(3))[0, 0]
    np.testing.assert_array_equal(both[:3], only_stick[:3])
    assert only_stick[3] == 0
    np.testing.assert_array_equal(both[3:], (20, 0))  # filled voxels are never filled from


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    way=st.sampled_from(
        [StickFilling(7, 2), NearestFilling(5), GaussianFilling(5), InverseDistanceFilling(5), DistanceFilling(2.0)]
    ),
)
def test_filling_keeps_known_voxels_stays_in_their_range_and_within_reach(seed, way):
    rng = np.random.default_rng(seed)
    values = rng.integers(40, 200, size=(19, 18, 21), dtype=np.uint8)
    known = rng.random(values.shape) < 0.01
    result = filled(values, way, known=known)
    np.testing.assert_array_equal(result[known], values[known])
    new = (result > 0) & ~known
    assert ((result[new] >= values[known].min()) & (result[new] <= values[known].max())).all()
    places = np.argwhere(known)
    for hole in np.argwhere(new):
        assert np.abs(places - hole).max(axis=1).min() <= 5


@pytest.mark.parametrize(
    "broken",
    [
        lambda: NearestFilling(4),
        lambda: GaussianFilling(1),
        lambda: GaussianFilling(5, 0.0),
        lambda: GaussianFilling(5, 1.0, 1.5),
        lambda: InverseDistanceFilling(67),
        lambda: StickFilling(2),
        lambda: StickFilling(9, 0),
        lambda: DistanceFilling(0.0),
        lambda: DistanceFilling(math.nan),
    ],
)
def test_ways_that_cannot_work_are_refused(broken):
    with pytest.raises(InputError):
        broken()

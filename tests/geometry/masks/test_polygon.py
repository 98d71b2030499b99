from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ifssnet.geometry.masks.polygon import fill_even_odd


def square(u0: float, v0: float, u1: float, v1: float) -> np.ndarray:
    return np.array([(u0, v0), (u1, v0), (u1, v1), (u0, v1)], dtype=np.float64)


def test_a_square_between_pixel_centres_holds_the_centres_inside_it():
    # Sides at 0.5 and 3.5: the centres 1, 2 and 3 lie inside, in both directions.
    mask = fill_even_odd([square(0.5, 0.5, 3.5, 3.5)], (6, 7))
    assert mask.sum() == 9
    assert mask[1:4, 1:4].all()


def test_a_square_in_a_square_is_a_hole():
    # 7 x 7 centres less the inner 3 x 3.
    mask = fill_even_odd([square(0.5, 0.5, 7.5, 7.5), square(2.5, 2.5, 5.5, 5.5)], (10, 10))
    assert mask.sum() == 49 - 9
    assert not mask[3:6, 3:6].any()
    assert mask[2, 2]


def test_an_island_in_the_hole_is_filled_again():
    mask = fill_even_odd([square(0.5, 0.5, 7.5, 7.5), square(2.5, 2.5, 5.5, 5.5), square(3.5, 3.5, 4.5, 4.5)], (10, 10))
    assert mask.sum() == 49 - 9 + 1
    assert mask[4, 4]


def test_centres_on_the_outline_belong_to_the_upper_and_left_side():
    # Sides on the centres 1 and 3: 1 and 2 are in, 3 is out.
    mask = fill_even_odd([square(1, 1, 3, 3)], (5, 5))
    expected = np.zeros((5, 5), dtype=bool)
    expected[1:3, 1:3] = True
    np.testing.assert_array_equal(mask, expected)


def test_a_triangle_by_hand():
    # Corners (0, 0), (4, 0), (0, 4): row v holds the centres u with u < 4 - v, so 4, 3, 2 and 1 of them.
    mask = fill_even_odd([np.array([(0.0, 0.0), (4.0, 0.0), (0.0, 4.0)])], (5, 5))
    assert mask.sum(axis=1).tolist() == [4, 3, 2, 1, 0]
    assert mask[2].tolist() == [True, True, False, False, False]


def test_rows_are_v_and_columns_are_u():
    mask = fill_even_odd([square(3.5, 0.5, 5.5, 1.5)], (4, 8))
    assert np.argwhere(mask).tolist() == [[1, 4], [1, 5]]


def test_a_polygon_that_leaves_the_image_is_cut_off():
    mask = fill_even_odd([square(-1e300, -5, 2.5, 1e12)], (4, 6))
    assert mask[:, :3].all()
    assert not mask[:, 3:].any()
    assert not fill_even_odd([square(-9, -9, -2, -2)], (4, 6)).any()


def test_a_bow_tie_keeps_both_wings():
    # (0,0) (4,4) (4,0) (0,4) crosses itself at (2,2): left and right wings are in, above and below are out.
    mask = fill_even_odd([np.array([(-0.5, -0.5), (4.5, 4.5), (4.5, -0.5), (-0.5, 4.5)])], (5, 5))
    assert mask[2, 0]
    assert mask[2, 4]
    assert not mask[0, 2]
    assert not mask[4, 2]


def test_less_than_a_triangle_encloses_nothing():
    for corners in (0, 1, 2):
        assert not fill_even_odd([np.linspace(0.0, 4.0, 2 * corners).reshape(corners, 2)], (5, 5)).any()
    assert not fill_even_odd([], (5, 5)).any()


corner = st.tuples(st.floats(-3, 23), st.floats(-3, 23))


def inside_by_winding_ray(u: float, v: float, polygons: list[np.ndarray]) -> bool:
    """The textbook's loop over edges, one pixel at a time."""
    odd = False
    for polygon in polygons:
        for (u0, v0), (u1, v1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            if (v0 <= v) != (v1 <= v) and u < u0 + (v - v0) / (v1 - v0) * (u1 - u0):
                odd = not odd
    return odd


@given(st.lists(st.lists(corner, min_size=3, max_size=7), min_size=1, max_size=3))
@settings(deadline=None, max_examples=60)
def test_against_a_ray_for_each_pixel(corners: list[list[tuple[float, float]]]):
    polygons = [np.round(np.array(points), 3) for points in corners]
    mask = fill_even_odd(polygons, (20, 20))
    # A centre on an edge belongs to either side by rounding alone: it is one that a nudge across the edge turns over. Two
    # directions, because a nudge along an edge does not cross it.
    nudges = np.array([(1e-9, 0.0), (-1e-9, 0.0), (0.0, 1e-9), (0.0, -1e-9)])
    for v, u in np.ndindex(20, 20):
        around = {inside_by_winding_ray(u, v, [polygon + nudge for polygon in polygons]) for nudge in nudges}
        if len(around) == 1:
            assert mask[v, u] == around.pop(), (u, v)


@given(st.floats(0.6, 18.4), st.lists(corner, min_size=3, max_size=8))
@settings(deadline=None, max_examples=40)
def test_halves_that_share_a_side_tile_the_whole(cut: float, corners: list[tuple[float, float]]):
    whole = square(-0.5, -0.5, 19.5, 19.5)
    left, right = square(-0.5, -0.5, cut, 19.5), square(cut, -0.5, 19.5, 19.5)
    halves = fill_even_odd([left], (20, 20)).astype(int) + fill_even_odd([right], (20, 20))
    np.testing.assert_array_equal(halves, fill_even_odd([whole], (20, 20)).astype(int))
    # A shape cut out of the whole and its complement share no pixel either.
    shape = np.array(corners)
    assert (fill_even_odd([shape], (20, 20)) ^ fill_even_odd([whole, shape], (20, 20))).all()

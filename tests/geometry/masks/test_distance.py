from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

from ifssnet.core.errors import InputError
from ifssnet.geometry.masks.distance import signed_distance


def test_half_a_pixel_from_a_straight_border_on_both_sides():
    mask = np.zeros((4, 6), dtype=bool)
    mask[:, 3:] = True
    expected = np.array([2.5, 1.5, 0.5, -0.5, -1.5, -2.5])
    assert np.allclose(signed_distance(mask, (1.0, 1.0)), expected)


def test_spacing_counts_along_its_own_axis():
    mask = np.zeros((5, 5), dtype=bool)
    mask[2, 2] = True
    distance = signed_distance(mask, (2.0, 0.5))
    # From pixel centre to pixel centre, less half of the finer pixel.
    assert distance[2, 4] == pytest.approx(1.0 - 0.25)
    assert distance[4, 2] == pytest.approx(4.0 - 0.25)
    assert distance[2, 2] == pytest.approx(0.25 - 0.5)


def test_a_disc_is_as_deep_as_its_radius():
    y, x = np.mgrid[-30:31, -30:31]
    distance = signed_distance(np.hypot(y, x) < 20, (0.5, 0.5))
    assert distance[30, 30] == pytest.approx(-10, abs=0.3)
    assert distance[30, 60] == pytest.approx(5, abs=0.3)


def test_the_edge_of_the_array_is_no_border():
    mask = np.zeros((3, 10), dtype=bool)
    mask[:, :5] = True
    assert signed_distance(mask, (1.0, 1.0))[1, 0] == pytest.approx(-4.5)


@pytest.mark.parametrize(("value", "sign"), [(False, 1), (True, -1)])
def test_a_mask_without_a_border_is_far_from_one(value, sign):
    assert np.allclose(signed_distance(np.full((3, 4), value), (1.0, 1.0)), sign * 5)


@pytest.mark.parametrize("spacing", [(1.0,), (1.0, 0.0), (1.0, float("nan"))])
def test_a_spacing_that_is_none_is_refused(spacing):
    with pytest.raises(InputError):
        signed_distance(np.zeros((3, 3), dtype=bool), spacing)


@settings(deadline=None, max_examples=40)
@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=9)))
def test_the_sign_is_the_mask_and_the_complement_is_the_negative(mask):
    distance = signed_distance(mask, (1.0,) * mask.ndim)
    assert ((distance < 0) == mask).all()
    assert np.allclose(distance, -signed_distance(~mask, (1.0,) * mask.ndim))

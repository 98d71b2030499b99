"""Masks made smaller by a disc, against the distances themselves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ifssnet.geometry.masks.discs import far_from_false, without_small_gaps
from ifssnet.geometry.untyped import distance_to_false

SPACINGS = ((0.277, 0.277), (0.4, 0.25), (1.0, 0.1))
LIMITS = (0.05, 0.5, 2.0, 5 * 0.277, 1e6)


def blobs(seed: int, shape: tuple[int, int, int], share: float) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), (0, 2, 1))
    return noise > np.quantile(noise, 1 - share)


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("limit", LIMITS)
def test_far_pixels_are_those_whose_distance_is_above_the_limit(spacing: tuple[float, float], limit: float) -> None:
    for seed, share in enumerate((0.2, 0.8, 0.99)):
        mask = blobs(seed, (2, 31, 45), share)
        expected = [distance_to_false(plane, spacing) > limit for plane in mask]
        np.testing.assert_array_equal(far_from_false(mask, spacing, limit), expected)


def test_a_distance_of_just_the_limit_is_near() -> None:
    mask = np.ones((1, 1, 9), dtype=np.bool_)
    mask[0, 0, 4] = False
    assert far_from_false(mask, (1.0, 0.5), 1.0)[0, 0].tolist() == [True, True] + [False] * 5 + [True, True]


@pytest.mark.parametrize("value", [True, False])
def test_a_mask_of_one_value_stays_as_it_is(value: bool) -> None:
    mask = np.full((2, 5, 1), value)
    np.testing.assert_array_equal(far_from_false(mask, (1.0, 1.0), 3.0), mask)
    np.testing.assert_array_equal(without_small_gaps(mask, (1.0, 1.0), 3.0), mask)


def test_masks_may_be_cut_out_of_larger_ones_and_stored_along_any_axis() -> None:
    whole = blobs(3, (4, 30, 40), 0.7)
    for mask in (whole[1:3, 3:20, 5:30], whole.transpose(2, 1, 0)):
        expected = far_from_false(mask.copy(), (0.5, 0.5), 1.1)
        np.testing.assert_array_equal(far_from_false(mask, (0.5, 0.5), 1.1), expected)


@pytest.mark.parametrize("radius", [0.3, 0.9, 2.0])
def test_gaps_that_hold_no_disc_are_filled_and_others_keep_their_shape(radius: float) -> None:
    spacing = (0.4, 0.25)
    mask = blobs(5, (2, 40, 50), 0.6)
    cores = [distance_to_false(~plane, spacing) > radius for plane in mask]
    expected = [distance_to_false(~core, spacing) > radius for core in cores]
    np.testing.assert_array_equal(without_small_gaps(mask, spacing, radius), expected)

"""Depth below the half level: hand-derived places of a border between pixels."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.geometry.masks.distance import signed_distance
from ifssnet.geometry.masks.soft_distance import soft_depth


def test_a_straight_border_lies_where_the_values_cross_the_half():
    # 0.9 and 0.3 cross 0.5 two thirds of the way from the first to the second.
    row = np.array([1.0, 1.0, 0.9, 0.3, 0.0], dtype=np.float32)
    depth = soft_depth(np.tile(row, (5, 1)))
    assert depth[2] == pytest.approx([2 + 2 / 3, 1 + 2 / 3, 2 / 3, -1 / 3, -1 - 1 / 3], abs=1e-6)


def test_a_mask_has_its_border_half_way_between_pixels():
    mask = np.zeros((12, 14), dtype=bool)
    mask[:, 5:] = True
    assert np.array_equal(soft_depth(mask.astype(np.float32)), -signed_distance(mask, (1.0, 1.0)))


@pytest.mark.parametrize("radius", [8.0, 8.1, 8.25, 8.5, 8.75])
def test_a_disc_that_grows_by_a_tenth_of_a_pixel_is_a_tenth_deeper(radius: float):
    y, x = np.mgrid[:40, :40].astype(np.float32)
    true = radius - np.hypot(y - 19.7, x - 20.2)
    found = soft_depth((1 / (1 + np.exp(-0.8 * true))).astype(np.float32))
    close = np.abs(true) < 3
    assert np.abs((found - true)[close]).mean() < 0.1
    assert (found - true)[close].mean() == pytest.approx(0, abs=0.04)


def test_its_own_logit_is_a_fixed_point():
    """A held mask stays where it is over many windows."""
    y, x = np.mgrid[:40, :40].astype(np.float32)
    start = (1 / (1 + np.exp(-0.8 * (9.3 - np.hypot(y - 19.7, x - 20.2))))).astype(np.float32)
    held = start
    for _ in range(60):
        held = (1 / (1 + np.exp(-0.8 * np.clip(soft_depth(held), -6, 6)))).astype(np.float32)
    assert np.array_equal(held >= 0.5, start >= 0.5)


def test_many_small_moves_add_up():
    """A tenth of a pixel a step, far less than what would move a pixel's own value across the half."""
    probability = np.zeros((6, 40), dtype=np.float32)
    probability[:, :10] = 1
    for _ in range(50):
        logit = 0.8 * np.clip(soft_depth(probability), -6, 6) + 0.08
        probability = (1 / (1 + np.exp(-logit))).astype(np.float32)
    assert (probability[3] >= 0.5).sum() == pytest.approx(15, abs=1)


@pytest.mark.parametrize(("value", "sign"), [(0.0, -1), (1.0, 1)])
def test_without_a_border_it_is_further_than_anything(value: float, sign: int):
    depth = soft_depth(np.full((3, 4), value, dtype=np.float32))
    assert depth == pytest.approx(np.full((3, 4), sign * 5.0))

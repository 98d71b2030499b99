"""Smoothing of masks, against scipy's own filter."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ifssnet.geometry.surfaces.smoothing import smoothed_mask


@pytest.mark.parametrize("sigma", [(1.0, 1.3, 0.7), (0.0, 2.0, 0.0), (3.0, 0.5, 4.0)])
@pytest.mark.parametrize("shape", [(9, 12, 15), (1, 3, 40), (4, 1, 1)])
def test_it_is_the_gaussian_of_scipy(sigma: tuple[float, float, float], shape: tuple[int, int, int]) -> None:
    mask = np.random.default_rng(3).random(shape) > 0.4
    expected = ndimage.gaussian_filter(mask.astype(np.float32), sigma, mode="constant", truncate=3.0)
    np.testing.assert_allclose(smoothed_mask(mask, sigma), expected, rtol=0, atol=1e-7)


def test_a_mask_that_fills_a_part_of_the_array_alone() -> None:
    mask = np.zeros((14, 20, 24), dtype=np.bool_)
    mask[4:7, 12:15, 1:4] = True
    mask[10, 2, 20] = True
    expected = ndimage.gaussian_filter(mask.astype(np.float32), (0.7, 1.6, 2.0), mode="constant", truncate=3.0)
    np.testing.assert_allclose(smoothed_mask(mask, (0.7, 1.6, 2.0)), expected, rtol=0, atol=1e-7)
    assert not smoothed_mask(np.zeros_like(mask), (1.0, 1.0, 1.0)).any()

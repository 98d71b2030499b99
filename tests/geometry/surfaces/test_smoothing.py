"""Smoothing of masks, against scipy's own filter."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ifssnet.geometry.surfaces.smoothing import smoothed_at, smoothed_mask, smoothed_near
from ifssnet.geometry.untyped import affine_transform


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


@pytest.mark.parametrize("sigma", [(1.0, 1.3, 0.7), (0.0, 2.0, 0.0), (3.0, 0.5, 4.0)])
def test_near_some_cells_it_is_the_same_to_the_last_bit(sigma: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(5)
    mask = rng.random((7, 12, 50)) > 0.4
    cells = rng.random(mask.shape) > 0.99
    cells[0], cells[:, 0], cells[:, :, 0] = False, False, False
    corners = np.zeros_like(mask)
    for z, y, x in np.argwhere(cells).tolist():
        corners[z - 1 : z + 1, y - 1 : y + 1, x - 1 : x + 1] = True
    found, everywhere = smoothed_near(mask, sigma, cells), smoothed_mask(mask, sigma)
    np.testing.assert_array_equal(found[corners], everywhere[corners])
    assert not found[(found != everywhere)].any()
    assert (found == 0).any()


@pytest.mark.parametrize("steps", [(2.3, 3.1, 4.7), (0.4, 2.0, 1.0), (5.0, 0.9, 3.0)])
@pytest.mark.parametrize("beyond", [-1.0, 0.0, 0.37])
def test_at_steps_it_is_what_scipy_samples_to_the_last_bit(steps: tuple[float, float, float], beyond: float) -> None:
    mask = np.random.default_rng(7).random((13, 21, 34)) > 0.6
    mask[:3], mask[:, 15:] = False, False
    sigma = [0.5 * step for step in steps]
    offset = [beyond * step for step in steps]
    shape = [int(size / step) + 3 for size, step in zip(mask.shape, steps, strict=True)]
    whole = smoothed_mask(mask, sigma)
    expected = affine_transform(whole, np.diag(steps), np.array(offset), shape, order=1)
    np.testing.assert_array_equal(smoothed_at(mask, sigma, steps, offset, shape), expected)
    assert expected.max() > 0.2

"""Areas and centroids along a muscle against the rules written out, one slice after the other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ifssnet.core.grid import Grid
from ifssnet.measurement.leg.profile import profiles, smoothed_areas

JITTER = np.array([0.2, 0.9, 0.5, 1.4, 0.8, 0.1, 0.7, 1.2, 0.3, 0.6, 0.05])


def parabola_at_each(areas: np.ndarray, thickness_mm: float, sd_mm: float) -> list[float]:
    """The value at each slice of the parabola that fits the slices within three standard deviations best."""
    found: list[float] = []
    reach = math.ceil(3 * sd_mm / thickness_mm)
    for here in range(len(areas)):
        near = np.arange(max(here - reach, 0), min(here + reach + 1, len(areas)))
        away = (near - here) * thickness_mm / sd_mm
        found.append(float(np.polyfit(away, areas[near], 2, w=np.exp(-0.25 * away**2))[-1]))
    return found


@pytest.mark.parametrize(("thickness_mm", "sd_mm"), [(1.5, 2.2), (0.5, 0.6), (1.0, 0.6)])
def test_smoothed_areas_are_parabolas_through_the_slices_around(thickness_mm: float, sd_mm: float):
    expected = np.maximum(parabola_at_each(JITTER, thickness_mm, sd_mm), 0.0)
    assert smoothed_areas(JITTER, thickness_mm, sd_mm) == pytest.approx(expected)
    assert expected.min() < 0.2


def test_few_slices_and_short_distances_stay_as_they_are():
    assert smoothed_areas(JITTER[:4], 1.0, 3.0).tolist() == JITTER[:4].tolist()
    assert smoothed_areas(JITTER[:5], 1.0, 3.0) == pytest.approx(parabola_at_each(JITTER[:5], 1.0, 3.0))
    # No neighbour lies within three standard deviations but the next ones: a parabola goes through all three.
    assert smoothed_areas(JITTER, 1.0, 0.3).tolist() == JITTER.tolist()


def smoothed_line(line: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian over three standard deviations; past an end, the line goes on as its mirror image in that end."""
    reach, count = min(math.ceil(3 * sigma), len(line) - 1), len(line)
    found = np.zeros_like(line)
    for here in range(count):
        near = np.arange(here - reach, here + reach + 1)
        weights = np.exp(-0.5 * ((near - here) / sigma) ** 2)
        points = [
            2 * line[0] - line[-at] if at < 0 else 2 * line[-1] - line[2 * (count - 1) - at] if at >= count else line[at]
            for at in near
        ]
        found[here] = weights @ np.array(points) / weights.sum()
    return found


@pytest.mark.parametrize(("slices", "smoothing_mm"), [(12, 2.0), (12, 0.2), (3, 9.0)])
def test_the_line_of_centroids_is_smoothed_along_the_muscle(slices: int, smoothing_mm: float):
    """Pixels that wander about, also at the very border of the array; slices are 0.8 mm apart."""
    rng = np.random.default_rng(slices)
    array = np.zeros((slices + 2, 7, 9), dtype=np.uint8)
    y, x = rng.integers(0, 7, slices), rng.integers(0, 9, slices)
    y[0], x[:2] = 0, 0
    array[1 + np.arange(slices), y, x] = 3
    array[2, :, -1] = 5
    grid = Grid(array.shape, (0.5, 0.7, 0.8), (3.0, -4.0, 20.0))
    found = profiles(array, grid, [3, 9], smoothing_mm, 1.0)
    profile = found[3]
    assert found[9] is None
    assert profile is not None
    raw = np.stack([x, y, 1 + np.arange(slices)], axis=1) * (0.5, 0.7, 0.8) + (3.0, -4.0, 20.0)
    assert profile.centroid_mm == pytest.approx(smoothed_line(raw, smoothing_mm / 0.8))
    assert profile.acsa_cm2 == pytest.approx(np.full(slices, 0.0035))
    tangent = np.gradient(profile.centroid_mm, axis=0)
    assert profile.obliquity_deg == pytest.approx(np.degrees(np.arctan2(np.hypot(*tangent.T[:2]), tangent[:, 2])))


def test_a_run_is_counted_from_its_first_pixel_to_its_last():
    array = np.zeros((2, 3, 6), dtype=np.uint8)
    array[0, 1], array[1, 2] = [1, 1, 1, 0, 0, 1], [1, 0, 0, 0, 1, 1]
    profile = profiles(array, Grid(array.shape, (1.0, 1.0, 2.0)), [1], 1e-9)[1]
    assert profile is not None
    assert profile.acsa_cm2 == pytest.approx(np.array([0.04, 0.03]))
    assert profile.centroid_mm == pytest.approx(np.array([[2.0, 1.0, 0.0], [3.0, 2.0, 2.0]]))
    # Two slices: the whole length lies between them, and both lean as the line does.
    assert profile.percent_of_length.tolist() == [0.0, 100.0]
    assert profile.obliquity_deg == pytest.approx(np.full(2, math.degrees(math.atan2(math.sqrt(2), 2))))


def test_a_straight_muscle_across_a_turned_grid_is_not_oblique():
    """However the cosine is rounded."""
    array = np.ones((6, 1, 1), dtype=np.uint8)
    for degrees in range(1, 60):
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        grid = Grid(array.shape, (1.0, 1.0, 0.7), direction=((c, 0.0, s), (0.0, 1.0, 0.0), (-s, 0.0, c)))
        profile = profiles(array, grid, [1], 1e-9)[1]
        assert profile is not None
        assert profile.obliquity_deg.max() < 1e-4

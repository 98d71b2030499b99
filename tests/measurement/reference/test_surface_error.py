"""The error map: signed distances at the vertices of a surface."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.geometry.surfaces.surface import surface_of
from ifssnet.measurement.reference.surface_error import surface_error_mm

GRID = Grid((40, 40, 40), (0.5, 0.5, 0.5), (10.0, -5.0, 100.0))


def sphere(radius_mm, grid=GRID) -> LabelMap:
    z, y, x = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * 0.5 for n in grid.shape_zyx], indexing="ij")
    return LabelMap((x**2 + y**2 + z**2 <= radius_mm**2).astype(np.uint8), grid, {1: "SOL"})


def test_the_same_mask_has_no_error_but_for_smoothing():
    labels = sphere(7)
    error = surface_error_mm(surface_of(labels, 1), labels, 1)
    assert np.abs(error).max() < 0.5
    assert np.abs(error).mean() < 0.2


def test_concentric_spheres_differ_by_their_radii_with_its_sign():
    large, small = sphere(8), sphere(5)
    assert np.median(surface_error_mm(surface_of(large, 1), small, 1)) == pytest.approx(3, abs=0.2)
    assert np.median(surface_error_mm(surface_of(small, 1), large, 1)) == pytest.approx(-3, abs=0.2)


def test_two_planes_lie_their_distance_apart():
    first, second = np.zeros((20, 30, 30), np.uint8), np.zeros((20, 30, 30), np.uint8)
    first[2:12], second[2:8] = 1, 1
    grid = Grid((20, 30, 30), (1.0, 1.0, 0.5))
    surface = surface_of(LabelMap(first, grid, {1: "SOL"}), 1, smoothing_mm=0.0)
    middle = (np.abs(surface.vertices_mm[:, :2] - 14.5) < 8).all(axis=1) & (surface.vertices_mm[:, 2] > 4)
    error = surface_error_mm(surface, LabelMap(second, grid, {1: "SOL"}), 1)
    np.testing.assert_allclose(error[middle], 4 * 0.5, atol=0.03)


def test_a_reference_without_the_muscle_and_one_on_another_grid():
    labels = sphere(7)
    surface = surface_of(labels, 1)
    assert np.isnan(surface_error_mm(surface, labels, 9)).all()
    cropped = LabelMap(np.ascontiguousarray(labels.array[3:37, 3:37, 3:37]), GRID.cropped((3, 3, 3), (34, 34, 34)), {1: "SOL"})
    np.testing.assert_allclose(surface_error_mm(surface, cropped, 1), surface_error_mm(surface, labels, 1))


def test_a_label_at_the_border_of_the_image_has_a_border_there():
    labels = LabelMap(np.ones((4, 4, 4), np.uint8), Grid((4, 4, 4)), {1: "SOL"})
    error = surface_error_mm(surface_of(labels, 1, smoothing_mm=0.0), labels, 1)
    assert np.abs(error).max() < 0.5

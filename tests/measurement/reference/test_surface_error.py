"""The error map: signed distances at the vertices of a surface."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Surface
from ifssnet.geometry.surfaces.surface import surface_of
from ifssnet.measurement.reference.surface_error import (
    largest_error_mm,
    middle_of_largest_errors_mm,
    surface_error_mm,
)

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


def test_every_point_is_as_far_from_the_nearest_face_as_by_hand_and_inside_where_its_voxel_is():
    """Near a rough label that reaches the border of the image, and far outside of the image on every side."""
    rng = np.random.default_rng(6)
    array = rng.choice([0, 3, 4], (3, 4, 5), p=[0.2, 0.6, 0.2]).astype(np.uint8)
    labels = LabelMap(array, Grid((3, 4, 5), (0.7, 0.9, 2.0), (10.0, -3.0, 50.0)), {3: "SOL"})
    inside = np.pad(array == 3, 1)
    faces = [
        (np.array(index) + np.array(other)) / 2 - 1
        for index in np.ndindex(*inside.shape)
        for other in (tuple(np.array(index) + step) for step in np.eye(3, dtype=int))
        if all(at < size for at, size in zip(other, inside.shape, strict=True)) and inside[index] != inside[other]
    ]
    centres = labels.grid.points_to_mm(np.array(faces)[:, ::-1])
    index = np.concatenate([rng.uniform(-1.4, 5.4, (60, 3)), 40.0 * np.eye(3), -40.0 * np.eye(3)])
    points = labels.grid.points_to_mm(index)
    distance = np.linalg.norm(points[:, None] - centres[None], axis=-1).min(axis=1)
    whole = np.rint(index).astype(int)[:, ::-1]
    within = [
        all(0 <= at < size for at, size in zip(row, array.shape, strict=True)) and array[tuple(row)] == 3 for row in whole
    ]
    found = surface_error_mm(Surface(points, np.zeros((0, 3), dtype=np.int64)), labels, 3)
    assert found == pytest.approx(np.where(within, -distance, distance))
    assert 5 < np.count_nonzero(within) < 40
    assert surface_error_mm(Surface(points[:1], np.zeros((0, 3), dtype=np.int64)), labels, 3) == pytest.approx(found[:1])
    assert surface_error_mm(Surface(points[:0], np.zeros((0, 3), dtype=np.int64)), labels, 3).size == 0


def test_the_largest_errors_of_one_surface_and_of_several():
    errors = np.array([np.nan, *np.arange(-100.0, 0.0), 0.0])
    assert largest_error_mm(errors, 95) == 95.0
    assert largest_error_mm(np.array([np.nan]), 95) is None
    assert middle_of_largest_errors_mm([errors, errors / 10, np.array([np.nan]), errors / 100]) == pytest.approx(9.5)
    assert middle_of_largest_errors_mm([]) is None

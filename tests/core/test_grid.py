"""Truths by hand: where index (x, y, z) of a turned grid lies."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid

# The grid's x axis points to +y, its y axis to -x, its z axis to +z: a quarter turn about z.
QUARTER_TURN = ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))


def test_a_turned_grid_takes_indices_to_the_places_drawn_on_paper():
    grid = Grid((4, 3, 2), (0.5, 2.0, 3.0), (10.0, 20.0, 30.0), QUARTER_TURN)
    # One step along the grid's x (0.5 mm) goes to +y; one along its y (2 mm) goes to -x.
    assert grid.points_to_mm(np.array([[1.0, 1.0, 1.0]])) == pytest.approx(np.array([[8.0, 20.5, 33.0]]))


def test_index_and_mm_are_inverse():
    grid = Grid((4, 3, 2), (0.5, 2.0, 3.0), (10.0, 20.0, 30.0), QUARTER_TURN)
    points = np.array([[0.2, 1.7, -3.0], [5.0, 0.0, 2.5]])
    assert grid.points_to_index(grid.points_to_mm(points)) == pytest.approx(points)


def test_cropping_keeps_voxels_where_they_are():
    grid = Grid((9, 8, 7), (0.5, 2.0, 3.0), (10.0, 20.0, 30.0), QUARTER_TURN)
    crop = grid.cropped((4, 2, -1), (3, 3, 9))
    same_place = grid.points_to_mm(np.array([[1.0 - 1.0, 0.0 + 2.0, 1.0 + 4.0]]))
    assert crop.points_to_mm(np.array([[1.0, 0.0, 1.0]])) == pytest.approx(same_place)


@pytest.mark.parametrize(
    "arguments",
    [
        {"shape_zyx": (0, 1, 1)},
        {"shape_zyx": (100_000, 100_000, 100_000)},
        {"shape_zyx": (1, 1, 1), "spacing_xyz_mm": (1.0, 0.0, 1.0)},
        {"shape_zyx": (1, 1, 1), "spacing_xyz_mm": (1.0, float("nan"), 1.0)},
        {"shape_zyx": (1, 1, 1), "origin_xyz_mm": (float("inf"), 0.0, 0.0)},
        {"shape_zyx": (1, 1, 1), "direction": ((1.0, 0.1, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))},
    ],
)
def test_grids_that_cannot_be_are_refused(arguments):
    with pytest.raises(InputError):
        Grid(**arguments)


def test_grids_match_within_a_hundredth_of_a_voxel_at_their_corners():
    grid = Grid((101, 11, 11), (1.0, 1.0, 1.0))
    assert grid.matches(Grid((101, 11, 11), (1.0, 1.0, 1.00009)))  # 0.009 mm off at the far corner
    assert not grid.matches(Grid((101, 11, 11), (1.0, 1.0, 1.001)))  # 0.1 mm off there
    assert not grid.matches(Grid((100, 11, 11)))

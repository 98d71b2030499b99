"""Mesh arithmetic on solids whose volume and area are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ifssnet.geometry.surfaces.mesh import (
    area_mm2,
    enclosed_volume_mm3,
    facing_outwards,
    is_consistently_wound,
    merged,
    open_edges,
    vertex_normals,
)
from solids import ball, block, octahedron


def test_volume_and_area_of_a_block_and_of_an_octahedron():
    cuboid = block((400, 300, 100), (402, 303, 104))
    assert enclosed_volume_mm3(cuboid.vertices_mm, cuboid.faces) == pytest.approx(24, abs=1e-9)
    assert area_mm2(cuboid.vertices_mm, cuboid.faces) == pytest.approx(2 * (6 + 8 + 12), abs=1e-9)
    solid = octahedron(3.0)
    assert enclosed_volume_mm3(solid.vertices_mm, solid.faces) == pytest.approx(4 / 3 * 27)
    assert area_mm2(solid.vertices_mm, solid.faces) == pytest.approx(4 * math.sqrt(3) * 9)


def test_a_missing_triangle_leaves_three_open_edges():
    solid = octahedron(1.0)
    assert open_edges(solid.faces) == 0
    assert open_edges(solid.faces[1:]) == 3
    assert open_edges(np.zeros((0, 3), dtype=np.int64)) == 0


def test_one_turned_triangle_is_noticed_and_an_inward_mesh_turned_round():
    solid = octahedron(1.0)
    assert is_consistently_wound(solid.faces)
    one_turned = solid.faces.copy()
    one_turned[2] = one_turned[2, ::-1]
    assert not is_consistently_wound(one_turned)
    inward = np.ascontiguousarray(solid.faces[:, ::-1])
    assert enclosed_volume_mm3(solid.vertices_mm, inward) < 0
    assert enclosed_volume_mm3(solid.vertices_mm, facing_outwards(solid.vertices_mm, inward)) > 0


def test_triangles_with_corners_of_their_own_become_neighbours_again():
    solid = octahedron(2.0)
    soup = solid.vertices_mm[solid.faces].reshape(-1, 3)
    faces = np.arange(len(soup)).reshape(-1, 3)
    needle = np.array([[0, 1, 0]])  # a triangle that is a line
    vertices, joined = merged(soup, np.concatenate([faces, needle]))
    assert len(vertices) == 6
    assert len(joined) == 8
    assert open_edges(joined) == 0


def test_normals_of_a_sphere_point_away_from_its_centre():
    sphere = ball(10.0, (5.0, 6.0, 7.0), subdivisions=3)
    outwards = (sphere.vertices_mm - np.array([5.0, 6.0, 7.0])) / 10
    np.testing.assert_allclose(vertex_normals(sphere.vertices_mm, sphere.faces), outwards, atol=0.02)

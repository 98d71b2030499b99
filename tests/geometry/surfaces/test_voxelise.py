"""Voxelising: solids with integer corners (the hard case for ray parity), a winding number as second opinion, real legs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import Surface
from ifssnet.geometry.surfaces.voxelise import voxelise, voxels_inside
from solids import ball, block, octahedron

LEFT_HANDED = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))


def test_a_block_that_ends_at_voxel_centres_counts_each_face_once():
    # Two blocks that share the plane x = 4: each centre on it belongs to exactly one of them.
    grid = Grid((8, 8, 12))
    left, right = voxels_inside(block((1, 1, 1), (4, 5, 6)), grid), voxels_inside(block((4, 1, 1), (9, 5, 6)), grid)
    both = voxels_inside(block((1, 1, 1), (9, 5, 6)), grid)
    assert not (left & right).any()
    np.testing.assert_array_equal(left | right, both)
    assert both.sum() == 8 * 4 * 5


def test_an_octahedron_whose_corners_edges_and_faces_hit_voxel_centres():
    grid = Grid((15, 15, 15), origin_xyz_mm=(-7.0, -7.0, -7.0))
    z, y, x = np.mgrid[-7:8, -7:8, -7:8]
    reach = abs(x) + abs(y) + abs(z)
    found = voxels_inside(octahedron(5.0), grid)
    assert found[reach < 5].all()
    assert not found[reach > 5].any()


def test_a_corner_that_touches_a_row_leaves_no_streak():
    # The tips at (x, 0, 0) lie exactly on the row y = z = 0; behind the solid nothing may be inside.
    grid = Grid((3, 3, 40), origin_xyz_mm=(-10.0, -1.0, -1.0))
    found = voxels_inside(octahedron(2.0), grid)
    assert not found[:, :, 13:].any()
    assert not found[:, :, :8].any()


@settings(max_examples=25, deadline=None)
@given(
    corners=st.lists(st.tuples(*[st.integers(0, 6)] * 3), min_size=4, max_size=4),
    tilt=st.sampled_from([0.0, 0.3, 1e-9]),
)
def test_a_tetrahedron_agrees_with_its_barycentric_coordinates(corners, tilt):
    vertices = np.array(corners, dtype=np.float64) + tilt
    edges = (vertices[1:] - vertices[0]).T
    if abs(np.linalg.det(edges)) < 0.5:
        return
    solid = Surface(vertices, np.array([[0, 1, 2], [0, 3, 1], [1, 3, 2], [0, 2, 3]]), "tetrahedron")
    found = voxels_inside(solid, Grid((8, 8, 8)))
    z, y, x = np.mgrid[0:8, 0:8, 0:8]
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    share = np.linalg.solve(edges, (points - vertices[0]).T)
    depth = np.minimum(share.min(axis=0), 1 - share.sum(axis=0)).reshape(8, 8, 8)
    assert found[depth > 1e-6].all()
    assert not found[depth < -1e-6].any()


def test_a_sphere_has_its_volume_on_any_grid():
    sphere = ball(12.0, (100.0, -50.0, 30.0))
    truth = 4 / 3 * math.pi * 12**3
    for spacing in ((0.5, 0.5, 0.5), (0.7, 0.4, 1.1)):
        labels = voxelise([sphere], spacing, margin_mm=2.0)
        assert labels.array.sum() * labels.grid.voxel_volume_mm3 == pytest.approx(truth, rel=0.004)
        assert labels.names == {1: "ball"}
    turned = Grid((60, 60, 60), (0.5, 0.5, 0.5), (85.0, -65.0, 15.0), LEFT_HANDED)
    assert voxels_inside(sphere, turned).sum() / 8 == pytest.approx(truth, rel=0.004)


def test_a_cavity_stays_empty():
    outer, hollow = ball(10.0), ball(5.0)
    shell = Surface(
        np.concatenate([outer.vertices_mm, hollow.vertices_mm]),
        np.concatenate([outer.faces, hollow.faces[:, ::-1] + len(outer.vertices_mm)]),
    )
    labels = voxelise([shell])
    volume = labels.array.sum() / 8
    assert volume == pytest.approx(4 / 3 * math.pi * (1000 - 125), rel=0.005)


@pytest.mark.parametrize(
    ("offset_mm", "inverted", "mm3"),
    [(0, False, 64), (2, False, 96), (6, False, 128), (6, True, 128), (4, True, 128)],
    ids=["twice the same", "overlapping", "apart", "apart and one inside out", "touching and one inside out"],
)
def test_bodies_of_one_surface_are_joined(offset_mm: float, inverted: bool, mm3: int) -> None:
    one, other = block((0.5, 0.5, 0.5), (4.5, 4.5, 4.5)), block((0.5 + offset_mm, 0.5, 0.5), (4.5 + offset_mm, 4.5, 4.5))
    faces = other.faces[:, ::-1] if inverted else other.faces
    both = Surface(
        np.concatenate([one.vertices_mm, other.vertices_mm]), np.concatenate([one.faces, faces + len(one.vertices_mm)])
    )
    assert voxels_inside(both, Grid((8, 8, 14))).sum() == mm3


def test_the_first_surface_keeps_what_two_claim_and_the_count_is_told():
    grid = Grid((10, 10, 10))
    first, second = block((0.5, 0.5, 0.5), (5.5, 5.5, 5.5), "SOL"), block((3.5, 0.5, 0.5), (8.5, 5.5, 5.5), "GM")
    with pytest.warns(InputWarning, match="50 voxels"):
        labels = voxelise([first, second], grid=grid, values=[4, 300])
    assert labels.array.dtype == np.uint16
    assert (labels.array == 4).sum() == 125
    assert (labels.array == 300).sum() == 75
    assert labels.names == {4: "SOL", 300: "GM"}


def test_what_lies_beyond_a_given_grid_is_cut():
    labels = voxelise([block((-5.5, -5.5, -5.5), (2.5, 2.5, 2.5))], grid=Grid((10, 10, 10)))
    assert labels.array.sum() == 27
    assert voxelise([block((50, 50, 50), (52, 52, 52))], grid=Grid((10, 10, 10))).array.sum() == 0


@pytest.mark.parametrize(
    ("surfaces", "options", "words"),
    [
        ([], {}, "at least one"),
        ([Surface(octahedron(1.0).vertices_mm, octahedron(1.0).faces[1:], "SOL")], {}, "'SOL' with 3 open edges"),
        ([Surface(np.full((3, 3), np.nan), np.array([[0, 1, 2]]), "SOL")], {}, "finite"),
        ([octahedron(1.0)], {"values": [0]}, "label values"),
        ([octahedron(1.0)], {"values": [1, 2]}, "label values"),
        ([octahedron(1.0)], {"spacing_xyz_mm": (0.0, 1.0, 1.0)}, "spacing"),
        ([octahedron(1e7)], {}, "voxels"),
        ([octahedron(1e300)], {}, "voxels"),
    ],
)
def test_what_cannot_be_voxelised_is_refused(surfaces, options, words):
    with pytest.raises(InputError, match=words):
        voxelise(surfaces, **options)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("leg", "volumes_cm3"),
    [("VHF_surfaces/Left", (320, 202, 86)), ("VHF_surfaces/Right", (305, 177, 84)), ("VHM_surfaces/Left", (755, 423, 259))],
)
def test_real_muscles_have_the_volumes_of_their_surfaces(shared_data, leg, volumes_cm3):
    from ifssnet.geometry.surfaces.mesh import enclosed_volume_mm3
    from ifssnet.io.volumes.surfaces import read_surfaces

    by_name = {surface.name: surface for surface in read_surfaces(shared_data / "legs" / leg)}
    muscles = [by_name[name] for name in ("SOL", "GM", "GL")]
    labels = voxelise(muscles, (0.5, 0.5, 0.5))
    for value, (muscle, volume_cm3) in enumerate(zip(muscles, volumes_cm3, strict=True), start=1):
        counted = (labels.array == value).sum() * labels.grid.voxel_volume_mm3 / 1000
        assert counted == pytest.approx(enclosed_volume_mm3(muscle.vertices_mm, muscle.faces) / 1000, rel=0.001)
        assert counted == pytest.approx(volume_cm3, rel=0.005)

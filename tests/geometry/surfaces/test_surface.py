"""Surfaces of labels: volume kept, closed, facing outwards, nothing lost."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap
from ifssnet.geometry.surfaces.mesh import area_mm2, enclosed_volume_mm3, is_consistently_wound, open_edges, vertex_normals
from ifssnet.geometry.surfaces.surface import surface_of

LEFT_HANDED = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))


def sphere_map(radius=7.0, spacing=(0.5, 0.6, 0.8), direction=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), cut=0):
    shape = tuple(2 * math.ceil(radius / s) + 3 for s in spacing[::-1])
    axes = [(np.arange(n) - (n - 1) / 2) * s for n, s in zip(shape, spacing[::-1], strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    array = (3 * (x**2 + y**2 + z**2 <= radius**2)).astype(np.uint8)[:, cut:]
    return LabelMap(np.ascontiguousarray(array), Grid(array.shape, spacing, (100.0, -40.0, 900.0), direction), {3: "SOL"})


def check(labels: LabelMap, value=3, **options):
    surface = surface_of(labels, value, **options)
    voxels = np.count_nonzero(labels.array == value) * labels.grid.voxel_volume_mm3
    assert enclosed_volume_mm3(surface.vertices_mm, surface.faces) == pytest.approx(voxels, rel=0.002)
    assert open_edges(surface.faces) == 0
    assert is_consistently_wound(surface.faces)
    return surface


@pytest.mark.parametrize("direction", [((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), LEFT_HANDED])
def test_a_sphere_keeps_volume_place_and_roundness(direction):
    labels = sphere_map(direction=direction)
    surface = check(labels)
    assert surface.name == "SOL"
    centre = labels.grid.points_to_mm((np.array(labels.array.shape[::-1], dtype=float)[None] - 1) / 2)
    away = surface.vertices_mm - centre
    radii = np.linalg.norm(away, axis=1)
    assert radii.mean() == pytest.approx(7.0, rel=0.01)
    assert radii.std() < 0.12
    outwards = away / radii[:, None]
    assert (vertex_normals(surface.vertices_mm, surface.faces) * outwards).sum(axis=1).min() > 0.6
    # A staircase of voxels would have half as much area again.
    assert area_mm2(surface.vertices_mm, surface.faces) == pytest.approx(4 * math.pi * 49, rel=0.03)


def test_a_label_that_touches_the_border_is_closed_there():
    surface = check(sphere_map(cut=9))
    assert surface.vertices_mm[:, 1].min() == pytest.approx(-40.0 - 0.3, abs=0.35)
    check(LabelMap(np.full((4, 5, 6), 3, np.uint8), Grid((4, 5, 6)), {3: "SOL"}))


def test_islands_and_thin_parts_stay():
    array = np.zeros((20, 20, 20), np.uint8)
    array[4:14, 4:14, 4:14] = 3
    array[17, 17, 17] = 3  # one voxel by itself
    array[9, 9, 14:19] = 3  # a thread
    labels = LabelMap(array, Grid((20, 20, 20)), {3: "SOL"})
    surface = check(labels)
    near = np.linalg.norm(surface.vertices_mm - 17.0, axis=1) < 1.0
    assert near.sum() >= 6
    assert surface.vertices_mm[:, 0].max() > 17.9


def test_fewer_triangles_when_asked_with_the_same_volume():
    labels = sphere_map(radius=12.0, spacing=(0.5, 0.5, 0.5))
    full = check(labels)
    few = check(labels, max_faces=1500)
    assert 500 < len(few.faces) <= 1500 < len(full.faces)
    centre = labels.grid.points_to_mm((np.array(labels.array.shape[::-1], dtype=float)[None] - 1) / 2)
    radii = np.linalg.norm(few.vertices_mm - centre, axis=1)
    assert radii.mean() == pytest.approx(12.0, rel=0.01)
    assert len(surface_of(labels, 3, max_faces=10).faces) <= 40


def test_a_label_that_is_not_there_has_no_triangles():
    surface = surface_of(sphere_map(), 8)
    assert surface.faces.shape == (0, 3)
    assert surface.name == "8"


@settings(max_examples=30, deadline=None)
@given(hnp.arrays(np.uint8, (4, 5, 6), elements=st.sampled_from([0, 3])), st.sampled_from([None, 0.0, 2.0]))
def test_any_mask_gives_a_closed_surface_that_separates_its_voxels(array, smoothing):
    if not array.any():
        return
    from ifssnet.geometry.surfaces.voxelise import voxels_inside

    labels = LabelMap(array, Grid((4, 5, 6), (1.0, 0.8, 1.3)), {3: "SOL"})
    surface = surface_of(labels, 3, smoothing_mm=smoothing)
    assert open_edges(surface.faces) == 0
    voxels = np.count_nonzero(array) * labels.grid.voxel_volume_mm3
    assert enclosed_volume_mm3(surface.vertices_mm, surface.faces) == pytest.approx(voxels, rel=0.02)
    assert voxels_inside(surface, labels.grid)[array == 3].all()


@pytest.mark.realdata
@pytest.mark.slow
def test_real_muscles_go_to_voxels_and_back_within_half_a_percent(shared_data):
    from ifssnet.geometry.surfaces.voxelise import voxelise
    from ifssnet.io.volumes.surfaces import read_surfaces

    muscles = [s for s in read_surfaces(shared_data / "legs" / "VHF_surfaces" / "Left") if s.name in ("SOL", "GM", "GL")]
    labels = voxelise(muscles, (0.5, 0.5, 0.5))
    for value, muscle in enumerate(muscles, start=1):
        again = surface_of(labels, value)
        truth = enclosed_volume_mm3(muscle.vertices_mm, muscle.faces)
        assert enclosed_volume_mm3(again.vertices_mm, again.faces) == pytest.approx(truth, rel=0.005)
        assert area_mm2(again.vertices_mm, again.faces) == pytest.approx(area_mm2(muscle.vertices_mm, muscle.faces), rel=0.05)
        assert open_edges(again.faces) == 0

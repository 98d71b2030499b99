"""A leg whose volume is known by formula, from frames to numbers, however the tracker, the probe and the arrays are turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ifssnet.compounding.compound import compound_sweeps
from ifssnet.compounding.holes.options import DistanceFilling
from ifssnet.compounding.options import CompoundOptions
from ifssnet.compounding.projection.frame_outlines import area_px2, project_to_frames
from ifssnet.compounding.registration.resampling import resample_labels
from ifssnet.compounding.registration.rigid import RegisterOptions, register
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.core.seeds import Seeds
from ifssnet.core.sweep import Sweep
from ifssnet.geometry.grids.axis_order import Order
from ifssnet.geometry.grids.resample import seeds_on
from ifssnet.measurement.leg.muscles import measure
from ifssnet.measurement.reference.compare import compare
from stored_otherwise import stored_otherwise

HALF_MM = (9.0, 7.0, 30.0)
"""Half axes of an ellipsoid along x, y, z of the leg: 7.9 cm3, 60 mm long."""
MIDDLE_MM = (20.0, 14.0, 36.0)
VOLUME_CM3 = 4 / 3 * np.pi * 9 * 7 * 30 / 1000
PIXEL_MM, STEP_MM = 0.6, 1.2

TURNS = {
    "none": (0, 0, 0),
    "along the tracker's x": (0, 90, 0),
    "along the tracker's y": (90, 0, 0),
    "tilted": (20, -35, 50),
    "upside down": (180, 0, 0),
    "aslant": (54, 10, 0),
}

ORDERS: list[Order] = [(a, b, c) for a, b, c in permutations((0, 1, 2))]
orders = st.sampled_from(ORDERS)
flips = st.sets(st.sampled_from((0, 1, 2)))


def inside(points_mm: np.ndarray) -> np.ndarray:
    return (((points_mm - MIDDLE_MM) / HALF_MM) ** 2).sum(axis=-1) < 1


def turned_world(degrees: Sequence[float]) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    matrix[:3, 3] = (110.0, -40.0, 25.0)
    return matrix


def strip(left_mm: float, to_world: np.ndarray) -> Sweep:
    """A sweep along the leg, 24 mm wide and 28 mm deep, in a tracker's frame that is turned against the leg."""
    count, rows, columns = 60, round(28 / PIXEL_MM), round(24 / PIXEL_MM)
    v, u = np.mgrid[:rows, :columns]
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, 0, 0] = poses[:, 1, 1] = PIXEL_MM
    poses[:, 0, 3], poses[:, 2, 3] = left_mm, STEP_MM * np.arange(count)
    pixels = np.stack([u, v, 0 * u, 0 * u + 1], axis=-1).astype(np.float64)
    frames = np.stack([np.where(inside((pixels @ pose.T)[..., :3]), 200, 40) for pose in poses]).astype(np.uint8)
    return Sweep(frames, to_world @ poses, 0.1 * np.arange(count), (PIXEL_MM, PIXEL_MM), np.ones(count, dtype=bool))


def truth_on(grid: Grid, to_world: np.ndarray) -> LabelMap:
    z, y, x = np.indices(grid.shape_zyx)
    places = grid.points_to_mm(np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(np.float64))
    there = np.linalg.inv(to_world)
    array = inside(places @ there[:3, :3].T + there[:3, 3]).reshape(grid.shape_zyx).astype(np.uint8)
    return LabelMap(array, grid, {1: "SOL"})


@pytest.mark.parametrize("turn", TURNS)
def test_two_sweeps_become_the_muscle_that_was_scanned(turn: str) -> None:
    to_world = turned_world(TURNS[turn])
    options = CompoundOptions(spacing_mm=0.8, axes="sweep", holes=(DistanceFilling(1.5),))
    volume = drain(compound_sweeps([strip(0.0, to_world), strip(16.0, to_world)], options)).volume
    found = LabelMap((volume.array > 120).astype(np.uint8), volume.grid, {1: "SOL"})
    measured = measure(found).muscles["SOL"]
    assert measured.volume_cm3 == pytest.approx(VOLUME_CM3, rel=0.03)
    assert measured.length_mm == pytest.approx(60, abs=2.5)
    assert compare(found, truth_on(volume.grid, to_world)).mean.dice > 0.96
    # The sweep's long way is the volume's: slices lie across the leg, whatever the tracker's axes are.
    slices = np.asarray(volume.grid.direction)[:, 2]
    assert abs(float(slices @ to_world[:3, 2])) == pytest.approx(1, abs=2e-3)


@settings(max_examples=8)
@given(order=orders, flipped=flips, turn=st.sampled_from(list(TURNS)))
def test_outlines_on_frames_are_the_cross_sections(order: Order, flipped: set[int], turn: str) -> None:
    to_world = turned_world(TURNS[turn])
    x, y, z = (float(value) for value in to_world[:3, 3])
    rows: list[tuple[float, float, float]] = [(float(a), float(b), float(c)) for a, b, c in to_world[:3, :3]]
    grid = Grid((60, 36, 50), (0.8, 0.8, 1.2), (x, y, z), (rows[0], rows[1], rows[2]))
    labels = stored_otherwise(truth_on(grid, to_world), order, flipped)
    sweep = strip(8.0, to_world)
    kept = np.isin(np.arange(len(sweep.frames)), (15, 30, 45))
    drawn = drain(project_to_frames(labels, replace(sweep, valid=kept)))
    for frame in (15, 30, 45):
        (contour,) = (each for each in drawn.contours if each.frame == frame)
        share = 1 - ((STEP_MM * frame - MIDDLE_MM[2]) / HALF_MM[2]) ** 2
        area_mm2 = np.pi * HALF_MM[0] * HALF_MM[1] * share
        assert area_px2(contour.points_uv_px) * PIXEL_MM**2 == pytest.approx(area_mm2, rel=0.03)


@settings(max_examples=10)
@given(flipped=flips, order=st.sampled_from([(0, 1, 2), (0, 2, 1)]))
def test_seeds_move_onto_a_volume_stored_otherwise(flipped: set[int], order: Order) -> None:
    grid = Grid((60, 36, 50), (0.8, 0.8, 1.2))
    truth = truth_on(grid, np.eye(4))
    seeds = Seeds({1: {z: np.asarray(truth.array[z] == 1) for z in (12, 30, 48)}}, grid, {1: "SOL"})
    other = stored_otherwise(truth, order, flipped)
    moved = seeds_on(seeds, other.grid)
    assert len(moved.masks[1]) == 3
    for z, mask in moved.masks[1].items():
        assert (mask == (other.array[z] == 1)).all()


def speckled(grid: Grid, seed: int = 0) -> np.ndarray:
    """Grey levels by place, which are the same whatever the array's axes are."""
    rng = np.random.default_rng(seed)
    waves, phases = rng.normal(scale=0.22, size=(40, 3)), rng.uniform(0, 2 * np.pi, 40)
    z, y, x = np.indices(grid.shape_zyx)
    places = grid.points_to_mm(np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(np.float64))
    grey = np.cos(places @ waves.T + phases).sum(axis=1).reshape(grid.shape_zyx)
    grey = 120 + 90 * grey / np.abs(grey).max()
    return np.where(inside(places).reshape(grid.shape_zyx), 0.6 * grey, grey)


@pytest.mark.parametrize(("order", "flipped"), [((0, 1, 2), set[int]()), ((2, 0, 1), {0}), ((1, 2, 0), {1, 2})])
def test_labels_go_along_with_a_registration_from_any_storage(order: Order, flipped: set[int]) -> None:
    grid = Grid((60, 36, 50), (0.8, 0.8, 1.2))
    fixed = Volume(speckled(grid).astype(np.uint8), grid)
    shifted = replace(grid, origin_xyz_mm=(3.0, -2.0, 4.0))
    # The same voxels lie elsewhere in the other acquisition, and are stored in another order there.
    grey = stored_otherwise(LabelMap(fixed.array, shifted, {}), order, flipped)
    labels = stored_otherwise(replace(truth_on(grid, np.eye(4)), grid=shifted), order, flipped)
    quick = RegisterOptions(search_mm=8.0, search_turns_deg=(0.0,))
    found = drain(register(fixed, Volume(grey.array, grey.grid), quick))
    assert found.transform[:3, 3] == pytest.approx([-3.0, 2.0, -4.0], abs=0.3)
    moved = resample_labels(labels, found, grid)
    assert compare(moved, truth_on(grid, np.eye(4))).mean.dice > 0.97
    assert measure(moved).muscles["SOL"].volume_cm3 == pytest.approx(VOLUME_CM3, rel=0.02)

"""The automatic grid, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from make_sweeps import compounded, moved, random_sweep, straight_sweep

from ifssnet.compounding.grid import automatic_grid, sweep_axes
from ifssnet.compounding.holes.options import DistanceFilling, GaussianFilling, NearestFilling, ScaledFilling, StickFilling
from ifssnet.compounding.holes.reach import frame_distance_mm, with_reach
from ifssnet.compounding.options import CompoundOptions, Rectangle
from ifssnet.compounding.plan import plan_compounding
from ifssnet.core.errors import InputError
from ifssnet.core.grid import IDENTITY, Grid
from ifssnet.core.sweep import Sweep


def test_the_grid_begins_at_the_lowest_corner_and_has_one_voxel_more_than_the_rounded_extent():
    # 11 x 7 pixels of 0.5 mm: 5 x 3 mm; 4 frames 1.2 mm apart: 3.6 mm. At 0.8 mm: 6.25, 3.75 and 4.5 voxels.
    sweep = straight_sweep(np.zeros((4, 7, 11), dtype=np.uint8), pixel_mm=0.5, step_mm=1.2, origin=(10, 20, 30))
    grid = automatic_grid([sweep], CompoundOptions(spacing_mm=0.8))
    assert grid.shape_zyx == (6, 5, 7)
    assert grid.origin_xyz_mm == (10, 20, 30)
    assert grid.spacing_xyz_mm == (0.8, 0.8, 0.8)


def test_the_grid_holds_the_clipped_pixels_of_valid_frames_only():
    sweep = straight_sweep(np.zeros((4, 9, 9), dtype=np.uint8))
    invalid = moved(sweep, lambda poses: poses.__setitem__((3, slice(0, 3), 3), 500.0), valid=np.array([1, 1, 1, 0], bool))
    grid = automatic_grid([invalid], CompoundOptions(spacing_mm=1.0, clip=Rectangle(2, 3, 4, 5)))
    assert grid.shape_zyx == (3, 6, 5)
    assert grid.origin_xyz_mm == (2, 3, 0)


def test_several_sweeps_share_one_grid():
    frames = np.zeros((3, 5, 5), dtype=np.uint8)
    grid = automatic_grid([straight_sweep(frames), straight_sweep(frames, origin=(4, 0, -2))], CompoundOptions(spacing_mm=1.0))
    assert grid.shape_zyx == (5, 5, 9)
    assert grid.origin_xyz_mm == (0, 0, -2)


def test_sweep_axes_make_slices_cross_sections_whatever_the_reference_frame():
    rng = np.random.default_rng(3)
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    rotation *= np.sign(np.linalg.det(rotation))
    straight = straight_sweep(np.zeros((20, 9, 13), dtype=np.uint8))

    def turn(poses):
        poses[:, :3] = rotation @ poses[:, :3]

    turned = moved(straight, turn)
    np.testing.assert_allclose(sweep_axes([turned]), rotation, atol=1e-12)
    grid = automatic_grid([turned], CompoundOptions(spacing_mm=1.0, axes="sweep"))
    assert grid.shape_zyx == (20, 9, 13)
    pose = turned.image_to_world[0]
    np.testing.assert_allclose(grid.points_to_index(pose[None, :3, 3]), 0, atol=1e-9)


def test_sweep_axes_are_those_of_the_movement_where_frames_are_tilted_against_it():
    sweep = straight_sweep(np.zeros((30, 9, 13), dtype=np.uint8))
    tilt = np.radians(20)

    def lean(poses):  # each frame's depth leans along the sweep
        poses[:, 1, 1], poses[:, 2, 1] = np.cos(tilt), np.sin(tilt)

    axes = sweep_axes([moved(sweep, lean)])
    np.testing.assert_allclose(np.abs(axes[:, 2]), (0, 0, 1), atol=1e-6)
    np.testing.assert_allclose(np.linalg.det(axes), 1)


def test_sweeps_side_by_side_do_not_turn_the_axes():
    frames = np.zeros((20, 5, 5), dtype=np.uint8)
    sweeps = [straight_sweep(frames, origin=(40.0 * k, 0, 0)) for k in range(3)]
    np.testing.assert_allclose(sweep_axes(sweeps), np.eye(3), atol=1e-9)


def test_sweep_axes_of_frames_that_stand_still_are_the_frame_s_own():
    sweep = straight_sweep(np.zeros((5, 9, 9), dtype=np.uint8), step_mm=0.0)
    np.testing.assert_allclose(sweep_axes([sweep]), np.eye(3), atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_sweep_axes_are_right_handed_and_orthonormal(seed):
    axes = sweep_axes([random_sweep(seed)])
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-9)
    assert np.linalg.det(axes) == pytest.approx(1)


def test_the_z_spacing_can_be_fitted_to_the_frames():
    sweep = straight_sweep(np.zeros((4, 5, 5), dtype=np.uint8), step_mm=1.2)  # 3.6 mm: 3 voxels of 1.2 mm, not of 1 mm
    grid = automatic_grid([sweep], CompoundOptions(spacing_mm=1.0, fit_z_spacing=True))
    assert grid.spacing_xyz_mm[2] == pytest.approx(1.2)
    assert grid.shape_zyx[0] == 4


def test_no_valid_frame_is_refused():
    sweep = straight_sweep(np.zeros((4, 5, 5), dtype=np.uint8))
    with pytest.raises(InputError, match="valid pose"):
        automatic_grid([moved(sweep, lambda _: None, valid=np.zeros(4, bool))], CompoundOptions())


def test_a_pose_far_away_is_refused_before_memory_is_taken():
    sweep = straight_sweep(np.zeros((4, 50, 50), dtype=np.uint8))
    far = moved(sweep, lambda poses: poses.__setitem__((2, slice(0, 3), 3), (1e6, 1e6, 1e6)))
    with pytest.raises(InputError, match="voxels"):
        automatic_grid([far], CompoundOptions())


def test_what_no_pixel_reached_and_nothing_filled_is_marked_as_never_seen():
    sweep = straight_sweep(np.zeros((4, 5, 6), np.uint8), step_mm=3.0)  # black, but seen; slices 0, 3, 6 and 9
    seen = compounded(sweep).volume.seen
    assert seen is not None
    assert np.flatnonzero(seen.all(axis=(1, 2))).tolist() == [0, 3, 6, 9]
    assert not seen[[1, 2, 4, 5, 7, 8]].any()
    filled = compounded(sweep, holes=(StickFilling(4, 1),)).volume.seen
    assert filled is not None
    assert filled.all()


def turned_by(sweep: Sweep, degrees: float) -> Sweep:
    """The same sweep in a tracker whose axes are turned about x."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.eye(4)
    turn[1:3, 1:3] = [[c, -s], [s, c]]
    return moved(sweep, lambda poses: poses.__setitem__(slice(None), turn @ poses))


@pytest.mark.parametrize(("degrees", "axes"), [(0.0, "reference"), (1.0, "reference"), (3.0, "sweep"), (90.0, "sweep")])
def test_a_sweep_along_z_keeps_the_axes_and_any_other_turns_them(degrees: float, axes: str):
    sweep = turned_by(straight_sweep(np.zeros((20, 7, 11), dtype=np.uint8)), degrees)
    plan = plan_compounding([sweep], CompoundOptions(spacing_mm=1.0))
    assert plan.axes == axes
    assert plan.sweep_angle_deg == pytest.approx(degrees, abs=1e-6)
    assert plan.slice_angle_deg == pytest.approx(degrees if axes == "reference" else 0, abs=1e-6)
    if axes == "reference":
        assert plan.grid.direction == IDENTITY
    else:
        assert plan.grid.shape_zyx == (20, 7, 11)
    assert plan_compounding([sweep], CompoundOptions(spacing_mm=1.0, axes="reference")).grid.direction == IDENTITY


def test_a_volume_with_turned_axes_holds_the_same_picture_at_the_same_places():
    """Known truth: a bright ball at a known place of the leg, whatever the tracker's axes."""
    frames = np.full((40, 24, 24), 50, np.uint8)
    k, v, u = np.mgrid[:40, :24, :24]
    frames[(k - 25) ** 2 + (v - 10) ** 2 + (u - 8) ** 2 < 25] = 200
    for degrees in (0.0, 54.0, 90.0, 180.0):
        sweep = turned_by(straight_sweep(frames), degrees)
        volume = compounded(sweep, axes="auto").volume
        z, y, x = np.nonzero(volume.array == 200)
        middle = volume.grid.points_to_mm(np.array([[x.mean(), y.mean(), z.mean()]]))[0]
        np.testing.assert_allclose(middle, (sweep.image_to_world[25] @ (8.0, 10.0, 0.0, 1.0))[:3], atol=0.05)
        assert len(z) == (frames == 200).sum()
        assert volume.grid.slices == 40 if degrees else volume.grid.shape_zyx == (40, 24, 24)


@pytest.mark.parametrize(("step_mm", "reach_mm"), [(0.3, 1.0), (1.0, 1.5), (2.0, 3.0), (10.0, 4.0)])
def test_hole_filling_reaches_as_far_as_frames_lie_apart(step_mm: float, reach_mm: float):
    sweep = straight_sweep(np.full((12, 5, 6), 9, np.uint8), step_mm=step_mm)
    result = compounded(sweep, spacing_mm=0.5, holes=(ScaledFilling("distance"),))
    assert result.holes == (DistanceFilling(reach_mm),)
    assert compounded(sweep, spacing_mm=0.5, holes=(DistanceFilling(0.7),)).holes == (DistanceFilling(0.7),)


def test_the_reach_in_voxels_bridges_two_frames_and_is_never_below_the_usual_one():
    grid = Grid((9, 9, 9), (0.5, 0.5, 0.5))
    ways = [ScaledFilling("stick"), ScaledFilling("nearest"), ScaledFilling("gaussian")]
    assert with_reach(ways, 0.5, grid) == (StickFilling(), NearestFilling(), GaussianFilling())
    stick, nearest, gaussian = with_reach(ways, 3.0, grid)
    assert isinstance(stick, StickFilling)
    assert stick.length_limit == 10  # frames 6 voxels apart leave 5 empty ones: 7 with both ends
    assert nearest == NearestFilling(13)
    assert gaussian == GaussianFilling(13, 2.6)


def test_frames_that_stand_still_or_are_skipped_do_not_count_for_their_distance():
    sweep = straight_sweep(np.zeros((10, 5, 6), np.uint8), step_mm=2.0)
    paused = moved(sweep, lambda poses: poses.__setitem__((slice(0, 6), 2, 3), 0.0))
    assert frame_distance_mm([paused]) == pytest.approx(2.0)
    assert frame_distance_mm([sweep], skip_interval=3) == pytest.approx(6.0)
    assert frame_distance_mm([straight_sweep(np.zeros((1, 5, 6), np.uint8))]) == 0.0

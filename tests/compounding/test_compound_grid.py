"""The automatic grid, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from make_sweeps import compounded, moved, random_sweep, straight_sweep

from ifssnet.compounding.grid import automatic_grid, sweep_axes
from ifssnet.compounding.holes.options import StickFilling
from ifssnet.compounding.options import CompoundOptions, Rectangle
from ifssnet.core.errors import InputError


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

"""Insertion: values derived by hand, then an independent implementation, then properties."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_sweeps import compounded, moved, random_sweep, straight_sweep

from ifssnet.compounding.options import Fan
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.sweep import Sweep

MODES = ("latest", "maximum", "mean", "running-mean")
BOX = Grid((16, 15, 14), (1.1, 1.0, 0.9), (-6.0, -7.0, -6.5))


def pixels_on_one_voxel(values, dtype=np.uint8) -> Sweep:
    """One-pixel frames that all lie on the same spot, with a second spot so that the grid has two voxels."""
    frames = np.array(values, dtype=dtype)[:, None, None] * np.ones((1, 1, 2), dtype=dtype)
    return straight_sweep(frames, step_mm=0.0)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("latest", 3),
        ("maximum", 9),
        # (1 + 2 + 9 + 3) / 4 = 3.75, rounded
        ("mean", 4),
        # 1; (1 + 2) / 2 = 1.5 -> 1; (2 * 1 + 9) / 3 = 3.67 -> 3; (3 * 3 + 3) / 4 = 3
        ("running-mean", 3),
    ],
)
def test_pixels_that_meet_in_a_voxel(mode, expected):
    result = compounded(pixels_on_one_voxel([1, 2, 9, 3]), compounding=mode)
    assert result.volume.array[0, 0, 0] == expected


def test_the_running_mean_lies_below_the_true_one_and_the_true_one_is_right():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 256, size=40)
    true = compounded(pixels_on_one_voxel(values), compounding="mean").volume.array[0, 0, 0]
    running = compounded(pixels_on_one_voxel(values), compounding="running-mean").volume.array[0, 0, 0]
    assert true == np.floor(values.mean() + 0.5)
    assert running < true


def test_the_running_mean_becomes_a_filter_after_255_pixels():
    # 255 pixels of 100, then 40 of 200: each adds 200 / 256 and keeps 255 / 256 of the old, cut off to whole levels.
    expected = 100
    for _ in range(40):
        expected = int(200 / 256 + expected * 255 / 256)
    sweep = pixels_on_one_voxel([100] * 255 + [200] * 40)
    assert compounded(sweep, compounding="running-mean").volume.array[0, 0, 0] == expected


def test_linear_insertion_shares_a_pixel_by_distance():
    sweep = straight_sweep(np.full((1, 1, 1), 80, dtype=np.uint8), origin=(1.25, 1.5, 1.0))
    grid = Grid((4, 4, 4))
    result = compounded(sweep, grid, interpolation="linear", compounding="mean")
    weights = np.zeros((4, 4, 4))
    weights[1, 1, 1] = weights[1, 2, 1] = 0.75 * 0.5
    weights[1, 1, 2] = weights[1, 2, 2] = 0.25 * 0.5
    np.testing.assert_allclose(result.weights, weights)
    np.testing.assert_array_equal(result.volume.array, np.where(weights > 0, 80, 0))


def test_linear_latest_goes_to_corners_with_an_eighth_of_the_weight_only():
    sweep = straight_sweep(np.full((1, 1, 1), 80, dtype=np.uint8), origin=(1.1, 1.5, 1.0))
    array = compounded(sweep, Grid((4, 4, 4)), interpolation="linear", compounding="latest").volume.array
    assert array[1, 1, 1] == array[1, 2, 1] == 80  # 0.9 * 0.5
    assert array.sum() == 160  # 0.1 * 0.5 is too little


def test_a_linear_pixel_partly_outside_the_grid_is_dropped_whole():
    inside = straight_sweep(np.full((1, 1, 1), 80, dtype=np.uint8), origin=(3.0, 1.5, 1.0))
    outside = straight_sweep(np.full((1, 1, 1), 80, dtype=np.uint8), origin=(3.1, 1.5, 1.0))
    assert compounded(inside, Grid((4, 4, 4)), interpolation="linear").volume.array.any()
    assert not compounded(outside, Grid((4, 4, 4)), interpolation="linear").volume.array.any()


def test_frames_on_the_grid_come_back_as_they_were():
    frames = np.random.default_rng(1).integers(0, 256, size=(6, 7, 8), dtype=np.uint8)
    for mode in MODES:
        for interpolation in ("nearest", "linear"):
            result = compounded(straight_sweep(frames), compounding=mode, interpolation=interpolation)
            np.testing.assert_array_equal(result.volume.array, frames)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_linear_weights_of_a_pixel_add_up_to_one(seed):
    sweep = random_sweep(seed)
    index = BOX.points_to_index(
        np.einsum("fij,pj->fpi", sweep.image_to_world, [(u, v, 0, 1) for v in range(12) for u in range(15)])[..., :3].reshape(
            -1, 3
        )
    )
    top = np.array(BOX.shape_zyx[::-1]) - 1
    inside = ((np.floor(index) >= 0) & (np.ceil(index) <= top)).all(axis=1)
    result = compounded(sweep, BOX, interpolation="linear", compounding="mean")
    assert result.weights.sum() == pytest.approx(inside.sum(), rel=1e-5)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), grey=st.integers(1, 255), interpolation=st.sampled_from(["nearest", "linear"]))
def test_the_mean_of_one_grey_level_is_that_level(seed, grey, interpolation):
    sweep = random_sweep(seed)
    even = moved(sweep, lambda _: None, frames=np.full_like(sweep.frames, grey))
    result = compounded(even, BOX, interpolation=interpolation, compounding="mean")
    np.testing.assert_array_equal(result.volume.array, np.where(result.weights > 0, grey, 0))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("interpolation", ["nearest", "linear"])
@pytest.mark.parametrize("arithmetic", ["none", "full"])
def test_the_number_of_threads_does_not_matter(mode, interpolation, arithmetic):
    sweep = random_sweep(5, frames=19, shape_vu=(25, 30))
    options = {"compounding": mode, "interpolation": interpolation, "arithmetic": arithmetic}
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = compounded(sweep, BOX, **options)
        numba.set_num_threads(min(2, before))
        two = compounded(sweep, BOX, **options)
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(one.volume.array, two.volume.array)
    np.testing.assert_array_equal(one.weights, two.weights)


@settings(deadline=None, max_examples=20)
@given(
    angles=st.tuples(st.integers(-80, -5).map(float), st.integers(5, 80).map(float)),
    origin=st.tuples(st.integers(0, 20).map(float), st.integers(-5, 8).map(float)),
    start=st.integers(0, 12).map(float),
    arithmetic=st.sampled_from(["none", "full"]),
)
def test_every_pixel_of_a_fan_is_inserted_once(angles, origin, start, arithmetic):
    options = {"fan": Fan(angles, origin, start, 30.0), "arithmetic": arithmetic}
    sweep = straight_sweep(np.ones((9, 24, 21), dtype=np.uint8))
    try:
        result = compounded(sweep, Grid((9, 24, 21)), compounding="mean", **options)
    except InputError:  # no pixel in the fan
        return
    assert result.weights.sum() == result.plan.pixels


def test_fixed_point_differs_from_double_precision_by_rounding_only():
    sweep = random_sweep(8, frames=9, shape_vu=(25, 30))
    double = compounded(sweep, BOX, interpolation="linear", compounding="mean", arithmetic="none")
    fixed = compounded(sweep, BOX, interpolation="linear", compounding="mean", arithmetic="full")
    # Positions are off by at most (25 + 30 + 1) / 2 / 16384 = 0.0017 voxels, hence each weight by about as much.
    assert 0 < np.abs(double.weights - fixed.weights).max() < 0.05


def test_invalid_and_skipped_frames_are_left_out():
    frames = np.arange(1, 7, dtype=np.uint8)[:, None, None] * np.ones((1, 3, 3), dtype=np.uint8)
    sweep = straight_sweep(frames)
    sweep = moved(sweep, lambda _: None, valid=np.array([1, 1, 0, 1, 1, 1], bool))
    result = compounded(sweep, skip_interval=2)
    np.testing.assert_array_equal(result.volume.array[:, 0, 0], (1, 0, 0, 0, 5, 0))
    assert (result.plan.frames, result.plan.invalid_frames, result.plan.used_frames) == (6, 1, 2)
    assert result.plan.pixels == 2 * 9


def test_an_invalid_frame_may_have_no_pose_at_all():
    sweep = straight_sweep(np.full((3, 4, 4), 9, dtype=np.uint8))
    lost = moved(sweep, lambda poses: poses.__setitem__(1, np.nan), valid=np.array([1, 0, 1], bool))
    array = compounded(lost).volume.array
    np.testing.assert_array_equal(array[:, 0, 0], (9, 0, 9))


def test_dark_pixels_can_be_left_out():
    sweep = pixels_on_one_voxel([2, 10, 20])
    assert compounded(sweep, pixel_threshold=5.0, compounding="mean").volume.array[0, 0, 0] == 15
    assert compounded(sweep, pixel_threshold=10.0, compounding="mean").volume.array[0, 0, 0] == 15


def test_the_sweep_whose_axis_is_nearer_decides_where_sweeps_overlap():
    left = straight_sweep(np.full((3, 4, 21), 50, dtype=np.uint8))
    right = straight_sweep(np.full((3, 4, 21), 150, dtype=np.uint8), origin=(10, 0, 0))
    even = compounded([left, right], compounding="mean").volume.array[1, 1]
    weighted = compounded([left, right], compounding="mean", axis_weight_mm=4.0).volume.array[1, 1]
    assert (even[10:21] == 100).all()  # both count the same wherever they meet
    # At x = 12: 2 mm from the left axis (10) and 8 mm from the right one (20).
    a, b = np.exp(-0.5 * (2 / 4) ** 2), np.exp(-0.5 * (8 / 4) ** 2)
    assert weighted[12] == round((50 * a + 150 * b) / (a + b))
    assert weighted[15] == 100
    assert (weighted[:10] == 50).all()  # where only one sees, its weight does not matter
    assert (weighted[21:] == 150).all()


def test_sweeps_are_inserted_in_the_order_given():
    first, second = pixels_on_one_voxel([10]), pixels_on_one_voxel([20])
    assert compounded([first, second], compounding="latest").volume.array[0, 0, 0] == 20
    assert compounded([second, first], compounding="latest").volume.array[0, 0, 0] == 10


# Each type is compiled anew, which takes seconds.
@pytest.mark.parametrize("dtype", [pytest.param(np.uint16, marks=pytest.mark.slow), np.int16, np.float32])
@pytest.mark.parametrize("mode", MODES)
def test_other_grey_levels_keep_their_type_and_value(dtype, mode):
    frames = (np.random.default_rng(1).uniform(0, 30_000, size=(3, 4, 5))).astype(dtype)
    for interpolation in ("nearest", "linear"):
        array = compounded(straight_sweep(frames), compounding=mode, interpolation=interpolation).volume.array
        assert array.dtype == dtype
        np.testing.assert_array_equal(array, frames)


def test_float_frames_are_not_rounded():
    sweep = pixels_on_one_voxel([0.25, 0.5], dtype=np.float32)
    for mode in ("mean", "running-mean"):
        assert compounded(sweep, compounding=mode).volume.array[0, 0, 0] == pytest.approx(0.375)

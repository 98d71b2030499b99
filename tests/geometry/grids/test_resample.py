"""Moving label maps, volumes and seeds between grids: by known geometry, and refused where it is not safe."""

from __future__ import annotations

import math
import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.grids.resample import comparable, grid_difference, labels_on, seeds_on, volume_on

RNG = np.random.default_rng(11)


def turned_about_z(degrees: float):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return ((c, -s, 0.0), (s, c, 0.0), (0.0, 0.0, 1.0))


def turned_about_x(degrees: float):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return ((1.0, 0.0, 0.0), (0.0, c, -s), (0.0, s, c))


def random_labels(grid: Grid) -> LabelMap:
    return LabelMap(RNG.integers(0, 4, grid.shape_zyx).astype(np.uint8), grid, {1: "SOL", 2: "GM", 3: "GL"})


def as_stored_otherwise(labels: LabelMap, flips, order) -> LabelMap:
    """The same voxels at the same places in mm, with axes mirrored and in another order (of z, y, x)."""
    array = labels.array[tuple(slice(None, None, -1 if flip else 1) for flip in flips)].transpose(order)
    grid = labels.grid
    corner = [n - 1 if flip else 0 for n, flip in zip(grid.shape_zyx, flips, strict=True)]
    origin = grid.points_to_mm(np.array([corner[::-1]], dtype=np.float64))[0]
    columns_zyx = [np.asarray(grid.direction)[:, 2 - axis] * (-1 if flips[axis] else 1) for axis in order]
    spacing_zyx = [grid.spacing_zyx_mm[axis] for axis in order]
    direction = np.stack(columns_zyx[::-1], axis=1)
    stored = Grid(
        array.shape,
        tuple(spacing_zyx[::-1]),
        tuple(float(v) for v in origin),
        tuple(tuple(float(v) for v in row) for row in direction),
    )
    return LabelMap(np.ascontiguousarray(array), stored, labels.names)


@settings(max_examples=30, deadline=None)
@given(st.tuples(st.booleans(), st.booleans(), st.booleans()), st.permutations([0, 1, 2]))
def test_the_same_voxels_stored_otherwise_come_back_unchanged(flips, order):
    labels = random_labels(Grid((3, 4, 5), (0.3, 0.4, 0.5), (10.0, -20.0, 5.0)))
    other = as_stored_otherwise(labels, flips, order)
    np.testing.assert_array_equal(labels_on(other, labels.grid).array, labels.array)


def test_straight_and_general_paths_agree():
    labels = random_labels(Grid((9, 11, 13), (0.31, 0.47, 0.53)))
    straight = Grid((20, 15, 30), (0.21, 0.35, 0.29), (-1.03, 0.22, 0.4))
    slightly = Grid((20, 15, 30), (0.21, 0.35, 0.29), (-1.03, 0.22, 0.4), turned_about_z(0.02))
    np.testing.assert_array_equal(labels_on(labels, straight).array, labels_on(labels, slightly).array)


def test_a_shift_by_whole_voxels_moves_voxels_and_leaves_nothing_beyond():
    labels = random_labels(Grid((4, 5, 6), (2.0, 3.0, 4.0)))
    moved = labels_on(labels, Grid((4, 5, 6), (2.0, 3.0, 4.0), (4.0, -3.0, 8.0)))
    expected = np.zeros_like(labels.array)
    expected[:2, 1:, :4] = labels.array[2:, :4, 2:]
    np.testing.assert_array_equal(moved.array, expected)
    assert moved.names == labels.names


def test_far_grids_share_nothing():
    labels = random_labels(Grid((3, 3, 3)))
    assert labels_on(labels, Grid((3, 3, 3), origin_xyz_mm=(50.0, 0.0, 0.0))).array.sum() == 0


def test_a_linear_ramp_is_sampled_exactly_between_voxels_and_keeps_its_type():
    z, y, x = np.mgrid[0:6, 0:7, 0:8]
    grid = Grid((6, 7, 8), (1.0, 2.0, 3.0))
    inner = Grid((4, 5, 6), (1.0, 2.0, 3.0), (0.5, 1.0, 1.5))
    ramp = volume_on(Volume((10.0 * x + 20 * y + 30 * z).astype(np.float32), grid), inner).array
    k, j, i = np.mgrid[0:4, 0:5, 0:6]
    np.testing.assert_allclose(ramp, 10 * (i + 0.5) + 20 * (j + 0.5) + 30 * (k + 0.5), rtol=1e-6)
    whole = volume_on(Volume((10 * x).astype(np.uint8), grid), inner).array
    assert whole.dtype == np.uint8
    np.testing.assert_array_equal(whole, 10 * i + 5)
    assert volume_on(Volume(np.full((6, 7, 8), 255, np.uint8), grid), inner, order=3).array.max() == 255
    with pytest.raises(InputError, match="order"):
        volume_on(Volume(ramp, inner), grid, order=2)


def drawn(grid: Grid, slices=(2, 5)) -> Seeds:
    mask = np.zeros(grid.shape_zyx[1:], dtype=bool)
    mask[3:7, 4:9] = True
    mask[4, 2:4] = True
    return Seeds({2: dict.fromkeys(slices, mask) | {0: np.zeros_like(mask)}}, grid, {2: "GM"}, {2: (1, 2, 3)})


def test_seeds_on_the_same_grid_are_left_alone_without_a_word():
    seeds = drawn(Grid((8, 10, 12)))
    assert seeds_on(seeds, Grid((8, 10, 12))) is seeds


def test_mirrored_pixels_and_a_reversed_longer_stack_are_moved_exactly():
    seeds = drawn(Grid((8, 10, 12), (0.5, 0.5, 0.8)))
    # x and z run the other way; two slices more at either end.
    volume = Grid(
        (12, 10, 12), (0.5, 0.5, 0.8), (11 * 0.5, 0.0, 9 * 0.8), ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
    )
    # Nothing moves, so nothing is said: a warning would be an error here.
    moved = seeds_on(seeds, volume)
    assert moved.slices(2) == (4, 7, 9)
    np.testing.assert_array_equal(moved.masks[2][7], seeds.masks[2][2][:, ::-1])
    assert not moved.masks[2][9].any()
    assert moved.grid == volume
    assert moved.names == {2: "GM"}


def test_the_warning_says_by_how_many_mm():
    seeds = drawn(Grid((8, 10, 12), (0.5, 0.5, 1.0)))
    with pytest.warns(InputWarning, match=re.escape("at most 0.2 mm, and its pixels by at most 0.2 mm")):
        moved = seeds_on(seeds, Grid((8, 10, 12), (0.5, 0.5, 1.0), (0.2, 0.0, 0.2)))
    np.testing.assert_array_equal(moved.masks[2][2], seeds.masks[2][2])


def test_rounding_is_no_move():
    seeds = drawn(Grid((8, 10, 12), (0.1 * 3, 0.1 * 3, 0.7)))
    shifted = Grid((10, 12, 14), (0.3, 0.3, 0.7), (-0.3, 0.1 * 3 - 0.6, -0.7 + 1e-9))
    moved = seeds_on(seeds, shifted)
    assert moved.slices(2) == tuple(z + 1 for z in seeds.slices(2))


def test_finer_pixels_keep_the_drawn_area():
    seeds = drawn(Grid((8, 10, 12), (0.6, 0.6, 1.0)))
    fine = Grid((8, 30, 36), (0.2, 0.2, 1.0), (-0.2, -0.2, 0.0))
    with pytest.warns(InputWarning):
        moved = seeds_on(seeds, fine)
    assert moved.masks[2][2].sum() == 9 * seeds.masks[2][2].sum()


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        (Grid((8, 10, 12), origin_xyz_mm=(0.0, 0.0, 0.4)), r"slice \d lies 0.4 mm \(0.4 slices\)"),
        (Grid((8, 10, 12), (1.0, 1.0, 1.3)), "slices that lie on"),
        (Grid((8, 10, 12), direction=turned_about_x(4.0)), "slices that lie on"),
        (Grid((4, 10, 12)), "slice 5 .GM. would be the volume's slice 5"),
        (Grid((8, 10, 12), origin_xyz_mm=(4.0, 0.0, 0.0)), "outside"),
        (Grid((3, 10, 12), (1.0, 1.0, 5.0)), "slices that lie on"),
    ],
)
def test_seeds_that_would_be_invented_or_lost_are_refused(volume, words):
    with pytest.raises(InputError, match=words):
        seeds_on(drawn(Grid((8, 10, 12))), volume, "seeds.nrrd")


def test_two_drawn_slices_on_one_are_refused():
    with pytest.raises(InputError, match="slices 0 and 1 both lie on the volume's slice 0"):
        seeds_on(drawn(Grid((8, 10, 12), (1.0, 1.0, 0.1)), slices=(1,)), Grid((8, 10, 12)))


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.24, 0.24), st.floats(-0.3, 0.3), st.floats(-180, 180), st.integers(-2, 2))
def test_seeds_turned_in_their_plane_land_where_geometry_says(off, shift, degrees, slices):
    grid = Grid((12, 40, 40), (0.5, 0.5, 1.0), (-9.75, -9.75, 0.0))
    disc = np.hypot(*np.mgrid[-9.75:10:0.5, -9.75:10:0.5]) < 6
    seeds = Seeds({1: {5: disc}}, grid, {1: "SOL"})
    matrix = np.array(turned_about_z(degrees))
    origin = matrix @ np.array([-9.75 + shift, -9.75, 0.0])
    volume = Grid((12, 40, 40), (0.5, 0.5, 1.0), (float(origin[0]), float(origin[1]), off + slices), turned_about_z(degrees))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        moved = seeds_on(seeds, volume)
    assert moved.slices(1) == (5 - slices,)
    y, x = np.nonzero(moved.masks[1][5 - slices])
    points = volume.points_to_mm(np.stack([x, y, np.full_like(x, 5 - slices)], axis=1).astype(float))
    assert np.hypot(points[:, 0], points[:, 1]).max() < 6 + 0.36
    assert len(y) == pytest.approx(disc.sum(), rel=0.05)


def test_label_maps_on_one_grid_are_compared_as_they_are():
    labels = random_labels(Grid((3, 4, 5)))
    assert comparable(labels, random_labels(Grid((3, 4, 5)))) is labels


def test_a_label_map_with_half_voxel_offset_is_resampled_with_a_word():
    labels = LabelMap(np.pad(np.ones((4, 4, 4), np.uint8), 3), Grid((10, 10, 10)), {1: "SOL"})
    reference = random_labels(Grid((10, 10, 10), origin_xyz_mm=(0.5, 0.0, 0.0)))
    with pytest.warns(InputWarning, match=r"at most 0\.5 mm"):
        moved = comparable(labels, reference)
    assert moved.grid == reference.grid
    assert moved.array.sum() == 64


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        (Grid((10, 10, 10), direction=turned_about_x(6.0)), "6 degrees"),
        (Grid((40, 40, 40), (0.2, 0.2, 0.2)), "times as large"),
        (Grid((10, 10, 10), origin_xyz_mm=(5.0, 0.0, 0.0)), "50% of SOL"),
    ],
)
def test_label_maps_that_do_not_belong_together_are_refused(grid, words):
    labels = LabelMap(np.pad(np.ones((4, 4, 4), np.uint8), 3), Grid((10, 10, 10)), {1: "SOL"})
    with pytest.raises(InputError, match=words):
        comparable(labels, random_labels(grid))


def test_the_difference_of_grids_by_hand():
    difference = grid_difference(
        Grid((5, 5, 5), (0.5, 1.0, 2.0)), Grid((5, 5, 5), (1.0, 1.0, 1.0), direction=turned_about_z(3.0))
    )
    assert difference.tilt_deg == pytest.approx(3.0, abs=1e-6)
    assert difference.spacing_ratio == pytest.approx(2.0)
    assert difference.axis_of == (0, 1, 2)

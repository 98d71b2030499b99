from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifssnet.compounding.projection.contour_seeds import contours_to_seeds, place_contours
from ifssnet.compounding.projection.placed_contours import tilt_from_slices_deg
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.sweep import Contour, Sweep

GRID = Grid((10, 20, 24))


def flat(z_mm: float, pixel_mm: float = 1.0) -> np.ndarray:
    """A frame parallel to the slices at a height."""
    pose = np.diag([pixel_mm, pixel_mm, 1.0, 1.0])
    pose[2, 3] = z_mm
    return pose


def tilted(degrees: float, z_mm: float) -> np.ndarray:
    """A frame of 1 mm pixels whose rows stay along x and whose columns climb."""
    t = math.radians(degrees)
    pose = np.eye(4)
    pose[:3, 1] = (0, math.cos(t), math.sin(t))
    pose[:3, 2] = (0, -math.sin(t), math.cos(t))
    pose[2, 3] = z_mm
    return pose


def square(label: int, frame: int, u0: float, v0: float, u1: float, v1: float, closed: bool = True) -> Contour:
    return Contour(label, frame, np.array([(u0, v0), (u1, v0), (u1, v1), (u0, v1)], dtype=np.float64), closed)


def sweep(poses: Sequence[np.ndarray], contours: Sequence[Contour], names: dict[int, str] | None = None) -> Sweep:
    n = len(poses)
    frames = np.zeros((n, 8, 8), dtype=np.uint8)
    return Sweep(frames, np.stack(poses), np.arange(n, dtype=float), (1.0, 1.0), np.ones(n, bool), tuple(contours), names or {})


def test_a_flat_frame_goes_to_the_nearest_slice_pixel_by_pixel():
    # Pixels of 0.5 mm: corners 3 and 11 are at 1.5 and 5.5 mm, so the voxel centres 2, 3, 4 and 5 lie inside.
    seeds = place_contours(sweep([flat(4.3, 0.5)], [square(7, 0, 3, 3, 11, 11)]), GRID)
    mask = seeds.seeds.masks[7][4]
    assert mask.sum() == 16
    assert mask[2:6, 2:6].all()
    (note,) = seeds.placed
    assert (note.label, note.frame, note.z, note.used) == (7, 0, 4, True)
    assert note.tilt_deg == pytest.approx(0)
    assert note.offset_mm == pytest.approx(0.3)
    assert note.farthest_mm == pytest.approx(0.3)
    assert note.area_mm2 == pytest.approx(16)


def test_a_frame_tilted_by_twenty_degrees():
    # Rows 0 to 10 of the frame cover y = 0 to 10 cos 20 = 9.397: the centres y = 0 ... 9, ten of them; columns 3 to 8, six.
    # The height over y is 2 + y tan 20; its mean is 2 + 4.5 x 0.36397 = 3.6379, so the slice is 4, 0.3621 mm above.
    # The corners lie at 2 and 2 + 10 sin 20 = 5.4202; the first is farther from 4: 2 mm.
    seeds = place_contours(sweep([tilted(20, 2.0)], [square(1, 0, 2.5, 0, 8.5, 10)]), GRID)
    (note,) = seeds.placed
    assert seeds.seeds.masks[1][4].sum() == 60
    assert note.z == 4
    assert note.tilt_deg == pytest.approx(20)
    assert note.offset_mm == pytest.approx(3.6379 - 4, abs=1e-4)
    assert note.farthest_mm == pytest.approx(2.0)


def test_a_grid_with_its_own_axes_and_origin():
    # The grid's x runs along -y of the room, its y along x, its z along z, with spacings 2, 1 and 0.5 mm, from (10, 50, 5).
    # A frame at z = 6.1 lies at index 2.2. Room x 11.5 to 14.5 is index y 1.5 to 4.5; room y 43 to 47 is index x 3.5 to 1.5.
    grid = Grid((9, 8, 7), (2.0, 1.0, 0.5), (10.0, 50.0, 5.0), ((0.0, 1.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)))
    seeds = contours_to_seeds(sweep([flat(6.1)], [square(1, 0, 11.5, 43, 14.5, 47)]), grid)
    expected = np.zeros((8, 7), dtype=bool)
    expected[2:5, 2:4] = True
    assert seeds.slices(1) == (2,)
    np.testing.assert_array_equal(seeds.masks[1][2], expected)


def test_a_hole_by_the_even_odd_rule():
    seeds = contours_to_seeds(sweep([flat(3)], [square(1, 0, 0.5, 0.5, 9.5, 9.5), square(1, 0, 3.5, 3.5, 5.5, 5.5)]), GRID)
    assert seeds.masks[1][3].sum() == 81 - 4
    assert not seeds.masks[1][3][4, 4]


def test_strips_of_two_sweeps_are_united_and_a_second_drawing_of_the_same_part_is_not():
    left, right = square(1, 0, 0.5, 0.5, 9.5, 9.5), square(1, 0, 8.5, 0.5, 15.5, 9.5)
    again = square(1, 1, 0.5, 0.5, 10.5, 10.5)
    names = {1: "Soleus"}
    first = sweep([flat(5.1), flat(5.4)], [left, again], names)
    # The second sweep calls the same muscle 3.
    second = sweep([flat(4.9)], [Contour(3, 0, right.points_uv_px)], {3: "SOL"})
    result = place_contours([first, second], GRID)
    # 9 x 9 and 7 x 9 with one column of 9 in common; the frame at 5.4 mm repeats the part seen at 5.1 mm.
    assert result.seeds.labels == (1,)
    assert result.seeds.names == {1: "SOL"}
    assert result.seeds.masks[1][5].sum() == 81 + 63 - 9
    assert [(note.sweep, note.frame, note.used) for note in result.placed] == [(0, 0, True), (1, 0, True), (0, 1, False)]


def test_open_contours_and_those_that_miss_are_left_out_and_told():
    contours = [square(1, 0, 0.5, 0.5, 4.5, 4.5), square(1, 0, 5, 5, 9, 9, closed=False), square(2, 1, 0, 0, 4, 4)]
    with pytest.warns(InputWarning, match="1 open contours.* 1 drawings that miss"):
        seeds = contours_to_seeds(sweep([flat(3), flat(30)], contours), GRID)
    assert seeds.labels == (1,)
    assert seeds.masks[1][3].sum() == 16


def test_a_drawing_over_the_edge_is_cropped_with_a_warning():
    with pytest.warns(InputWarning, match="cut off"):
        seeds = contours_to_seeds(sweep([flat(3)], [square(1, 0, -5, 0.5, 2.5, 2.5)]), GRID)
    assert seeds.masks[1][3].sum() == 6


def test_a_steep_frame_is_refused():
    with pytest.warns(InputWarning, match="45 degrees"), pytest.raises(InputError, match="across their direction"):
        contours_to_seeds(sweep([tilted(45, 2)], [square(1, 0, 0, 0, 5, 5)]), GRID)
    assert contours_to_seeds(sweep([tilted(45, 2)], [square(1, 0, 0, 0, 5, 5)]), GRID, max_tilt_deg=50.0).labels == (1,)


def test_no_contours_at_all():
    with pytest.raises(InputError, match="without contours"):
        contours_to_seeds(sweep([flat(1)], []), GRID)


def test_a_frame_without_pose_is_told():
    from dataclasses import replace

    both = sweep([flat(3), flat(4)], [square(1, 0, 0, 0, 4, 4), square(1, 1, 0, 0, 4, 4)])
    with pytest.warns(InputWarning, match="1 drawings on frames without a valid pose"):
        seeds = contours_to_seeds(replace(both, valid=np.array([True, False])), GRID)
    assert seeds.slices(1) == (3,)


def test_objects_are_counted_from_one_and_get_the_fields_names():
    contours = [square(0, 0, 0, 0, 4, 4), square(1, 0, 6, 6, 9, 9), square(2, 0, 10, 10, 14, 14)]
    names = {0: "MedialGastrocnemius", 1: "scar A", 2: "scar B"}
    seeds = contours_to_seeds(sweep([flat(3)], contours, names), GRID)
    assert seeds.names == {1: "GM", 2: "scar A", 3: "scar B"}


def test_absence_is_asserted_only_when_asked_and_only_beyond_the_muscle():
    # Muscle 1 on slices 2 and 6, muscle 2 on 2, 4, 6 and 8: absent on 8, but not on 4, in its middle.
    contours = [square(1, 0, 0, 0, 4, 4), square(1, 2, 0, 0, 4, 4)] + [square(2, i, 6, 6, 9, 9) for i in range(4)]
    given_sweep = sweep([flat(2), flat(4), flat(6), flat(8)], contours)
    assert contours_to_seeds(given_sweep, GRID).slices(1) == (2, 6)
    seeds = contours_to_seeds(given_sweep, GRID, absent_where_others=True)
    assert seeds.slices(1) == (2, 6, 8)
    assert seeds.present(1) == (2, 6)


@given(st.floats(-29, 29), st.floats(-180, 180), st.floats(3, 6))
@settings(deadline=None, max_examples=40)
def test_area_shrinks_by_the_cosine_of_the_tilt(degrees: float, azimuth: float, z_mm: float):
    # A circle of radius 8 mm in a plane tilted by t covers pi 64 cos t on the slice, wherever the tilt's axis points.
    a = math.radians(azimuth)
    turn = np.array([(math.cos(a), -math.sin(a), 0), (math.sin(a), math.cos(a), 0), (0, 0, 1)])
    pose = np.eye(4)
    pose[:3, :3] = turn @ tilted(degrees, 0)[:3, :3]
    pose[:3, 3] = (20, 20, 10 * z_mm)
    angles = np.linspace(0, 2 * math.pi, 200, endpoint=False)
    circle = Contour(1, 0, 8 * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    grid = Grid((50, 160, 160), (0.25, 0.25, 2.0))
    (note,) = place_contours(sweep([pose], [circle]), grid).placed
    assert tilt_from_slices_deg(pose, grid) == pytest.approx(abs(degrees), abs=1e-6)
    assert note.area_mm2 == pytest.approx(math.pi * 64 * math.cos(math.radians(degrees)), rel=0.01)
    assert abs(note.offset_mm) <= 1.0 + 1e-9

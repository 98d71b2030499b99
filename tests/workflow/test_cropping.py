"""Slices of one size: where the window lies, what becomes of the place in space, and going on after a stop."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.progress import drain
from ifssnet.geometry.grids.in_plane import window_start, windowed
from ifssnet.io.cohorts.cohort_folder import open_cohort
from ifssnet.io.open import open_volume
from ifssnet.io.save import save
from ifssnet.workflow.cohorts.cropped_cohort import crop_cohort, crops_are_done, is_sized, read_crops

DIRECTION = ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))


def leg(root: Path, split: str, patient: str, shape: tuple[int, int, int], marked: tuple[slice, slice]) -> Grid:
    grid = Grid(shape, (0.5, 0.25, 2.0), (10.0, -20.0, 30.0), DIRECTION)
    labels = np.zeros(shape, dtype=np.uint8)
    labels[1:-1, *marked] = 100
    place = root / split / patient
    place.mkdir(parents=True)
    grey = np.random.default_rng(len(patient)).integers(1, 255, shape, dtype=np.uint8)
    save(Volume(grey, grid), place / "x1.mha")
    save(Volume(labels, grid), place / "masksX1.mha", compress=True)
    return grid


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20), st.integers(1, 20))
def test_no_window_keeps_more_and_none_that_keeps_as_many_is_nearer_to_the_middle(marked: list[int], size: int):
    counts = np.array(marked)
    start = window_start(counts, size)
    if size >= len(marked):
        assert start <= 0
        assert start + size >= len(marked)
        return
    kept = {at: counts[at : at + size].sum() for at in range(len(marked) - size + 1)}
    middle = (len(marked) - size) / 2
    assert kept[start] == max(kept.values())
    assert abs(start - middle) == min(abs(at - middle) for at, count in kept.items() if count == kept[start])


def test_a_window_pads_one_axis_and_cuts_the_other():
    array = np.arange(2 * 2 * 4).reshape(2, 2, 4)
    found = windowed(array, (-1, 1), (4, 2))
    assert found[0].tolist() == [[0, 0], [1, 2], [5, 6], [0, 0]]
    assert windowed(array, (5, 0), (2, 2)).sum() == 0


def test_every_voxel_stays_where_it_was_in_the_leg(tmp_path: Path):
    root, target = tmp_path / "legs", tmp_path / "legs-16"
    grid = leg(root, "train", "P1", (5, 24, 12), (slice(15, 22), slice(3, 9)))
    crops = drain(crop_cohort(root, target, 16))
    before, after = open_volume(root / "train/P1/x1.mha"), open_volume(target / "train/P1/x1.mha")
    labels = open_volume(target / "train/P1/masksX1.mha")
    assert after.array.shape == labels.array.shape == (5, 16, 16)
    assert after.grid.spacing_xyz_mm == grid.spacing_xyz_mm
    assert after.grid.matches(labels.grid)
    # Rows 4 to 19 are the middle; row 21 is labelled, so the window moves down by two. Columns are padded by two on each side.
    assert crops[0].start_yx == (6, -2)
    assert (crops[0].labelled, crops[0].cut, crops[0].ranges) == (3 * 7 * 6, 0, {"SOL": (1, 3)})
    corner = after.grid.points_to_mm(np.array([[2.0, 0.0, 0.0]]))
    np.testing.assert_allclose(corner, before.grid.points_to_mm(np.array([[0.0, 6.0, 0.0]])))
    np.testing.assert_array_equal(after.array[:, :, 2:14], before.array[:, 6:22])
    assert not after.array[:, :, :2].any()
    assert (labels.array == 100).sum() == 3 * 7 * 6
    assert not is_sized(open_cohort(root), 16)
    assert is_sized(open_cohort(target), 16)


def test_what_cannot_be_kept_is_counted(tmp_path: Path):
    leg(tmp_path / "legs", "test", "P1", (4, 16, 30), (slice(4, 8), slice(2, 28)))
    crop = drain(crop_cohort(tmp_path / "legs", tmp_path / "cut", 16))[0]
    assert (crop.labelled, crop.cut) == (2 * 4 * 26, 2 * 4 * 10)


def test_stopped_it_goes_on_and_a_changed_leg_is_made_again(tmp_path: Path):
    root, target = tmp_path / "legs", tmp_path / "cut"
    for name in ("P1", "P2", "P3"):
        leg(root, "train", name, (4, 20, 20), (slice(4, 8), slice(4, 8)))
    (root / "cohort.toml").write_text('name = "mine"\n[labels]\n100 = "SOL"\n', encoding="utf-8")
    work = crop_cohort(root, target, 16)
    for _ in range(2):
        next(work)
    work.close()
    assert [crop.case for crop in read_crops(target, 16)] == ["train/P1_x1"]
    first = (target / "train/P1/x1.mha").stat().st_mtime_ns
    assert not crops_are_done(open_cohort(root), target, 16)
    drain(crop_cohort(root, target, 16))
    assert (target / "train/P1/x1.mha").stat().st_mtime_ns == first
    assert crops_are_done(open_cohort(root), target, 16)
    assert open_cohort(target).name == "mine"
    volume = open_volume(root / "train/P2/x1.mha")
    save(Volume(255 - volume.array, volume.grid), root / "train/P2/x1.mha", force=True)
    assert not crops_are_done(open_cohort(root), target, 16)
    drain(crop_cohort(root, target, 16))
    assert (target / "train/P1/x1.mha").stat().st_mtime_ns == first
    np.testing.assert_array_equal(open_volume(target / "train/P2/x1.mha").array, 255 - volume.array[:, 2:18, 2:18])
    assert json.loads((target / "crops.json").read_text(encoding="utf-8"))["side_px"] == 16


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path):
    leg(tmp_path / "legs", "train", "P1", (4, 20, 20), (slice(4, 8), slice(4, 8)))
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "thesis.txt").touch()
    with pytest.raises(InputError, match="empty folder"):
        drain(crop_cohort(tmp_path / "legs", tmp_path / "cut", 16))

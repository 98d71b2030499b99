"""The raw frames nearest to a slice, and where their pixels lie on it; counted by hand on poses that are known."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from children import forked
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.sweep import Sweep
from ifssnet.io.sweeps.kept_frames import FOLDER, keep_frames, kept_frames
from ifssnet.workflow.viewing.raw_frames import RawFrames

GRID = Grid((20, 30, 40), (1.0, 1.0, 2.0), (5.0, 6.0, 7.0))
FLAT = np.array([[0.5, 0, 0, 5.0], [0, 0.5, 0, 6.0], [0, 0, 1, 7.0], [0, 0, 0, 1.0]])


def sweep(poses: list[np.ndarray], dtype: type = np.uint8) -> Sweep:
    frames = np.arange(len(poses) * 11 * 9).reshape(len(poses), 11, 9).astype(dtype)
    valid = np.ones(len(poses), dtype=np.bool_)
    return Sweep(frames, np.stack(poses), np.arange(len(poses)) / 10.0, (0.5, 0.5), valid)


def at(mm: float, degrees: float = 0.0) -> np.ndarray:
    """A frame so far along the leg, turned about the frame's rows."""
    turned = FLAT.copy()
    turn = np.radians(degrees)
    turned[:3, 1] = [0, 0.5 * np.cos(turn), 0.5 * np.sin(turn)]
    turned[2, 3] += mm
    return turned


def test_the_nearest_frame_of_each_sweep_and_its_place_on_the_slice(tmp_path: Path) -> None:
    first, second = sweep([at(0.0), at(8.5), at(20.0)]), sweep([at(12.0, degrees=10.0), at(6.0, degrees=80.0)])
    keep_frames((first, second), tmp_path)
    raw = RawFrames(tmp_path, GRID)
    assert len(raw) == 2
    one, other = raw.near(4)
    assert (one.sweep, one.frame, one.size_uv) == (0, 1, (9, 11))
    assert one.away_mm == pytest.approx(0.5)
    # Half a millimetre a pixel, from the corner of the grid; 8.5 mm along the leg is slice 4.25.
    assert np.allclose(one.to_index @ [4, 6, 1], [2, 3, 4.25])
    assert np.array_equal(raw.pixels(0, 1), first.frames[1])
    # The frame that is turned by 80 degrees is no picture of the slice, near as it is.
    assert (other.sweep, other.frame) == (1, 0)
    assert other.tilt_degrees == pytest.approx(10.0)
    for wrong in ((0, 3), (2, 0), (-1, 0), (0, -1)):
        with pytest.raises(InputError, match="a frame of this case"):
            raw.pixels(*wrong)
    with pytest.raises(InputError, match="a slice from 0 to 19"):
        raw.near(20)


def test_frames_without_a_pose_are_never_the_nearest_and_other_grey_levels_are_scaled(tmp_path: Path) -> None:
    recorded = sweep([at(8.0), at(30.0)], np.int16)
    recorded.valid[0] = False
    recorded.image_to_world[0] = np.nan
    keep_frames((recorded,), tmp_path)
    raw = RawFrames(tmp_path, GRID)
    assert [each.frame for each in raw.near(0)] == [1]
    assert (raw.pixels(0, 0).min(), raw.pixels(0, 1).max()) == (0, 255)


def test_a_case_without_sweeps_has_no_frames_and_damaged_ones_are_said(tmp_path: Path) -> None:
    assert len(RawFrames(tmp_path, GRID)) == 0
    keep_frames((sweep([at(0.0)]),), tmp_path)
    (tmp_path / FOLDER / "1.npy").write_bytes(b"nonsense")
    with pytest.raises(InputError, match="Make the case again"):
        kept_frames(tmp_path)


@pytest.mark.parametrize("file", ["1.npy", "2.npy", "poses.npz"])
def test_sweeps_that_are_not_all_there_are_never_taken_for_whole(tmp_path: Path, file: str) -> None:
    keep_frames((sweep([at(0.0), at(1.0)]), sweep([at(2.0)])), tmp_path)
    path = tmp_path / FOLDER / file
    whole = path.read_bytes()
    for left in (None, b"", whole[: len(whole) // 2], whole[:-1]):
        path.unlink(missing_ok=True)
        if left is not None:
            path.write_bytes(left)
        with pytest.raises(InputError, match="Make the case again"):
            kept_frames(tmp_path)
    path.write_bytes(whole)
    assert [len(each.frames) for each in kept_frames(tmp_path)] == [2, 1]


@pytest.mark.posix
def test_whoever_is_killed_while_frames_are_written_leaves_none_or_all(tmp_path: Path) -> None:
    recorded = (sweep([at(0.1 * number) for number in range(400)]),) * 8
    rng = np.random.default_rng(3)
    found: list[int] = []
    for number in range(7):
        case = tmp_path / str(number)
        case.mkdir()
        child = forked(partial(keep_frames, recorded, case))
        if number < 6:
            time.sleep(float(rng.uniform(0.0, 0.006) * (number > 0)))
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found.append(len(kept_frames(case)))
        # What was left does not stand in the way.
        if not found[-1]:
            keep_frames(recorded, case)
            assert len(kept_frames(case)) == 8
    assert set(found) == {0, 8}


@pytest.mark.posix
def test_frames_for_which_there_is_no_room_leave_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limit[1]))
    try:
        with pytest.raises(InputError, match="what was there before is unchanged"):
            keep_frames((sweep([at(0.0)]), sweep([at(0.1 * number) for number in range(60)])), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert list(tmp_path.iterdir()) == []

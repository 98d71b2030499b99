"""Poses and images: joined where they plainly belong together, whatever their numbers, and never in silence otherwise."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sequence_files import moved, sequence

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.sweep import Sweep
from ifssnet.io.open import open_sweep
from ifssnet.io.save import save_sweep
from ifssnet.io.sweeps.frame_numbers import places_of

IMAGES = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones((1, 3, 4), dtype=np.uint8)


@pytest.mark.parametrize(
    ("numbers", "places", "says"),
    [
        ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4], None),
        ([0, 1, 4], [0, 1, 4], None),
        ([1, 2, 3, 4, 5], [0, 1, 2, 3, 4], "in their order"),
        ([0, 3, 6, 9, 12], [0, 1, 2, 3, 4], "in their order"),
        ([100, 101, 102, 104, 105], [0, 1, 2, 3, 4], "in their order"),
        ([1, 2, 5], [0, 1, 4], "count from 1"),
    ],
)
def test_numbers_that_mean_one_thing(numbers: list[int], places: list[int], says: str | None):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert places_of(numbers, 5, "a.mha") == dict(zip(numbers, places, strict=True))
    assert [says in str(each.message) for each in caught] == [True] * (says is not None) if says else not caught


@pytest.mark.parametrize("numbers", [[1, 2, 4], [0, 1, 2, 3, 4, 5], [0, 5], [2, 6], range(100)])
def test_numbers_that_do_not_belong_or_mean_two_things_are_refused(numbers: list[int]):
    with pytest.raises(InputError):
        places_of(numbers, 5, "a.mha")


def recorded(path: Path, numbers: list[int], zeros: int) -> Path:
    """Five images, and a pose at z = k for the k-th of the numbers."""
    keys = {
        f"Seq_Frame{n:0{zeros}d}_{what}": value
        for k, n in enumerate(numbers)
        for what, value in (("ImageToReferenceTransform", moved(0, 0, k)), ("Timestamp", str(k / 10)))
    }
    return sequence(path, [], keys, IMAGES)


@pytest.mark.parametrize(("numbers", "zeros"), [([1, 2, 3, 4, 5], 4), ([1, 2, 3, 4, 5], 0), ([0, 2, 4, 6, 8], 4)])
def test_a_sequence_numbered_otherwise_reads_as_one_numbered_from_0_and_is_written_whole(tmp_path, numbers, zeros):
    with pytest.warns(InputWarning, match="in their order"):
        sweep = open_sweep(recorded(tmp_path / "a.mha", numbers, zeros))
    assert sweep.valid.all()
    assert sweep.image_to_world[:, 2, 3].tolist() == [0, 1, 2, 3, 4]
    assert sweep.frames[:, 0, 0].tolist() == [0, 1, 2, 3, 4]
    save_sweep(sweep, tmp_path / "b.igs.mha")
    again = open_sweep(tmp_path / "b.igs.mha")
    np.testing.assert_array_equal(again.image_to_world, sweep.image_to_world)


def test_more_poses_than_images_are_refused(tmp_path):
    with pytest.raises(InputError, match="6 frames in the header, numbered 0–5, and 5 images"):
        open_sweep(recorded(tmp_path / "a.mha", [0, 1, 2, 3, 4, 5], 4))


def test_one_frame_under_two_names_is_refused_where_they_differ(tmp_path):
    keys = {"Seq_Frame1_ImageToReferenceTransform": moved(0, 0, 1), "Seq_Frame0001_ImageToReferenceTransform": moved(0, 0, 2)}
    with pytest.raises(InputError, match="Seq_Frame1 and Seq_Frame0001 are the same"):
        open_sweep(sequence(tmp_path / "a.mha", [], keys, IMAGES))


def posed(folder: Path, numbers: list[int], names: list[str]) -> Sweep:
    """Pictures whose grey level is their place, and poses at x = k for the k-th number."""
    folder.mkdir()
    for k, name in enumerate(names):
        Image.fromarray(np.full((3, 4), k, dtype=np.uint8)).save(folder / name)
    rows = [f"{n},{k},{k},0,0,0,0,0,1" for k, n in enumerate(numbers)]
    (folder / "poses.csv").write_text("\n".join(["frame,time,x,y,z,qx,qy,qz,qw", *rows]) + "\n", encoding="utf-8")
    (folder / "calibration.toml").write_text("pixel_spacing_mm = [0.2, 0.2]\n", encoding="utf-8")
    return open_sweep(folder)


@pytest.mark.parametrize(
    ("numbers", "names", "shown"),
    [
        ([1, 2, 3], ["frame_1.png", "frame_2.png", "frame_3.png"], [0, 1, 2]),
        ([1, 2, 3], ["IMG0001.png", "IMG0002.png", "IMG0003.png"], [0, 1, 2]),
        ([8, 9, 10], ["us 8.png", "us 9.png", "us 10.png"], [0, 1, 2]),
        ([2, 1], ["img1.png", "img2.png"], [1, 0]),
    ],
)
def test_pictures_are_found_by_the_number_that_their_names_end_in(tmp_path, numbers, names, shown):
    sweep = posed(tmp_path / "s", numbers, names)
    assert sweep.frames[:, 0, 0].tolist() == shown
    assert sweep.findings == ()


def test_as_many_pictures_as_poses_are_joined_in_their_order(tmp_path):
    with pytest.warns(InputWarning, match="numbered 1–3, the pictures frame_0000.png to frame_0002.png"):
        sweep = posed(tmp_path / "s", [1, 2, 3], ["frame_0000.png", "frame_0001.png", "frame_0002.png"])
    assert sweep.frames[:, 0, 0].tolist() == [0, 1, 2]


def test_pictures_without_a_pose_are_counted(tmp_path):
    sweep = posed(tmp_path / "s", [0, 2], ["frame_0000.png", "frame_0001.png", "frame_0002.png"])
    assert sweep.frames[:, 0, 0].tolist() == [0, 2]
    assert [each.text for each in sweep.findings] == ["1 of 3 pictures have no row in poses.csv and are left out."]


def test_poses_without_their_pictures_are_refused(tmp_path):
    with pytest.raises(InputError, match="4 poses, numbered 0–3, and 2 pictures"):
        posed(tmp_path / "s", [0, 1, 2, 3], ["frame_0000.png", "frame_0001.png"])


def test_two_rows_for_one_picture_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"several for frame_0001\.png"):
        posed(tmp_path / "s", [0, 1, 1], ["frame_0000.png", "frame_0001.png"])

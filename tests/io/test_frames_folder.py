from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.sweep import Sweep
from ifssnet.io.open import open_sweep
from ifssnet.io.sweeps.frames_folder import read_frames_folder
from ifssnet.io.sweeps.frames_folder_writer import write_frames_folder

CALIBRATION = "pixel_spacing_mm = [0.2, 0.1]\n"
QUATERNIONS = "frame,time,x,y,z,qx,qy,qz,qw\n"


def folder(tmp_path: Path, poses: str, calibration: str = CALIBRATION, frames: int = 2) -> Path:
    path = tmp_path / "sweep été 1"
    path.mkdir()
    for i in range(frames):
        Image.fromarray(np.full((3, 4), 10 * i + 5, dtype=np.uint8)).save(path / f"frame_{i:04d}.png")
    (path / "poses.csv").write_text(poses, encoding="utf-8")
    (path / "calibration.toml").write_text(calibration, encoding="utf-8")
    return path


def at(sweep: Sweep, frame: int, u: float, v: float) -> list[float]:
    return (sweep.image_to_world[frame] @ (u, v, 0.0, 1.0))[:3].tolist()


def test_quaternions_and_positions(tmp_path: Path):
    # A quarter turn about z is (0, 0, sin 45, cos 45): it takes pixel (3, 2) at (0.6, 0.2) mm to (-0.2, 0.6).
    half = "0.7071067811865476"
    path = folder(tmp_path, QUATERNIONS + f"0,0.5,1,2,3,0,0,{half},{half}\nframe_0001.png,0.75,0,0,0,0,0,0,1\n")
    sweep = open_sweep(path)
    assert sweep.frames[:, 0, 0].tolist() == [5, 15]
    assert sweep.timestamps_s.tolist() == [0.5, 0.75]
    assert sweep.pixel_spacing_uv_mm == (0.2, 0.1)
    assert at(sweep, 0, 3, 2) == pytest.approx([1 - 0.2, 2 + 0.6, 3])
    assert at(sweep, 1, 3, 2) == pytest.approx([0.6, 0.2, 0])


def test_matrices_units_and_image_to_probe(tmp_path: Path):
    # image_to_probe adds 1 cm along x, the pose 2 cm along z and exchanges x and y.
    columns = ",".join(f"m{r}{c}" for r in range(4) for c in range(4))
    rows = "0,0," + ",".join(map(str, (0, 1, 0, 0, 1, 0, 0, 0, 0, 0, -1, 2, 0, 0, 0, 1))) + "\n"
    calibration = CALIBRATION + 'units = "cm"\nimage_to_probe = [[1,0,0,1], [0,1,0,0], [0,0,1,0], [0,0,0,1]]\n'
    sweep = read_frames_folder(folder(tmp_path, f"frame,time,{columns}\n{rows}", calibration))
    assert at(sweep, 0, 3, 2) == pytest.approx([0.2, 10.6, 20])


def test_invalid_frames_are_told_and_kept_apart(tmp_path: Path):
    poses = "frame,time,x,y,z,qx,qy,qz,qw,status\n0,0,0,0,0,0,0,0,1,OK\n1,,,,,,,,,INVALID\n"
    with pytest.warns(InputWarning, match="1 of 2 frames"):
        sweep = read_frames_folder(folder(tmp_path, poses))
    assert sweep.valid.tolist() == [True, False]
    assert np.isnan(sweep.timestamps_s[1])


@pytest.mark.parametrize(
    ("poses", "words"),
    [
        ("", "poses.csv, which is empty"),
        ("\n", "first row"),
        (QUATERNIONS, "row for each frame"),
        ("frame,time,x\n0,0,0\n", "first row"),
        (QUATERNIONS + "0,0,0,0,0,0,0,0,1\n1,0,0,0,zero,0,0,0,1\n", "row 3 of poses.csv"),
        (QUATERNIONS + "0,0,0,0,0,0,0,0\n", "row 2 of poses.csv"),
        (QUATERNIONS + "0,0,0,0,0,0,0,0,2\n", "length 2"),
        (QUATERNIONS + "0,soon,0,0,0,0,0,0,1\n", "time in row 2"),
        (QUATERNIONS + "../../etc/passwd,0,0,0,0,0,0,0,1\n", "file in this folder"),
        (QUATERNIONS + "7,0,0,0,0,0,0,0,1\n", "frame_0007.png"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, poses: str, words: str):
    with pytest.raises(InputError, match=words):
        read_frames_folder(folder(tmp_path, poses))


@pytest.mark.parametrize(
    ("calibration", "words"),
    [
        ("", "which is empty"),
        ("# nothing", "pixel_spacing_mm"),
        ("pixel_spacing_mm = [0.2]", "2 finite numbers"),
        ("pixel_spacing_mm = [0.2, -1]", "above 0"),
        ("pixel_spacing_mm = [0.2, true]", "2 finite numbers"),
        (CALIBRATION + 'units = "inch"', "units"),
        (CALIBRATION + "image_to_probe = [1, 2]", "16 finite numbers"),
        (CALIBRATION + f"image_to_probe = {[0] * 16}", "ends in 0 0 0 1"),
        ("pixel_spacing_mm = [", "TOML"),
    ],
)
def test_a_wrong_calibration_is_said(tmp_path: Path, calibration: str, words: str):
    with pytest.raises(InputError, match=words):
        read_frames_folder(folder(tmp_path, QUATERNIONS + "0,0,0,0,0,0,0,0,1\n", calibration))


def test_an_option_that_is_not_understood_is_named(tmp_path: Path):
    path = folder(tmp_path, QUATERNIONS + "0,0,0,0,0,0,0,0,1\n", CALIBRATION + "flip = true\n")
    with pytest.warns(InputWarning, match="'flip'"):
        read_frames_folder(path)


def test_frames_of_two_sizes_are_refused(tmp_path: Path):
    path = folder(tmp_path, QUATERNIONS + "0,0,0,0,0,0,0,0,1\n1,0,0,0,0,0,0,0,1\n")
    Image.fromarray(np.zeros((2, 2), dtype=np.uint8)).save(path / "frame_0001.png")
    with pytest.raises(InputError, match="one size"):
        read_frames_folder(path)


def test_a_folder_with_neither_file_is_no_sweep(tmp_path: Path):
    with pytest.raises(InputError, match="none of these"):
        open_sweep(tmp_path)


@given(
    numbers=st.lists(st.floats(-100, 100), min_size=24, max_size=24),
    spacing=st.tuples(st.floats(0.01, 5), st.floats(0.01, 5)),
    deep=st.booleans(),
    valid=st.lists(st.booleans(), min_size=2, max_size=2).filter(any),
)
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_round_trip(tmp_path: Path, numbers: list[float], spacing: tuple[float, float], deep: bool, valid: list[bool]):
    poses = np.tile(np.eye(4), (2, 1, 1))
    poses[:, :3] = np.array(numbers).reshape(2, 3, 4)
    poses[:, :3, :3] = np.linalg.qr(poses[:, :3, :3])[0] * np.array([*spacing, 1.0])
    frames = np.arange(12).reshape(2, 2, 3).astype(np.uint16 if deep else np.uint8) * (5000 if deep else 20)
    sweep = Sweep(frames, poses, np.array([0.25, 1e9]), spacing, np.array(valid))
    write_frames_folder(sweep, tmp_path / "out", force=True)
    if all(valid):
        again = open_sweep(tmp_path / "out")
    else:
        with pytest.warns(InputWarning):
            again = open_sweep(tmp_path / "out")
    np.testing.assert_array_equal(again.frames, frames)
    assert again.frames.dtype == frames.dtype
    np.testing.assert_array_equal(again.timestamps_s, sweep.timestamps_s)
    np.testing.assert_array_equal(again.valid, valid)
    assert again.pixel_spacing_uv_mm == spacing
    np.testing.assert_allclose(again.image_to_world[again.valid], poses[valid], atol=1e-9)


@pytest.mark.parametrize(
    ("separator", "decimal", "encoding"),
    [(";", ".", "utf-8"), (";", ",", "utf-8-sig"), ("\t", ",", "utf-16"), (",", ".", "latin-1"), (";", ",", "latin-1")],
)
def test_tables_as_spreadsheets_export_them(tmp_path: Path, separator: str, decimal: str, encoding: str):
    rows = [["Frame", "Time", "X", "Y", "Z", "qx", "qy", "qz", "qw", "größe"], [*"0", "0.5", "1.25", *"000001", ""]]
    path = folder(tmp_path, "", frames=1)
    text = "\r\n".join(separator.join(cell.replace(".", decimal) for cell in row) for row in rows)
    (path / "poses.csv").write_bytes(text.encode(encoding))
    sweep = read_frames_folder(path)
    assert sweep.timestamps_s.tolist() == [0.5]
    assert at(sweep, 0, 0, 0) == [1.25, 0.0, 0.0]


def test_points_and_commas_in_one_table_of_poses_are_refused(tmp_path: Path):
    rows = "0;0,5;1.5;0;0;0;0;0;1\n"
    with pytest.raises(InputError, match=r"'0,5' and '1\.5'"):
        read_frames_folder(folder(tmp_path, QUATERNIONS.replace(",", ";") + rows, frames=1))


def test_a_table_without_times_is_said(tmp_path: Path):
    with pytest.warns(InputWarning, match="no times"):
        sweep = read_frames_folder(folder(tmp_path, QUATERNIONS.replace("time,", "") + "0,0,0,3,0,0,0,1\n", frames=1))
    assert np.isnan(sweep.timestamps_s).all()
    assert at(sweep, 0, 0, 0) == [0.0, 0.0, 3.0]


@pytest.mark.parametrize(("unit", "mm"), [("Millimeters", 1.0), ("um", 1e-3), ("metre", 1e3)])
def test_units_in_every_spelling(tmp_path: Path, unit: str, mm: float):
    poses = QUATERNIONS + "0,0,2,0,0,0,0,0,1\n"
    sweep = read_frames_folder(folder(tmp_path, poses, CALIBRATION + f'units = "{unit}"\n', frames=1))
    assert at(sweep, 0, 0, 0)[0] == pytest.approx(2 * mm)

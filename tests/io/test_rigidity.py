"""Matrices that cannot be poses: refused, or told with their frames, in every format that writes matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sequence_files import IDENTITY, configuration, moved, sequence, tracked

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.sweep import Sweep
from ifssnet.io.open import open_sweep
from ifssnet.io.sweeps.linear_transform import read_linear_transform
from ifssnet.io.sweeps.plus_config import read_plus_configuration
from ifssnet.io.sweeps.rigidity import frames_text, rigidity_findings, unit_findings

TRANSPOSED = "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0.5 1"
PIXELS = np.zeros((4, 3, 5), dtype=np.uint8)


def recording(folder: Path, poses: list[str], statuses: list[str] | None = None) -> Sweep:
    told = [tracked(pose, IDENTITY, i, s) for i, (pose, s) in enumerate(zip(poses, statuses or ["OK"] * 4, strict=True))]
    return open_sweep(sequence(folder / "a.igs.mha", told, pixels=PIXELS), configuration(folder / "c.xml", ""))


def table(folder: Path, rows: list[str]) -> Path:
    folder.mkdir()
    header = ",".join(["frame", "time", *(f"m{r}{c}" for r in range(4) for c in range(4))])
    for i in range(len(rows)):
        Image.fromarray(PIXELS[0]).save(folder / f"frame_{i:04d}.png")
    lines = [f"{i},{i}," + ",".join(row.split()) for i, row in enumerate(rows)]
    (folder / "poses.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    (folder / "calibration.toml").write_text("pixel_spacing_mm = [0.2, 0.2]\n", encoding="utf-8")
    return folder


def test_a_matrix_written_column_by_column_is_refused_in_a_sequence_with_its_frames(tmp_path):
    with pytest.raises(InputError, match=r"0 0 0.5 1 in frame 1 \(frames 1–3 of 4.*column by column"):
        recording(tmp_path, [IDENTITY, TRANSPOSED, TRANSPOSED, TRANSPOSED])


def test_one_in_a_table_of_poses_is_refused_with_its_row(tmp_path):
    with pytest.raises(InputError, match=r"row 3 of poses.csv; got the last row 0 0 0.5 1.*column by column"):
        open_sweep(table(tmp_path / "s", [IDENTITY, TRANSPOSED]))


def test_one_in_a_calibration_is_refused(tmp_path):
    with pytest.raises(InputError, match="column by column"):
        read_plus_configuration(configuration(tmp_path / "c.xml", "", "0.2 0 0 0 0 0.2 0 0 0 0 0.2 0 5 0 0 1"))
    (tmp_path / "ImageToProbe.txt").write_text(TRANSPOSED, encoding="utf-8")
    with pytest.raises(InputError, match="column by column"):
        read_linear_transform(tmp_path / "ImageToProbe.txt")


def test_frames_that_the_tracker_lost_may_hold_anything(tmp_path):
    poses = [moved(0, 0, 1), "0 " * 15 + "0", TRANSPOSED, moved(0, 0, 2)]
    with pytest.warns(InputWarning, match="2 of 4 frames are left out"):
        sweep = recording(tmp_path, poses, ["OK", "INVALID", "INVALID", "OK"])
    assert sweep.valid.tolist() == [True, False, False, True]
    assert sweep.findings == ()


@pytest.mark.parametrize(
    ("pose", "says", "times"),
    [
        ("1.3 0 0 0 0 1.3 0 0 0 0 1.3 0 0 0 0 1", "scales by 1.3", 1.3**3),
        ("-1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1", "mirrors", 1.0),
        ("1 0 0 0 0 0.99 -0.3 0 0 0.3 0.99 0 0 0 0 1", "length 1 at right angles", 0.99**2 + 0.09),
        ("1 0.01 0 0 0 1 0 0 0 0 1 0 0 0 0 1", "length 1 at right angles", 1.0),
    ],
)
def test_a_pose_that_is_not_rigid_is_told_with_its_frames(tmp_path, pose, says, times):
    found = recording(tmp_path, [IDENTITY, pose, pose, IDENTITY]).findings
    assert [each.severity for each in found] == ["warning"]
    assert "ProbeToTracker is not a rigid motion in frames 1–2" in found[0].text
    assert says in found[0].text
    assert found[0].figure == pytest.approx(times)
    of_table = open_sweep(table(tmp_path / "s", [IDENTITY, pose])).findings
    assert "frame 1:" in of_table[0].text
    assert says in of_table[0].text


def test_a_pose_that_is_rigid_to_the_digits_written_is_fine(tmp_path):
    assert recording(tmp_path, ["1 0 0 0 0 0.996 -0.087 0 0 0.087 0.996 0 0 0 0 1"] * 4).findings == ()


def test_the_calibration_may_stretch_but_its_rows_and_columns_meet_at_right_angles(tmp_path):
    told = [{"ImageToReferenceTransform": "0.2 0 0 0 0 0.4 0 0 0 0 3 0 0 0 0 1"}] * 4
    assert open_sweep(sequence(tmp_path / "a.mha", told, pixels=PIXELS)).findings == ()
    told = [{"ImageToReferenceTransform": "0.2 0.1 0 0 0 0.4 0 0 0 0 3 0 0 0 0 1"}] * 4
    found = open_sweep(sequence(tmp_path / "b.mha", told, pixels=PIXELS)).findings
    assert "frames 0–3 meet at 76.0 degrees" in found[0].text


def test_many_frames_are_told_in_few_words():
    assert frames_text(np.arange(0, 100, 2)) == "frames 0, 2, 4, 6, 8, 10 and 44 more"
    assert rigidity_findings(np.full((3, 4, 4), np.nan), np.ones(3, dtype=bool), "a") == ()


def turning(step_mm: float, turn_deg: float = 0.5, tremble_mm: float = 0.0) -> np.ndarray:
    """A probe that moves along z and turns about x."""
    poses, angles = np.tile(np.eye(4), (100, 1, 1)), np.radians(turn_deg * np.arange(100))
    poses[:, 1, 1] = poses[:, 2, 2] = np.cos(angles)
    poses[:, 2, 1], poses[:, 1, 2] = np.sin(angles), -np.sin(angles)
    poses[:, 2, 3] = 0.3 + step_mm * np.arange(100)
    poses[:, :3, 3] += np.random.default_rng(1).normal(0, 1, (100, 3)) * tremble_mm
    return poses


@pytest.mark.parametrize(
    ("poses", "found"),
    [
        (turning(0.003), ["297"]),
        (turning(0.001, tremble_mm=0.0001), ["99"]),
        (turning(3.0), []),
        # One that stands still and trembles, and one that is told of by the place of its images.
        (turning(0.0, tremble_mm=0.05), []),
        (turning(0.003, turn_deg=0.0), []),
    ],
)
def test_positions_in_metres_of_a_probe_that_turns_are_an_error(poses, found):
    errors = unit_findings(poses, np.ones(100, dtype=bool), "ProbeToTracker")
    assert [each.severity for each in errors] == ["error"] * len(found)
    assert [each.text.split("it would be ")[1][:-4] for each in errors] == found


@pytest.mark.parametrize("calibrated", ["once", "in each frame"])
def test_a_recording_in_metres_has_an_error_wherever_its_calibration_stands(tmp_path, calibrated):
    told = [tracked(" ".join(map(repr, pose.ravel().tolist())), IDENTITY) for pose in turning(0.003)[:30]]
    calibration = {"ImageToProbeTransform": "0.2 0 0 0 0 0.2 0 -60 0 0 1 0 0 0 0 1"}
    frames = told if calibrated == "once" else [each | calibration for each in told]
    general = calibration if calibrated == "once" else {}
    sweep = open_sweep(sequence(tmp_path / "a.mha", frames, general, pixels=np.full((30, 3, 4), 9, np.uint8)))
    (finding,) = sweep.findings
    assert (finding.severity, finding.text[:22]) == ("error", "ProbeToTracker turns, ")

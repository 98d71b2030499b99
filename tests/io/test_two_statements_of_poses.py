"""Transforms that a recording says twice, once for all frames, or of frames in which the marker was lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sequence_files import IDENTITY, at, configuration, moved, sequence, tracked

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.open import open_sweep
from ifssnet.io.sweeps.lost_poses import without_lost
from ifssnet.io.sweeps.sequence_writer import write_sequence

SCALED = "0.2 0 0 0 0 0.1 0 0 0 0 0.15 0 0 0 0 1"
INVERSE = "5 0 0 0 0 10 0 0 0 0 6.6666666666666667 0 0 0 0 1"
POSES = [tracked(moved(0, 0, z), moved(1, 0, 0)) for z in (0, 9)]


@pytest.mark.parametrize(
    "general",
    [
        {"ImageToProbeTransform": SCALED},
        {"ImageToProbeTransform": SCALED, "ImageToProbeTransformStatus": "OK"},
        {"ProbeToImageTransform": INVERSE},
        {"ImageToProbeTransform": SCALED, "ProbeToImageTransform": INVERSE, "StylusTipToStylusTransform": "not calibrated"},
    ],
)
def test_a_calibration_that_the_header_says_once_is_taken(tmp_path: Path, general: dict[str, str]):
    sweep = open_sweep(sequence(tmp_path / "a.mha", POSES, general))
    assert at(sweep, 1, 1, 1) == pytest.approx([-0.8, 0.1, 9.0])


@pytest.mark.parametrize(
    ("general", "words"),
    [
        ({"ImageToProbeTransform": SCALED, "ImageToProbeTransformStatus": "INVALID"}, "ImageToProbe"),
        ({"ImageToProbeTransform": "1 0 0 0 0 1 0 0 0 0 1 0 5 5 5 1"}, "column by column"),
        ({"ImageToProbeTransform": SCALED, "ProbeToImageTransform": SCALED}, "ImageToProbe.*and ProbeToImage.*differ by"),
    ],
)
def test_a_calibration_in_the_header_that_cannot_be_used_is_refused(tmp_path: Path, general: dict[str, str], words: str):
    with pytest.raises(InputError, match=words):
        open_sweep(sequence(tmp_path / "a.mha", POSES, general))


@pytest.mark.parametrize("where", ["header", "each frame", "whole chain"])
@pytest.mark.parametrize("pixel_mm", [0.2, 0.4])
def test_a_recording_and_a_configuration_that_differ_are_refused(tmp_path: Path, where: str, pixel_mm: float):
    plus = configuration(tmp_path / "plus.xml", "")
    calibration = {"ImageToProbeTransform": SCALED.replace("0.2", str(pixel_mm))}
    chains = [{"ImageToReferenceTransform": f"{pixel_mm} 0 0 -1 0 0.1 0 0 0 0 0.15 {z} 0 0 0 1"} for z in (0, 9)]
    told = {"header": [{}, {}], "each frame": [calibration] * 2, "whole chain": chains}[where]
    frames = [frame | more for frame, more in zip(POSES, told, strict=True)]
    path = sequence(tmp_path / "a.mha", frames, calibration if where == "header" else {})
    if pixel_mm == 0.2:
        assert at(open_sweep(path, plus), 1, 1, 1) == pytest.approx([-0.8, 0.1, 9.0])
        return
    # At pixel (500, 500), twice the size of a pixel is 100 mm away.
    with pytest.raises(InputError, match="another one in" if where == "header" else "differ by 100 mm"):
        open_sweep(path, plus)


def test_a_tracked_reference_counts_more_than_a_constant_one(tmp_path: Path):
    constant = f'<CoordinateDefinitions><Transform From="Reference" To="Tracker" Matrix="{IDENTITY}"/></CoordinateDefinitions>'
    path = sequence(tmp_path / "a.mha", [tracked(moved(0, 0, z), moved(4, 0, 0)) for z in (0, 9)])
    sweep = open_sweep(path, configuration(tmp_path / "c.xml", constant))
    assert at(sweep, 1, 0, 0) == pytest.approx([-4.0, 0.0, 9.0])
    assert [each.text.split(" differ by ")[1][:4] for each in sweep.findings] == ["4 mm"]


def test_poses_that_were_changed_are_written_without_the_transforms_that_they_came_from(tmp_path: Path):
    sweep = open_sweep(sequence(tmp_path / "a.mha", POSES, {"ImageToProbeTransform": SCALED}))
    write_sequence(sweep, tmp_path / "same.mha")
    assert "ImageToProbeTransform" in open_sweep(tmp_path / "same.mha").header
    shifted = sweep.image_to_world.copy()
    shifted[:, 0, 3] += 5
    with pytest.warns(InputWarning, match="tell of other poses"):
        write_sequence(replace(sweep, image_to_world=shifted), tmp_path / "moved.mha")
    again = open_sweep(tmp_path / "moved.mha")
    assert again.image_to_world[:, 0, 3] == pytest.approx([4.0, 4.0])
    assert "ImageToProbeTransform" not in again.header


@pytest.mark.parametrize("last", ["0", "1"])
def test_matrices_of_zeros_are_no_poses(tmp_path: Path, last: str):
    told = [{"ImageToReferenceTransform": moved(0, 0, z)} for z in range(4)]
    told[2]["ImageToReferenceTransform"] = "0 " * 15 + last
    path = sequence(tmp_path / "a.mha", told, pixels=np.zeros((4, 3, 4), np.uint8))
    with pytest.warns(InputWarning, match="1 of 4 frames are left out"):
        assert open_sweep(path).valid.tolist() == [True, True, False, True]


def test_a_matrix_that_flattens_space_is_no_pose(tmp_path: Path):
    told = [{"ImageToReferenceTransform": moved(0, 0, z)} for z in range(2)]
    told[1]["ImageToReferenceTransform"] = "1 0 0 0 2 0 0 0 0 0 1 0 0 0 0 1"
    with pytest.warns(InputWarning, match="1 of 2 frames are left out"):
        assert open_sweep(sequence(tmp_path / "a.mha", told)).valid.tolist() == [True, False]


def test_the_identity_far_from_the_poses_around_it_is_a_lost_marker(tmp_path: Path):
    told = [{"ImageToReferenceTransform": moved(300, 0, z)} for z in range(6)]
    told[2] = told[3] = {"ImageToReferenceTransform": IDENTITY}
    path = sequence(tmp_path / "a.mha", told, pixels=np.zeros((6, 3, 4), np.uint8))
    with pytest.warns(InputWarning, match="2 of 6 frames are left out"):
        sweep = open_sweep(path)
    assert sweep.valid.tolist() == [True, True, False, False, True, True]
    assert [each.text[:55] for each in sweep.findings] == ["ImageToReference is the identity in frames 2–3, and lie"]


@pytest.mark.parametrize("step_mm", [1.0, 4.0])
def test_a_sweep_that_starts_at_the_identity_has_lost_nothing(step_mm: float):
    poses = np.tile(np.eye(4), (9, 1, 1))
    poses[:, 2, 3] = step_mm * np.arange(9)
    assert without_lost(poses, np.ones(9, dtype=bool), "ProbeToTracker")[0].all()
    # Where the marker was not seen for a while, the sweep may have come far.
    assert without_lost(poses, np.arange(9) % 6 == 0, "ProbeToTracker")[0].tolist() == (np.arange(9) % 6 == 0).tolist()

"""The use case: a configuration's options, the user's over them, and a header that says what was done."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ifssnet.compounding.holes.options import GaussianFilling, InverseDistanceFilling, NearestFilling, StickFilling
from ifssnet.compounding.options import CompoundOptions, Fan, Rectangle
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.progress import drain
from ifssnet.core.sweep import Sweep
from ifssnet.io.sweeps.plus_config import read_plus_configuration
from ifssnet.workflow.leg.compounded_volume import check_before_compounding, compound, dry_run, options_from_plus


def configured(folder: Path, attributes: str, holes: str = "", **overrides) -> CompoundOptions:
    path = folder / "plus.xml"
    path.write_text(
        f"<PlusConfiguration><VolumeReconstruction {attributes}>{holes}</VolumeReconstruction></PlusConfiguration>",
        encoding="utf-8",
    )
    return options_from_plus(read_plus_configuration(path), overrides)


def small_sweep(invalid: int = 0) -> Sweep:
    poses = np.tile(np.eye(4), (10, 1, 1))
    poses[:, 2, 3] = np.arange(10)
    frames = np.full((10, 8, 9), 50, dtype=np.uint8)
    return Sweep(frames, poses, np.arange(10.0), (1.0, 1.0), np.arange(10) >= invalid)


def test_every_option_that_a_configuration_names_is_taken(tmp_path):
    options = configured(
        tmp_path,
        'OutputSpacing="0.5 0.6 0.7" ClipRectangleOrigin="192 16" ClipRectangleSize="420 580" FanAnglesDeg="-45 40"'
        ' FanOriginPixel="380 20" FanRadiusStartPixel="120" FanRadiusStopPixel="360" Interpolation="LINEAR"'
        ' Optimization="PARTIAL" CompoundingMode="MAXIMUM" PixelRejectionThreshold="3" SkipInterval="2" FillHoles="ON"',
        "<HoleFilling>"
        '<HoleFillingElement Type="STICK" StickLengthLimit="9" NumberOfSticksToUse="2"/>'
        '<HoleFillingElement Type="GAUSSIAN" Size="5" Stdev="0.8" MinimumKnownVoxelsRatio="0.2"/>'
        '<HoleFillingElement Type="GAUSSIAN_ACCUMULATION" Size="7" Stdev="1.5" MinimumKnownVoxelsRatio="0.1"/>'
        '<HoleFillingElement Type="NEAREST_NEIGHBOR" Size="3" MinimumKnownVoxelsRatio="0"/>'
        '<HoleFillingElement Type="DISTANCE_WEIGHT_INVERSE" Size="5" MinimumKnownVoxelsRatio="0.5"/>'
        "</HoleFilling>",
    )
    assert options == CompoundOptions(
        spacing_mm=(0.5, 0.6, 0.7),
        clip=Rectangle(192, 16, 420, 580),
        fan=Fan((-45.0, 40.0), (380.0, 20.0), 120.0, 360.0),
        interpolation="linear",
        arithmetic="partial",
        compounding="maximum",
        pixel_threshold=3.0,
        skip_interval=2,
        holes=(
            StickFilling(9, 2),
            GaussianFilling(5, 0.8, 0.2),
            GaussianFilling(7, 1.5, 0.1, by_weight=True),
            NearestFilling(3, 0.0),
            InverseDistanceFilling(5, 0.5),
        ),
    )


def test_what_a_configuration_does_not_name_is_as_in_plus(tmp_path):
    options = configured(tmp_path, 'OutputSpacing="1 1 1"')
    assert (options.interpolation, options.compounding, options.arithmetic) == ("nearest", "running-mean", "full")
    assert options.clip is None
    assert options.fan is None
    assert options.holes == ()


@pytest.mark.parametrize("names", ['OutputOrigin="1 2 3"', 'OutputExtent="0 9 0 9 0 9"'])
def test_a_grid_that_plus_itself_would_overwrite_is_not_taken_and_said_so(tmp_path, names):
    with pytest.warns(InputWarning, match="OutputOrigin and OutputExtent"):
        options = configured(tmp_path, f'OutputSpacing="1 1 1" {names}')
    assert options == configured(tmp_path, 'OutputSpacing="1 1 1"')


@pytest.mark.parametrize(("says", "spacing_z_mm"), [("TRUE", 9 / 2), ("FALSE", 4.0)])
def test_z_spacing_is_stretched_where_the_configuration_says_so(tmp_path, says, spacing_z_mm):
    # The frames span 9 mm: two whole steps of 4 mm, stretched to 4.5 mm each.
    options = configured(tmp_path, f'OutputSpacing="1 1 4" RecomputeOutputSpacing="{says}"')
    assert dry_run([small_sweep()], options).grid.spacing_xyz_mm == (1.0, 1.0, spacing_z_mm)


def test_a_rectangle_of_no_size_and_a_fan_of_no_angle_are_none(tmp_path):
    options = configured(tmp_path, 'OutputSpacing="1 1 1" ClipRectangleSize="0 0" FanAnglesDeg="0 0"')
    assert options.clip is None
    assert options.fan is None


def test_holes_are_left_where_filling_is_switched_off(tmp_path):
    element = '<HoleFilling><HoleFillingElement Type="STICK" StickLengthLimit="9" NumberOfSticksToUse="1"/></HoleFilling>'
    assert configured(tmp_path, 'OutputSpacing="1 1 1" FillHoles="OFF"', element).holes == ()
    assert configured(tmp_path, 'OutputSpacing="1 1 1" FillHoles="ON"', element).holes == (StickFilling(9, 1),)


def test_the_user_wins_over_the_configuration(tmp_path):
    options = configured(tmp_path, 'OutputSpacing="1 1 1" CompoundingMode="LATEST"', compounding="mean", spacing_mm=0.3)
    assert options.compounding == "mean"
    assert options.spacing_mm == 0.3


def test_what_is_not_supported_is_said(tmp_path):
    with pytest.warns(InputWarning, match="FanAnglesAutoDetect"):
        configured(tmp_path, 'OutputSpacing="1 1 1" EnableFanAnglesAutoDetect="TRUE"')


def test_the_header_says_how_the_volume_came_about():
    options = CompoundOptions(spacing_mm=1.0, skip_interval=3, holes=(StickFilling(5, 1),), clip=Rectangle(0, 0, 4, 4))
    header = drain(compound([small_sweep(invalid=1)], options)).header
    expected = {
        "ifss_spacing_mm": "1",
        "ifss_interpolation": "nearest",
        "ifss_compounding": "mean",
        "ifss_clip": "u_px=0 v_px=0 width_px=4 height_px=4",
        "ifss_fan": "none",
        "ifss_holes": "StickFilling length_limit=5 sticks=1",
        "ifss_sweeps": "1",
        "ifss_frames_used": "3",  # 3, 6 and 9; 0 is invalid
        "ifss_frames_invalid": "1",
        "ifss_frames_skipped": "6",
        "ifss_pixels": "75",
    }
    assert {key: header[key] for key in expected} == expected
    assert all("\n" not in value and value for value in header.values())


def test_progress_counts_the_frames():
    steps = []
    drain(compound([small_sweep()], CompoundOptions(spacing_mm=1.0)), steps.append)
    assert steps[-1].stage == "inserting frames"
    assert (steps[-1].done, steps[-1].total) == (10, 10)


def test_a_dry_run_says_what_the_run_then_does():
    options = CompoundOptions(spacing_mm=1.0)
    plan = dry_run([small_sweep()], options)
    volume = drain(compound([small_sweep()], options))
    assert plan.grid == volume.grid
    assert plan.used_frames == 10


def test_the_grid_of_another_volume_is_kept():
    plan = dry_run([small_sweep()], CompoundOptions(spacing_mm=1.0))
    other = plan.grid.cropped((2, 1, 1), (4, 5, 6))
    volume = drain(compound([small_sweep()], CompoundOptions(spacing_mm=1.0), other))
    assert volume.grid == other
    assert (volume.array == 50).all()


def test_the_look_before_needs_no_options():
    assert check_before_compounding([small_sweep()]).plan.frames == 10


def test_nothing_valid_is_refused():
    with pytest.raises(InputError, match="valid pose"):
        drain(compound([small_sweep(invalid=10)], CompoundOptions(spacing_mm=1.0)))

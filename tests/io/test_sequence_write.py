from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sequence_files import IDENTITY, PIXELS, at, configuration, moved, sequence, tracked

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.sweep import Contour, Sweep
from ifssnet.io.open import open_sweep
from ifssnet.io.sweeps.frames_folder_writer import write_frames_folder
from ifssnet.io.sweeps.plus_config import read_plus_configuration
from ifssnet.io.sweeps.sequence_writer import write_sequence
from ifssnet.io.sweeps.stradwin_writer import write_stradwin


@pytest.mark.parametrize("name", ["a.igs.mha", "a.mhd", "a.igs.nrrd"])
@pytest.mark.parametrize("compress", [False, True])
def test_what_was_read_is_written_back_whole(tmp_path: Path, name: str, compress: bool):
    path = sequence(
        tmp_path / "in.mha",
        [tracked(IDENTITY, moved(1, 2, 3), 0.5), tracked(moved(0, 0, 9), IDENTITY, 1.5)],
        {"Operator": "Ä B"},
    )
    sweep = open_sweep(path, configuration(tmp_path / "c.xml", ""))
    (tmp_path / "out").mkdir()
    write_sequence(sweep, tmp_path / "out" / name, compress=compress)
    again = open_sweep(tmp_path / "out" / name)  # no configuration is needed any more
    np.testing.assert_array_equal(again.frames, PIXELS)
    np.testing.assert_array_equal(again.image_to_world, sweep.image_to_world)
    assert again.header["Operator"] == "Ä B"
    assert again.header["Seq_Frame0001_ProbeToTrackerTransform"] == moved(0, 0, 9)
    assert again.header["ReferenceCoordinateFrame"] == "Reference"
    assert not [file.name for file in (tmp_path / "out").iterdir() if "partial" in file.name]


def test_other_frames_do_not_keep_the_transforms_of_the_old(tmp_path: Path):
    path = sequence(tmp_path / "in.mha", [tracked(IDENTITY, IDENTITY, 0.5), tracked(IDENTITY, IDENTITY, 1.5)])
    sweep = open_sweep(path, configuration(tmp_path / "c.xml", ""))
    last = Sweep(
        sweep.frames[1:], sweep.image_to_world[1:], sweep.timestamps_s[1:], (0.2, 0.1), sweep.valid[1:], header=sweep.header
    )
    with pytest.warns(InputWarning, match="other frames"):
        write_sequence(last, tmp_path / "out.mha")
    again = open_sweep(tmp_path / "out.mha")
    assert "Seq_Frame0000_ProbeToTrackerTransform" not in again.header
    np.testing.assert_array_equal(again.frames, PIXELS[1:])


def test_contours_have_no_place_and_that_is_told(tmp_path: Path):
    told = {"ImageToReferenceTransform": IDENTITY, "Timestamp": "1"}
    sweep = open_sweep(sequence(tmp_path / "in.mha", [told, told]))
    drawn = replace(sweep, contours=(Contour(1, 0, np.eye(2)),))
    with pytest.warns(InputWarning, match="contours"):
        write_sequence(drawn, tmp_path / "out.mha")
    with pytest.raises(InputError, match=r"\.mha, \.mhd or \.nrrd"):
        write_sequence(sweep, tmp_path / "out.tif")
    with pytest.raises(InputError, match="--force"):
        write_sequence(sweep, tmp_path / "out.mha")


dtypes = st.sampled_from([np.uint8, np.uint16, np.int16, np.float32])


@given(
    numbers=st.lists(st.floats(-1e3, 1e3), min_size=24, max_size=24),
    times=st.lists(st.floats(0, 1e9), min_size=2, max_size=2),
    valid=st.lists(st.booleans(), min_size=2, max_size=2).filter(any),
    dtype=dtypes,
    compress=st.booleans(),
    suffix=st.sampled_from([".igs.mha", ".mhd", ".nrrd"]),
)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_round_trip(
    tmp_path: Path, numbers: list[float], times: list[float], valid: list[bool], dtype: type, compress: bool, suffix: str
):
    poses = np.tile(np.eye(4), (2, 1, 1))
    # The diagonal is larger than the rest together, so that every pose has an inverse; others are no poses.
    poses[:, :3] = np.array(numbers).reshape(2, 3, 4) + 4e3 * np.eye(3, 4)
    frames = (np.arange(24).reshape(2, 3, 4) * 9).astype(dtype)
    sweep = Sweep(frames, poses, np.array(times), (1.0, 1.0), np.array(valid))
    path = tmp_path / f"sweep{suffix}"
    write_sequence(sweep, path, force=True, compress=compress)
    if all(valid):
        again = open_sweep(path)
    else:
        with pytest.warns(InputWarning, match="1 of 2"):
            again = open_sweep(path)
    np.testing.assert_array_equal(again.frames, frames)
    assert again.frames.dtype == dtype
    np.testing.assert_array_equal(again.image_to_world, poses)
    np.testing.assert_array_equal(again.timestamps_s, times)
    assert again.valid.tolist() == valid


@pytest.mark.realdata
def test_a_real_sweep_goes_through_every_format(shared_data: Path, tmp_path: Path):
    testing = shared_data / "plus" / "ConfigFiles" / "Testing"
    xml = testing / "PlusDeviceSet_SpinePhantomFreehandReconstructionOnly.xml"
    sweep = open_sweep(shared_data / "plus" / "TestImages" / "SpinePhantomFreehand.igs.mha", read_plus_configuration(xml))
    write_sequence(sweep, tmp_path / "a.igs.nrrd")
    write_frames_folder(sweep, tmp_path / "b")
    with pytest.warns(InputWarning, match="rigid"):
        # The calibration's axes stand at 92.7 degrees, which Stradwin cannot say: half of the 2.7 degrees to each axis, over
        # half of the image's 70 x 49 mm, is about 35 mm x 0.024 = 0.8 mm, and less along the other side.
        write_stradwin(sweep, tmp_path / "c.sw")
    for path, tolerance_mm in ((tmp_path / "a.igs.nrrd", 0.0), (tmp_path / "b", 1e-9), (tmp_path / "c.sw", 1.1)):
        again = open_sweep(path)
        np.testing.assert_array_equal(again.frames, sweep.frames)
        np.testing.assert_array_equal(again.timestamps_s, sweep.timestamps_s)
        for u, v in ((0, 0), (819, 0), (0, 615), (819, 615)):
            for frame in (0, 20):
                np.testing.assert_allclose(
                    at(again, frame, u, v), at(sweep, frame, u, v), rtol=0, atol=max(tolerance_mm, 1e-12)
                )

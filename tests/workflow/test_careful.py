"""Input that would give an answer, but not to what was asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ifssnet
from ifssnet.cli.commands import compound
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.sweep import Sweep
from ifssnet.io.sweeps.sequence_writer import write_sequence


def short_sweep() -> Sweep:
    poses = np.tile(np.eye(4), (3, 1, 1))
    poses[:, 2, 3] = np.arange(3)
    return Sweep(np.full((3, 8, 8), 90, np.uint8), poses, np.arange(3.0), (1.0, 1.0), np.ones(3, bool))


def test_a_grey_volume_taken_for_labels_is_named_as_such(tmp_path: Path):
    grey = np.arange(4 * 8 * 8, dtype=np.uint8).reshape(4, 8, 8)
    ifssnet.save(Volume(grey, Grid((4, 8, 8))), tmp_path / "grey.mha")
    with pytest.warns(InputWarning, match="255 different values"):
        ifssnet.open_labels(tmp_path / "grey.mha")


def test_a_volume_that_no_frame_reaches_is_not_written(tmp_path: Path):
    write_sequence(short_sweep(), tmp_path / "sweep.igs.mha")
    far = Volume(np.ones((4, 4, 4), np.uint8), Grid((4, 4, 4), origin_xyz_mm=(500.0, 0.0, 0.0)))
    ifssnet.save(far, tmp_path / "far.mha")
    with pytest.raises(InputError, match="reach"):
        compound.run([tmp_path / "sweep.igs.mha"], tmp_path / "out.mha", grid=tmp_path / "far.mha", quiet=True)
    assert not (tmp_path / "out.mha").exists()


def test_an_option_that_compounding_does_not_know_is_an_input_error():
    with pytest.raises(InputError, match="spacing_mm"):
        ifssnet.compound(short_sweep(), spacing=1.0)


def test_an_error_of_the_checks_is_an_error_of_compounding(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    sweep = short_sweep()
    poses = sweep.image_to_world.copy()
    poses[:, 2, 3] = 7.0
    standing = Sweep(sweep.frames, poses, sweep.timestamps_s, sweep.pixel_spacing_uv_mm, sweep.valid)
    write_sequence(standing, tmp_path / "sweep.igs.mha")
    with pytest.raises(InputError, match=r"moved 0.00 mm in all\. Check.*marker was tracked.*--force-quality"):
        compound.run([tmp_path / "sweep.igs.mha"], tmp_path / "out.mha", spacing="1")
    assert not (tmp_path / "out.mha").exists()
    compound.run([tmp_path / "sweep.igs.mha"], tmp_path / "out.mha", spacing="1", force_quality=True)
    assert (tmp_path / "out.mha").is_file()
    assert "error: The probe moved 0.00 mm in all." in capsys.readouterr().err
    with pytest.raises(InputError, match="force_quality=True"):
        ifssnet.compound(standing, spacing_mm=1.0)
    assert ifssnet.compound(standing, spacing_mm=1.0, force_quality=True).array.any()

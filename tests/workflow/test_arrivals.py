"""Files that somebody drops on the page's list become a case: recordings of 3D Slicer and Stradwin, volumes with seeds."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from test_slicer_recordings import as_scene, parts

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.progress import Progress
from ifssnet.core.sweep import Sweep
from ifssnet.io.open import open_sweep
from ifssnet.io.save import save_sweep
from ifssnet.io.sweeps.kept_frames import kept_frames
from ifssnet.io.sweeps.stradwin_writer import write_stradwin
from ifssnet.workflow.arrivals.dropped import case_of_files, sorted_out
from ifssnet.workflow.arrivals.new_case import clear_leftovers
from ifssnet.workflow.session.session import Session


def stradwin(folder: Path) -> list[Path]:
    """A short recording, 0.5 mm a pixel and 0.5 mm from frame to frame."""
    frames = np.random.default_rng(2).integers(40, 200, (24, 40, 30), dtype=np.uint8)
    poses = np.tile(np.diag([0.5, 0.5, 1.0, 1.0]), (24, 1, 1))
    poses[:, 2, 3] = 0.5 * np.arange(24)
    sweep = Sweep(frames, poses, 0.1 * np.arange(24), (0.5, 0.5), np.ones(24, dtype=np.bool_))
    write_stradwin(sweep, folder / "leg.sw")
    return [folder / "leg.sw", folder / "leg.sxi"]


def dropped(root: Path, files: list[Path]) -> tuple[Session, list[Progress]]:
    root.mkdir()
    with warnings.catch_warnings():
        # A warning says which transforms were taken from beside the images.
        warnings.simplefilter("ignore", InputWarning)
        said = list(case_of_files(root, files, by="tester"))
    (case,) = root.iterdir()
    return Session.open(case, read_only=True), said


def test_a_slicer_recording_is_the_same_case_as_a_scene_and_as_its_files(tmp_path: Path) -> None:
    for name in ("files", "scene"):
        (tmp_path / name).mkdir()
    from_files, said = dropped(tmp_path / "a", [*parts(tmp_path / "files").values()])
    from_scene, _ = dropped(tmp_path / "b", [as_scene(tmp_path / "scene")])
    assert from_files.volume.grid == from_scene.volume.grid
    assert np.array_equal(from_files.volume.array, from_scene.volume.array)
    assert from_files.volume.array.any()
    # Whoever waits sees how far the compounding is.
    assert any(progress.total > 1 and progress.done for progress in said)


def test_a_stradwin_recording_becomes_a_case(tmp_path: Path) -> None:
    session, _ = dropped(tmp_path / "cases", stradwin(tmp_path))
    assert session.folder.name == "leg"
    assert min(session.state.grid.shape_zyx) > 10
    # Its frames are kept beside the volume.
    (kept,) = kept_frames(session.folder)
    assert np.array_equal(kept.frames, open_sweep(tmp_path / "leg.sw").frames)


def test_a_plus_recording_becomes_a_case(tmp_path: Path) -> None:
    stradwin(tmp_path)
    save_sweep(open_sweep(tmp_path / "leg.sw"), tmp_path / "sweep.igs.mha")
    session, _ = dropped(tmp_path / "cases", [tmp_path / "sweep.igs.mha"])
    assert session.folder.name == "sweep"
    assert min(session.state.grid.shape_zyx) > 10
    # Frames lie 0.5 mm apart and slices 0.277 mm: no slice between two frames is black.
    assert session.volume.array[1:-1].any(axis=(1, 2)).all()


def test_a_plus_configuration_beside_a_recording_says_how_it_is_compounded(tmp_path: Path) -> None:
    stradwin(tmp_path)
    sweep, config = tmp_path / "sweep.igs.mha", tmp_path / "plus.xml"
    save_sweep(open_sweep(tmp_path / "leg.sw"), sweep)
    config.write_text(
        '<PlusConfiguration><VolumeReconstruction ImageCoordinateFrame="Image" ReferenceCoordinateFrame="Reference" '
        'OutputSpacing="1 1 0.25" FillHoles="OFF" /></PlusConfiguration>',
        encoding="utf-8",
    )
    session, _ = dropped(tmp_path / "cases", [config, sweep])
    assert session.state.grid.spacing_xyz_mm == (1.0, 1.0, 0.25)
    assert not session.volume.array[1:-1].any(axis=(1, 2)).all()
    with pytest.raises(InputError, match="one volume, or the sweeps"):
        sorted_out([config, session.folder / session.state.volume])


def test_what_a_killed_program_left_is_taken_away_and_what_is_being_made_is_not(tmp_path: Path) -> None:
    for name in (".making-old", ".making-new", "leg"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "leg.mha").write_bytes(b"x")
    for path in (tmp_path / ".making-old", tmp_path / ".making-old/leg.mha", tmp_path / "leg", tmp_path / "leg/leg.mha"):
        os.utime(path, (1e9, 1e9))
    clear_leftovers(tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == [".making-new", "leg"]


def test_what_makes_no_leg_is_refused_by_its_names_and_leaves_nothing(tmp_path: Path) -> None:
    found = parts(tmp_path)
    root = tmp_path / "cases"
    root.mkdir()
    with pytest.raises(InputError, match="ProbeToTracker"):
        list(case_of_files(root, [found["poses"], found["calibration"]]))
    assert list(root.iterdir()) == []

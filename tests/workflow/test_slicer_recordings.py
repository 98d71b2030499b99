"""`ifss compound` and `ifss info` on what 3D Slicer's Sequences recorded."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "io"))
from slicer_files import (
    bundle,
    calibration,
    image_sequence,
    node,
    scene,
    sequence_node,
    shift,
    storage_node,
    transform_sequence,
)

from ifssnet.cli.main import main
from ifssnet.io.open import open_volume

FRAMES = np.random.default_rng(0).integers(1, 255, (12, 20, 16), dtype=np.uint8)
TIMES = [0.1 * k for k in range(12)]


def parts(folder: Path) -> dict[str, Path]:
    poses = [shift(0, 0, 0.8 * k) for k in range(12)]
    return {
        "images": image_sequence(folder / "Image.seq.nrrd", FRAMES, TIMES),
        "poses": transform_sequence(folder / "ProbeToTracker.seq.mha", poses, TIMES),
        "reference": transform_sequence(
            folder / "ReferenceToTracker.seq.mha", [shift(2, 0, 0)] * 12, TIMES, name="ReferenceToTracker"
        ),
        "calibration": calibration(folder / "ImageToProbe.tfm"),
    }


def as_scene(folder: Path) -> Path:
    found = parts(folder)
    nodes = [
        sequence_node(1, "Image", "ScalarVolume"), storage_node(1, "Image.seq.nrrd"),
        sequence_node(2, "ProbeToTracker", "LinearTransform"), storage_node(2, "ProbeToTracker.seq.mha"),
        sequence_node(3, "ReferenceToTracker", "LinearTransform"), storage_node(3, "ReferenceToTracker.seq.mha"),
        node("LinearTransform", "vtkMRMLLinearTransformNode1", "ImageToProbe", "vtkMRMLStorageNode4"),
        storage_node(4, "ImageToProbe.tfm"),
    ]  # fmt: skip
    return bundle(folder / "leg.mrb", scene(nodes), {path.name: path for path in found.values()})


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def test_a_scene_and_its_files_compound_to_the_same_voxels(tmp_path: Path) -> None:
    found = parts(tmp_path)
    words = ["--poses", found["poses"], "--reference", found["reference"], "--calibration", found["calibration"]]
    assert run("compound", found["images"], *words, "-o", tmp_path / "files.mha", "--spacing", "0.8", "-q") == 0
    assert run("compound", as_scene(tmp_path), "-o", tmp_path / "scene.mha", "--spacing", "0.8", "-q") == 0
    by_files, by_scene = open_volume(tmp_path / "files.mha"), open_volume(tmp_path / "scene.mha")
    assert np.array_equal(by_files.array, by_scene.array)
    assert by_files.grid == by_scene.grid
    assert sorted(by_files.array[by_files.array > 0].tolist()) == sorted(FRAMES.ravel().tolist())


def test_poses_for_several_recordings_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = parts(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(
            [
                "compound",
                str(found["images"]),
                str(found["images"]),
                "--poses",
                str(found["poses"]),
                "-o",
                str(tmp_path / "o.mha"),
            ]
        )
    assert stop.value.code == 2
    assert "one recording" in capsys.readouterr().err
    assert not (tmp_path / "o.mha").exists()


def test_info_lists_a_scene_and_says_what_the_parts_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = as_scene(tmp_path)
    assert run("info", path) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in ("Image", "ProbeToTracker", "ReferenceToTracker", "ImageToProbe"))
    for name, words in (("ProbeToTracker.seq.mha", "12"), ("ImageToProbe.tfm", "0.8"), ("Image.seq.nrrd", "frames")):
        assert run("info", tmp_path / name) == 0
        assert words in capsys.readouterr().out

"""Images and scenes of 3D Slicer as other programs and people leave them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from sequence_files import at
from slicer_files import (
    IMAGES,
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

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.open import kind_of, open_sweeps
from ifssnet.io.sweeps.slicer_scene import read_scene_sweeps
from ifssnet.io.sweeps.tracking_files import TrackingFiles

STEPS = [shift(0, 0, 10.0 * k) for k in range(3)]
CALIBRATION = 'matrixTransformToParent="0.8 0 0 0  0 0.8 0 0  0 0 1 0  0 0 0 1"'


def parts(folder: Path) -> tuple[list[str], dict[str, Path]]:
    nodes = [
        sequence_node(1, "Image", "ScalarVolume"), storage_node(1, "Data/Image.seq.nrrd"),
        sequence_node(2, "ProbeToTracker", "LinearTransform"), storage_node(2, "Data/Probe.seq.mha"),
        node("LinearTransform", "vtkMRMLLinearTransformNode1", "ImageToProbe", "", CALIBRATION),
    ]  # fmt: skip
    files = (image_sequence(folder / "Image.seq.nrrd"), transform_sequence(folder / "Probe.seq.mha", STEPS))
    return nodes, {each.name: each for each in files}


def is_right(path: Path) -> bool:
    (sweep,) = read_scene_sweeps(path)
    return at(sweep, 2, 1, 1) == pytest.approx([0.8, 0.8, 20.0]) and np.array_equal(sweep.frames, IMAGES)


def test_sequences_that_are_hidden_and_files_with_a_percent_sign(tmp_path: Path) -> None:
    nodes, files = parts(tmp_path)
    text = scene(nodes).replace('hideFromEditors="false" references', 'hideFromEditors="true" references')
    assert is_right(bundle(tmp_path / "hidden.mrb", text, files))
    files = {"gain 50%.seq.nrrd": files["Image.seq.nrrd"], "a%20b.seq.mha": files["Probe.seq.mha"]}
    text = scene(nodes).replace("Image.seq.nrrd", "gain%2050%25.seq.nrrd").replace("Probe.seq.mha", "a%20b.seq.mha")
    assert is_right(bundle(tmp_path / "percent.mrb", text, files))


def test_a_bundle_that_was_packed_again(tmp_path: Path) -> None:
    nodes, files = parts(tmp_path)
    bundle(tmp_path / "mac.mrb", scene(nodes), files)
    with zipfile.ZipFile(tmp_path / "mac.mrb", "a") as archive:
        archive.writestr("._mac.mrml", b"\0\5\x16\7")
        archive.writestr("__MACOSX/._mac.mrml", b"\0\5\x16\7")
    assert is_right(tmp_path / "mac.mrb")
    bundle(tmp_path / "two.mrb", scene(nodes), files)
    with zipfile.ZipFile(tmp_path / "two.mrb", "a") as archive:
        archive.writestr("two/before.mrml", scene([]))
    assert is_right(tmp_path / "two.mrb")
    with zipfile.ZipFile(tmp_path / "two.mrb", "a") as archive:
        archive.writestr("other/other.mrml", scene([]))
    with pytest.raises(InputError, match=r"one scene \(\.mrml\) in two\.mrb; got 3: before\.mrml, other\.mrml, two\.mrml"):
        read_scene_sweeps(tmp_path / "two.mrb")


def test_a_calibration_beside_a_scene_that_holds_another_is_refused(tmp_path: Path) -> None:
    nodes, files = parts(tmp_path)
    path = bundle(tmp_path / "leg.mrb", scene(nodes), files)
    assert len(open_sweeps(path, TrackingFiles(calibration=calibration(tmp_path / "ImageToProbe.tfm", 0.8)))) == 1
    with pytest.raises(InputError, match=r"one transform ImageToProbe.*another one in leg\.mrb"):
        open_sweeps(path, TrackingFiles(calibration=calibration(tmp_path / "ImageToProbe.tfm", 0.7)))


@pytest.mark.parametrize("told_by", ["name", "nesting", "nothing", "no browser"])
def test_of_two_image_sequences_with_one_probe_only_its_own_is_compounded(tmp_path: Path, told_by: str) -> None:
    nodes, files = parts(tmp_path)
    other = image_sequence(tmp_path / "Webcam.seq.nrrd", IMAGES[:, ::-1])
    files[other.name] = other
    nodes += [sequence_node(3, "Webcam", "ScalarVolume"), storage_node(3, f"Data/{other.name}")]
    browser = "".join(f"dataNodeRef{k}:N{k};sequenceNodeRef{k}:vtkMRMLSequenceNode{k};" for k in (1, 2, 3))
    if told_by != "no browser":
        nodes.append(f'<SequenceBrowser id="B" references="{browser}"/>')
    text = scene(nodes)
    if told_by in ("nesting", "nothing"):
        text = text.replace('name="Image"', 'name="BMode"')
    if told_by == "nesting":
        nested = '<Volume id="N1" transformNodeRef="C"/><LinearTransform id="C" transformNodeRef="N2"/>'
        text = text.replace("</MRML>", f"{nested}</MRML>")
    path = bundle(tmp_path / "leg.mrb", text, files)
    if told_by in ("name", "nesting"):
        with pytest.warns(InputWarning, match="is the probe's; Webcam, recorded with it, is left out"):
            assert is_right(path)
        return
    with pytest.raises(InputError, match=r"Webcam, which go with the same transforms"):
        read_scene_sweeps(path)


LISTS = {
    "three axes": {
        "dimension: 4": "dimension: 3", "5 4 1 3": "5 4 3", " (0,0,1) none": " none", "domain domain domain": "domain domain",
        "axis 3 index": "axis 2 index",
    },
    "no keys": {"DataNodeClassName:=vtkMRMLScalarVolumeNode": "content: us", "axis 3 index": "axis 3 other"},
    "zeros across": {" (0,0,1) none": " (0,0,0) none"},
}  # fmt: skip


@pytest.mark.parametrize("habit", LISTS)
@pytest.mark.filterwarnings("ignore:.*(a pixel measures|joined by their numbers)")
def test_lists_of_images_that_other_programs_wrote(tmp_path: Path, habit: str) -> None:
    images = image_sequence(tmp_path / "Image.seq.nrrd")
    content = images.read_bytes()
    for before, after in LISTS[habit].items():
        content = content.replace(before.encode(), after.encode())
    images.write_bytes(content)
    poses = transform_sequence(tmp_path / "p.seq.mha", STEPS)
    assert kind_of(images) == "slicer-sequence"
    files = TrackingFiles(poses=(poses,), calibration=calibration(tmp_path / "c.tfm"))
    (sweep,) = open_sweeps(images, files)
    assert np.array_equal(sweep.frames, IMAGES)
    assert at(sweep, 2, 1, 1) == pytest.approx([0.8, 0.8, 20.0])


def test_images_without_directions_are_refused_and_a_node_s_spacing_counts(tmp_path: Path) -> None:
    poses, file = transform_sequence(tmp_path / "p.seq.mha", STEPS), calibration(tmp_path / "c.tfm")
    files = TrackingFiles(poses=(poses,), calibration=file)
    images = image_sequence(tmp_path / "Image.seq.nrrd", directions="(-0.5,0,0) (0,-0.25,0) (0,0,1)")
    with pytest.warns(InputWarning, match="a pixel measures 0.4 x 0.2 mm"):
        assert open_sweeps(images, files)[0].pixel_spacing_uv_mm == pytest.approx((0.4, 0.2))
    image_sequence(tmp_path / "Image.seq.nrrd", directions="(0,0,0) (0,0,0) (0,0,0)")
    with pytest.raises(InputError, match="space directions"):
        open_sweeps(images, files)

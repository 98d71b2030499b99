"""3D Slicer's recordings: images, transforms and calibration in files of their own, joined by time."""

from __future__ import annotations

import contextlib
import math
import time
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sequence_files import IDENTITY, at, configuration, moved, sequence, tracked
from slicer_files import (
    IMAGES,
    bundle,
    calibration,
    image_sequence,
    itk_text,
    node,
    scene,
    sequence_node,
    shift,
    storage_node,
    transform_sequence,
)

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.open import kind_of, open_labels, open_sweep, open_sweeps, open_volume
from ifssnet.io.sweeps.linear_transform import named_frames, read_linear_transform
from ifssnet.io.sweeps.plus_config import read_plus_configuration
from ifssnet.io.sweeps.scene_hierarchy import chain_above
from ifssnet.io.sweeps.slicer_scene import read_scene, read_scene_sweeps
from ifssnet.io.sweeps.slicer_sequence import read_slicer_sequence
from ifssnet.io.sweeps.time_pairing import UNPAIRED, pair_by_time
from ifssnet.io.sweeps.tracking_files import TrackingFiles

STEPS = [shift(0, 0, 10.0 * k) for k in range(3)]
FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])


def recorded(folder: Path) -> tuple[Path, Path, Path]:
    return (
        image_sequence(folder / "Image.seq.nrrd"),
        transform_sequence(folder / "Probe.seq.mha", STEPS),
        calibration(folder / "ImageToProbe.tfm"),
    )


@pytest.mark.filterwarnings("ignore::ifssnet.core.errors.InputWarning")
def test_a_pixel_goes_through_calibration_probe_and_reference(tmp_path: Path) -> None:
    images, poses, image_to_probe = recorded(tmp_path)
    reference = transform_sequence(tmp_path / "Ref.seq.mha", [shift(1, 0, 0)] * 3, name="ReferenceToTracker")
    sweep = read_slicer_sequence(images, [poses], reference, image_to_probe)
    assert np.array_equal(sweep.frames, IMAGES)
    # 2 columns of 0.8 mm less 1 mm that the reference moved, 3 rows of 0.8 mm, and 20 mm along the sweep.
    assert at(sweep, 2, 2, 3) == pytest.approx([0.6, 2.4, 20.0])
    assert sweep.timestamps_s.tolist() == [0.0, 0.1, 0.2]
    assert sweep.pixel_spacing_uv_mm == pytest.approx((0.8, 0.8))


@pytest.mark.filterwarnings("ignore::ifssnet.core.errors.InputWarning")
def test_frames_may_be_listed_first_and_the_image_node_may_be_placed(tmp_path: Path) -> None:
    _, poses, image_to_probe = recorded(tmp_path)
    first = image_sequence(tmp_path / "first.seq.nrrd", list_first=True)
    assert np.array_equal(read_slicer_sequence(first, [poses], None, image_to_probe).frames, IMAGES)
    placed = image_sequence(tmp_path / "placed.seq.nrrd", directions="(-2,0,0) (0,-2,0) (0,0,1)", origin="(-10,0,0)")
    sweep = read_slicer_sequence(placed, [poses], None, image_to_probe)
    # The node says 2 mm a pixel and 10 mm to the right in RAS; the calibration takes 0.8 of that.
    assert at(sweep, 0, 1, 1) == pytest.approx([0.8 * 12, 0.8 * 2, 0.0])


def test_what_lies_beside_the_images_is_taken_and_said(tmp_path: Path) -> None:
    images, *_ = recorded(tmp_path)
    with pytest.warns(InputWarning, match=r"Probe\.seq\.mha beside it; the calibration is taken from ImageToProbe\.tfm"):
        sweep = read_slicer_sequence(images)
    assert at(sweep, 1, 1, 0) == pytest.approx([0.8, 0.0, 10.0])


def test_what_could_belong_to_other_images_is_not_taken(tmp_path: Path) -> None:
    images, *_ = recorded(tmp_path)
    image_sequence(tmp_path / "Other.seq.nrrd")
    with pytest.raises(InputError, match=r"Other\.seq\.nrrd beside it"):
        read_slicer_sequence(images)


@pytest.mark.parametrize("origin", ["(a,0,0)", "(0,0)", "(nan,0,0)"])
def test_an_origin_that_is_not_three_numbers_is_refused(tmp_path: Path, origin: str) -> None:
    _, poses, image_to_probe = recorded(tmp_path)
    images = image_sequence(tmp_path / "wrong.seq.nrrd", origin=origin)
    with pytest.raises(InputError, match=r"space origin in wrong\.seq\.nrrd"):
        read_slicer_sequence(images, [poses], None, image_to_probe)


def test_two_sequences_of_one_transform_are_refused(tmp_path: Path) -> None:
    images, poses, image_to_probe = recorded(tmp_path)
    other = transform_sequence(tmp_path / "Other.seq.mha", STEPS)
    with pytest.raises(InputError, match="ProbeToTracker"):
        read_slicer_sequence(images, [poses, other], None, image_to_probe)


def test_two_calibrations_that_differ_are_refused_and_equal_ones_are_one(tmp_path: Path) -> None:
    images, poses, _ = recorded(tmp_path)
    calibration(tmp_path / "ImageToProbe_2.tfm")
    again = tmp_path / "ImageToProbe.txt"
    again.write_text("0.8 0 0 0\n0 0.8 0 0\n0 0 1 0\n0 0 0 1\n", encoding="utf-8")
    with pytest.warns(InputWarning, match="ImageToProbe"):
        assert at(read_slicer_sequence(images, [poses]), 0, 1, 0) == pytest.approx([0.8, 0, 0])
    calibration(again, 0.4)
    with pytest.raises(InputError, match="which differ"):
        read_slicer_sequence(images, [poses])


@pytest.mark.filterwarnings("ignore:.*a pixel measures")
def test_images_without_a_pose_of_their_time_are_left_out_and_counted(tmp_path: Path) -> None:
    images, _, image_to_probe = recorded(tmp_path)
    late = transform_sequence(tmp_path / "late.seq.mha", [shift(0, 0, 7), shift(0, 0, 8), shift(0, 0, 9)], (0.14, 0.24, 0.34))
    with pytest.warns(InputWarning, match="1 of 3 images have no pose"):
        sweep = read_slicer_sequence(images, [late], None, image_to_probe)
    # 0.1 s takes the pose of 0.14 s and 0.2 s that of 0.24 s, whatever their numbers are.
    assert sweep.valid.tolist() == [False, True, True]
    assert [at(sweep, k, 0, 0)[2] for k in (1, 2)] == pytest.approx([7.0, 8.0])


@pytest.mark.filterwarnings("ignore:.*a pixel measures")
def test_poses_of_another_recording_are_refused(tmp_path: Path) -> None:
    images, _, image_to_probe = recorded(tmp_path)
    other = transform_sequence(tmp_path / "other.seq.mha", STEPS, (100.0, 100.1, 100.2))
    with pytest.raises(InputError, match="no image has a pose"):
        read_slicer_sequence(images, [other], None, image_to_probe)


@pytest.mark.filterwarnings("ignore:.*a pixel measures")
def test_numbering_does_not_matter_where_times_tell(tmp_path: Path) -> None:
    images, _, image_to_probe = recorded(tmp_path)
    from_seven = transform_sequence(tmp_path / "seven.seq.mha", STEPS, first=7)
    assert at(read_slicer_sequence(images, [from_seven], None, image_to_probe), 2, 0, 0)[2] == pytest.approx(20.0)


@pytest.mark.filterwarnings("ignore:.*a pixel measures")
def test_without_times_equal_counts_are_joined_aloud_and_others_refused(tmp_path: Path) -> None:
    images, _, image_to_probe = recorded(tmp_path)
    timeless = transform_sequence(tmp_path / "timeless.seq.mha", STEPS, None, first=1)
    with pytest.warns(InputWarning, match="joined by their numbers"):
        assert at(read_slicer_sequence(images, [timeless], None, image_to_probe), 1, 0, 0)[2] == pytest.approx(10.0)
    short = transform_sequence(tmp_path / "short.seq.mha", STEPS[:2], None)
    with pytest.raises(InputError, match=r"3 images in .* and 2 poses"):
        read_slicer_sequence(images, [short], None, image_to_probe)


@pytest.mark.filterwarnings("ignore:.*a pixel measures")
def test_a_pose_that_the_tracker_did_not_trust_is_not_used(tmp_path: Path) -> None:
    images, _, image_to_probe = recorded(tmp_path)
    doubtful = transform_sequence(tmp_path / "doubt.seq.mha", STEPS, statuses={1: "INVALID"})
    assert read_slicer_sequence(images, [doubtful], None, image_to_probe).valid.tolist() == [True, False, True]


@given(st.lists(st.floats(0, 50), min_size=2, max_size=30, unique=True), st.floats(-0.4, 0.4), st.randoms())
def test_pairing_finds_the_nearest_whatever_the_order(times: list[float], offset: float, random: object) -> None:
    images = np.sort(np.round(np.array(times), 3))
    if len(np.unique(images)) < len(images):
        return
    interval = float(np.median(np.diff(images)))
    order = np.random.default_rng(len(times)).permutation(len(images))
    poses = (images + offset * interval)[order]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pair_by_time(images, poses, (len(images), len(poses)), ("images", "poses"))
    for image, pose in enumerate(found):
        distances = np.abs(poses - images[image])
        assert pose != UNPAIRED
        assert distances[pose] == pytest.approx(distances.min())


@pytest.mark.parametrize("angle_deg", [0.0, 30.0, -120.0])
def test_a_rigid_transform_with_its_centre_of_rotation(tmp_path: Path, angle_deg: float) -> None:
    centre, moved, angle = np.array([10.0, -4.0, 3.0]), np.array([1.0, 2.0, 3.0]), math.radians(angle_deg)
    path = itk_text(tmp_path / "rigid.tfm", "Euler3DTransform_double_3_3", [0, 0, angle, *moved], [*centre, 0])
    matrix = read_linear_transform(path)
    turn = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
    for local in ((0.0, 0.0, 0.0), (5.0, -7.0, 11.0)):
        parent = (matrix @ (*local, 1.0)) @ FLIP
        # The file leads from the parent, in LPS: x -> R (x - c) + c + t.
        assert turn @ (parent[:3] - centre) + centre + moved == pytest.approx((np.array((*local, 1.0)) @ FLIP)[:3])


def test_off_diagonal_signs_turn_between_the_file_and_the_scene(tmp_path: Path) -> None:
    matrix = np.array([[0.2, 0.01, 0.02, 5], [0.03, 0.1, 0.04, 6], [0.05, 0.06, 0.3, 7], [0, 0, 0, 1.0]])
    stored = FLIP @ np.linalg.inv(matrix) @ FLIP
    path = itk_text(tmp_path / "c.tfm", "AffineTransform_double_3_3", [*stored[:3, :3].ravel(), *stored[:3, 3]], [0, 0, 0])
    assert read_linear_transform(path) == pytest.approx(matrix)


def test_several_transforms_in_a_file_are_one_only_where_they_are_composed(tmp_path: Path) -> None:
    one = itk_text(tmp_path / "one.tfm", "AffineTransform_double_3_3", [1, 0, 0, 0, 1, 0, 0, 0, 1, 10, 20, 30], [0, 0, 0])
    head, body = one.read_text(encoding="utf-8").split("\n", 1)
    second = body.replace("10 20 30", "1 2 3").replace("#Transform 0", "#Transform 1")
    (tmp_path / "two.tfm").write_text(f"{head}\n{body}{second}", encoding="utf-8")
    with pytest.raises(InputError, match="2, which are not composed"):
        read_linear_transform(tmp_path / "two.tfm")
    whole = f"{head}\n#Transform 0\nTransform: CompositeTransform_double_3_3\n{second}{second.replace('1 2 3', '10 20 30')}"
    (tmp_path / "composed.tfm").write_text(whole, encoding="utf-8")
    assert read_linear_transform(tmp_path / "composed.tfm")[:3, 3].tolist() == [11.0, 22.0, -33.0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#Insight Transform File V1.0\nTransform: Nonsense\n", "whole ITK transform"),
        ("hello", "sixteen numbers"),
        ("1 0 0 0 0 1 0 0 0 0 1 0 5 6 7 1", "column by column"),
        ("1 0 0 0 0 1 0 0 0 0 0 0 0 0 0 1", "invertible"),
    ],
)
def test_files_that_hold_no_linear_transform_are_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "t.txt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_linear_transform(tmp_path / "t.txt")
    assert words in str(refused.value)


def scene_files(folder: Path, recordings: int = 1) -> tuple[list[str], dict[str, Path]]:
    nodes, files = [], {}
    for index in range(recordings):
        tail = f"_{index}" if index else ""
        poses = [shift(0, 0, 100.0 * index + 10 * k) for k in range(3)]
        parts = {
            f"Image{tail}": ("ScalarVolume", image_sequence(folder / f"Image{tail}.seq.nrrd")),
            f"ProbeToTracker{tail}": ("LinearTransform", transform_sequence(folder / f"ProbeToTracker{tail}.seq.mha", poses)),
        }
        for offset, (name, (holds, file)) in enumerate(parts.items()):
            number = 2 * index + offset + 1
            nodes += [sequence_node(number, name, holds), storage_node(number, f"elsewhere/{file.name}")]
            files[file.name] = file
    matrix = 'matrixTransformToParent="0.8 0 0 0  0 0.8 0 0  0 0 1 0  0 0 0 1"'
    nodes.append(node("LinearTransform", "vtkMRMLLinearTransformNode1", "ImageToProbe", "", matrix))
    return nodes, files


def test_a_scene_is_listed_and_its_recording_read(tmp_path: Path) -> None:
    nodes, files = scene_files(tmp_path)
    path = bundle(tmp_path / "leg.mrb", scene(nodes), files)
    assert [(each.kind, each.name) for each in read_scene(path).nodes] == [
        ("Sequence", "Image"), ("Sequence", "ProbeToTracker"), ("LinearTransform", "ImageToProbe"),
    ]  # fmt: skip
    (sweep,) = read_scene_sweeps(path)
    assert at(sweep, 1, 1, 0) == pytest.approx([0.8, 0.0, 10.0])


def test_a_scene_in_place_of_a_volume_says_what_to_do(tmp_path: Path) -> None:
    """A recording is compounded; plain volumes and segmentations are saved by themselves."""
    nodes, files = scene_files(tmp_path)
    with pytest.raises(InputError, match="It holds a recording: compound"):
        open_volume(bundle(tmp_path / "sweep.mrb", scene(nodes), files))
    plain = [node("Volume", "vtkMRMLScalarVolumeNode1", "MR calf", "vtkMRMLStorageNode7")]
    plain.append(storage_node(7, "Data/mr.nrrd"))
    for opened in (open_volume, open_labels):
        with pytest.raises(InputError, match=r"no recording but MR calf \(Volume\)\. In 3D Slicer, save") as said:
            opened(bundle(tmp_path / "plain.mrb", scene(plain), {}))
        assert "ompound" not in str(said.value)


def test_several_recordings_of_a_scene_stay_apart(tmp_path: Path) -> None:
    nodes, files = scene_files(tmp_path, recordings=2)
    by_number = read_scene_sweeps(bundle(tmp_path / "two.mrb", scene(nodes), files))
    assert [at(sweep, 0, 0, 0)[2] for sweep in by_number] == pytest.approx([0.0, 100.0])
    # A browser that shows the first images with the second transforms counts more than names do.
    crossed = [
        f'<SequenceBrowser id="vtkMRMLSequenceBrowserNode{k}" references="rootNodeRef:vtkMRMLSequenceNode{image};'
        f'sequenceNodeRef0:vtkMRMLSequenceNode{image};sequenceNodeRef1:vtkMRMLSequenceNode{poses};"/>'
        for k, (image, poses) in enumerate(((1, 4), (3, 2)))
    ]
    by_browser = read_scene_sweeps(bundle(tmp_path / "crossed.mrb", scene([*nodes, *crossed]), files))
    assert [at(sweep, 0, 0, 0)[2] for sweep in by_browser] == pytest.approx([100.0, 0.0])


def test_a_scene_whose_file_says_another_calibration_takes_the_file_aloud(tmp_path: Path) -> None:
    nodes, files = scene_files(tmp_path)
    nodes[-1] = nodes[-1].replace('hideFromEditors="false"', 'references="storage:vtkMRMLStorageNode9;"')
    nodes.append(storage_node(9, "ImageToProbe.tfm"))
    files["ImageToProbe.tfm"] = calibration(tmp_path / "ImageToProbe.tfm", 0.4)
    with pytest.warns(InputWarning, match="the file was taken"):
        (sweep,) = read_scene_sweeps(bundle(tmp_path / "leg.mrb", scene(nodes), files))
    assert at(sweep, 0, 1, 0) == pytest.approx([0.4, 0.0, 0.0])


def test_a_bundle_renamed_zip_is_a_scene_and_other_zips_are_not(tmp_path: Path) -> None:
    nodes, files = scene_files(tmp_path)
    path = bundle(tmp_path / "leg.zip", scene(nodes), files)
    assert kind_of(path) == "slicer-scene"
    assert at(open_sweep(path), 1, 1, 0) == pytest.approx([0.8, 0.0, 10.0])
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "see leg.mrml")
    with pytest.raises(InputError):
        kind_of(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_scene_beside_its_folder_of_data_is_read_and_no_further(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "study/Data").mkdir(parents=True)
    (tmp_path / "study/Scene").mkdir()
    nodes, _ = scene_files(tmp_path / "study/Data")
    path = tmp_path / "study/Scene/leg.mrml"
    path.write_bytes(scene(nodes).replace("elsewhere/", "../Data/").encode(encoding))
    assert kind_of(path) == "slicer-scene"
    assert at(open_sweep(path), 1, 1, 0) == pytest.approx([0.8, 0.0, 10.0])
    (tmp_path / "study/Data").rename(tmp_path / "Data")
    path.write_bytes(scene(nodes).replace("elsewhere/", "../../Data/").encode(encoding))
    with pytest.raises(InputError, match="not read for safety, as it leads out of study"):
        open_sweep(path)


def test_a_file_that_has_the_name_of_a_node_and_not_of_its_file_is_said(tmp_path: Path) -> None:
    nodes, files = scene_files(tmp_path)
    text = scene(nodes).replace("elsewhere/Image.seq.nrrd", "elsewhere/other.seq.nrrd")
    with pytest.warns(InputWarning, match=r"other\.seq\.nrrd, the file of Image, is not there; Image\.seq\.nrrd"):
        open_sweep(bundle(tmp_path / "leg.mrb", text, files))


@pytest.mark.parametrize("what", ["no images", "no file", "outside", "no scene", "not xml"])
def test_scenes_that_cannot_be_used_are_refused(tmp_path: Path, what: str) -> None:
    nodes, files = scene_files(tmp_path)
    text = scene(nodes)
    if what == "no images":
        text = scene(nodes[2:])
    if what == "no file":
        files.pop("Image.seq.nrrd")
    if what == "outside":
        text = text.replace("elsewhere/Image.seq.nrrd", "../../Image.seq.nrrd")
        files.pop("Image.seq.nrrd")
    if what == "not xml":
        text = text.replace("</MRML>", "")
    path = bundle(tmp_path / "leg.mrb", text, files)
    if what == "no scene":
        path.write_bytes(b"PK\x03\x04 and nothing else")
    with pytest.raises(InputError, match="leads out of a bundle" if what == "outside" else None):
        read_scene_sweeps(path)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
@pytest.mark.filterwarnings("ignore")
def test_damaged_recordings_are_input_errors(tmp_path: Path, data: st.DataObject) -> None:
    images, poses, image_to_probe = recorded(tmp_path)
    victim = data.draw(st.sampled_from([images, poses, image_to_probe]))
    raw = bytearray(victim.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at_byte = data.draw(st.integers(0, len(raw) - 1))
        kind = data.draw(st.sampled_from(["replace", "cut", "insert"]))
        if kind == "replace":
            raw[at_byte] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del raw[at_byte : at_byte + data.draw(st.integers(1, 40))]
        else:
            raw[at_byte:at_byte] = data.draw(st.sampled_from([b"nan", b"-1", b"1e999", b"\n", b"\0", b" 0 0", b"\xff"]))
        if not raw:
            break
    victim.write_bytes(bytes(raw))
    with contextlib.suppress(InputError):
        read_slicer_sequence(images, [poses], None, image_to_probe)


def test_every_part_is_recognised_and_joined_through_one_door(tmp_path: Path) -> None:
    images, poses, image_to_probe = recorded(tmp_path)
    (tmp_path / "scene").mkdir()
    nodes, files = scene_files(tmp_path / "scene", recordings=2)
    scene_path = bundle(tmp_path / "leg.mrb", scene(nodes), files)
    kinds = [kind_of(path) for path in (images, poses, image_to_probe, scene_path)]
    assert kinds == ["slicer-sequence", "transform-sequence", "transform", "slicer-scene"]
    with pytest.warns(InputWarning, match="a pixel measures"):
        (sweep,) = open_sweeps(images, TrackingFiles(poses=(poses,), calibration=image_to_probe))
    assert at(sweep, 1, 1, 0) == pytest.approx([0.8, 0.0, 10.0])
    assert len(open_sweeps(scene_path, TrackingFiles())) == 2
    for wrong in (lambda: open_sweep(poses), lambda: open_sweep(scene_path), lambda: open_volume(images)):
        with pytest.raises(InputError):
            wrong()


def test_a_plus_recording_takes_its_calibration_from_a_file_of_its_own(tmp_path: Path) -> None:
    path = sequence(tmp_path / "a.igs.mha", [tracked(moved(0, 0, z), IDENTITY) for z in (0, 5)])
    (sweep,) = open_sweeps(path, TrackingFiles(calibration=calibration(tmp_path / "c.tfm")))
    assert at(sweep, 1, 1, 0) == pytest.approx([0.8, 0.0, 5.0])
    with pytest.raises(InputError, match="holds its own transforms"):
        open_sweeps(path, TrackingFiles(poses=(path,)))
    other = read_plus_configuration(configuration(tmp_path / "plus.xml", ""))
    with pytest.raises(InputError, match="one transform ImageToProbe"):
        open_sweeps(path, TrackingFiles(other, calibration=tmp_path / "c.tfm"))


CASE = "cases/30-slicer-sequences"


@pytest.mark.realdata
@pytest.mark.filterwarnings("ignore::ifssnet.core.errors.InputWarning")
@pytest.mark.parametrize("way", ["named", "beside", "scene"])
def test_slicer_s_own_recording_is_that_of_plus(shared_data: Path, way: str) -> None:
    folder = shared_data / CASE
    whole = open_sweep(folder / "same.igs.mha", folder / "plus.xml")
    images = folder / "Image_Image.seq.nrrd"
    if way == "named":
        poses, reference = folder / "ProbeToTracker.seq.mha", folder / "ReferenceToTracker.seq.mha"
        found = read_slicer_sequence(images, [poses], reference, folder / "ImageToProbe.h5")
    elif way == "beside":
        found = read_slicer_sequence(images)
    else:
        (found,) = read_scene_sweeps(folder / "leg.mrb")
    assert np.array_equal(found.frames, whole.frames[::3])
    # 3D Slicer writes six digits of each number.
    assert np.abs(found.image_to_world - whole.image_to_world[::3]).max() < 1e-3


@pytest.mark.filterwarnings("ignore:.*a pixel measures")
@pytest.mark.parametrize(
    ("images", "poses", "words"),
    [
        ((0.0, 100.0, 200.0), (0.0, 0.1, 0.2), "1,000 times"),
        ((0.0, 0.1, 0.2), (0.0, 1e5, 2e5), "1,000,000 times"),
        ((5.0, 5.0, 5.0), (0.0, 0.1, 0.2), "no times that differ"),
        ((0.0, 0.1, 0.2), (7.0, 7.0, 7.0), "no times that differ"),
    ],
)
def test_clocks_that_count_otherwise_or_stand_still(
    tmp_path: Path, images: tuple[float, ...], poses: tuple[float, ...], words: str
) -> None:
    shown = image_sequence(tmp_path / "Image.seq.nrrd", times=images, unit="")
    moved = transform_sequence(tmp_path / "Probe.seq.mha", STEPS, poses)
    with pytest.warns(InputWarning, match=words):
        sweep = read_slicer_sequence(shown, [moved], None, calibration(tmp_path / "ImageToProbe.tfm"))
    assert [at(sweep, k, 0, 0)[2] for k in range(3)] == pytest.approx([0.0, 10.0, 20.0])


@pytest.mark.filterwarnings("ignore:.*a pixel measures")
@pytest.mark.parametrize(("unit", "factor"), [("msec", 1e3), ("Milliseconds", 1e3), ("µs", 1e6), ("nanoseconds", 1e9)])
@pytest.mark.parametrize("list_first", [False, True])
def test_times_in_every_spelling_of_a_unit_beside_lengths(tmp_path: Path, unit: str, factor: float, list_first: bool) -> None:
    times = [k * 0.1 * factor for k in range(3)]
    images = image_sequence(tmp_path / "Image.seq.nrrd", times=times, unit=unit, list_first=list_first)
    images.write_bytes(images.read_bytes().replace(b'""', b'"mm"'))
    poses = transform_sequence(tmp_path / "Probe.seq.mha", STEPS)
    sweep = read_slicer_sequence(images, [poses], None, calibration(tmp_path / "ImageToProbe.tfm"))
    assert sweep.timestamps_s.tolist() == pytest.approx([0.0, 0.1, 0.2])
    assert sweep.valid.all()


@pytest.mark.filterwarnings("ignore:.*a pixel measures")
@pytest.mark.parametrize(
    ("name", "pose"),
    [
        ("ImageToProbe_2023-05-01", "ProbeToTracker-Sequence"),
        ("ImageToProbe (1)", "leg 2-ProbeToTracker-Seq"),
        ("image_to_probe-new", "PlusServer_ProbeToTracker_1"),
        ("imageToProbe", "probeToTracker"),
        ("leg_ImageToProbe", "ProbeToWorld"),
        ("ProbeToImage", "ProbeToOptiTrack"),
    ],
)
def test_names_with_more_around_them(tmp_path: Path, name: str, pose: str) -> None:
    images = image_sequence(tmp_path / "Image.seq.nrrd")
    poses = transform_sequence(tmp_path / "p.seq.mha", STEPS, name=pose)
    # From the probe to the image, the file says what it says otherwise of the inverse.
    calibration(tmp_path / f"{name}.tfm", 1.25 if name.startswith("Probe") else 0.8)
    sweep = read_slicer_sequence(images, [poses])
    assert at(sweep, 1, 1, 1) == pytest.approx([0.8, 0.8, 10.0])
    assert sweep.pixel_spacing_uv_mm == pytest.approx((0.8, 0.8))
    by_another_name = pose.endswith(("World", "OptiTrack"))
    assert [f"lead to {pose[7:]}" in each.text for each in sweep.findings] == [True] * by_another_name


@pytest.mark.parametrize(
    "content",
    [
        "0,8 0 0 0\r\n0 0,8 0 0\r\n0 0 1 0\r\n0 0 0 1\r\n".encode("utf-16"),
        b"\xef\xbb\xbf[0.8, 0, 0, 0; 0, 0.8, 0, 0; 0, 0, 1, 0; 0, 0, 0, 1]",
        b"# image to probe\n0.8 0 0 0\n0 0.8 0 0\n0 0 1 0\n0 0 0 1\n",
        b"\xef\xbb\xbf#Insight Transform File V1.0\r\n#Transform 0\r\nTransform: AffineTransform_double_3_3\r\n"
        b"Parameters: 1.25 0 0 0 1.25 0 0 0 1 0 0 0\r\nFixedParameters: 0 0 0\r\n",
    ],
)
def test_a_transform_as_editors_leave_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.txt").write_bytes(content)
    assert read_linear_transform(tmp_path / "x.txt").ravel() == pytest.approx(np.diag([0.8, 0.8, 1, 1]).ravel())


def test_twelve_numbers_are_told_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("0.8 0 0 0\n0 0.8 0 0\n0 0 1 0\n", encoding="utf-8")
    with pytest.raises(InputError, match="twelve"):
        read_linear_transform(tmp_path / "x.txt")


def test_transforms_of_any_name_count_where_the_scene_nests_them(tmp_path: Path) -> None:
    files = {
        "US.seq.nrrd": image_sequence(tmp_path / "US.seq.nrrd"),
        "T.seq.mha": transform_sequence(tmp_path / "T.seq.mha", STEPS, name="Tracking"),
    }
    matrix = 'matrixTransformToParent="0.8 0 0 0  0 0.8 0 0  0 0 1 5  0 0 0 1"'
    nodes = [
        sequence_node(1, "US-Sequence", "ScalarVolume"), storage_node(1, "US.seq.nrrd"),
        sequence_node(2, "Tracking-Sequence", "LinearTransform"), storage_node(2, "T.seq.mha"),
        '<Volume id="V" name="US" references="display:D;transform:C;"/>',
        f'<LinearTransform id="C" name="Calibration" transformNodeRef="P" {matrix}/>',
        '<LinearTransform id="P" name="Tracking" matrixTransformToParent="1 0 0 9 0 1 0 9 0 0 1 9 0 0 0 1"/>',
        '<SequenceBrowser id="B" references="dataNodeRef0:V;dataNodeRef1:P;'
        'sequenceNodeRef0:vtkMRMLSequenceNode1;sequenceNodeRef1:vtkMRMLSequenceNode2;"/>',
    ]  # fmt: skip
    (sweep,) = read_scene_sweeps(bundle(tmp_path / "leg.mrb", scene(nodes), files))
    assert at(sweep, 1, 1, 0) == pytest.approx([0.8, 0.0, 15.0])
    assert sweep.header["ReferenceCoordinateFrame"] == "Scene"
    flat = [each.replace("transform:C;", "") for each in nodes]
    with pytest.raises(InputError, match="names such as ProbeToTracker"):
        read_scene_sweeps(bundle(tmp_path / "flat.mrb", scene(flat), files))


def test_of_two_calibrations_in_a_scene_the_one_of_the_plain_name_counts_aloud(tmp_path: Path) -> None:
    nodes, files = scene_files(tmp_path)
    other = (
        nodes[-1].replace("TransformNode1", "TransformNode2").replace("ImageToProbe", "ImageToProbe_1").replace("0.8", "0.7")
    )
    with pytest.warns(InputWarning, match="ImageToProbe was taken"):
        (sweep,) = read_scene_sweeps(bundle(tmp_path / "leg.mrb", scene([other, *nodes]), files))
    assert sweep.pixel_spacing_uv_mm == pytest.approx((0.8, 0.8))
    twin = other.replace("TransformNode2", "TransformNode3").replace("0.7", "0.6")
    with pytest.raises(InputError, match="two that differ"):
        read_scene_sweeps(bundle(tmp_path / "two.mrb", scene([other, twin, *nodes[:-1]]), files))


def test_endless_names_and_chains_take_no_time() -> None:
    before = time.process_time()
    for name in ("A" + " " * 900_000 + "Transform", "a_to_" * 180_000, "ToA" * 300_000):
        assert named_frames(name) is None
    assert len(chain_above("0", {str(k): str(k + 1) for k in range(50_000)})) == 50_000
    assert time.process_time() - before < 2

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sequence_files import IDENTITY, PIXELS, at, configuration, moved, sequence, tracked

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.open import open_sweep
from ifssnet.io.sweeps.sequence import read_sequence


def test_the_chain_from_image_to_reference_by_hand(tmp_path: Path):
    # Image to probe: pixel (3, 2) is at (0.6, 0.2, 0). The probe is turned by 90 degrees about z and moved by (10, 0, 0):
    # (-0.2 + 10, 0.6, 0) in the tracker. The reference lies at (1, 2, 3) in the tracker, so from it: (8.8, -1.4, -3).
    probe = "0 -1 0 10 1 0 0 0 0 0 1 0 0 0 0 1"
    path = sequence(tmp_path / "a.igs.mha", [tracked(probe, moved(1, 2, 3), 0.5), tracked(IDENTITY, IDENTITY, 0.75)])
    sweep = open_sweep(path, configuration(tmp_path / "c.xml", ""))
    np.testing.assert_array_equal(sweep.frames, PIXELS)
    assert at(sweep, 0, 3, 2) == pytest.approx([8.8, -1.4, -3])
    assert at(sweep, 1, 3, 2) == pytest.approx([0.6, 0.2, 0])
    assert sweep.timestamps_s.tolist() == [0.5, 0.75]
    assert sweep.pixel_spacing_uv_mm == pytest.approx((0.2, 0.1))
    assert sweep.header["ReferenceCoordinateFrame"] == "Reference"


def test_without_a_reference_the_tracker_is_the_world(tmp_path: Path):
    told = {"ProbeToTrackerTransform": moved(5, 0, 0)}
    sweep = open_sweep(sequence(tmp_path / "a.mha", [told, told]), configuration(tmp_path / "c.xml", ""))
    assert at(sweep, 0, 0, 0) == pytest.approx([5, 0, 0])
    assert sweep.header["ReferenceCoordinateFrame"] == "Tracker"


def test_the_configuration_names_the_frames(tmp_path: Path):
    frames = '<VolumeReconstruction ImageCoordinateFrame="Picture" ReferenceCoordinateFrame="Bed" OutputSpacing="1 1 1"/>'
    xml = configuration(tmp_path / "c.xml", frames)
    told = {"PictureToBedTransform": moved(1, 2, 3), "ProbeToTrackerTransform": IDENTITY}
    sweep = open_sweep(sequence(tmp_path / "a.mha", [told, told]), xml)
    assert at(sweep, 1, 0, 0) == pytest.approx([1, 2, 3])
    with pytest.raises(InputError, match="Picture to Bed"):
        open_sweep(sequence(tmp_path / "b.mha", [tracked(IDENTITY, IDENTITY)] * 2), xml)


def test_image_to_reference_needs_no_configuration(tmp_path: Path):
    told = {"ImageToReferenceTransform": moved(1, 2, 3), "ProbeToTrackerTransform": IDENTITY}
    assert at(open_sweep(sequence(tmp_path / "a.mha", [told, told])), 0, 1, 1) == pytest.approx([2, 3, 3])


def test_a_transform_known_the_other_way_round_is_turned(tmp_path: Path):
    told = {"ReferenceToImageTransform": moved(1, 2, 3)}
    assert at(open_sweep(sequence(tmp_path / "a.mha", [told, told])), 0, 0, 0) == pytest.approx([-1, -2, -3])


def test_names_with_to_in_them(tmp_path: Path):
    told = {"ImageToToolTransform": moved(1, 0, 0), "ToolToTrackerTransform": moved(0, 1, 0)}
    assert at(open_sweep(sequence(tmp_path / "a.mha", [told, told])), 0, 0, 0) == pytest.approx([1, 1, 0])


@pytest.mark.parametrize("tool", ["Transducer", "USProbe", "ScanHead", "Stylus", "Probe2"])
def test_two_names_of_one_probe_are_joined_and_other_tools_are_not(tmp_path: Path, tool: str):
    told = {f"{tool}ToTrackerTransform": moved(5, 0, 0), "ReferenceToTrackerTransform": moved(1, 0, 0)}
    path, calibration = sequence(tmp_path / "a.mha", [told, told]), configuration(tmp_path / "c.xml", "")
    if tool in ("Stylus", "Probe2"):
        with pytest.raises(InputError, match=f"{tool}ToTracker.*joins Probe to {tool}:"):
            open_sweep(path, calibration)
        return
    sweep = open_sweep(path, calibration)
    assert at(sweep, 0, 1, 0) == pytest.approx([4.2, 0, 0])
    assert [f"leads to Probe and the tracker follows {tool}" in each.text for each in sweep.findings] == [True]


def test_two_names_of_one_probe_that_are_both_tracked_are_refused(tmp_path: Path):
    told = {"TransducerToTrackerTransform": IDENTITY, "ScanheadToTrackerTransform": moved(1, 0, 0)}
    with pytest.raises(InputError, match="joins Probe to Scanhead or Transducer:"):
        open_sweep(sequence(tmp_path / "a.mha", [told, told]), configuration(tmp_path / "c.xml", ""))


@pytest.mark.parametrize("other", [IDENTITY, moved(0, 2, 0)])
def test_two_chains_from_one_image_must_agree(tmp_path: Path, other: str):
    told = {"ImageToProbeTransform": IDENTITY, "ProbeToTrackerTransform": moved(1, 2, 0)}
    told |= {"ImageToTransducerTransform": other, "TransducerToTrackerTransform": moved(1, 0, 0)}
    path = sequence(tmp_path / "a.mha", [told, told])
    if other != IDENTITY:
        assert at(open_sweep(path), 0, 0, 0) == pytest.approx([1, 2, 0])
        return
    with pytest.raises(InputError, match="Image - Probe - Tracker and Image - Transducer - Tracker"):
        open_sweep(path)


def test_the_transform_that_is_missing_is_named(tmp_path: Path):
    path = sequence(tmp_path / "a.mha", [tracked(IDENTITY, IDENTITY)] * 2)
    with pytest.raises(InputError, match=r"ProbeToTracker.*ImageToProbe.*--config"):
        open_sweep(path)


def test_invalid_poses_and_images_are_counted(tmp_path: Path):
    told = [tracked(IDENTITY, IDENTITY, i) for i in range(4)]
    told[1]["ProbeToTrackerTransformStatus"] = "INVALID"
    told[2]["ImageStatus"] = "INVALID"
    told[0]["StylusToTrackerTransformStatus"] = "INVALID"  # nobody needs the stylus
    path = sequence(tmp_path / "a.mha", told, pixels=np.zeros((4, 3, 4), np.uint8))
    with pytest.warns(InputWarning, match=r"2 of 4 frames are left out \(1 poses and 1 images"):
        sweep = open_sweep(path, configuration(tmp_path / "c.xml", ""))
    assert sweep.valid.tolist() == [True, False, False, True]


def test_a_frame_without_transform_is_invalid(tmp_path: Path):
    path = sequence(tmp_path / "a.mha", [{"ImageToReferenceTransform": IDENTITY}])
    with pytest.warns(InputWarning, match="1 of 2"):
        assert open_sweep(path).valid.tolist() == [True, False]


def test_no_valid_frame_at_all(tmp_path: Path):
    told = {"ImageToReferenceTransform": IDENTITY, "ImageToReferenceTransformStatus": "INVALID"}
    with pytest.raises(InputError, match=r"none of 2 \(ImageToReference is INVALID in 2\)"):
        open_sweep(sequence(tmp_path / "a.mha", [told, told]))


@pytest.mark.parametrize(
    ("orientation", "rows", "columns"),
    [("MF", 1, 1), ("MFA", 1, 1), ("UF", 1, -1), ("MN", -1, 1), ("UN", -1, -1), ("UND", -1, -1)],
)
def test_other_orientations_are_turned_to_mf_and_poses_stay(tmp_path: Path, orientation: str, rows: int, columns: int):
    told = {"ImageToReferenceTransform": moved(1, 2, 3)}
    sweep = open_sweep(sequence(tmp_path / "a.mha", [told, told], {"UltrasoundImageOrientation": orientation}))
    np.testing.assert_array_equal(sweep.frames, PIXELS[:, ::rows, ::columns])
    assert at(sweep, 0, 0, 0) == pytest.approx([1, 2, 3])


def test_an_orientation_that_cannot_be_used_is_said(tmp_path: Path):
    told = {"ImageToReferenceTransform": IDENTITY}
    with pytest.raises(InputError, match="FM in"):
        open_sweep(sequence(tmp_path / "a.mha", [told, told], {"UltrasoundImageOrientation": "FM"}))


def test_four_axes_and_colour(tmp_path: Path):
    told = {"ImageToReferenceTransform": IDENTITY, "Timestamp": "1"}
    flat = sequence(tmp_path / "a.mha", [told, told], pixels=PIXELS.reshape(2, 1, 3, 4), packed=True)
    np.testing.assert_array_equal(open_sweep(flat).frames, PIXELS)
    # Red 100, green 200, blue 50: 0.299 x 100 + 0.587 x 200 + 0.114 x 50 = 153.
    colour = np.broadcast_to(np.array([100, 200, 50], np.uint8), (2, 3, 4, 3))
    path = sequence(
        tmp_path / "b.mha", [told, told], {"ElementNumberOfChannels": "3", "NDims": "3", "DimSize": "4 3 2"}, colour
    )
    with pytest.warns(InputWarning, match="colour"):
        assert (open_sweep(path).frames == 153).all()


def test_the_list_of_frames_may_be_any_axis(tmp_path: Path):
    # 3D Slicer's order: the frame's index runs fastest, then u, v and a third axis of one.
    header = ["NRRD0005", "type: uint8", "dimension: 4", "sizes: 2 4 3 1", "kinds: list domain domain domain", "encoding: raw"]
    told = [f"Seq_Frame{i:04d}_ImageToReferenceTransform:={moved(i, 0, 0)}" for i in range(2)]
    times = [f"Seq_Frame{i:04d}_Timestamp:={i}" for i in range(2)]
    pixels = np.ascontiguousarray(np.moveaxis(PIXELS, 0, -1)).tobytes()
    (tmp_path / "a.seq.nrrd").write_bytes("\n".join([*header, *told, *times, "", ""]).encode() + pixels)
    sweep = open_sweep(tmp_path / "a.seq.nrrd")
    np.testing.assert_array_equal(sweep.frames, PIXELS)
    assert at(sweep, 1, 0, 0) == pytest.approx([1, 0, 0])


def test_no_sequence_and_no_sweep(tmp_path: Path):
    with pytest.raises(InputError, match="Seq_Frame0000"):
        open_sweep(sequence(tmp_path / "a.mha", []))
    (tmp_path / "b.txt").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="none of these"):
        open_sweep(tmp_path / "b.txt")
    (tmp_path / "c.stl").write_bytes(b"solid a\nfacet normal 0 0 1\n")
    with pytest.raises(InputError, match="which is a surface"):
        open_sweep(tmp_path / "c.stl")
    with pytest.raises(InputError, match="a file"):
        open_sweep(tmp_path / "missing.mha")


def test_missing_times_are_told(tmp_path: Path):
    told = {"ImageToReferenceTransform": IDENTITY}
    with pytest.warns(InputWarning, match="no timestamps") as caught:
        sweep = open_sweep(sequence(tmp_path / "a.mha", [told] * 2, timed=False))
    assert sweep.timestamps_s.tolist() == [0, 1]
    assert len(caught) == 1


def test_a_configuration_belongs_to_a_sequence(tmp_path: Path):
    (tmp_path / "a.sw").write_text("RES_BUF_FRAMES 1\n", encoding="utf-8")
    with pytest.raises(InputError, match="own calibration"):
        open_sweep(tmp_path / "a.sw", configuration(tmp_path / "c.xml", ""))


SWEEPS = {
    "SpinePhantomFreehand": ("PlusDeviceSet_VolumeReconstructionOnly_SpinePhantom_NN_MEAN", 21, 215.102186),
    "NwirePhantomFreehand": ("PlusDeviceSet_NwirePhantomFreehand_vtkVolumeReconstructorTest2", 97, 345.627957),
    "BoneUltrasound_L14": ("BoneUltrasound_L14_config", 21, 232.542071),
}


@pytest.mark.realdata
@pytest.mark.parametrize("name", list(SWEEPS))
def test_real_sweeps(shared_data: Path, name: str):
    xml, count, start = SWEEPS[name]
    sweep = open_sweep(
        shared_data / "plus" / "TestImages" / f"{name}.igs.mha", shared_data / "plus" / "ConfigFiles" / "Testing" / f"{xml}.xml"
    )
    assert sweep.frames.shape == (count, 616, 820)
    assert sweep.frames.dtype == np.uint8
    assert sweep.valid.all()
    assert sweep.timestamps_s[0] == start
    assert (np.diff(sweep.timestamps_s) > 0).all()
    assert 0.07 < min(sweep.pixel_spacing_uv_mm) < max(sweep.pixel_spacing_uv_mm) < 0.09


@pytest.mark.realdata
def test_the_spine_phantoms_first_pixel_lies_where_the_formula_says(shared_data: Path):
    # inverse(ReferenceToTracker) . ProbeToTracker . (15.3978, 49.5705, -8.63446): with the numbers of frame 0, the probe's
    # point in the tracker is (225.1197, -100.3379, -25.1003); less the reference's (264.096, 93.8733, 3.0506), along its axes.
    probe = np.array([(0.231245, 0.951424, -0.203269), (-0.127436, -0.17751, -0.975833), (-0.964513, 0.25156, 0.0801977)])
    axes = np.array([(0.949536, -0.208383, 0.234431), (-0.195717, -0.977686, -0.076326), (0.245105, 0.0265923, -0.969132)])
    point = probe @ (15.3978, 49.5705, -8.63446) + (172.641, -98.0022, -22.0262)
    expected = np.linalg.solve(axes, point - (264.096, 93.8733, 3.0506))
    testing = shared_data / "plus" / "ConfigFiles" / "Testing"
    sweep = open_sweep(
        shared_data / "plus" / "TestImages" / "SpinePhantomFreehand.igs.mha",
        testing / "PlusDeviceSet_SpinePhantomFreehandReconstructionOnly.xml",
    )
    np.testing.assert_allclose(sweep.image_to_world[0, :3, 3], expected, atol=1e-9)
    np.testing.assert_allclose(expected, (-5.89927, 197.25095, 32.96775), atol=1e-4)


def test_reading_takes_the_graph_not_a_fixed_chain(tmp_path: Path):
    # A stylus carries the probe: image - probe - stylus - tracker - reference, none of it the usual chain.
    told = {
        "ImageToProbeTransform": moved(1, 0, 0),
        "StylusToProbeTransform": moved(0, 1, 0),
        "StylusToTrackerTransform": moved(0, 0, 1),
        "TrackerToReferenceTransform": moved(10, 10, 10),
    }
    assert at(read_sequence(sequence(tmp_path / "a.mha", [told, told])), 0, 0, 0) == pytest.approx([11, 9, 11])


@pytest.mark.parametrize("level", [np.nan, np.inf])
def test_levels_that_are_no_numbers_are_refused(tmp_path: Path, level: float):
    pixels = PIXELS.astype("<f4")
    pixels[1, 0, 0] = level
    told = {"ImageToReferenceTransform": IDENTITY}
    path = sequence(tmp_path / "a.igs.mha", [told, told], pixels=pixels)
    path.write_bytes(path.read_bytes().replace(b"MET_UCHAR", b"MET_FLOAT"))
    with pytest.raises(InputError, match="1 pixels that are NaN or infinite"):
        open_sweep(path)

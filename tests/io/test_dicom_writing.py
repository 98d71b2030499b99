"""DICOM objects that we write: read back to the voxel, refer to their source, hold codes, and lose the patient when asked."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.sequence import Sequence

from dicom_files import as_bytes, image, region
from ifssnet.cli.main import main
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.io.open import open_label_layers, open_labels, open_volume
from ifssnet.io.save import save
from ifssnet.io.volumes.dicom_writing.codes import all_codes, coded
from ifssnet.io.volumes.dicom_writing.deidentify import deidentify_dicom
from ifssnet.io.volumes.dicom_writing.enhanced_us import write_dicom_volume
from ifssnet.io.volumes.dicom_writing.segmentation import SegmentationKind, SegmentationOptions, write_dicom_segmentation
from ifssnet.io.volumes.dicom_writing.source_series import source_series
from ifssnet.workflow.leg.conversion import convert
from ifssnet.workflow.leg.dicom_files import DicomTarget
from ifssnet.workflow.leg.measure_files import measure_files

COS, SIN = float(np.cos(0.3)), float(np.sin(0.3))
TILTED = ((COS, -SIN, 0.0), (SIN, COS, 0.0), (0.0, 0.0, 1.0))
GRID = Grid((5, 6, 8), (0.277, 0.31, 1.7), (5.0, -3.0, 7.25), TILTED)
NAMES = {1: "Soleus left", 2: "GM left", 7: "cyst"}


def labels() -> LabelMap:
    """Two muscles and something else; first and last slice are empty."""
    array = np.zeros(GRID.shape_zyx, dtype=np.uint8)
    array[1:4, 1:4, 1:4], array[2:4, 4:6, 2:7], array[3, 1, 6] = 1, 2, 7
    return LabelMap(array, GRID, NAMES, {1: (126, 87, 194)})


def volume() -> Volume:
    return Volume(np.arange(240, dtype=np.uint8).reshape(GRID.shape_zyx), GRID)


@pytest.fixture
def loop(tmp_path: Path) -> Path:
    """An ultrasound loop of a person, as a scanner writes it."""
    data = image(volume().array, SequenceOfUltrasoundRegions=Sequence([region(0.02, 0.03)]), SpacingBetweenSlices=0.5)
    data.StudyInstanceUID, data.SeriesInstanceUID, data.PatientID = "1.2.3", "1.2.3.4", "4711"
    data.StudyDate = "20260102"
    path = tmp_path / "loop.dcm"
    path.write_bytes(as_bytes(data))
    return path


@pytest.mark.parametrize("kind", ["binary", "fractional", "labelmap"])
def test_a_segmentation_comes_back_to_the_voxel(tmp_path: Path, kind: SegmentationKind) -> None:
    pytest.importorskip("highdicom")
    write_dicom_segmentation([labels()], tmp_path / "x.dcm", SegmentationOptions(kind))
    read = open_labels(tmp_path / "x.dcm")
    assert read.grid.distance_from(GRID) < 1e-6
    assert list(read.names.values()) == ["Soleus left", "GM left", "cyst"]
    for value, name in read.names.items():
        known = next(number for number, called in NAMES.items() if called == name)
        np.testing.assert_array_equal(read.array == value, labels().array == known)
    assert read.colors[1] == (126, 87, 194)


def test_segments_that_overlap_stay_whole(tmp_path: Path) -> None:
    pytest.importorskip("highdicom")
    whole = LabelMap((labels().array > 0).astype(np.uint8), GRID, {1: "leg"})
    write_dicom_segmentation([labels(), whole], tmp_path / "x.dcm", SegmentationOptions())
    sizes = {
        layer.names[v]: int((layer.array == v).sum()) for layer in open_label_layers(tmp_path / "x.dcm") for v in layer.names
    }
    assert sizes["leg"] == int((labels().array > 0).sum())
    assert sizes["Soleus left"] == 27
    with pytest.raises(InputError, match="do not overlap"):
        write_dicom_segmentation([labels(), whole], tmp_path / "y.dcm", SegmentationOptions("labelmap"))


def test_muscles_have_codes_with_their_side_and_other_things_have_none(tmp_path: Path) -> None:
    pytest.importorskip("highdicom")
    write_dicom_segmentation([labels()], tmp_path / "x.dcm", SegmentationOptions(algorithm="anchored", network=True))
    soleus, _, cyst = pydicom.dcmread(tmp_path / "x.dcm").SegmentSequence
    kind = soleus.SegmentedPropertyTypeCodeSequence[0]
    assert (kind.CodeValue, kind.CodingSchemeDesignator, kind.CodeMeaning) == ("181702007", "SCT", "Soleus muscle")
    assert kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeMeaning == "Left"
    assert (soleus.SegmentAlgorithmType, soleus.SegmentAlgorithmName) == ("SEMIAUTOMATIC", "anchored")
    assert cyst.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Anatomical Structure"
    assert coded("VHF_Right_Muscle_GastrocnemiusMedial_smooth").type.value == coded("GM").type.value == "213689008"


def has_check_digit(code: str) -> bool:
    """Verhoeff's check of the last digit, which every identifier of SNOMED CT has."""
    times = np.zeros((10, 10), dtype=np.int64)
    for i in range(10):
        for j in range(10):
            a, b = i % 5, j % 5
            times[i, j] = (
                (a + b) % 5 if i < 5 and j < 5
                else 5 + (a + b) % 5 if i < 5
                else 5 + (a - b) % 5 if j < 5
                else (a - b) % 5
            )  # fmt: skip
    turn = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
    check = 0
    for place, digit in enumerate(map(int, reversed(code))):
        for _ in range(place % 8):
            digit = turn[digit]
        check = int(times[check, digit])
    return check == 0


def test_every_code_is_one_of_snomed_ct() -> None:
    assert [code.value for code in all_codes().values() if not has_check_digit(code.value)] == []
    assert not has_check_digit("181702008")
    assert len({code.value for code in all_codes().values()}) == len(all_codes())


def test_a_segmentation_belongs_to_its_source_and_its_uids_are_derived(tmp_path: Path, loop: Path) -> None:
    pytest.importorskip("highdicom")
    for name in ("x.dcm", "again.dcm"):
        write_dicom_segmentation([labels()], tmp_path / name, SegmentationOptions(), source_series(loop))
    first, again = (pydicom.dcmread(tmp_path / name) for name in ("x.dcm", "again.dcm"))
    assert first.SOPInstanceUID == again.SOPInstanceUID
    assert (first.PatientID, first.StudyInstanceUID) == ("4711", "1.2.3")
    series = first.ReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == "1.2.3.4"
    assert series.ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == pydicom.dcmread(loop).SOPInstanceUID
    write_dicom_segmentation([labels()], tmp_path / "alone.dcm", SegmentationOptions())
    alone = pydicom.dcmread(tmp_path / "alone.dcm")
    assert "ReferencedSeriesSequence" not in alone
    assert not alone.PatientID


def test_a_series_of_slices_is_referred_to_slice_by_slice(tmp_path: Path) -> None:
    pytest.importorskip("highdicom")
    (tmp_path / "mr").mkdir()
    places = GRID.points_to_mm(np.array([[0, 0, k] for k in range(5)], dtype=np.float64))
    axes = np.asarray(GRID.direction)[:, :2].T.ravel().tolist()
    for k, place in enumerate(places.tolist()):
        one = image(volume().array[k : k + 1], "1.2.840.10008.5.1.4.1.1.4", ImagePositionPatient=place)
        one.ImageOrientationPatient, one.PixelSpacing, one.SliceThickness = axes, [0.31, 0.277], 1.7
        one.StudyInstanceUID, one.SeriesInstanceUID, one.FrameOfReferenceUID = "1.2.3", "1.2.3.5", "1.2.3.9"
        (tmp_path / "mr" / f"{k}.dcm").write_bytes(as_bytes(one))
    write_dicom_segmentation([labels()], tmp_path / "x.dcm", SegmentationOptions(), source_series(tmp_path / "mr"))
    data = pydicom.dcmread(tmp_path / "x.dcm")
    assert data.FrameOfReferenceUID == "1.2.3.9"
    assert len(data.ReferencedSeriesSequence[0].ReferencedInstanceSequence) == 5
    frame = data.PerFrameFunctionalGroupsSequence[0]
    assert frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPClassUID.endswith("1.4")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_volume_comes_back_with_its_place(tmp_path: Path, dtype: type) -> None:
    written = Volume(volume().array.astype(dtype) * (1 if dtype is np.uint8 else 257), GRID)
    write_dicom_volume(written, tmp_path / "v.dcm")
    read = open_volume(tmp_path / "v.dcm")
    np.testing.assert_array_equal(read.array, written.array)
    assert read.grid.distance_from(GRID) < 1e-6
    with pytest.raises(InputError, match="8 or 16 bits"):
        write_dicom_volume(Volume(volume().array.astype(np.float32), GRID), tmp_path / "w.dcm")


def test_convert_writes_both_and_measure_reports_the_volumes(tmp_path: Path, loop: Path) -> None:
    pytest.importorskip("highdicom")
    save(labels(), tmp_path / "leg.seg.nrrd")
    save(volume(), tmp_path / "leg.mha")
    drain(convert(tmp_path / "leg.mha", tmp_path / "leg.dcm", dicom=DicomTarget(source=loop)))
    drain(convert(tmp_path / "leg.seg.nrrd", tmp_path / "seg.dcm", dicom=DicomTarget(source=loop)))
    assert pydicom.dcmread(tmp_path / "leg.dcm").StudyInstanceUID == "1.2.3"
    found = measure_files(tmp_path / "seg.dcm", output=tmp_path / "sr.dcm")
    report = pydicom.dcmread(tmp_path / "sr.dcm")
    assert report.SOPClassUID.name == "Comprehensive 3D SR Storage"
    text = str(report)
    assert "(0040,A30A) Numeric Value" in text
    assert f"{found.measures.muscles['SOL'].volume_cm3:.4f}".rstrip("0") in text
    assert str(pydicom.dcmread(tmp_path / "seg.dcm").SOPInstanceUID) in text
    with pytest.raises(InputError, match="DICOM segmentation"):
        measure_files(tmp_path / "leg.seg.nrrd", output=tmp_path / "no.dcm")


def test_fractions_are_the_probabilities_that_are_given(tmp_path: Path) -> None:
    pytest.importorskip("highdicom")
    save(labels(), tmp_path / "leg.seg.nrrd")
    save(Volume(np.full(GRID.shape_zyx, 0.8, dtype=np.float32), GRID), tmp_path / "p.nrrd")
    how = DicomTarget("fractional", None, tmp_path / "p.nrrd")
    drain(convert(tmp_path / "leg.seg.nrrd", tmp_path / "f.dcm", dicom=how))
    data = pydicom.dcmread(tmp_path / "f.dcm")
    assert (data.SegmentationFractionalType, int(data.pixel_array.max())) == ("PROBABILITY", 204)
    with pytest.raises(InputError, match="grid of a fractional"):
        drain(convert(tmp_path / "leg.seg.nrrd", tmp_path / "g.dcm", dicom=DicomTarget("binary", None, tmp_path / "p.nrrd")))
    with pytest.raises(InputError, match=r"\.dcm file as output"):
        drain(convert(tmp_path / "leg.seg.nrrd", tmp_path / "g.nrrd", dicom=how))


def test_nothing_of_the_patient_stays_and_references_hold(tmp_path: Path, loop: Path) -> None:
    pytest.importorskip("highdicom")
    write_dicom_segmentation([labels()], tmp_path / "seg.dcm", SegmentationOptions(), source_series(loop))
    write_dicom_volume(volume(), tmp_path / "vol.dcm", source_series(loop))
    measure_files(tmp_path / "seg.dcm", output=tmp_path / "sr.dcm")
    for name in ("seg", "vol", "sr"):
        deidentify_dicom(tmp_path / f"{name}.dcm", tmp_path / f"{name}-free.dcm", "P01", "study7")
        content = (tmp_path / f"{name}-free.dcm").read_bytes()
        assert [word for word in (b"Doe", b"4711", b"20260102", b"1.2.3.4") if word in content] == []
    seg, report = (pydicom.dcmread(tmp_path / f"{name}-free.dcm") for name in ("seg", "sr"))
    assert (seg.PatientID, seg.PatientIdentityRemoved) == ("P01", "YES")
    assert str(seg.SOPInstanceUID) in str(report)
    assert seg.StudyInstanceUID == report.StudyInstanceUID != "1.2.3"
    np.testing.assert_array_equal(open_labels(tmp_path / "seg-free.dcm").array, open_labels(tmp_path / "seg.dcm").array)
    with pytest.raises(InputError, match="another program"):
        deidentify_dicom(loop, tmp_path / "no.dcm")


def test_commands_say_nothing_of_the_patient(tmp_path: Path, loop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(volume(), tmp_path / "leg.mha")
    for words in (
        ["convert", str(tmp_path / "leg.mha"), str(tmp_path / "v.dcm"), "--dicom-source", str(loop)],
        ["deidentify", str(tmp_path / "v.dcm"), str(tmp_path / "free.dcm"), "--subject", "P01", "--json"],
    ):
        with pytest.raises(SystemExit, match="0"):
            main(words)
    told = capsys.readouterr()
    assert "Enhanced US Volume Storage" in told.out
    assert not {"Doe", "4711"} & set((told.out + told.err).replace("^", " ").split())


@pytest.mark.slow
def test_an_independent_validator_finds_no_error(tmp_path: Path, loop: Path) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (Debian's dicom3tools) is not installed")
    pytest.importorskip("highdicom")
    kinds: tuple[SegmentationKind, ...] = ("binary", "fractional")
    for kind in kinds:
        write_dicom_segmentation([labels()], tmp_path / f"{kind}.dcm", SegmentationOptions(kind))
        write_dicom_segmentation([labels()], tmp_path / f"{kind}-of.dcm", SegmentationOptions(kind), source_series(loop))
    write_dicom_volume(volume(), tmp_path / "volume.dcm")
    write_dicom_volume(volume(), tmp_path / "volume-of.dcm", source_series(loop))
    measure_files(tmp_path / "binary-of.dcm", output=tmp_path / "report.dcm")
    written = [path for path in tmp_path.glob("*.dcm") if path != loop]
    for path in written:
        deidentify_dicom(path, path.with_suffix(".free"))
    for path in [*written, *tmp_path.glob("*.free")]:
        done = subprocess.run(["dciodvfy", str(path)], capture_output=True, encoding="utf-8", check=False)
        assert [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")] == [], path.name

"""The module's nodes, by 3D Slicer's own core: skipped where the package slicer-core is not installed."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IFSSNetLib import commands, nodes, tables
from IFSSNetLib.process import Work

import ifssnet

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

SHAPE = (24, 20, 18)
TAGS = "Segmentation category and type - 3D Slicer General Anatomy list~SCT^123037004^Anatomical Structure~SCT^45048000^Muscle"
DIRECTIONS = {
    "as is": np.diag([-0.5, -0.5, 2.0]),
    "left-handed": np.diag([0.5, -0.5, 2.0]),
    "permuted": np.array([[0, 0, 2.0], [0.5, 0, 0], [0, -0.5, 0]]),
    "oblique": np.array([[0.3, -0.4, 0], [0.4, 0.3, 0], [0, 0, 2.0]]),
}


@pytest.fixture
def slicer() -> Any:
    core = pytest.importorskip("slicer_core", reason="slicer-core is not installed")
    # 3D Slicer's own module of segmentations does this when it starts: copies of label maps are made by a rule's class.
    core.vtkSegmentationConverterFactory.GetInstance().RegisterConverterRule(
        core.vtkBinaryLabelmapToClosedSurfaceConversionRule()
    )
    return core


def matrix(values: np.ndarray) -> Any:
    return nodes._matrix(values)


def image_of(kind: Any, array: np.ndarray) -> Any:
    support = pytest.importorskip("vtk.util.numpy_support")
    image = kind()
    image.SetDimensions(*reversed(array.shape))
    image.GetPointData().SetScalars(support.numpy_to_vtk(array.ravel(), deep=True))
    return image


def geometry(turn: np.ndarray) -> np.ndarray:
    to_ras = np.eye(4)
    to_ras[:3, :3] = turn
    to_ras[:3, 3] = [11.0, -7.0, 30.0]
    return to_ras


def truth() -> np.ndarray:
    """Two muscles that do not overlap: cones along K."""
    z, y, x = np.indices(SHAPE)
    radius = 5.0 - np.abs(z - 12) / 4
    labels = np.zeros(SHAPE, np.uint8)
    labels[((y - 9) ** 2 + (x - 5) ** 2 < radius**2 / 2) & (z > 2) & (z < 22)] = 1
    labels[((y - 9) ** 2 + (x - 13) ** 2 < radius**2 / 2) & (z > 2) & (z < 22)] = 2
    return labels


def drawn() -> np.ndarray:
    labels = truth()
    seen = np.zeros(SHAPE, bool)
    seen[[3, 8, 13, 17, 21]] = True
    return np.where(seen, labels, 0).astype(np.uint8)


def scene_of(slicer: Any, to_ras: np.ndarray, labels: np.ndarray, first: int = 0) -> tuple[Any, Any, Any]:
    """A volume, and a segmentation cropped to what begins at slice `first`."""
    scene = slicer.vtkMRMLScene()
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "leg")
    vtk = pytest.importorskip("vtk")
    volume.SetAndObserveImageData(image_of(vtk.vtkImageData, (truth() * 60 + 20).astype(np.uint8)))
    volume.SetIJKToRASMatrix(matrix(to_ras))
    seeds = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "drawn")
    image = image_of(slicer.vtkOrientedImageData, labels[first:])
    shift = np.eye(4)
    shift[2, 3] = first
    image.SetImageToWorldMatrix(matrix(to_ras @ shift))
    for label, (name, colour) in enumerate([("SOL", (0.8, 0.1, 0.2)), ("Gastroc. médial", (0.1, 0.7, 0.3))], start=1):
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.SetColor(*colour)
        segment.SetTag("TerminologyEntry", TAGS + "~^^~Anatomic codes - DICOM master list~^^~^^")
        segment.AddRepresentation(nodes.LABELS, image)
        segment.SetLabelValue(label)
        seeds.GetSegmentation().AddSegment(segment)
    return scene, volume, seeds


def under(scene: Any, node: Any, values: np.ndarray) -> None:
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    transform.SetMatrixTransformToParent(matrix(values))
    node.SetAndObserveTransformNodeID(transform.GetID())


def written(volume: Any, seeds: Any, folder: Path, **chosen: Any) -> Any:
    nodes.write_volume(volume, folder / "volume.nrrd")
    nodes.write_seeds(seeds, volume, folder / "seeds.seg.nrrd", **chosen)
    return ifssnet.open_seeds(folder / "seeds.seg.nrrd", ifssnet.open_volume(folder / "volume.nrrd"))


def arrived(seeds: Any) -> np.ndarray:
    """The label map of what was read; the first muscle is 1."""
    labels = np.zeros(SHAPE, np.uint8)
    for number, label in enumerate(seeds.labels, start=1):
        for z, mask in seeds.masks[label].items():
            labels[z][mask] = number
    return labels


@pytest.mark.parametrize("turn", list(DIRECTIONS))
def test_what_is_drawn_arrives_where_it_is(slicer: Any, tmp_path: Path, turn: str) -> None:
    _, volume, seeds = scene_of(slicer, geometry(DIRECTIONS[turn]), drawn(), first=3)
    found = written(volume, seeds, tmp_path)
    assert np.array_equal(arrived(found), drawn())
    assert set(found.names.values()) == {"SOL", "Gastroc. médial"}
    grid = ifssnet.open_volume(tmp_path / "volume.nrrd").grid
    assert np.allclose(grid.spacing_xyz_mm, np.linalg.norm(DIRECTIONS[turn], axis=0))
    entries = nodes.drawn_slices(seeds, volume)
    assert [(e.axis, e.slices) for e in entries] == [(2, (3, 8, 13, 17, 21))] * 2


def test_transforms(slicer: Any, tmp_path: Path) -> None:
    scene, volume, seeds = scene_of(slicer, geometry(DIRECTIONS["as is"]), drawn())
    move = np.eye(4)
    move[:3, 3] = [0, 0, 4.0]
    under(scene, seeds, move)
    assert nodes.drawn_slices(seeds, volume)[0].slices == (5, 10, 15, 19, 23)
    assert np.array_equal(arrived(written(volume, seeds, tmp_path))[2:], drawn()[:-2])
    under(scene, volume, move)
    assert nodes.drawn_slices(seeds, volume)[0].slices == (3, 8, 13, 17, 21)
    under(scene, volume, np.diag([1.0, 1.0, 1.2, 1.0]))
    with pytest.raises(nodes.Refused, match="changes lengths"):
        nodes.write_volume(volume, tmp_path / "v.nrrd")


def test_a_bending_transform_is_refused(slicer: Any, tmp_path: Path) -> None:
    vtk = pytest.importorskip("vtk")
    scene, volume, seeds = scene_of(slicer, geometry(DIRECTIONS["as is"]), drawn())
    bent = scene.AddNewNodeByClass("vtkMRMLTransformNode", "bent")
    bent.SetAndObserveTransformToParent(vtk.vtkThinPlateSplineTransform())
    seeds.SetAndObserveTransformNodeID(bent.GetID())
    with pytest.raises(nodes.Refused, match="bends it"):
        nodes.write_seeds(seeds, volume, tmp_path / "s.seg.nrrd")


def test_unticked_slices_do_not_count_and_the_node_stays(slicer: Any, tmp_path: Path) -> None:
    _, volume, seeds = scene_of(slicer, geometry(DIRECTIONS["as is"]), drawn())
    found = written(volume, seeds, tmp_path, leave_out=[8, 17])
    assert np.flatnonzero(arrived(found).any((1, 2))).tolist() == [3, 13, 21]
    assert nodes.drawn_slices(seeds, volume)[0].slices == (3, 8, 13, 17, 21)


def test_nothing_drawn_is_refused(slicer: Any, tmp_path: Path) -> None:
    _, volume, seeds = scene_of(slicer, geometry(DIRECTIONS["as is"]), np.zeros(SHAPE, np.uint8))
    with pytest.raises(nodes.Refused, match="Nothing is drawn"):
        nodes.write_seeds(seeds, volume, tmp_path / "s.seg.nrrd")


def segmented(volume: Any, seeds: Any, folder: Path, corrections: tuple[Path, ...] = ()) -> tuple[Any, Any]:
    written(volume, seeds, folder)
    output = folder / "result.seg.nrrd"
    words = (folder / "volume.nrrd", folder / "seeds.seg.nrrd", output, "shape-interpolation", corrections)
    work = Work(
        [commands.segment(sys.executable, *words), commands.measure(sys.executable, output, folder / "volume.nrrd")], os.environ
    )
    while not work.poll():
        time.sleep(0.05)
    assert not work.failed, work.said
    answers = work.answers()
    return answers[0], answers[1]


def test_from_drawn_slices_to_tables_and_again_after_a_correction(slicer: Any, tmp_path: Path) -> None:
    scene, volume, seeds = scene_of(slicer, geometry(DIRECTIONS["left-handed"]), drawn())
    answer, measured = segmented(volume, seeds, tmp_path)
    result = nodes.load_result(scene, tmp_path / "result.seg.nrrd", volume, "result", answer)
    held = result.GetSegmentation()
    assert [held.GetNthSegment(n).GetName() for n in range(2)] == ["SOL", "Gastroc. médial"]
    assert np.allclose(held.GetNthSegment(0).GetColor(), (0.8, 0.1, 0.2), atol=0.01)
    assert "45048000" in nodes_tag(slicer, held.GetNthSegment(0))
    assert json.loads(result.GetAttribute(nodes.PROVENANCE))["provenance"]["method"]["name"] == "shape-interpolation"
    assert (nodes.drawn_slices(result, volume)[0].axis, nodes.drawn_slices(result, volume)[0].slices) == (
        2,
        tuple(range(3, 22)),
    )

    columns, rows = tables.volume_rows(measured)
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", "volumes")
    tables.fill(table, columns, rows)
    # A voxel is 0.5 x 0.5 x 2 mm.
    voxels = len(nodes._places(held.GetNthSegment(0), nodes._to_index(held.GetNthSegment(0), result, volume))[0])
    assert table.GetTable().GetValueByName(0, "Volume (cm3)").ToDouble() == pytest.approx(voxels * 0.5e-3)
    columns, rows = tables.profile_rows(measured)
    tables.fill(table, columns, rows)
    assert tables.plot(scene, table, columns, "chart").GetNumberOfPlotSeriesNodes() == 2

    before = nodes.marks(result, volume, 2)
    segment = held.GetNthSegment(0)
    image = segment.GetRepresentation(nodes.LABELS)
    voxels_of = nodes._voxels(image)
    first = image.GetExtent()
    assert voxels_of is not None
    voxels_of[10 - first[4], 9 - first[2], 9 - first[0]] = segment.GetLabelValue()
    wanted = nodes.marks(result, volume, 2)
    edited = nodes.changed(before, wanted)
    assert edited == {held.GetNthSegmentID(0): [10]}
    path = tmp_path / "corrections.seg.nrrd"
    nodes.write_seeds(result, volume, path, only=edited, axis=2)
    segmented(volume, seeds, tmp_path, (path,))
    again = nodes.load_result(scene, tmp_path / "result.seg.nrrd", volume, "result", answer, result)
    assert again.GetID() == result.GetID()
    kept = nodes.marks(again, volume, 2)
    assert next(iter(kept.values()))[10] == next(iter(wanted.values()))[10]


def nodes_tag(slicer: Any, segment: Any) -> str:
    vtk = pytest.importorskip("vtk")
    value = vtk.reference("")
    segment.GetTag("TerminologyEntry", value)
    return str(value)

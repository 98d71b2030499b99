"""Our readers against files that 3D Slicer's own core wrote: skipped where the package slicer-core is not installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ifssnet.io.sweeps.linear_transform import read_linear_transform
from ifssnet.io.sweeps.slicer_sequence import read_image_sequence, read_slicer_sequence, read_transform_sequences

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

MATRICES = [
    np.array([[0.9, -0.1, 0.2, 10.0 * k], [0.1, 0.95, -0.3, -5.0], [0.05, 0.2, 0.9, 3.0 * k], [0, 0, 0, 1.0]]) for k in range(4)
]
FRAMES = np.random.default_rng(1).integers(0, 255, (4, 6, 5), dtype=np.uint8)


@pytest.fixture
def slicer() -> Any:
    return pytest.importorskip("slicer_core", reason="slicer-core is not installed")


def vtk_matrix(values: np.ndarray) -> Any:
    vtk = pytest.importorskip("vtk")
    matrix = vtk.vtkMatrix4x4()
    for row in range(4):
        for column in range(4):
            matrix.SetElement(row, column, float(values[row, column]))
    return matrix


def transform_node(slicer: Any, scene: Any, name: str, values: np.ndarray) -> Any:
    node = slicer.vtkMRMLLinearTransformNode()
    node.SetName(name)
    scene.AddNode(node)
    node.SetMatrixTransformToParent(vtk_matrix(values))
    return node


def saved(slicer: Any, scene: Any, sequence: Any, storage: Any, path: Path) -> Path:
    scene.AddNode(storage)
    storage.SetFileName(str(path))
    assert storage.WriteData(sequence)
    return path


def sequence_of(slicer: Any, scene: Any, name: str, nodes: list[Any]) -> Any:
    sequence = slicer.vtkMRMLSequenceNode()
    sequence.SetName(name)
    scene.AddNode(sequence)
    sequence.SetIndexName("time")
    sequence.SetIndexUnit("s")
    for index, node in enumerate(nodes):
        sequence.SetDataNodeAtValue(node, f"{0.25 * index:.4f}")
    return sequence


def image_node(slicer: Any, scene: Any, frame: np.ndarray) -> Any:
    vtk = pytest.importorskip("vtk")
    numpy_support = pytest.importorskip("vtk.util.numpy_support")
    image = vtk.vtkImageData()
    image.SetDimensions(frame.shape[1], frame.shape[0], 1)
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(frame.ravel(), deep=True, array_type=vtk.VTK_UNSIGNED_CHAR))
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetName("Image_Image")
    scene.AddNode(node)
    node.SetAndObserveImageData(image)
    return node


def test_transforms_that_slicer_wrote(slicer: Any, tmp_path: Path) -> None:
    scene = slicer.vtkMRMLScene()
    for suffix in ("h5", "tfm", "txt"):
        node = transform_node(slicer, scene, "ImageToProbe", MATRICES[2])
        storage = slicer.vtkMRMLTransformStorageNode()
        path = saved(slicer, scene, node, storage, tmp_path / f"ImageToProbe.{suffix}")
        assert read_linear_transform(path) == pytest.approx(MATRICES[2], abs=1e-9)


def test_sequences_that_slicer_wrote(slicer: Any, tmp_path: Path) -> None:
    scene = slicer.vtkMRMLScene()
    nodes = [transform_node(slicer, scene, "ProbeToTracker", matrix) for matrix in MATRICES]
    poses = saved(
        slicer, scene, sequence_of(slicer, scene, "ProbeToTracker", nodes),
        slicer.vtkMRMLLinearTransformSequenceStorageNode(), tmp_path / "ProbeToTracker.seq.mha",
    )  # fmt: skip
    (found,) = read_transform_sequences(poses)
    assert found.frames == ("Probe", "Tracker")
    assert np.abs(found.matrices - MATRICES).max() < 1e-4
    assert found.times_s is not None
    assert found.times_s.tolist() == [0.0, 0.25, 0.5, 0.75]
    pictures = [image_node(slicer, scene, frame) for frame in FRAMES]
    images = saved(
        slicer, scene, sequence_of(slicer, scene, "Image_Image", pictures),
        slicer.vtkMRMLVolumeSequenceStorageNode(), tmp_path / "Image_Image.seq.nrrd",
    )  # fmt: skip
    assert np.array_equal(read_image_sequence(images).frames, FRAMES)
    storage = slicer.vtkMRMLTransformStorageNode()
    scale = np.diag([0.2, 0.3, 1.0, 1.0])
    calibration = saved(
        slicer, scene, transform_node(slicer, scene, "ImageToProbe", scale), storage, tmp_path / "ImageToProbe.h5"
    )
    sweep = read_slicer_sequence(images, [poses], None, calibration)
    assert np.abs(sweep.image_to_world - np.array(MATRICES) @ scale).max() < 1e-4

"""Volumes and segmentations of a scene to files and back, in the volume's own frame."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

LABELS = "Binary labelmap"
PROVENANCE = "IFSSNet.Provenance"


class Refused(ValueError):
    """What cannot be done, and what to do instead."""


@dataclass(frozen=True)
class Drawn:
    """The slices on which a segment is drawn.

    Attributes:
        segment: The segment's ID.
        name: Its name.
        axis: Of the volume's IJK, across the slices: 0, 1 or 2.
        slices: Their indices along that axis.
    """

    segment: str
    name: str
    axis: int
    slices: tuple[int, ...]


def write_volume(volume: Any, path: Path) -> None:
    """Write a scalar volume as NRRD, as its voxels lie in its own frame.

    Raises:
        Refused: It has no voxels, or its parent transform would change lengths.
    """
    if volume is None or volume.GetImageData() is None:
        raise Refused("The volume holds no voxels. Choose a volume that is loaded.")
    _refuse_scaling(_to_world(volume))
    storage = _made(volume, "vtkMRMLVolumeArchetypeStorageNode")
    storage.SetUseCompression(0)
    _written(storage, volume, path)


def write_seeds(
    seeds: Any,
    volume: Any,
    path: Path,
    leave_out: Collection[int] = (),
    only: Mapping[str, Collection[int]] | None = None,
    axis: int | None = None,
) -> None:
    """Write what is drawn as .seg.nrrd, in the volume's frame: names, colours, terminology and layers stay.

    Args:
        seeds: The segmentation node; it is not changed.
        volume: The volume that it was drawn on.
        path: A .seg.nrrd.
        leave_out: Slices that do not count as drawn.
        only: By segment, the only slices that count.
        axis: Across the slices; None looks for it.

    Raises:
        Refused: Nothing is drawn, or it is drawn as surfaces, or a transform is not linear.
    """
    drawn = drawn_slices(seeds, volume)
    if not any(entry.slices for entry in drawn):
        raise Refused("Nothing is drawn in the segmentation. Draw a few slices of each muscle first.")
    copy = _made(seeds, "vtkMRMLSegmentationNode")
    copy.SetName(seeds.GetName() or "seeds")
    copy.GetSegmentation().DeepCopy(seeds.GetSegmentation())
    for segment_id, segment in _segments(copy):
        keep = None if only is None else set(only.get(segment_id, ()))
        _erase(segment, _to_index(segment, seeds, volume), drawn[0].axis if axis is None else axis, set(leave_out), keep)
    between = np.linalg.inv(_to_world(volume)) @ _to_world(seeds)
    for image in _images(copy):
        _set_geometry(image, between @ _geometry(image))
    _written(_made(seeds, "vtkMRMLSegmentationStorageNode"), copy, path)


def drawn_slices(seeds: Any, volume: Any) -> list[Drawn]:
    """Where each segment is drawn; the slices lie across the axis on which the fewest of them are filled.

    Raises:
        Refused: There is no segmentation, it is drawn as surfaces, or a transform is not linear.
    """
    if seeds is None or volume is None:
        raise Refused("Choose a volume, and the segmentation in which its slices are drawn.")
    if seeds.GetSegmentation().GetNumberOfSegments() and not seeds.GetSegmentation().ContainsRepresentation(LABELS):
        raise Refused("The segmentation holds surfaces only. Create its binary labelmap in the Segmentations module.")
    found = [(i, s.GetName(), [np.unique(x) for x in _places(s, _to_index(s, seeds, volume))]) for i, s in _segments(seeds)]
    filled: list[float] = []
    for axis in range(3):
        # Each segment by itself: what lies between two muscles is no gap between slices.
        taken = [axes[axis] for _, _, axes in found if len(axes[axis])]
        filled.append(sum(map(len, taken)) / sum(int(t[-1] - t[0]) + 1 for t in taken) if taken else 1.0)
    # Where axes are alike, the last one: slices of a leg lie across K.
    axis = max((a for a in range(3) if filled[a] <= min(filled) + 1e-9), default=2)
    return [Drawn(i, name, axis, tuple(int(z) for z in axes[axis])) for i, name, axes in found]


def marks(segmentation: Any, volume: Any, axis: int) -> dict[str, dict[int, int]]:
    """A number for each segment and slice that changes when the slice is edited."""
    found: dict[str, dict[int, int]] = {}
    for segment_id, segment in _segments(segmentation):
        places = _places(segment, _to_index(segment, segmentation, volume))
        order = np.lexsort(places)
        order = order[np.argsort(places[axis][order], kind="stable")]
        sorted_places = np.stack([place[order] for place in places], axis=1).astype(np.int32)
        slices, starts = np.unique(sorted_places[:, axis], return_index=True)
        parts = np.split(sorted_places, starts[1:]) if len(slices) else []
        found[segment_id] = {int(z): zlib.crc32(part.tobytes()) for z, part in zip(slices, parts)}  # noqa: B905 - Python 3.9
    return found


def changed(before: Mapping[str, Mapping[int, int]], now: Mapping[str, Mapping[int, int]]) -> dict[str, list[int]]:
    """By segment, the slices that were edited and are not empty now.

    Raises:
        Refused: A muscle was erased from a slice: a segmentation cannot say "absent here" to the command.
    """
    edited: dict[str, list[int]] = {}
    for segment, marked in now.items():
        old = before.get(segment, {})
        if gone := sorted(set(old) - set(marked)):
            raise Refused(
                f"Slice {gone[0]} was erased altogether in a segment. An empty slice cannot be handed over as a correction. "
                "Undo that, and draw the muscle's last slice in the seeds instead."
            )
        if slices := sorted(z for z, mark in marked.items() if old.get(z) != mark):
            edited[segment] = slices
    return edited


def load_result(scene: Any, path: Path, volume: Any, name: str, provenance: object, into: Any = None) -> Any:
    """Read a result into a segmentation node under the volume's transform, with its provenance as an attribute."""
    node = into if into is not None else scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.GetSegmentation().RemoveAllSegments()
    storage = _made(volume, "vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(path))
    if not storage.ReadData(node):
        raise Refused(f"3D Slicer could not read the result {path}.")
    node.SetName(name)
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    node.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    node.SetAttribute(PROVENANCE, json.dumps(provenance, ensure_ascii=False))
    return node


def _made(beside: Any, kind: str) -> Any:
    """A node that is not in the scene: nothing of this shows in 3D Slicer's lists."""
    node = beside.GetScene().CreateNodeByClass(kind)
    node.UnRegister(None)
    return node


def _written(storage: Any, node: Any, path: Path) -> None:
    storage.SetFileName(str(path))
    if not storage.WriteData(node) or not path.is_file():
        raise Refused(f"3D Slicer could not write {path}. Is the disk full, or the folder read-only?")


def _segments(node: Any) -> Iterator[tuple[str, Any]]:
    segmentation = node.GetSegmentation()
    for number in range(segmentation.GetNumberOfSegments()):
        segment_id = segmentation.GetNthSegmentID(number)
        yield segment_id, segmentation.GetSegment(segment_id)


def _images(node: Any) -> list[Any]:
    """The label maps, each once: segments that do not overlap share one."""
    images = [segment.GetRepresentation(LABELS) for _, segment in _segments(node)]
    return list({image.GetAddressAsString(""): image for image in images if image is not None}.values())


def _voxels(image: Any) -> np.ndarray | None:
    """The image's voxels as `[k, j, i]`, not copied."""
    from vtk.util.numpy_support import vtk_to_numpy

    scalars = image.GetPointData().GetScalars() if image is not None else None
    if scalars is None or not scalars.GetNumberOfTuples():
        return None
    return vtk_to_numpy(scalars).reshape(tuple(reversed(image.GetDimensions())))


def _array(matrix: Any) -> np.ndarray:
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def _matrix(values: np.ndarray | None = None) -> Any:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    if values is not None:
        matrix.DeepCopy([float(value) for value in values.ravel()])
    return matrix


def _geometry(image: Any) -> np.ndarray:
    matrix = _matrix()
    image.GetImageToWorldMatrix(matrix)
    return _array(matrix)


def _set_geometry(image: Any, values: np.ndarray) -> None:
    image.SetImageToWorldMatrix(_matrix(values))


def _to_world(node: Any) -> np.ndarray:
    """The matrix from a node's own frame to the world."""
    parent = node.GetParentTransformNode()
    if parent is None:
        return np.eye(4)
    if not parent.IsTransformToWorldLinear():
        raise Refused(
            f"{node.GetName()} is under the transform {parent.GetName()}, which bends it. Volumes would be wrong. "
            "Harden the transform, or take the node out of it."
        )
    matrix = _matrix()
    parent.GetMatrixTransformToWorld(matrix)
    return _array(matrix)


def _refuse_scaling(to_world: np.ndarray) -> None:
    turn = to_world[:3, :3]
    if not np.allclose(turn.T @ turn, np.eye(3), atol=1e-4):
        raise Refused(
            "The volume is under a transform that changes lengths, so cm3 would not be those that you see. "
            "Harden the transform on the volume and on the segmentation first."
        )


def _to_index(segment: Any, seeds: Any, volume: Any) -> np.ndarray:
    """The matrix from a segment's voxels to the volume's, as IJK."""
    image = segment.GetRepresentation(LABELS)
    if image is None:
        return np.eye(4)
    matrix = _matrix()
    volume.GetIJKToRASMatrix(matrix)
    return np.linalg.inv(_to_world(volume) @ _array(matrix)) @ _to_world(seeds) @ _geometry(image)


def _places(segment: Any, to_index: np.ndarray) -> list[np.ndarray]:
    """The segment's voxels in the volume's IJK, one array for each axis."""
    image = segment.GetRepresentation(LABELS)
    voxels = _voxels(image)
    if voxels is None:
        return [np.empty(0, int)] * 3
    k, j, i = np.nonzero(voxels == segment.GetLabelValue())
    first = image.GetExtent()
    i, j, k = i + first[0], j + first[2], k + first[4]
    return [np.rint(row[0] * i + row[1] * j + row[2] * k + row[3]).astype(int) for row in to_index[:3]]


def _erase(segment: Any, to_index: np.ndarray, axis: int, leave_out: set[int], keep: set[int] | None) -> None:
    """Erase the slices that do not count from a copy of a segment."""
    image = segment.GetRepresentation(LABELS)
    voxels = _voxels(image)
    if voxels is None or (not leave_out and keep is None):
        return
    mine = voxels == segment.GetLabelValue()
    along = _places(segment, to_index)[axis]
    gone = np.isin(along, sorted(leave_out))
    if keep is not None:
        gone |= ~np.isin(along, sorted(keep))
    places = np.nonzero(mine)
    voxels[tuple(place[gone] for place in places)] = 0
    image.Modified()

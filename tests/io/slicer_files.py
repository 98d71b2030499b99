"""Recordings of 3D Slicer's Sequences module as files, written by hand."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

IMAGES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
"""Three frames of four rows and five columns."""


def image_sequence(
    path: Path,
    frames: np.ndarray = IMAGES,
    times: Sequence[float] | None = (0.0, 0.1, 0.2),
    directions: str = "(-1,0,0) (0,-1,0) (0,0,1)",
    origin: str = "(0,0,0)",
    list_first: bool = False,
    unit: str = "s",
) -> Path:
    count, rows, columns = frames.shape
    sizes = f"{count} {columns} {rows} 1" if list_first else f"{columns} {rows} 1 {count}"
    kinds = "list domain domain domain" if list_first else "domain domain domain list"
    place = f"none {directions}" if list_first else f"{directions} none"
    axis = 0 if list_first else 3
    units = f'"{unit}" "" "" ""' if list_first else f'"" "" "" "{unit}"'
    lines = [
        "NRRD0004", "type: unsigned char", "dimension: 4", "space: left-posterior-superior", f"sizes: {sizes}",
        f"space directions: {place}", f"kinds: {kinds}", f"units: {units}", "encoding: gzip", f"space origin: {origin}",
        "DataNodeClassName:=vtkMRMLScalarVolumeNode",
    ]  # fmt: skip
    if times is not None:
        lines += [f"axis {axis} index type:=numeric", f"axis {axis} index values:=" + " ".join(f"{t:g}" for t in times)]
    stored = np.moveaxis(frames[:, np.newaxis], 0, -1) if list_first else frames[:, np.newaxis]
    path.write_bytes("\n".join(lines).encode() + b"\n\n" + gzip.compress(np.ascontiguousarray(stored).tobytes()))
    return path


def transform_sequence(
    path: Path,
    matrices: Sequence[np.ndarray],
    times: Sequence[float] | None = (0.0, 0.1, 0.2),
    name: str = "ProbeToTracker",
    statuses: Mapping[int, str] | None = None,
    first: int = 0,
) -> Path:
    lines = [
        "ObjectType = Image",
        "NDims = 3",
        "BinaryData = True",
        f"DimSize = 0 0 {len(matrices)}",
        "ElementType = MET_UCHAR",
    ]
    for index, matrix in enumerate(matrices):
        key = f"Seq_Frame{first + index:04d}"
        lines.append(f"{key}_{name}Transform =" + " ".join(f"{value:.10g}" for value in matrix.ravel()))
        lines.append(f"{key}_{name}TransformStatus = {(statuses or {}).get(index, 'OK')}")
        if times is not None:
            lines.append(f"{key}_Timestamp = {times[index]:.4f}")
    path.write_text("\n".join([*lines, "ElementDataFile = LOCAL"]), encoding="utf-8")
    return path


def itk_text(path: Path, kind: str, parameters: Sequence[float], fixed: Sequence[float]) -> Path:
    numbers = " ".join(f"{value:.17g}" for value in parameters)
    path.write_text(
        f"#Insight Transform File V1.0\n#Transform 0\nTransform: {kind}\nParameters: {numbers}\n"
        f"FixedParameters: {' '.join(f'{value:.17g}' for value in fixed)}\n",
        encoding="utf-8",
    )
    return path


def calibration(path: Path, mm_per_pixel: float = 0.8) -> Path:
    """As 3D Slicer saves it: from the parent frame, so 0.8 mm a pixel stands as 1.25."""
    scale = 1 / mm_per_pixel
    return itk_text(path, "AffineTransform_double_3_3", [scale, 0, 0, 0, scale, 0, 0, 0, 1, 0, 0, 0], [0, 0, 0])


def shift(x: float, y: float, z: float) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, 3] = x, y, z
    return matrix


def node(tag: str, identifier: str, name: str, storage: str = "", more: str = "") -> str:
    references = f'references="storage:{storage};"' if storage else ""
    return f'<{tag} id="{identifier}" name="{name}" hideFromEditors="false" {references} {more}></{tag}>'


def sequence_node(number: int, name: str, holds: str) -> str:
    more = f'attributes="DataNodeClassName:vtkMRML{holds}Node"'
    return node("Sequence", f"vtkMRMLSequenceNode{number}", name, f"vtkMRMLStorageNode{number}", more)


def storage_node(number: int, file: str) -> str:
    return f'<LinearTransformSequenceStorage id="vtkMRMLStorageNode{number}" hideFromEditors="true" fileName="{file}"/>'


def scene(nodes: Sequence[str]) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>\n<MRML version="Slicer 5.8">\n' + "\n".join(nodes) + "\n</MRML>\n"


def bundle(path: Path, text: str, files: Mapping[str, Path]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{path.stem}/{path.stem}.mrml", text)
        for name, file in files.items():
            archive.write(file, f"{path.stem}/Data/{name}")
    return path

"""Tracked sequences and their configuration as files, written by hand."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from ifssnet.core.sweep import Sweep

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
IDENTITY = "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"


def moved(x: float, y: float, z: float) -> str:
    return f"1 0 0 {x} 0 1 0 {y} 0 0 1 {z} 0 0 0 1"


def sequence(
    path: Path,
    per_frame: list[dict[str, str]],
    general: dict[str, str] | None = None,
    pixels: np.ndarray = PIXELS,
    packed: bool = False,
    timed: bool = True,
) -> Path:
    data = zlib.compress(pixels.tobytes()) if packed else pixels.tobytes()
    size = " ".join(map(str, reversed(pixels.shape)))
    fields = {"ObjectType": "Image", "NDims": str(pixels.ndim), "BinaryData": "True", "BinaryDataByteOrderMSB": "False"}
    fields |= {"CompressedData": str(packed), "DimSize": size, "UltrasoundImageOrientation": "MF"} | (general or {})
    for i, told in enumerate(per_frame):
        told = ({"Timestamp": str(i)} if timed else {}) | told
        fields |= {f"Seq_Frame{i:04d}_{name}": value for name, value in told.items()}
    fields |= {"ElementType": "MET_UCHAR", "ElementDataFile": "LOCAL"}
    path.write_bytes("".join(f"{key} = {value}\n" for key, value in fields.items()).encode() + data)
    return path


def tracked(probe: str, reference: str, time: float = 0.0, probe_status: str = "OK") -> dict[str, str]:
    return {
        "ProbeToTrackerTransform": probe,
        "ProbeToTrackerTransformStatus": probe_status,
        "ReferenceToTrackerTransform": reference,
        "ReferenceToTrackerTransformStatus": "OK",
        "Timestamp": str(time),
        "ImageStatus": "OK",
    }


def configuration(path: Path, inside: str, matrix: str = "0.2 0 0 0 0 0.1 0 0 0 0 0.15 0 0 0 0 1") -> Path:
    transform = f'<CoordinateDefinitions><Transform From="Image" To="Probe" Matrix="{matrix}"/></CoordinateDefinitions>'
    path.write_text(f'<PlusConfiguration version="2.3">{transform}{inside}</PlusConfiguration>', encoding="utf-8")
    return path


def at(sweep: Sweep, frame: int, u: float, v: float) -> list[float]:
    return (sweep.image_to_world[frame] @ (u, v, 0.0, 1.0))[:3].tolist()

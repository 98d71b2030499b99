"""Stradwin recordings as files, written by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ifssnet.core.sweep import Sweep
from ifssnet.io.sweeps.stradwin_pose import pose_matrix

HEAD = """RES_BUF_FRAMES 2
RES_BUF_WIDTH 4
RES_BUF_HEIGHT 3
RES_BUF_RF false
RES_BUF_DICOM false
RES_POS_REC true
RES_BIN_IM_FILENAME leg.sxi
RES_XSCALE 0.02
RES_YSCALE 0.01
"""


PIXELS = np.arange(24, dtype=np.uint8)


def write(folder: Path, text: str, pixels: np.ndarray = PIXELS) -> Path:
    (folder / "leg.sxi").write_bytes(pixels.tobytes())
    path = folder / "leg.sw"
    path.write_text(text, encoding="utf-8")
    return path


def pose(*numbers: float) -> np.ndarray:
    x, y, z, azimuth, elevation, roll = map(float, numbers)
    return pose_matrix((x, y, z, azimuth, elevation, roll))


def at(sweep: Sweep, frame: int, u: float, v: float) -> list[float]:
    return (sweep.image_to_world[frame] @ (u, v, 0.0, 1.0))[:3].tolist()

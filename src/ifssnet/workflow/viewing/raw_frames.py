"""The raw frames of a case: which lie nearest to a slice of the volume, and how their pixels lie to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.io.sweeps.kept_frames import KeptSweep, kept_frames

MOST_TILT_DEGREES = 45.0
"""A frame that is turned further from a slice is no picture of it."""


@dataclass(frozen=True, eq=False)
class NearFrame:
    """The frame of a sweep that lies nearest to a slice.

    Attributes:
        sweep: Which sweep, from 0.
        frame: Which of its frames, from 0.
        size_uv: Columns and rows of the frame.
        to_index: Takes (u, v, 1) to the volume's (x, y, z) index.
        away_mm: Mean distance of the frame's corners and centre from the slice.
        tilt_degrees: Angle between both planes.
    """

    sweep: int
    frame: int
    size_uv: tuple[int, int]
    to_index: Float[np.ndarray, "3 3"]
    away_mm: float
    tilt_degrees: float


@dataclass(frozen=True, eq=False)
class _Placed:
    """A sweep in the volume's index."""

    sweep: KeptSweep
    to_index: Float[np.ndarray, "frame 3 3"]
    tilt_degrees: Float[np.ndarray, " frame"]
    corners_z: Float[np.ndarray, "frame 5"]


class RawFrames:
    """The sweeps that a case was made from.

    Args:
        case: The case's folder.
        grid: The grid of its volume.

    Raises:
        InputError: Their files were damaged.
    """

    def __init__(self, case: Path, grid: Grid) -> None:
        self._grid = grid
        self._sweeps = tuple(_placed(each, grid) for each in kept_frames(case))

    def __len__(self) -> int:
        return len(self._sweeps)

    def near(self, z: int) -> tuple[NearFrame, ...]:
        """The nearest frame of each sweep that has one along the slice, the nearest of all first.

        Raises:
            InputError: No such slice.
        """
        if not 0 <= z < self._grid.slices:
            raise InputError(f"a slice from 0 to {self._grid.slices - 1}", f"{z}", "Choose another one.")
        found = (self._nearest(number, z) for number in range(len(self._sweeps)))
        return tuple(sorted((each for each in found if each is not None), key=lambda each: each.away_mm))

    def _nearest(self, number: int, z: int) -> NearFrame | None:
        placed = self._sweeps[number]
        away = np.abs(placed.corners_z - z).mean(axis=1) * self._grid.spacing_zyx_mm[0]
        away[~placed.sweep.valid | (placed.tilt_degrees > MOST_TILT_DEGREES)] = np.inf
        if not np.isfinite(away).any():
            return None
        frame = int(away.argmin())
        rows, columns = placed.sweep.frames.shape[1:]
        tilt = float(placed.tilt_degrees[frame])
        return NearFrame(number, frame, (columns, rows), placed.to_index[frame], float(away[frame]), tilt)

    def pixels(self, sweep: int, frame: int) -> UInt8[np.ndarray, "v u"]:
        """Grey levels of a frame.

        Raises:
            InputError: There is no such frame.
        """
        if not (0 <= sweep < len(self._sweeps) and 0 <= frame < len(self._sweeps[sweep].sweep.frames)):
            raise InputError("a frame of this case", f"frame {frame} of sweep {sweep}", "Load the page again.")
        return np.asarray(self._sweeps[sweep].sweep.frames[frame])


def _placed(sweep: KeptSweep, grid: Grid) -> _Placed:
    rows, columns = sweep.frames.shape[1:]
    poses = np.where(sweep.valid[:, None, None], sweep.image_to_world, np.eye(4))
    to_index = (grid.mm_to_index @ poses)[:, :3][:, :, [0, 1, 3]]
    u, v = columns - 1, rows - 1
    corners = np.array([(0, 0, 1), (u, 0, 1), (0, v, 1), (u, v, 1), (u / 2, v / 2, 1)], dtype=np.float64)
    normals = np.cross(poses[:, :3, 0], poses[:, :3, 1])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    along = np.asarray(grid.mm_to_index)[2, :3]
    along = along / np.linalg.norm(along)
    tilt = np.degrees(np.arccos(np.clip(np.abs(normals @ along), 0, 1)))
    return _Placed(sweep, np.ascontiguousarray(to_index), tilt, to_index[:, 2] @ corners.T)

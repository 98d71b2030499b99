"""The closed contours of one muscle in one frame as a mask on the nearest slice of a volume."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.core.grid import Grid
from ifssnet.core.sweep import Contour, Sweep
from ifssnet.geometry.masks.polygon import fill_even_odd


@dataclass(frozen=True)
class PlacedContours:
    """Where the contours of one muscle in one frame went.

    Attributes:
        label: The muscle.
        sweep: Index of the sweep.
        frame: Index of the frame in its sweep.
        z: The slice that they were put on.
        tilt_deg: Angle between the frame's plane and the slices.
        offset_mm: From the slice to the mean of the drawn area, along the slices' normal.
        farthest_mm: Largest distance of a point of the drawn area from the slice.
        area_mm2: Area of the mask on the slice.
        used: False when frames nearer to the slice show the same part.
    """

    label: int
    sweep: int
    frame: int
    z: int
    tilt_deg: float
    offset_mm: float
    farthest_mm: float
    area_mm2: float
    used: bool


@dataclass(frozen=True, eq=False)
class Drawing:
    """Contours on their slice.

    Attributes:
        note: Where they went.
        mask: What they enclose there.
    """

    note: PlacedContours
    mask: Bool[np.ndarray, "y x"]


@dataclass
class LeftOut:
    """Drawings that become no mask, or not a whole one, counted by cause.

    Attributes:
        max_tilt_deg: Frames that are tilted by more than that against the slices are left out.
        open: Contours that enclose nothing.
        invalid: Drawings on frames without a valid pose.
        outside: Drawings that miss the volume.
        clipped: Drawings that reach over the volume's edge: they are kept without what lies outside.
        tilts_deg: Tilt of each frame that is tilted by too much.
    """

    max_tilt_deg: float
    open: int = 0
    invalid: int = 0
    outside: int = 0
    clipped: int = 0
    tilts_deg: list[float] = field(default_factory=list[float])

    @property
    def summary(self) -> str:
        """What is left out, in words; empty where nothing is."""
        tilted = f"at most {max(self.tilts_deg, default=0):.0f} degrees"
        causes = (
            (self.open, "open contours, which enclose nothing"),
            (self.invalid, "drawings on frames without a valid pose"),
            (len(self.tilts_deg), f"drawings on frames tilted by more than {self.max_tilt_deg:g} degrees ({tilted})"),
            (self.outside, "drawings that miss the volume"),
        )
        return ", ".join(f"{count} {what}" for count, what in causes if count)


def closed_by_frame(sweep: Sweep, left_out: LeftOut) -> dict[tuple[int, int], list[Contour]]:
    """(object, frame) to its closed contours."""
    found: dict[tuple[int, int], list[Contour]] = {}
    for contour in sweep.contours:
        if not contour.closed or len(contour.points_uv_px) < 3:
            left_out.open += 1
        else:
            found.setdefault((contour.label, contour.frame), []).append(contour)
    return found


def place_on_slice(
    contours: list[Contour], sweep: Sweep, grid: Grid, which: tuple[int, int, int], left_out: LeftOut
) -> Drawing | None:
    """The mask of one muscle's closed contours in one frame.

    Args:
        contours: Closed ones; one inside another is a hole.
        sweep: The sweep that they were drawn on.
        grid: The volume's.
        which: Label, index of the sweep, frame.
        left_out: Takes note of what cannot be used.

    Returns:
        None where the contours do not land on the volume.
    """
    label, sweep_index, frame = which
    if not sweep.valid[frame]:
        left_out.invalid += 1
        return None
    pose = sweep.image_to_world[frame]
    tilt_deg = tilt_from_slices_deg(pose, grid)
    if tilt_deg > left_out.max_tilt_deg:
        left_out.tilts_deg.append(tilt_deg)
        return None
    to_index = (grid.mm_to_index @ pose)[:3][:, [0, 1, 3]]
    polygons = [contour.points_uv_px @ to_index[:, :2].T + to_index[:, 2] for contour in contours]
    _, rows, columns = grid.shape_zyx
    mask = fill_even_odd([polygon[:, :2] for polygon in polygons], (rows, columns))
    if not mask.any():
        left_out.outside += 1
        return None
    height = _height(mask, to_index)
    z = math.floor(height.mean() + 0.5)
    if not 0 <= z < grid.slices:
        left_out.outside += 1
        return None
    corners = np.concatenate(polygons)
    left_out.clipped += bool((corners[:, :2] < -0.5).any() or (corners[:, :2] > (columns - 0.5, rows - 0.5)).any())
    step_mm = grid.spacing_xyz_mm[2]
    note = PlacedContours(
        label=label,
        sweep=sweep_index,
        frame=frame,
        z=z,
        tilt_deg=tilt_deg,
        offset_mm=float(height.mean() - z) * step_mm,
        farthest_mm=float(np.abs(corners[:, 2] - z).max()) * step_mm,
        area_mm2=float(mask.sum()) * grid.pixel_area_mm2,
        used=True,
    )
    return Drawing(note, mask)


def tilt_from_slices_deg(pose: Float[np.ndarray, "4 4"], grid: Grid) -> float:
    """The angle, 0 to 90 degrees, between an image's plane and the slices of a grid."""
    normal = np.cross(pose[:3, 0], pose[:3, 1])
    axis = np.asarray(grid.direction, dtype=np.float64)[:, 2]
    return math.degrees(math.atan2(float(np.linalg.norm(np.cross(normal, axis))), abs(float(normal @ axis))))


def _height(mask: Bool[np.ndarray, "y x"], to_index: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, " pixel"]:
    """The z index of the frame's plane above each pixel of a mask on the slices' x and y."""
    y, x = np.nonzero(mask)
    uv = np.linalg.solve(to_index[:2, :2], np.stack([x, y]) - to_index[:2, 2:])
    return to_index[2, :2] @ uv + to_index[2, 2]

"""The grid that a sweep is compounded onto."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float

from ifssnet.compounding.options import CompoundOptions
from ifssnet.compounding.spans import clip_bounds
from ifssnet.core.errors import InputError
from ifssnet.core.grid import IDENTITY, MAX_VOXELS, Grid, Matrix3
from ifssnet.core.sweep import Sweep

ALIGNED_DEG = 2.0
"""A sweep that runs so nearly along the reference frame's z leaves the axes as they are: its slices are cross-sections."""


def automatic_grid(sweeps: Sequence[Sweep], options: CompoundOptions) -> Grid:
    """The smallest grid that holds the clipped pixels of all valid frames, the skipped ones too, as PLUS has it.

    The origin is the bounding box's lowest corner; along each axis there is one voxel more than the box's length over
    the spacing, rounded to a whole number. (A box that is up to half a voxel longer than its grid loses nothing with
    nearest-neighbour insertion.)

    Raises:
        InputError: No valid frame, or more voxels than can be meant.
    """
    axes = sweep_axes(sweeps) if chosen_axes(sweeps, options) == "sweep" else np.eye(3)
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for sweep in sweeps:
        corners = _clip_corners_mm(sweep, options) @ axes
        if corners.size:
            low, high = np.minimum(low, corners.min(axis=(0, 1))), np.maximum(high, corners.max(axis=(0, 1)))
    if not np.isfinite(low).all():
        raise InputError(
            "at least one frame with a valid pose",
            f"{sum(len(s.frames) for s in sweeps)} frames, all invalid",
            "Check the tracker's status in the recording.",
        )
    spacing = _spacing(options, float(high[2] - low[2]))
    counts = [math.floor(float(extent) / s + 0.5) + 1 for extent, s in zip(high - low, spacing, strict=True)]
    if math.prod(counts) > MAX_VOXELS:
        size = " x ".join(f"{extent:.0f}" for extent in high - low)
        raise InputError(
            f"frames and a spacing that make at most {MAX_VOXELS:,} voxels",
            f"{' x '.join(map(str, counts))} voxels, {size} mm",
            "Choose a larger spacing, or check the calibration (mm, not cm) and single poses far away from the others.",
        )
    origin = axes @ low
    return Grid(
        (counts[2], counts[1], counts[0]), spacing, (float(origin[0]), float(origin[1]), float(origin[2])), _as_matrix3(axes)
    )


def chosen_axes(sweeps: Sequence[Sweep], options: CompoundOptions) -> Literal["reference", "sweep"]:
    """Whose axes an automatic grid has: where nobody says, the sweep's, unless it runs along the reference frame's z."""
    if options.axes != "auto":
        return options.axes
    return "reference" if sweep_angle_deg(sweeps, np.array((0.0, 0.0, 1.0))) <= ALIGNED_DEG else "sweep"


def sweep_angle_deg(sweeps: Sequence[Sweep], z_axis: Float[np.ndarray, " xyz"]) -> float:
    """The angle, 0 to 90 degrees, between the sweeps' main direction and an axis; 0 where no frame is valid."""
    if not any(sweep.valid_frames for sweep in sweeps):
        return 0.0
    along = sweep_axes(sweeps)[:, 2]
    # By the sine: the cosine of a small angle has lost its digits.
    sine = min(float(np.linalg.norm(np.cross(along, z_axis))), 1.0)
    return math.degrees(math.asin(sine))


def sweep_axes(sweeps: Sequence[Sweep]) -> Float[np.ndarray, "3 3"]:
    """Axes of a grid whose slices are cross-sections: columns are x, y and z.

    z follows the direction along which the frames of each sweep move (first principal direction of their middles, each
    sweep centred on its own, so that parallel sweeps side by side do not turn it); x follows the frames' rows as far as
    that is across z. z points to the side from which x, y, z is right-handed with y going down the frames, so that a
    slice looks like a frame. Where frames turn rather than move, z is their mean normal.
    """
    centers: list[np.ndarray] = []
    rows, columns = np.zeros(3), np.zeros(3)
    for sweep in sweeps:
        poses = sweep.image_to_world[sweep.valid]
        middle = np.array([(sweep.frames.shape[2] - 1) / 2, (sweep.frames.shape[1] - 1) / 2, 0.0, 1.0])
        if len(poses):
            places = (poses @ middle)[:, :3]
            centers.append(places - places.mean(axis=0))
            rows += poses[:, :3, 0].sum(axis=0)
            columns += poses[:, :3, 1].sum(axis=0)
    normal = np.cross(rows, columns)
    if not centers or np.linalg.norm(normal) == 0:
        return np.eye(3)
    normal /= np.linalg.norm(normal)
    scatter = sum((c.T @ c for c in centers), np.zeros((3, 3)))
    values, vectors = np.linalg.eigh(scatter)
    along = vectors[:, 2]
    if values[2] <= 0 or abs(float(along @ normal)) < math.cos(math.radians(75)):
        along = normal  # the frames stood still, turned, or slid within their own plane
    z = along if along @ normal > 0 else -along
    x = rows - (rows @ z) * z
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)


def _clip_corners_mm(sweep: Sweep, options: CompoundOptions) -> Float[np.ndarray, "frame 4 3"]:
    height, width = sweep.frames.shape[1:]
    u0, u1, v0, v1 = clip_bounds(options.clip, (height, width))
    corners = np.array([(u, v, 0.0, 1.0) for u in (u0, u1) for v in (v0, v1)])
    return np.einsum("fij,cj->fci", sweep.image_to_world[sweep.valid], corners)[:, :, :3]


def _spacing(options: CompoundOptions, z_extent_mm: float) -> tuple[float, float, float]:
    x, y, z = options.spacing_xyz_mm
    if options.fit_z_spacing and z_extent_mm >= z:
        z = z_extent_mm / math.floor(z_extent_mm / z)
    return x, y, z


def _as_matrix3(axes: Float[np.ndarray, "3 3"]) -> Matrix3:
    if np.array_equal(axes, np.eye(3)):
        return IDENTITY
    a, b, c = axes.tolist()
    return (a[0], a[1], a[2]), (b[0], b[1], b[2]), (c[0], c[1], c[2])

"""Slices across a leg as wide images whose columns belong to different sweeps, whatever the scanner makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.core.grid import Grid
from ifssnet.phantom.anatomy.view import ProbeView
from ifssnet.phantom.scanner.probe_path import ProbePath
from ifssnet.phantom.scanner.protocol import ScanSettings

BATCH_PIXELS = 2**21
MOST_FINER = 3
"""Pixels to a voxel along one axis, at most: what is for tests must be quick."""


@dataclass(frozen=True, eq=False)
class SweepPass:
    """One sweep over the columns of all slices.

    Attributes:
        sweep: Its number.
        covered: The columns under the probe.
        x_mm: Where a column meets the probe's face, in the leg's frame.
        z_mm: The height at which it does.
        centre_mm: The middle of the face there.
        columns_mm: x of the columns of the first slice.
        slices_mm: z of the slices.
    """

    sweep: int
    covered: Bool[np.ndarray, "z x"]
    x_mm: Float[np.ndarray, "z x"]
    z_mm: Float[np.ndarray, "z x"]
    centre_mm: Float[np.ndarray, "z x"]
    columns_mm: Float[np.ndarray, " x"]
    slices_mm: Float[np.ndarray, " z"]


def swept_view(
    index_to_leg: Float[np.ndarray, "4 4"],
    shape_zyx: tuple[int, int, int],
    path: ProbePath,
    settings: ScanSettings,
    found: Callable[[SweepPass], tuple[Float[np.ndarray, ...], Float[np.ndarray, "z x"]]],
) -> ProbeView:
    """The view of all slices of a grid, each column from the last sweep that passed over it.

    Args:
        index_to_leg: From x, y and z of a pixel to the leg's frame, in mm.
        shape_zyx: Slices, rows and columns of the grid.
        path: Where the probe goes.
        settings: The sweeps' settings.
        found: How the leg lay, in mm, for all columns or for each [z, x, 3], and the gain of each column in dB.
    """
    slices, rows, columns = shape_zyx
    poses = np.repeat(index_to_leg[None], slices, axis=0)
    poses[:, :3, 3] += np.arange(slices)[:, None] * index_to_leg[:3, 2]
    heads = poses[:, None, :3, 3] + np.arange(columns)[None, :, None] * index_to_leg[:3, 0]
    # The height of a column where the probe meets it, not where the grid's first row lies.
    _, top = path.at(settings.sweeps // 2, heads[..., 2])
    row_mm = index_to_leg[:3, 1]
    z = heads[..., 2] + (top - heads[..., 1]) / row_mm[1] * row_mm[2]
    first, last = np.zeros((slices, columns), dtype=np.int32), np.zeros((slices, columns), dtype=np.int32)
    shift = np.zeros((slices, columns, 3))
    lines = np.zeros((slices, columns), dtype=np.float32)
    inside = (z >= path.from_mm) & (z <= path.to_mm)
    for sweep in range(settings.sweeps):
        centre, top = path.at(sweep, z)
        row = np.rint((top - heads[..., 1]) / row_mm[1])
        x = heads[..., 0] + row * row_mm[0]
        covered = inside & (np.abs(x - centre) <= 0.5 * settings.probe.width_mm)
        if not covered.any():
            continue
        deepest = np.minimum(np.maximum(row + settings.probe.depth_mm / row_mm[1], 0), rows)
        first[covered] = np.clip(row, 0, rows)[covered]
        last[covered] = deepest[covered]
        shift_mm, gain_db = found(SweepPass(sweep, covered, x, z, centre, heads[0, :, 0], poses[:, 2, 3]))
        shift[covered] = np.broadcast_to(shift_mm, shift.shape)[covered]
        lines[covered] = gain_db[covered]
    return ProbeView(poses, (rows, columns), first, np.maximum(first, last).astype(np.int32), shift, lines)


def finer_pixels(
    grid: Grid, pixel_yx_mm: tuple[float, float], world_to_leg: Float[np.ndarray, "4 4"]
) -> tuple[tuple[int, int], Float[np.ndarray, "4 4"]]:
    """Pixels to a voxel, down and across, for pixels of about a size; and from x, y and z of a pixel to the leg, in mm."""
    finer_y, finer_x = (
        min(MOST_FINER, max(1, round(s / limit))) for s, limit in zip(grid.spacing_zyx_mm[1:], pixel_yx_mm, strict=True)
    )
    part = np.diag([1.0 / finer_x, 1.0 / finer_y, 1.0, 1.0])
    part[:2, 3] = 0.5 / finer_x - 0.5, 0.5 / finer_y - 0.5
    return (finer_y, finer_x), world_to_leg @ grid.index_to_mm @ part


def batches(view: ProbeView) -> Iterator[tuple[int, int]]:
    """First slice, and the one after the last, of parts of a view that fit into memory."""
    slices, (rows, columns) = len(view.image_to_leg), view.shape_vu
    batch = max(1, BATCH_PIXELS // (rows * columns))
    for start in range(0, slices, batch):
        yield start, min(start + batch, slices)

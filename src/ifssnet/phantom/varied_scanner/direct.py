"""The short way to a volume of `phantom/2`: each slice is one wide image whose columns belong to different sweeps."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from jaxtyping import Float

from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.progress import Progress
from ifssnet.phantom.anatomy.view import ProbeView
from ifssnet.phantom.scanner.protocol import ScanSettings
from ifssnet.phantom.varied_scanner.imaging import Imager, PressedLeg
from ifssnet.phantom.varied_scanner.look import Look
from ifssnet.phantom.varied_scanner.sweeps import SweepCourse, contact_db, edge_db, shifts_at

BATCH_PIXELS = 2**21
PIXEL_MM = 0.56
"""An imaged pixel, about; larger voxels are means of several."""
MOST_FINER = 3


def direct_varied_volume(
    leg: PressedLeg,
    grid: Grid,
    course: SweepCourse,
    settings: ScanSettings,
    seed: int,
    leg_to_world: Float[np.ndarray, "4 4"],
) -> Generator[Progress, None, Volume]:
    """A B-mode volume of a leg, without frames.

    Args:
        leg: The leg as it is pressed.
        grid: The volume's grid, with slices across the leg and rows along the beam.
        course: The sweeps.
        settings: The sweeps' settings.
        seed: What the random numbers of speckle and contact start from.
        leg_to_world: Where the leg lies.

    Yields:
        Progress, by slices.

    Returns:
        Grey levels, 8 bits.
    """
    finer_y, finer_x = (min(MOST_FINER, max(1, round(s / PIXEL_MM))) for s in grid.spacing_zyx_mm[1:])
    slices, rows, columns = grid.shape_zyx
    part = np.diag([1.0 / finer_x, 1.0 / finer_y, 1.0, 1.0])
    part[:2, 3] = 0.5 / finer_x - 0.5, 0.5 / finer_y - 0.5
    to_leg = np.linalg.inv(leg_to_world) @ grid.index_to_mm @ part
    view = course_view(to_leg, (slices, rows * finer_y, columns * finer_x), leg.look, course, settings, seed)
    rng = np.random.default_rng([seed, 0xD1C])
    imager = Imager(leg, view, grid.spacing_xyz_mm[2], (finer_y, finer_x), rng)
    out = np.empty(grid.shape_zyx, dtype=np.uint8)
    batch = max(1, BATCH_PIXELS // (view.shape_vu[0] * view.shape_vu[1]))
    for start in range(0, slices, batch):
        stop = min(start + batch, slices)
        out[start:stop] = np.minimum(imager.images(start, stop) + np.float32(0.5), 255.0)
        yield Progress("imaging the digital leg", stop, slices)
    return Volume(out, grid)


def course_view(
    index_to_leg: Float[np.ndarray, "4 4"],
    shape_zyx: tuple[int, int, int],
    look: Look,
    course: SweepCourse,
    settings: ScanSettings,
    seed: int,
) -> ProbeView:
    """The view of all slices of a grid, each column from the last sweep that passed over it."""
    slices, rows, columns = shape_zyx
    path = course.path
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
        shift[covered] = shifts_at(course, sweep, z)[covered]
        held = np.flatnonzero(covered.any(axis=0))
        held = slice(int(held[0]), int(held[-1]) + 1)
        rng = np.random.default_rng([seed, sweep, 0xB0B])
        gain = np.zeros((slices, columns), dtype=np.float32)
        gain[:, held] = contact_db(rng, heads[0, held, 0], poses[:, 2, 3], look)
        gain += (course.gain_db[sweep] + edge_db(x, centre, settings.probe.width_mm, look.handling.edge_db)).astype(np.float32)
        lines[covered] = gain[covered]
    return ProbeView(poses, (rows, columns), first, np.maximum(first, last).astype(np.int32), shift, lines)

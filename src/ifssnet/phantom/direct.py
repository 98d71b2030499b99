"""The short way to a volume: the same tissue, beam and artefacts, synthesised on the volume's own grid.

A voxel of a compounded volume shows one pixel of the sweep that passed it last. So each slice is imaged as one wide frame
whose columns belong to different sweeps: their lines begin at that sweep's probe, their speckle is the sweep's own, the
leg had moved as it had for that sweep, and beside and below the sweeps there is nothing.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from jaxtyping import Float

from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.progress import Progress
from ifssnet.phantom.anatomy import Leg, as_leg
from ifssnet.phantom.bmode import Scatterers, bmode
from ifssnet.phantom.path import lost_contact_db, motions_mm, probe_path
from ifssnet.phantom.protocol import PAPER, ScanSettings
from ifssnet.phantom.subject import Subject
from ifssnet.phantom.view import View

BATCH_PIXELS = 2**21


def direct_volume(
    subject: Subject | Leg,
    grid: Grid,
    settings: ScanSettings = PAPER,
    seed: int = 0,
    leg_to_world: Float[np.ndarray, "4 4"] | None = None,
) -> Generator[Progress, None, Volume]:
    """A B-mode volume of a leg, without frames.

    Args:
        subject: A subject, or its leg when that is built already.
        grid: Of the volume, in the world's frame, with slices across the leg and rows along the beam.
        settings: Of the sweeps that are imitated; their frames' distance and pixel size have no part in it.
        seed: Of this acquisition.
        leg_to_world: Where the leg lies; its own frame is the world's unless given.

    Yields:
        Progress, by slices.

    Returns:
        Grey levels, 8 bits.
    """
    leg = as_leg(subject)
    to_leg = (np.eye(4) if leg_to_world is None else np.linalg.inv(leg_to_world)) @ grid.index_to_mm
    view = slices_view(leg, to_leg, grid.shape_zyx, settings, seed)
    rng = np.random.default_rng([seed, 0xD1C])
    scatterers = Scatterers(rng, view.shape_vu, grid.spacing_xyz_mm[2], settings.probe.elevation_mm)
    out = np.empty(grid.shape_zyx, dtype=np.uint8)
    batch = max(1, BATCH_PIXELS // (view.shape_vu[0] * view.shape_vu[1]))
    for start in range(0, grid.slices, batch):
        stop = min(start + batch, grid.slices)
        out[start:stop] = bmode(leg, view.part(start, stop), settings.probe, scatterers.draw(stop - start))
        yield Progress("imaging the digital leg", stop, grid.slices)
    return Volume(out, grid)


def slices_view(
    leg: Leg, index_to_leg: Float[np.ndarray, "4 4"], shape_zyx: tuple[int, int, int], settings: ScanSettings, seed: int
) -> View:
    """The view of all slices of a grid, each column from the last sweep that passed over it."""
    slices, rows, columns = shape_zyx
    path, motions = probe_path(leg, settings), motions_mm(settings, seed)
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
        row = np.round((top - heads[..., 1]) / row_mm[1])
        x = heads[..., 0] + row * row_mm[0]
        covered = inside & (np.abs(x - centre) <= 0.5 * settings.probe.width_mm)
        deepest = np.clip(row + settings.probe.depth_mm / row_mm[1], 0, rows)
        first[covered] = np.clip(row, 0, rows)[covered]
        last[covered] = deepest[covered]
        shift[covered] = motions[sweep]
        rng = np.random.default_rng([seed, sweep, 0xB0B])
        bubbles = lost_contact_db(
            rng, heads[0, :, 0], poses[:, 2, 3], settings.bubbles_per_m * columns * abs(index_to_leg[0, 0]) / 40.0
        )
        lines[covered] = bubbles[covered]
    return View(poses, (rows, columns), first, np.maximum(first, last).astype(np.int32), shift, lines)

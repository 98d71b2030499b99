"""The short way to a volume: the same tissue, beam and artefacts, synthesised on the volume's own grid.

A voxel of a compounded volume shows the mean of the pixels that fell into it. So each slice is imaged as one wide frame
whose columns belong to different sweeps: their lines begin at that sweep's probe, their speckle is the sweep's own, the
leg had moved as it had for that sweep, and beside and below the sweeps there is nothing. Where voxels are larger than the
beam, several pixels of the frame make a voxel.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from jaxtyping import Float, UInt8

from ifssnet.core.grid import Grid
from ifssnet.core.images import Volume
from ifssnet.core.progress import Progress
from ifssnet.phantom.anatomy.leg import as_leg
from ifssnet.phantom.anatomy.scannable_leg import ScannableLeg
from ifssnet.phantom.anatomy.subject import Subject
from ifssnet.phantom.anatomy.view import ProbeView
from ifssnet.phantom.scanner.bmode import Scatterers, bmode
from ifssnet.phantom.scanner.probe_path import lost_contact_db, motions_mm, probe_path
from ifssnet.phantom.scanner.protocol import PAPER, ScanSettings

BATCH_PIXELS = 2**21
PIXEL_YX_MM = (0.37, 0.6)
"""Height and width of an imaged pixel, about; larger voxels are means of several pixels."""
MOST_FINER = 3
"""Pixels to a voxel along one axis, at most: what is for tests must be quick."""


def direct_volume(
    subject: Subject | ScannableLeg,
    grid: Grid,
    settings: ScanSettings = PAPER,
    seed: int = 0,
    leg_to_world: Float[np.ndarray, "4 4"] | None = None,
) -> Generator[Progress, None, Volume]:
    """A B-mode volume of a leg, without frames.

    Args:
        subject: A subject, or its leg when that is built already.
        grid: The volume's grid, in the world's frame, with slices across the leg and rows along the beam.
        settings: The settings of the sweeps that are imitated; their frames' distance and pixel size have no part in it.
        seed: What this acquisition's random numbers start from.
        leg_to_world: Where the leg lies; its own frame is the world's unless given.

    Yields:
        Progress, by slices.

    Returns:
        Grey levels, 8 bits.
    """
    leg = as_leg(subject)
    finer_y, finer_x = (
        min(MOST_FINER, max(1, round(s / limit))) for s, limit in zip(grid.spacing_zyx_mm[1:], PIXEL_YX_MM, strict=True)
    )
    slices, rows, columns = grid.shape_zyx
    part = np.diag([1.0 / finer_x, 1.0 / finer_y, 1.0, 1.0])
    part[:2, 3] = 0.5 / finer_x - 0.5, 0.5 / finer_y - 0.5
    to_leg = (np.eye(4) if leg_to_world is None else np.linalg.inv(leg_to_world)) @ grid.index_to_mm @ part
    view = slices_view(leg, to_leg, (slices, rows * finer_y, columns * finer_x), settings, seed)
    rng = np.random.default_rng([seed, 0xD1C])
    scatterers = Scatterers(rng, view.shape_vu, grid.spacing_xyz_mm[2], settings.probe.elevation_mm)
    out = np.empty(grid.shape_zyx, dtype=np.uint8)
    batch = max(1, BATCH_PIXELS // (view.shape_vu[0] * view.shape_vu[1]))
    for start in range(0, slices, batch):
        stop = min(start + batch, slices)
        fine = bmode(leg, view.part(start, stop), settings.probe, scatterers.draw(stop - start))
        out[start:stop] = _means(fine, finer_y, finer_x)
        yield Progress("imaging the digital leg", stop, slices)
    return Volume(out, grid)


def _means(fine: UInt8[np.ndarray, "z v u"], finer_y: int, finer_x: int) -> UInt8[np.ndarray, "z y x"]:
    """Mean grey levels of blocks of pixels, rounded to the nearest."""
    if finer_y == finer_x == 1:
        return fine
    slices, rows, columns = fine.shape
    blocks = fine.reshape(slices, rows // finer_y, finer_y, columns // finer_x, finer_x)
    total = blocks.sum(axis=(2, 4), dtype=np.uint32)
    return ((total + finer_y * finer_x // 2) // (finer_y * finer_x)).astype(np.uint8)


def slices_view(
    leg: ScannableLeg,
    index_to_leg: Float[np.ndarray, "4 4"],
    shape_zyx: tuple[int, int, int],
    settings: ScanSettings,
    seed: int,
) -> ProbeView:
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
        row = np.rint((top - heads[..., 1]) / row_mm[1])
        x = heads[..., 0] + row * row_mm[0]
        covered = inside & (np.abs(x - centre) <= 0.5 * settings.probe.width_mm)
        deepest = np.minimum(np.maximum(row + settings.probe.depth_mm / row_mm[1], 0), rows)
        first[covered] = np.clip(row, 0, rows)[covered]
        last[covered] = deepest[covered]
        shift[covered] = motions[sweep]
        rng = np.random.default_rng([seed, sweep, 0xB0B])
        bubbles = lost_contact_db(
            rng, heads[0, :, 0], poses[:, 2, 3], settings.bubbles_per_m * columns * abs(index_to_leg[0, 0]) / 40.0
        )
        lines[covered] = bubbles[covered]
    return ProbeView(poses, (rows, columns), first, np.maximum(first, last).astype(np.int32), shift, lines)

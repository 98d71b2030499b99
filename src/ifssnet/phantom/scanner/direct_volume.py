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
from ifssnet.phantom.scanner.swept_columns import SweepPass, batches, finer_pixels, swept_view

PIXEL_YX_MM = (0.37, 0.6)
"""Height and width of an imaged pixel, about; larger voxels are means of several pixels."""


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
    finer_yx, to_leg = finer_pixels(grid, PIXEL_YX_MM, np.eye(4) if leg_to_world is None else np.linalg.inv(leg_to_world))
    slices, rows, columns = grid.shape_zyx
    view = slices_view(leg, to_leg, (slices, rows * finer_yx[0], columns * finer_yx[1]), settings, seed)
    rng = np.random.default_rng([seed, 0xD1C])
    scatterers = Scatterers(rng, view.shape_vu, grid.spacing_xyz_mm[2], settings.probe.elevation_mm)
    out = np.empty(grid.shape_zyx, dtype=np.uint8)
    for start, stop in batches(view):
        fine = bmode(leg, view.part(start, stop), settings.probe, scatterers.draw(stop - start))
        out[start:stop] = _means(fine, *finer_yx)
        yield Progress("imaging the digital leg", stop, slices)
    return Volume(out, grid)


def _means(fine: UInt8[np.ndarray, "z v u"], finer_y: int, finer_x: int) -> UInt8[np.ndarray, "z y x"]:
    """Mean grey levels of blocks of pixels, rounded to the nearest."""
    if finer_y == finer_x == 1:
        return fine
    pixels = finer_y * finer_x
    total = np.full(fine[:, ::finer_y, ::finer_x].shape, pixels // 2, dtype=np.uint16)
    for y in range(finer_y):
        for x in range(finer_x):
            total += fine[:, y::finer_y, x::finer_x]
    return (total // np.uint16(pixels)).astype(np.uint8)


def slices_view(
    leg: ScannableLeg,
    index_to_leg: Float[np.ndarray, "4 4"],
    shape_zyx: tuple[int, int, int],
    settings: ScanSettings,
    seed: int,
) -> ProbeView:
    """The view of all slices of a grid, each column from the last sweep that passed over it."""
    motions = motions_mm(settings, seed)
    bubbles_per_m = settings.bubbles_per_m * shape_zyx[2] * abs(index_to_leg[0, 0]) / 40.0

    def found(at: SweepPass) -> tuple[Float[np.ndarray, " 3"], Float[np.ndarray, "z x"]]:
        rng = np.random.default_rng([seed, at.sweep, 0xB0B])
        return motions[at.sweep], lost_contact_db(rng, at.columns_mm, at.slices_mm, bubbles_per_m)

    return swept_view(index_to_leg, shape_zyx, probe_path(leg, settings), settings, found)

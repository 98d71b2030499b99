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
from ifssnet.phantom.scanner.swept_columns import SweepPass, batches, finer_pixels, swept_view
from ifssnet.phantom.varied_scanner.imaging import Imager, PressedLeg
from ifssnet.phantom.varied_scanner.look import Look
from ifssnet.phantom.varied_scanner.sweeps import SweepCourse, contact_db, edge_db, shifts_at

PIXEL_MM = 0.56
"""An imaged pixel, about; larger voxels are means of several."""


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
    finer_yx, to_leg = finer_pixels(grid, (PIXEL_MM, PIXEL_MM), np.linalg.inv(leg_to_world))
    slices, rows, columns = grid.shape_zyx
    shape = (slices, rows * finer_yx[0], columns * finer_yx[1])
    view = course_view(to_leg, shape, leg.look, course, settings, seed)
    rng = np.random.default_rng([seed, 0xD1C])
    imager = Imager(leg, view, grid.spacing_xyz_mm[2], finer_yx, rng)
    out = np.empty(grid.shape_zyx, dtype=np.uint8)
    for start, stop in batches(view):
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

    def found(at: SweepPass) -> tuple[Float[np.ndarray, "z x 3"], Float[np.ndarray, "z x"]]:
        held = np.flatnonzero(at.covered.any(axis=0))
        held = slice(int(held[0]), int(held[-1]) + 1)
        rng = np.random.default_rng([seed, at.sweep, 0xB0B])
        gain = np.zeros(at.covered.shape, dtype=np.float32)
        gain[:, held] = contact_db(rng, at.columns_mm[held], at.slices_mm, look)
        edge = edge_db(at.x_mm, at.centre_mm, settings.probe.width_mm, look.handling.edge_db)
        gain += (course.gain_db[at.sweep] + edge).astype(np.float32)
        return shifts_at(course, at.sweep, at.z_mm), gain

    return swept_view(index_to_leg, shape_zyx, course.path, settings, found)

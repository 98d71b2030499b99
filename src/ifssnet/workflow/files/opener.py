"""Files that depend on each other: seeds that belong to a volume, labels that are wanted on a grid."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ifssnet.compounding.projection.contour_seeds import contours_to_seeds
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.seeds import Seeds
from ifssnet.core.sweep import Sweep
from ifssnet.geometry.axis_order import axis_along, axis_first, reordered_grid, slice_direction_xyz
from ifssnet.geometry.resample import seeds_on
from ifssnet.io.kinds import kind_of
from ifssnet.io.open import open_sweep
from ifssnet.io.seeds import seed_files as seeds_files

SWEEP_KINDS = {"stradwin"}

AT_SIDE_PX = 1.0
"""How near to the side of a frame a contour runs along it."""


def open_seeds(path: Path | Sequence[Path], grid: Grid | None = None, config: Path | None = None) -> Seeds:
    """Read seeds in any form, onto the grid of the volume that they belong to.

    Args:
        path: A sparse label map, a `.seg.nrrd`, a folder of PNG masks, or a sweep with contours; several sweeps side by
            side, each of which sees a strip of the leg, are joined.
        grid: The volume's grid. Contours and PNG masks need one; other seeds are moved onto it where that is safe.
        config: PLUS configuration of a sweep.

    Raises:
        InputError: The seeds cannot be read, need a grid and have none, or do not fit the grid.
    """
    paths = [path] if isinstance(path, Path) else list(path)
    if len(paths) > 1 and (other := [each for each in paths if not each.exists() or kind_of(each) not in SWEEP_KINDS]):
        raise InputError(
            "one file of seeds, or several sweeps with contours", f"{len(paths)}, {other[0].name} among them", "Give one."
        )
    path = paths[0]
    if path.exists() and kind_of(path) in SWEEP_KINDS:
        if grid is None:
            raise InputError(
                "the volume that the contours belong to", f"only {path.name}", "Give the volume that was compounded from it."
            )
        sweeps = [open_sweep(each, config) for each in paths]
        if len(sweeps) == 1:
            _look_for_cut_muscles(sweeps[0], path)
        return contours_to_seeds(sweeps, grid)
    seeds = seeds_files.open_seeds(path, grid)
    if grid is None:
        return seeds
    # The volume may be stored in another order than the seeds: its axis that runs as the seeds' slices do comes first.
    axes = axis_first(axis_along(grid, slice_direction_xyz(seeds.grid)))
    target = reordered_grid(grid, axes)
    return replace(seeds if seeds.grid == target else seeds_on(seeds, target), axes=axes)


def _look_for_cut_muscles(sweep: Sweep, path: Path) -> None:
    """Warn where a contour runs along its frame's side: the muscle goes on there, and another sweep saw the rest."""
    last = sweep.frames.shape[2] - 1
    cut = 0
    for contour in sweep.contours:
        u = contour.points_uv_px[:, 0]
        on_side = (u <= AT_SIDE_PX) | (u >= last - AT_SIDE_PX)
        cut += bool((on_side & np.roll(on_side, 1)).any()) and contour.closed
    if cut:
        warnings.warn(
            InputWarning(
                f"{path.name}: {cut} of {len(sweep.contours)} contours run along the side of their frame, where the muscle "
                "goes on. Give the contours of the sweeps beside it as well, or the volume will be too small."
            ),
            stacklevel=3,
        )

"""Files that depend on each other: seeds that belong to a volume, labels that are wanted on a grid."""

from __future__ import annotations

from pathlib import Path

from ifssnet.compound.contour_seeds import contours_to_seeds
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.seeds import Seeds
from ifssnet.geometry.resample import seeds_on
from ifssnet.io import seeds as seeds_files
from ifssnet.io.kinds import kind_of
from ifssnet.io.sweep import open_sweep

SWEEP_KINDS = {"stradwin"}


def open_seeds(path: Path, grid: Grid | None = None, config: Path | None = None) -> Seeds:
    """Read seeds in any form, onto the grid of the volume that they belong to.

    Args:
        path: A sparse label map, a `.seg.nrrd`, a folder of PNG masks, or a sweep with contours.
        grid: The volume's grid. Contours and PNG masks need one; other seeds are moved onto it where that is safe.
        config: PLUS configuration of a sweep.

    Raises:
        InputError: The seeds cannot be read, need a grid and have none, or do not fit the grid.
    """
    if path.exists() and kind_of(path) in SWEEP_KINDS:
        if grid is None:
            raise InputError(
                "the volume that the contours belong to", f"only {path.name}", "Give the volume that was compounded from it."
            )
        return contours_to_seeds(open_sweep(path, config), grid)
    seeds = seeds_files.open_seeds(path, grid)
    return seeds if grid is None or seeds.grid.matches(grid) else seeds_on(seeds, grid)

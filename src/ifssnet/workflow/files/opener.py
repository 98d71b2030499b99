"""Files that depend on each other: seeds that belong to a volume, labels that are wanted on a grid."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ifssnet.compounding.projection.contour_seeds import contours_to_seeds
from ifssnet.core.errors import InputError, InputWarning
from ifssnet.core.grid import Grid
from ifssnet.core.images import EMPTY_NAMES
from ifssnet.core.seeds import Seeds
from ifssnet.core.sweep import Sweep
from ifssnet.geometry.grids.axis_order import Order, axis_along, axis_first, inverse, reordered_grid, slice_direction_xyz
from ifssnet.geometry.grids.resample import seeds_on
from ifssnet.io.kinds import kind_of
from ifssnet.io.open import open_sweep
from ifssnet.io.seeds import seed_files as seeds_files
from ifssnet.io.seeds.annotated_slices import with_absence
from ifssnet.io.seeds.drawing_axis import plane_name
from ifssnet.propagate.seeding.joined_seeds import Rule, complete_findings, corrected, is_complete, joined
from ifssnet.propagate.seeding.outlined_seeds import fill_outlines
from ifssnet.propagate.seeding.stray_drawings import look_over

SWEEP_KINDS = {"stradwin"}

SAME_PLANES = 0.7
"""Slices of two files whose directions have a smaller cosine than this run across each other."""

AT_SIDE_PX = 1.0
"""How near to the side of a frame a contour runs along it."""


@dataclass(frozen=True)
class SeedReading:
    """How what people drew is taken.

    Attributes:
        keep_outlines: Take outlines as the muscle itself instead of filling them.
        clean: Leave out islands and slices that cannot be meant.
        corrections: Seeds that take the place of the others on their slices.
        conflicts: What counts where two files drew a muscle differently on one slice.
        names: Names of label values, for files that hold none.
        described: What a cohort's description calls label values; those of other labels do not count.
    """

    keep_outlines: bool = False
    clean: bool = False
    corrections: tuple[Path, ...] = ()
    conflicts: Rule = "refuse"
    names: Mapping[int, str] = field(default_factory=lambda: EMPTY_NAMES)
    described: Mapping[int, str] = field(default_factory=lambda: EMPTY_NAMES)


AS_DRAWN = SeedReading()


def open_seeds(
    path: Path | Sequence[Path], grid: Grid | None = None, config: Path | None = None, reading: SeedReading = AS_DRAWN
) -> Seeds:
    """Read seeds in any form, onto the grid of the volume that they belong to.

    Args:
        path: A sparse label map, a `.seg.nrrd`, a folder of PNG masks, or a sweep with contours; several of them are joined,
            muscles by name. Several sweeps side by side, each of which sees a strip of the leg, are joined strip by strip.
        grid: The volume's grid. Contours and PNG masks need one; other seeds are moved onto it where that is safe.
        config: PLUS configuration of a sweep.
        reading: How they are taken.

    Returns:
        The seeds; their findings say what was filled, left out, replaced, and what cannot be meant.

    Raises:
        InputError: The seeds cannot be read, need a grid and have none, do not fit the grid, or contradict each other.
    """
    paths = [path] if isinstance(path, Path) else list(path)
    sweeps = [each for each in paths if each.exists() and kind_of(each) in SWEEP_KINDS]
    if sweeps and len(sweeps) < len(paths):
        other = next(each for each in paths if each not in sweeps)
        raise InputError(
            "sweeps with contours, or files of seeds", f"{len(paths)}, {other.name} among them", "Give either by themselves."
        )
    seeds = _from_sweeps(sweeps, grid, config) if sweeps else _from_files(paths, grid, reading)
    if reading.corrections:
        fixed = [(each.name, _beside(each, grid, reading, seeds)) for each in reading.corrections]
        for name, part in fixed:
            seeds = corrected(seeds, part, name)
    return look_over(seeds, reading.clean, hollow=reading.keep_outlines)


def _from_files(paths: Sequence[Path], grid: Grid | None, reading: SeedReading) -> Seeds:
    alone = len(paths) == 1
    first = _onto(_read(paths[0], grid, reading, alone=alone), grid, None)
    if alone:
        return replace(first, findings=(*first.findings, *complete_findings(first, paths[0].name)))
    parts = {str(paths[0]): first}
    for each in paths[1:]:
        if str(each) in parts:
            raise InputError("each file of seeds once", f"{each} twice", "Leave one out.")
        parts[str(each)] = _beside(each, grid, reading, first)
    return with_absence(joined(parts, reading.conflicts), "the seeds")


def _beside(path: Path, grid: Grid | None, reading: SeedReading, like: Seeds) -> Seeds:
    """Another file, on the slices of the first one.

    Raises:
        InputError: It was drawn on planes of another direction.
    """
    seeds = _read(path, grid, reading, alone=False)
    along = slice_direction_xyz(like.grid)
    if abs(float(np.dot(along, slice_direction_xyz(seeds.grid)))) < SAME_PLANES:
        if not is_complete(seeds):
            own, others = plane_name(seeds.grid, 0), plane_name(like.grid, 0)
            raise InputError(
                "files of seeds that were drawn on planes of one direction",
                f"{path.name} on {own} planes, and the seeds before it on {others} ones",
                "Draw the muscles on parallel planes of one direction.",
            )
        # What is complete was drawn on no planes: it has slices along any axis.
        stored = reordered_grid(seeds.grid, inverse(seeds.axes))
        seeds = _read(path, grid, reading, alone=False, order=axis_first(axis_along(stored, along)))
    return _onto(seeds, grid, like)


def _read(path: Path, grid: Grid | None, reading: SeedReading, *, alone: bool, order: Order | None = None) -> Seeds:
    """One file; where others come to it, a muscle that it does not show on a slice is not taken as absent there."""
    seeds = seeds_files.open_seeds(path, grid, absence=alone, order=order)
    own, described = (
        {label: name for label, name in names.items() if label in seeds.labels} for names in (reading.names, reading.described)
    )
    if reading.names and not own:
        raise InputError(
            f"names for the label values {', '.join(map(str, seeds.labels))} of {path.name}",
            f"names for {', '.join(map(str, reading.names))}",
            "Correct --names.",
        )
    seeds = replace(seeds, names={**seeds.names, **described, **own})
    return seeds if reading.keep_outlines else fill_outlines(seeds)


def _onto(seeds: Seeds, grid: Grid | None, like: Seeds | None) -> Seeds:
    """Seeds on the volume's grid, or on that of other seeds where there is no volume."""
    if like is not None:
        target, axes = like.grid, like.axes
    elif grid is not None:
        # The volume may be stored in another order than the seeds: its axis that runs as the seeds' slices do comes first.
        axes = axis_first(axis_along(grid, slice_direction_xyz(seeds.grid)))
        target = reordered_grid(grid, axes)
    else:
        return seeds
    moved = seeds if seeds.grid == target else seeds_on(seeds, target)
    return replace(moved, axes=axes, findings=seeds.findings)


def _from_sweeps(paths: Sequence[Path], grid: Grid | None, config: Path | None) -> Seeds:
    if grid is None:
        raise InputError(
            "the volume that the contours belong to",
            f"only {paths[0].name}",
            "Give the volume that was compounded from it (--volume).",
        )
    sweeps = [open_sweep(each, config) for each in paths]
    if len(sweeps) == 1:
        _look_for_cut_muscles(sweeps[0], paths[0])
    return contours_to_seeds(sweeps, grid)


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

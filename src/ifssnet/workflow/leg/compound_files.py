"""`ifss compound`: recordings in, a volume out, or only what it would be."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ifssnet.compounding.options import CompoundOptions
from ifssnet.compounding.plan import CompoundPlan
from ifssnet.compounding.preflight.sweep_checks import Preflight
from ifssnet.core.errors import InputError
from ifssnet.core.grid import Grid
from ifssnet.core.progress import Progress
from ifssnet.core.segmentation import Json
from ifssnet.core.sweep import Sweep
from ifssnet.io.kinds import CALIBRATED_ELSEWHERE, kind_of
from ifssnet.io.open import open_sweeps, open_volume
from ifssnet.io.save import save
from ifssnet.io.sweeps.plus_config import PlusConfiguration, read_plus_configuration
from ifssnet.io.sweeps.tracking_files import TrackingFiles
from ifssnet.io.volumes.recorded_findings import with_findings
from ifssnet.workflow.files.provenance import source
from ifssnet.workflow.files.result_files import check_target, write_json
from ifssnet.workflow.leg.compounded_volume import check_before_compounding, compound, dry_run, options_from_plus


@dataclass(frozen=True, eq=False)
class Recordings:
    """What `ifss compound` was given, read and understood.

    Attributes:
        sweeps: The recordings.
        options: The configuration's options with the user's over them.
        grid: Where the volume is to lie; None: around the frames.
        sources: Names and hashes of the files.
    """

    sweeps: tuple[Sweep, ...]
    options: CompoundOptions
    grid: Grid | None
    sources: list[Json]


def read_recordings(
    paths: Sequence[Path],
    config: Path | None,
    given: Mapping[str, Any],
    grid_of: Path | None = None,
    *,
    poses: Sequence[Path] = (),
    reference: Path | None = None,
    calibration: Path | None = None,
) -> Recordings:
    """Read sweeps and the options to compound them with.

    Args:
        paths: The recordings.
        config: A PLUS configuration: calibration of sequence metafiles, and every option that it names.
        given: Fields of `CompoundOptions` that the user gave; they win over the configuration.
        grid_of: A volume whose grid is taken.
        poses: Transforms of the tracked probe, for the images of 3D Slicer's Sequences.
        reference: Transforms of the tracked reference, for the same.
        calibration: The file of the transform from the image to the probe.

    Raises:
        InputError: Something cannot be read, an option is impossible, or files do not go together.
    """
    if not paths:
        raise InputError("at least one sweep", "none", "Name the recordings to compound.")
    if len(paths) > 1 and (poses or reference is not None):
        raise InputError(
            "one recording with --poses and --reference",
            f"{len(paths)} recordings",
            "Compound a scene (.mrb), which says what belongs together, or keep each recording in a folder of its own.",
        )
    configuration = None if config is None else read_plus_configuration(config)
    options = CompoundOptions(**given) if configuration is None else options_from_plus(configuration, given)
    # A Stradwin recording carries its own calibration, so that only the options of a configuration concern it.
    sweeps = tuple(
        sweep
        for path in paths
        for sweep in open_sweeps(path, TrackingFiles(_own(configuration, path), tuple(poses), reference, calibration))
    )
    grid = None if grid_of is None else open_volume(grid_of).grid
    read = (*paths, *poses, *(each for each in (reference, calibration, config) if each is not None))
    return Recordings(sweeps, options, grid, [source(path) for path in read])


def _own(configuration: PlusConfiguration | None, path: Path) -> PlusConfiguration | None:
    """The configuration where it concerns the recording's calibration."""
    return configuration if kind_of(path) in CALIBRATED_ELSEWHERE else None


def plan(recordings: Recordings) -> CompoundPlan:
    """Grid, voxels and memory, before any of it is taken."""
    return dry_run(recordings.sweeps, recordings.options, recordings.grid)


def check_recordings(recordings: Recordings) -> Preflight:
    """What may be wrong with the recordings."""
    return check_before_compounding(recordings.sweeps, recordings.options, recordings.grid)


def compound_files(
    recordings: Recordings, output: Path, *, with_provenance: bool = False, force: bool = False
) -> Generator[Progress, None, dict[str, Any]]:
    """Compound and write the volume.

    Raises:
        InputError: Nothing to compound, too little memory, or a target that cannot be written.
    """
    provenance_path = output.with_name(f"{output.name}.json")
    for target in (output, *([provenance_path] if with_provenance else [])):
        check_target(target, force)
    findings = check_recordings(recordings).findings
    volume = with_findings((yield from compound(recordings.sweeps, recordings.options, recordings.grid)), findings)
    if not volume.array.any():
        raise InputError(
            "frames that reach the volume's grid, and are not black",
            "a volume without a single grey level above 0",
            "Check the grid, the clip rectangle and the calibration with --check and --dry-run.",
        )
    save(volume, output, force=force)
    facts = {key.removeprefix("ifss_"): value for key, value in volume.header.items() if key.startswith("ifss_")}
    provenance: dict[str, Json] = {**facts, "sources": recordings.sources}
    if with_provenance:
        write_json(provenance, provenance_path, force)
    return {"output": str(output), **grid_facts(volume.grid), "provenance": provenance}


def grid_facts(grid: Grid) -> dict[str, Json]:
    """A grid as plain data."""
    extent = [round(n * s, 3) for n, s in zip(reversed(grid.shape_zyx), grid.spacing_xyz_mm, strict=True)]
    return {
        "shape_zyx": list(grid.shape_zyx),
        "spacing_xyz_mm": list(grid.spacing_xyz_mm),
        "origin_xyz_mm": list(grid.origin_xyz_mm),
        "direction": [list(row) for row in grid.direction],
        "extent_xyz_mm": extent,
        "voxels": grid.voxels,
    }

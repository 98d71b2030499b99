"""`ifss compound`: recordings in, a volume out, or only what it would be."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ifssnet.compounding.options import CompoundOptions
from ifssnet.compounding.preflight.sweep_checks import refuse_errors
from ifssnet.core.errors import InputError
from ifssnet.core.facts.compounding_facts import CompoundPlan, Preflight
from ifssnet.core.facts.written_files import CompoundedFile
from ifssnet.core.grid import Grid
from ifssnet.core.progress import Progress
from ifssnet.core.sweep import Sweep
from ifssnet.figures.leg_report.acquisition_charts import pressure_picture
from ifssnet.io.kinds import CALIBRATED_ELSEWHERE, kind_of
from ifssnet.io.open import open_sweeps, open_volume
from ifssnet.io.plain_data import Json, plain_table
from ifssnet.io.save import save
from ifssnet.io.storage.atomic import atomic_path
from ifssnet.io.sweeps.plus_config import PlusConfiguration, read_plus_configuration
from ifssnet.io.sweeps.tracking_files import TrackingFiles
from ifssnet.io.volumes.recorded_findings import with_findings, with_pressures
from ifssnet.io.volumes.seen_mask import seen_path
from ifssnet.workflow.files.provenance import source
from ifssnet.workflow.files.result_files import check_image_target, check_suffix, check_target, write_json
from ifssnet.workflow.leg.compounded_volume import check_before_compounding, compound, dry_run, options_from_plus


@dataclass(frozen=True)
class RecordingFiles:
    """What `ifss compound` reads, and how it is to be put together.

    Attributes:
        sweeps: The recordings.
        config: A PLUS configuration: calibration of sequence metafiles, and every option that it names.
        options: Fields of `CompoundOptions` that the user gave; they win over the configuration.
        grid: A volume whose grid is taken.
        poses: Transforms of the tracked probe, for the images of 3D Slicer's Sequences.
        reference: Transforms of the tracked reference, for the same.
        calibration: The file of the transform from the image to the probe.
    """

    sweeps: tuple[Path, ...]
    config: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    grid: Path | None = None
    poses: tuple[Path, ...] = ()
    reference: Path | None = None
    calibration: Path | None = None

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The files that the voxels come from."""
        others = (self.reference, self.calibration, self.config)
        return (*self.sweeps, *self.poses, *(each for each in others if each is not None))


@dataclass(frozen=True, eq=False)
class _Recordings:
    """The same, read and understood."""

    sweeps: tuple[Sweep, ...]
    options: CompoundOptions
    grid: Grid | None


def recorded_sweeps(files: RecordingFiles) -> tuple[Sweep, ...]:
    """The sweeps of some recordings.

    Raises:
        InputError: Something cannot be read, or does not go together.
    """
    return _read(files).sweeps


def plan_files(files: RecordingFiles) -> CompoundPlan:
    """Grid, voxels and memory, before any of it is taken.

    Raises:
        InputError: Something cannot be read, an option is impossible, or the volume takes more memory than there is.
    """
    read = _read(files)
    return dry_run(read.sweeps, read.options, read.grid)


def check_files(files: RecordingFiles, chart: Path | None = None, *, force: bool = False) -> Preflight:
    """What may be wrong with the recordings.

    Args:
        files: What is read, and how it is to be put together.
        chart: Where to draw how far the probe pressed, as SVG.
        force: Replace a chart that is there.

    Raises:
        InputError: Something cannot be read, an option is impossible, or the chart cannot be drawn or written.
    """
    if chart is not None:
        check_suffix(chart, (".svg",))
        check_target(chart, force, *files.inputs)
    read = _read(files)
    found = check_before_compounding(read.sweeps, read.options, read.grid)
    if chart is not None:
        drawn = pressure_picture(found.pressures)
        if not drawn:
            raise InputError("frames that show the skin, in columns of pixels", "none", "Leave out --chart.")
        with atomic_path(chart, force=force) as partial:
            partial.write_text(drawn, encoding="utf-8", newline="\n")
    return found


def compound_files(
    files: RecordingFiles,
    output: Path,
    *,
    with_provenance: bool = False,
    force: bool = False,
    force_quality: bool = False,
) -> Generator[Progress, None, CompoundedFile]:
    """Compound and write the volume.

    Args:
        files: What is read, and how it is put together.
        output: The volume's file.
        with_provenance: Whether a `.json` with the settings and the sources is written beside it.
        force: Replace what is there.
        force_quality: Go on although the checks found errors.

    Raises:
        InputError: Something cannot be read, nothing to compound, an error that the checks found, too little
            memory, or a target that cannot be written.
    """
    provenance_path = output.with_name(f"{output.name}.json")
    check_image_target(output, force, *files.inputs, files.grid, labels=False)
    for beside in (seen_path(output), *([provenance_path] if with_provenance else [])):
        check_target(beside, force, *files.inputs, files.grid)
    read = _read(files)
    checked = check_before_compounding(read.sweeps, read.options, read.grid)
    if not force_quality:
        refuse_errors(checked)
    findings = checked.findings
    volume = with_findings((yield from compound(read.sweeps, read.options, read.grid)), findings)
    volume = with_pressures(volume, checked.pressures)
    if not volume.array.any():
        raise InputError(
            "frames that reach the volume's grid, and are not black",
            "a volume without a single grey level above 0",
            "Check the grid, the clip rectangle and the calibration with --check and --dry-run.",
        )
    save(volume, output, force=force)
    settings = {key.removeprefix("ifss_"): value for key, value in volume.header.items() if key.startswith("ifss_")}
    written = CompoundedFile(output, volume.grid, settings, [source(path) for path in files.inputs], findings)
    if with_provenance:
        write_json(_provenance(written), provenance_path, force)
    return written


def plain_plan(plan: CompoundPlan) -> dict[str, Json]:
    """A plan as `ifss compound --dry-run --json` prints it."""
    return {
        **plain_table(plan.grid.summary),
        "frames": plan.frames,
        "invalid_frames": plan.invalid_frames,
        "used_frames": plan.used_frames,
        "pixels": plan.pixels,
        "bytes": plan.bytes_needed,
        "bytes_by_array": plan.bytes_by_array,
        "available_bytes": plan.available_bytes,
    }


def plain_preflight(found: Preflight) -> dict[str, Json]:
    """What the checks found as `ifss compound --check --json` prints it."""
    x, y, z = found.plan.grid.shape_zyx[::-1]
    checked = plain_table(found)
    return {
        "size_xyz": [x, y, z],
        "spacing_xyz_mm": list(found.plan.grid.spacing_xyz_mm),
        "extent_xyz_mm": checked["extent_xyz_mm"],
        "voxels": found.plan.voxels,
        "bytes": found.plan.bytes_needed,
        "frames": found.plan.frames,
        "frames_used": found.plan.used_frames,
        "frames_invalid": found.plan.invalid_frames,
        "coverage": checked["coverage"],
        "sweeps": checked["motions"],
        "findings": checked["findings"],
        "pressure": checked["pressures"],
    }


def plain_compounded(written: CompoundedFile) -> dict[str, Json]:
    """A compounded volume as `ifss compound --json` prints it."""
    return {"output": str(written.output), **plain_table(written.grid.summary), "provenance": _provenance(written)}


def _provenance(written: CompoundedFile) -> dict[str, Json]:
    return {**written.settings, "sources": written.sources}


def _read(files: RecordingFiles) -> _Recordings:
    """Read sweeps and the options to compound them with."""
    if not files.sweeps:
        raise InputError("at least one sweep", "none", "Name the recordings to compound.")
    if len(files.sweeps) > 1 and (files.poses or files.reference is not None):
        raise InputError(
            "one recording with --poses and --reference",
            f"{len(files.sweeps)} recordings",
            "Compound a scene (.mrb), which says what belongs together, or keep each recording in a folder of its own.",
        )
    configuration = None if files.config is None else read_plus_configuration(files.config)
    options = CompoundOptions(**files.options) if configuration is None else options_from_plus(configuration, files.options)
    # A Stradwin recording carries its own calibration, so that only the options of a configuration concern it.
    sweeps = tuple(
        sweep
        for path in files.sweeps
        for sweep in open_sweeps(
            path, TrackingFiles(_own(configuration, path), files.poses, files.reference, files.calibration)
        )
    )
    return _Recordings(sweeps, options, None if files.grid is None else open_volume(files.grid).grid)


def _own(configuration: PlusConfiguration | None, path: Path) -> PlusConfiguration | None:
    """The configuration where it concerns the recording's calibration."""
    return configuration if kind_of(path) in CALIBRATED_ELSEWHERE else None

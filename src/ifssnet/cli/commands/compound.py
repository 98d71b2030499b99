"""`ifss compound`: tracked sweeps to a volume."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ifssnet.cli.options import Force, Json, Quiet, Verbose
from ifssnet.cli.terminal import Terminal, written


class Interpolation(StrEnum):
    """How a pixel reaches voxels."""

    nearest = "nearest"
    linear = "linear"


class Compounding(StrEnum):
    """What a voxel that several pixels reach becomes."""

    latest = "latest"
    maximum = "maximum"
    mean = "mean"
    running_mean = "running-mean"


class Fill(StrEnum):
    """How voxels that no pixel reached are filled."""

    none = "none"
    nearest = "nearest"
    stick = "stick"
    gaussian = "gaussian"
    distance = "distance"


class Axes(StrEnum):
    """Along what the volume's axes lie."""

    reference = "reference"
    sweep = "sweep"


def run(
    sweeps: Annotated[list[Path], typer.Argument(metavar="SWEEP…", help="Recordings of one leg, in one reference frame.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write the volume.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="XML", help="PLUS configuration: calibration, and every option it names.")
    ] = None,
    poses: Annotated[
        list[Path] | None, typer.Option("--poses", metavar="FILE", help="3D Slicer: transforms of the probe (.seq.mha).")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", metavar="FILE", help="3D Slicer: transforms of the reference (.seq.mha).")
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option("--calibration", metavar="FILE", help="Transform from the image to the probe (.h5, .tfm, .txt)."),
    ] = None,
    spacing: Annotated[str | None, typer.Option("--spacing", metavar="MM", help="Voxel spacing: one number, or X,Y,Z.")] = None,
    interpolation: Annotated[Interpolation | None, typer.Option(help="Default: nearest.")] = None,
    compounding: Annotated[Compounding | None, typer.Option(help="Default: mean, a true one.")] = None,
    fill: Annotated[Fill | None, typer.Option(help="How to fill holes (default: none).")] = None,
    fill_size: Annotated[int | None, typer.Option(help="nearest, gaussian: diameter in voxels; stick: longest stick.")] = None,
    fill_mm: Annotated[float | None, typer.Option(help="distance: how far a hole may lie from what was seen (1 mm).")] = None,
    clip: Annotated[
        str | None, typer.Option(metavar="X,Y,W,H", help="Pixels to use; PLUS' rule: up to X + W and Y + H inclusive.")
    ] = None,
    fan: Annotated[
        str | None, typer.Option(metavar="A,B,X,Y,FROM,TO", help="Fan: two angles in degrees, origin and depths in pixels.")
    ] = None,
    axes: Annotated[
        Axes | None, typer.Option(help="sweep: slices are cross-sections of the leg; reference: the tracker's axes (default).")
    ] = None,
    axis_weight_mm: Annotated[
        float | None, typer.Option(help="With mean: trust the middle of the probe more, Gaussian weight of this SD.")
    ] = None,
    skip: Annotated[int | None, typer.Option(help="Use every so many-th frame.")] = None,
    grid: Annotated[Path | None, typer.Option(help="Take the grid of this volume.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only look at the recordings and say what may be wrong.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say the grid, the voxels and the memory.")] = False,
    provenance: Annotated[bool, typer.Option("--provenance", help="Write OUT.json beside it.")] = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> dict[str, Any]:
    """Compound tracked sweeps into a volume. Spacing is the paper's 0.277 mm unless said otherwise.

    Options given here win over those of --config.

    Recordings of 3D Slicer: a scene (`leg.mrb`), or `images.seq.nrrd` with --poses, --reference and --calibration, or with
    those files beside it.

    Example: `ifss compound left.igs.mha right.igs.mha --config plus.xml -o leg.mha --axes sweep --fill distance`
    """
    from ifssnet.cli.parse import numbers, spacing_xyz
    from ifssnet.compounding.options import Fan, Rectangle
    from ifssnet.core.errors import InputError
    from ifssnet.workflow.files.result_files import check_target
    from ifssnet.workflow.leg.compound_files import check_recordings, compound_files, grid_facts, plan, read_recordings

    terminal = Terminal(quiet, verbose, json)
    given: dict[str, Any] = {
        "interpolation": interpolation and interpolation.value,
        "compounding": compounding and compounding.value,
        "axes": axes and axes.value,
        "spacing_mm": spacing_xyz(spacing),
        "axis_weight_mm": axis_weight_mm,
        "skip_interval": skip,
        "holes": None if fill is None else _holes(fill, fill_size, fill_mm),
    }
    if clip is not None:
        edges = numbers(clip, "--clip", 4, "0,0,820,616")
        if any(edge != int(edge) for edge in edges):
            raise InputError("whole pixels after --clip", f"'{clip}'", "Write for example --clip 0,0,820,616.")
        given["clip"] = Rectangle(*(int(edge) for edge in edges))
    if fan is not None:
        a, b, x, y, start, stop = numbers(fan, "--fan", 6, "-45,45,380,20,120,360")
        given["fan"] = Fan((a, b), (x, y), start, stop)
    if output is None and not check and not dry_run:
        raise InputError("-o OUT", "none", "Say where to write, or use --check or --dry-run.")
    if grid is not None and (spacing is not None or axes is not None):
        raise InputError(
            "--grid, or --spacing and --axes", "both", "A volume's grid has its own spacing and axes: leave them out."
        )
    if check and dry_run:
        raise InputError("--check or --dry-run", "both", "Give one of them.")
    if output is not None:
        check_target(output, force or check or dry_run, *sweeps, *(poses or []), reference, calibration, config, grid)
    if fill is None and (fill_size is not None or fill_mm is not None):
        raise InputError("--fill with --fill-size or --fill-mm", "no --fill", "Say how holes are to be filled.")
    recordings = read_recordings(
        sweeps,
        config,
        {name: value for name, value in given.items() if value is not None},
        grid,
        poses=poses or (),
        reference=reference,
        calibration=calibration,
    )
    if dry_run:
        planned = plan(recordings)
        facts: dict[str, Any] = {
            **grid_facts(planned.grid),
            "frames": planned.frames,
            "invalid_frames": planned.invalid_frames,
            "used_frames": planned.used_frames,
            "pixels": planned.pixels,
            "bytes": sum(planned.bytes_by_array.values()),
            "bytes_by_array": planned.bytes_by_array,
            "available_bytes": planned.available_bytes,
        }
        if json:
            terminal.answer_json(facts)
        else:
            shown = [
                (key, written(value)) for key, value in facts.items() if not isinstance(value, dict) and key != "direction"
            ]
            terminal.answer_table("what it would be", ("what", "value"), shown)
        return facts
    if check:
        seen = check_recordings(recordings).as_plain()
        if json:
            terminal.answer_json(seen)
        else:
            for finding in seen["findings"]:
                terminal.say(f"{finding['severity']}: {finding['text']} {finding['remedy']}")
            figures = [(key, written(value)) for key, value in seen.items() if not isinstance(value, (dict, list))]
            terminal.answer_table("checks before compounding", ("what", "value"), figures)
        return seen
    facts = terminal.run(compound_files(recordings, output or Path(), with_provenance=provenance, force=force))
    if json:
        terminal.answer_json(facts)
    terminal.say(f"wrote {output}: {written(facts['shape_zyx'])} voxels (z, y, x) of {written(facts['spacing_xyz_mm'])} mm")
    return facts


def _holes(fill: Fill, size: int | None, limit_mm: float | None) -> tuple[Any, ...]:
    from ifssnet.compounding.holes.options import DistanceFilling, GaussianFilling, NearestFilling, StickFilling
    from ifssnet.core.errors import InputError

    if limit_mm is not None and fill is not Fill.distance:
        raise InputError("--fill-mm with --fill distance", f"--fill {fill.value}", "Use --fill-size, which is in voxels.")
    if size is not None and fill in (Fill.distance, Fill.none):
        raise InputError("--fill-size with nearest, stick or gaussian", f"--fill {fill.value}", "Leave it out.")
    match fill:
        case Fill.none:
            return ()
        case Fill.nearest:
            return (NearestFilling() if size is None else NearestFilling(size),)
        case Fill.stick:
            return (StickFilling() if size is None else StickFilling(size),)
        case Fill.gaussian:
            return (GaussianFilling() if size is None else GaussianFilling(size),)
        case Fill.distance:
            return (DistanceFilling() if limit_mm is None else DistanceFilling(limit_mm),)

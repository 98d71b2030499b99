"""`ifss compound`: tracked sweeps to a volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ifssnet.cli.options import Force, Json, Quiet, Verbose
from ifssnet.cli.parse import numbers, spacing_xyz
from ifssnet.cli.terminal import Terminal, written
from ifssnet.core.errors import InputError
from ifssnet.core.facts.compounding_facts import CompoundPlan, Preflight
from ifssnet.core.facts.written_files import CompoundedFile
from ifssnet.core.findings import Finding

if TYPE_CHECKING:
    from ifssnet.compounding.holes.options import AnyFilling
    from ifssnet.compounding.options import Fan, Rectangle


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

    auto = "auto"
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
    fill_size: Annotated[
        int | None,
        typer.Option(help="nearest, gaussian: diameter in voxels; stick: longest stick (default: as frames lie apart)."),
    ] = None,
    fill_mm: Annotated[
        float | None,
        typer.Option(
            help="distance: how far a hole may lie from what was seen (default: 1.5 times the frames' distance, 1-4)."
        ),
    ] = None,
    clip: Annotated[
        str | None, typer.Option(metavar="X,Y,W,H", help="Pixels to use; PLUS' rule: up to X + W and Y + H inclusive.")
    ] = None,
    fan: Annotated[
        str | None, typer.Option(metavar="A,B,X,Y,FROM,TO", help="Fan: two angles in degrees, origin and depths in pixels.")
    ] = None,
    axes: Annotated[
        Axes | None,
        typer.Option(
            help="sweep: z along the sweep; reference: the tracker's; auto (default): sweep, unless it runs along z already."
        ),
    ] = None,
    axis_weight_mm: Annotated[
        float | None, typer.Option(help="With mean: trust the middle of the probe more, Gaussian weight of this SD.")
    ] = None,
    skip: Annotated[int | None, typer.Option(help="Use every n-th frame only.")] = None,
    grid: Annotated[Path | None, typer.Option(help="Take the grid of this volume.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only look at the recordings and say what may be wrong.")] = False,
    chart: Annotated[
        Path | None, typer.Option("--chart", metavar="SVG", help="With --check: draw how far the probe pressed.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say the grid, the voxels and the memory.")] = False,
    provenance: Annotated[bool, typer.Option("--provenance", help="Write OUT.json beside it.")] = False,
    force_quality: Annotated[
        bool, typer.Option("--force-quality", help="Go on although the checks found errors in the recordings.")
    ] = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> CompoundedFile | CompoundPlan | Preflight:
    """Compound tracked sweeps into a volume. Spacing is the paper's 0.277 mm unless said otherwise.

    Options given here win over those of --config.

    Recordings of 3D Slicer: a scene (`leg.mrb`), or `images.seq.nrrd` with --poses, --reference and --calibration, or with
    those files beside it.

    Example: `ifss compound left.igs.mha right.igs.mha --config plus.xml -o leg.mha --axes sweep --fill distance`
    """
    from ifssnet.workflow.leg.compound_files import (
        RecordingFiles,
        check_files,
        compound_files,
        plain_compounded,
        plain_plan,
        plain_preflight,
        plan_files,
    )

    terminal = Terminal(quiet, verbose, json)
    if output is None and not check and not dry_run:
        raise InputError("-o OUT", "none", "Say where to write, or use --check or --dry-run.")
    if grid is not None and (spacing is not None or axes is not None):
        raise InputError(
            "--grid, or --spacing and --axes", "both", "A volume's grid has its own spacing and axes: leave them out."
        )
    if chart is not None and not check:
        raise InputError("--chart with --check", "no --check", "Add --check: the chart shows what the checks find.")
    if check and dry_run:
        raise InputError("--check or --dry-run", "both", "Give one of them.")
    if fill is None and (fill_size is not None or fill_mm is not None):
        raise InputError("--fill with --fill-size or --fill-mm", "no --fill", "Say how holes are to be filled.")
    given: dict[str, Any] = {
        "interpolation": interpolation and interpolation.value,
        "compounding": compounding and compounding.value,
        "axes": axes and axes.value,
        "spacing_mm": spacing_xyz(spacing),
        "axis_weight_mm": axis_weight_mm,
        "skip_interval": skip,
        "holes": None if fill is None else _holes(fill, fill_size, fill_mm),
        "clip": _clip(clip),
        "fan": _fan(fan),
    }
    options = {name: value for name, value in given.items() if value is not None}
    files = RecordingFiles(tuple(sweeps), config, options, grid, tuple(poses or ()), reference, calibration)
    if dry_run:
        plan = plan_files(files)
        if json:
            terminal.answer_json(plain_plan(plan))
        else:
            _show_table(terminal, "what it would be", plain_plan(plan))
        return plan
    if check:
        found = check_files(files, chart, force=force)
        if json:
            terminal.answer_json(plain_preflight(found))
        else:
            _say(terminal, found.findings)
            _show_table(terminal, "checks before compounding", plain_preflight(found))
        return found
    assert output is not None
    work = compound_files(files, output, with_provenance=provenance, force=force, force_quality=force_quality)
    made = terminal.run(work)
    _say(terminal, made.findings)
    if json:
        terminal.answer_json(plain_compounded(made))
    _say_choices(terminal, made.settings)
    shape, spacing_mm = written(made.grid.shape_zyx), written(made.grid.spacing_xyz_mm)
    terminal.say(f"wrote {output}: {shape} voxels (z, y, x) of {spacing_mm} mm")
    return made


def _say(terminal: Terminal, findings: Sequence[Finding]) -> None:
    """What to know about the recordings, the worst first."""
    for finding in findings:
        terminal.say(f"{finding.severity}: {finding.text} {finding.remedy}".rstrip())


def _say_choices(terminal: Terminal, settings: Mapping[str, str]) -> None:
    """What was chosen for the user: the axes and how far holes were filled."""
    angle = f"the sweep runs {settings['sweep_angle_deg']} degrees off the tracker's z"
    match settings["axes"]:
        case "sweep":
            terminal.say(f"axes: the volume's z follows the sweep; {angle} (--axes reference keeps the tracker's axes)")
        case "reference":
            terminal.say(f"axes: the tracker's; {angle}")
        case _:
            terminal.say(f"axes: those of the grid that was given; {angle}")
    if settings["holes"] != "none":
        terminal.say(f"holes filled: {settings['holes']}; frames lie {settings['frame_distance_mm']} mm apart")


def _show_table(terminal: Terminal, title: str, facts: Mapping[str, Any]) -> None:
    """Numbers and short lists; what is nested is left to --json."""
    nested = {"direction", "sweeps", "findings", "pressure"}
    rows = [(key, written(value)) for key, value in facts.items() if not isinstance(value, Mapping) and key not in nested]
    terminal.answer_table(title, ("what", "value"), rows)


def _clip(text: str | None) -> Rectangle | None:
    from ifssnet.compounding.options import Rectangle

    if text is None:
        return None
    edges = numbers(text, "--clip", 4, "0,0,820,616")
    if any(edge != int(edge) for edge in edges):
        raise InputError("whole pixels after --clip", f"'{text}'", "Write for example --clip 0,0,820,616.")
    return Rectangle(*(int(edge) for edge in edges))


def _fan(text: str | None) -> Fan | None:
    from ifssnet.compounding.options import Fan

    if text is None:
        return None
    a, b, x, y, start, stop = numbers(text, "--fan", 6, "-45,45,380,20,120,360")
    return Fan((a, b), (x, y), start, stop)


def _holes(fill: Fill, size: int | None, limit_mm: float | None) -> tuple[AnyFilling, ...]:
    from ifssnet.compounding.holes.options import (
        DistanceFilling,
        GaussianFilling,
        NearestFilling,
        ScaledFilling,
        StickFilling,
    )

    if limit_mm is not None and fill is not Fill.distance:
        raise InputError("--fill-mm with --fill distance", f"--fill {fill.value}", "Use --fill-size, which is in voxels.")
    if size is not None and fill in (Fill.distance, Fill.none):
        raise InputError("--fill-size with nearest, stick or gaussian", f"--fill {fill.value}", "Leave it out.")
    match fill:
        case Fill.none:
            return ()
        case Fill.nearest:
            return (ScaledFilling("nearest") if size is None else NearestFilling(size),)
        case Fill.stick:
            return (ScaledFilling("stick") if size is None else StickFilling(size),)
        case Fill.gaussian:
            return (ScaledFilling("gaussian") if size is None else GaussianFilling(size),)
        case Fill.distance:
            return (ScaledFilling("distance") if limit_mm is None else DistanceFilling(limit_mm),)

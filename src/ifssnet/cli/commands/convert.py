"""`ifss convert`: from any format to any other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Force, Json, Names, Quiet, Verbose
from ifssnet.cli.terminal import Terminal
from ifssnet.core.facts.file_facts import Conversion


def run(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A volume, label map, sweep, surface or folder of surfaces.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Where to; the suffix chooses the format.")],
    spacing: Annotated[
        str | None, typer.Option("--spacing", metavar="MM", help="New voxel spacing: one number, or X,Y,Z in mm.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option("--labels", metavar="NAMES", help="Keep these structures, in this order: SOL,GM,GL.")
    ] = None,
    values: Names = None,
    config: Annotated[Path | None, typer.Option("--config", help="PLUS configuration (XML) for a sweep.")] = None,
    frame_distance: Annotated[
        float | None,
        typer.Option("--frame-distance", metavar="MM", help="From frame to frame, of a DICOM loop that does not say it."),
    ] = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> Conversion:
    """Convert volumes, label maps, tracked sweeps and surfaces into each other.

    A folder of closed surfaces becomes a label map at a spacing, and a label map becomes a folder of surfaces (an OUT
    without a suffix) or one surface file (`.stl`, `.ply`, `.obj`).

    A DICOM loop becomes a volume, and `--frame-distance` says how far apart its frames are where the file does not.

    Example: `ifss convert surfaces/ leg.seg.nrrd --spacing 0.5 --labels SOL,GM,GL`
    """
    from ifssnet.cli.parse import label_names, names, spacing_xyz
    from ifssnet.workflow.leg.conversion import convert, plain_conversion

    terminal = Terminal(quiet, verbose, json)
    work = convert(
        source,
        target,
        spacing_xyz(spacing),
        names(labels),
        config,
        frame_distance_mm=frame_distance,
        force=force,
        called=label_names(values),
    )
    done = terminal.run(work)
    if json:
        terminal.answer_json(plain_conversion(done))
    terminal.say(f"wrote {target}")
    return done

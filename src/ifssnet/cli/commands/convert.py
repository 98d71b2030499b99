"""`ifss convert`: from any format to any other."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Force, Json, Names, Quiet, Verbose
from ifssnet.cli.terminal import Terminal
from ifssnet.core.facts.file_facts import Conversion


class DicomKind(StrEnum):
    """How a DICOM segmentation holds its segments."""

    binary = "binary"
    fractional = "fractional"
    labelmap = "labelmap"


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
    dicom_kind: Annotated[
        DicomKind | None, typer.Option(help="How labels are written to a .dcm file (default: binary).")
    ] = None,
    dicom_source: Annotated[
        Path | None, typer.Option(metavar="DICOM", help="The DICOM series that OUT.dcm belongs to: a file, or its folder.")
    ] = None,
    probability: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --dicom-kind fractional: the probability of each voxel's label.")
    ] = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> Conversion:
    """Convert volumes, label maps, tracked sweeps and surfaces into each other.

    A folder of closed surfaces becomes a label map at a spacing, and a label map becomes a folder of surfaces (an OUT
    without a suffix) or one surface file (`.stl`, `.ply`, `.obj`).

    An OUT.dcm becomes a DICOM segmentation, or an Enhanced US Volume from grey levels.

    A DICOM loop becomes a volume, and `--frame-distance` says how far apart its frames are where the file does not.

    Example: `ifss convert surfaces/ leg.seg.nrrd --spacing 0.5 --labels SOL,GM,GL`
    """
    from ifssnet.cli.parse import label_names, names, spacing_xyz
    from ifssnet.workflow.leg.conversion import convert, plain_conversion
    from ifssnet.workflow.leg.dicom_files import DicomTarget

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
        dicom=DicomTarget(None if dicom_kind is None else dicom_kind.value, dicom_source, probability),
    )
    done = terminal.run(work)
    if json:
        terminal.answer_json(plain_conversion(done))
    terminal.say(f"wrote {target}")
    return done

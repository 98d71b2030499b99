"""`ifss measure`: volumes, lengths and cross-sections."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ifssnet.cli.options import Force, Json, MaybeOutput, Quiet, Verbose
from ifssnet.cli.terminal import Terminal


class Side(StrEnum):
    """A side of a slice, by its array axes."""

    left = "-x"
    right = "+x"
    top = "-y"
    bottom = "+y"


def run(
    segmentation: Annotated[Path, typer.Argument(metavar="SEG", help="A label map or a `.seg.nrrd`.")],
    volume: Annotated[Path | None, typer.Option(help="Grey levels, for echo intensity.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="The other leg, or the same one at another time: differences in % and cm3.")
    ] = None,
    mdc: Annotated[
        float | None, typer.Option("--mdc", metavar="CM3", help="Minimal detectable change that differences are set against.")
    ] = None,
    oblique: Annotated[
        bool, typer.Option("--oblique", help="Cross-sections in the plane across each muscle's own axis as well.")
    ] = False,
    erosion_mm: Annotated[
        float, typer.Option("--erosion-mm", help="Echo intensity away from the border: so far from the nearest outside.")
    ] = 2.0,
    band_mm: Annotated[
        float, typer.Option("--band-mm", help="Echo intensity of the superficial band: so deep from where the beam enters.")
    ] = 10.0,
    probe_side: Annotated[
        Side | None,
        typer.Option("--probe-side", help="Side of the slices where the probe was (default: the header's; else -y, row 0)."),
    ] = None,
    cone_slices: Annotated[int, typer.Option("--cone-slices", help="Slices of the truncated-cone estimate.")] = 11,
    output: MaybeOutput = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> dict[str, Any]:
    """Measure each muscle: volume three ways, length, cross-sectional area, echo intensity.

    With -o, a `.json` holds everything and a `.csv` one line a muscle and quantity.

    Example: `ifss measure leg-segmented.seg.nrrd --volume leg.mha`
    """
    from ifssnet.measurement.echo import EchoOptions
    from ifssnet.measurement.muscles import MeasureOptions
    from ifssnet.workflow.leg.measure_files import measure_files

    terminal = Terminal(quiet, verbose, json)
    options = MeasureOptions(
        oblique=oblique,
        cone_slices=cone_slices,
        echo=EchoOptions(erosion_mm, band_mm, None if probe_side is None else probe_side.value),
    )
    report = terminal.work(
        "measuring", lambda: measure_files(segmentation, volume, against, mdc, options=options, output=output, force=force)
    )
    if json:
        terminal.answer_json(report)
        return report
    muscles = report["muscles"]
    shown = [key for key in next(iter(muscles.values()), {}) if not isinstance(muscles[next(iter(muscles))][key], (list, dict))]
    rows = [(key, *(muscle.get(key) for muscle in muscles.values())) for key in shown]
    terminal.answer_table(str(segmentation), ("quantity", *muscles), rows)
    changes = report.get("differences", {})
    if changes:
        keys = list(dict.fromkeys(key for change in changes.values() for key in change))
        rows = [(key, *(change.get(key) for change in changes.values())) for key in keys]
        terminal.answer_table(f"against {against}", ("quantity", *changes), rows)
    return report

"""`ifss measure`: volumes, lengths and cross-sections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ifssnet.cli.options import Force, Json, MaybeOutput, Quiet, Verbose
from ifssnet.cli.terminal import Terminal


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
    from ifssnet.workflow.measuring import measure_files

    terminal = Terminal(quiet, verbose, json)
    report = measure_files(segmentation, volume, against, mdc, oblique=oblique, output=output, force=force)
    if json:
        terminal.answer_json(report)
        return report
    muscles = report["muscles"]
    shown = [key for key in next(iter(muscles.values()), {}) if not isinstance(muscles[next(iter(muscles))][key], (list, dict))]
    rows = [(key, *(muscle.get(key) for muscle in muscles.values())) for key in shown]
    terminal.answer_table(str(segmentation), ("quantity", *muscles), rows)
    for name, change in report.get("differences", {}).items():
        terminal.answer_table(f"{name}: against {against}", ("quantity", "value"), list(change.items()))
    return report

"""`ifss measure`: volumes, lengths and cross-sections."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Force, Json, MaybeOutput, Names, Profile, Quiet, Verbose
from ifssnet.cli.overruled import needs
from ifssnet.cli.terminal import Terminal
from ifssnet.core.results.measures import EchoOptions, LegMeasures, MeasureOptions


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
    profile: Profile = None,
    names: Names = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> LegMeasures:
    """Measure each muscle: volume three ways, length, cross-sectional area, echo intensity.

    With -o, a `.json` holds everything and a `.csv` one line a muscle and quantity; a `.dcm` is a structured report
    of the volumes of a DICOM segmentation.

    Example: `ifss measure leg-segmented.seg.nrrd --volume leg.mha`
    """
    from ifssnet.cli.parse import label_names
    from ifssnet.workflow.leg.measure_files import measure_files, measured_table

    terminal = Terminal(quiet, verbose, json)
    echo = EchoOptions()
    of_echo = {
        "--erosion-mm": erosion_mm != echo.erosion_mm,
        "--band-mm": band_mm != echo.band_mm,
        "--probe-side": probe_side is not None,
    }
    needs(of_echo, "--volume", volume is not None)
    options = MeasureOptions(
        oblique=oblique,
        cone_slices=cone_slices,
        echo=EchoOptions(erosion_mm, band_mm, None if probe_side is None else probe_side.value),
    )
    named = label_names(names)
    found = terminal.work(
        "measuring",
        lambda: measure_files(
            segmentation, volume, against, mdc, options=options, output=output, force=force, names=named, profile=profile
        ),
    )
    if json:
        terminal.answer_json(measured_table(found))
        return found.measures
    terminal.tell(found.findings)
    muscles = {name: muscle.numbers() for name, muscle in found.measures.muscles.items()}
    _answer(terminal, str(segmentation), muscles)
    if found.differences:
        changes = {name: change.numbers() for name, change in found.differences.items()}
        _answer(terminal, f"against {against}", changes)
    return found.measures


def _answer(terminal: Terminal, title: str, columns: Mapping[str, Mapping[str, object]]) -> None:
    """A row for each quantity that a muscle has."""
    from ifssnet.io.plain_data import plain

    keys = dict.fromkeys(key for column in columns.values() for key in column)
    rows = [(key, *(plain(column.get(key)) for column in columns.values())) for key in keys]
    terminal.answer_table(title, ("quantity", *columns), rows)

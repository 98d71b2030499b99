"""`ifss report`: one page to read, keep and print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ifssnet.cli.options import (
    Clean,
    Corrections,
    Force,
    Json,
    KeepOutlines,
    LaterWins,
    LegSide,
    Names,
    Profile,
    Quiet,
    Rater,
    Subject,
    Verbose,
)
from ifssnet.cli.terminal import Terminal
from ifssnet.core.errors import InputError

if TYPE_CHECKING:
    from ifssnet.workflow.report.side_by_side import OtherSegmentation


def run(
    segmentation: Annotated[Path, typer.Argument(metavar="SEG", help="A label map or a `.seg.nrrd`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the page: a name that ends in .html.")],
    volume: Annotated[Path | None, typer.Option(help="Grey levels that the slices show.")] = None,
    reference: Annotated[Path | None, typer.Option(help="A reference: comparison and surface error map.")] = None,
    seeds: Annotated[
        list[Path] | None, typer.Option(help="The seeds, to mark the annotated slices; again for further files.")
    ] = None,
    other: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SEG", help="Another method's segmentation, shown side by side; needs --reference; may be repeated."
        ),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Heading of the page (default: the file's name).")] = None,
    slices: Annotated[int, typer.Option(min=1, max=48, help="How many slices to show.")] = 12,
    side: Annotated[LegSide | None, typer.Option(help="Which leg, which names the medial and the lateral view.")] = None,
    subject: Subject = "",
    rater: Rater = "",
    patient_axes: Annotated[
        bool | None,
        typer.Option(
            "--patient-axes/--tracker-axes",
            help="Whose axes the volume has (default: the patient's where the muscles lie as they then must).",
        ),
    ] = None,
    profile: Profile = None,
    names: Names = None,
    corrections: Corrections = None,
    later_wins: LaterWins = False,
    keep_outlines: KeepOutlines = False,
    clean: Clean = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> Path:
    """Write one self-contained page: numbers, area profile, slices with outlines, the muscles in 3-D, provenance.

    Example: `ifss report leg-segmented.seg.nrrd --volume leg.mha -o report.html`, or with another method beside it:
    `ifss report leg-segmented.seg.nrrd --volume leg.mha --reference expert.seg.nrrd --other GFS=grown.seg.nrrd -o report.html`
    """
    from ifssnet.cli.parse import seed_reading
    from ifssnet.io.plain_data import plain
    from ifssnet.workflow.files.result_files import check_suffix
    from ifssnet.workflow.report.report_files import report_files

    terminal = Terminal(quiet, verbose, json)
    check_suffix(output, (".html", ".htm"))
    work = report_files(
        segmentation,
        output,
        volume,
        reference,
        seeds,
        others=_others(other or ()),
        title=title,
        slices=slices,
        side=None if side is None else side.value,
        subject=subject,
        rater=rater,
        patient_axes=patient_axes,
        force=force,
        profile=profile,
        reading=seed_reading(names, corrections, later_wins, keep_outlines, clean),
    )
    page = terminal.run(work)
    if json:
        terminal.answer_json(plain(page))
    terminal.say(f"wrote {output}")
    return output


def _others(words: Sequence[str]) -> list[OtherSegmentation]:
    """`NAME=SEG` words; the name may be any text."""
    from ifssnet.workflow.report.side_by_side import OtherSegmentation

    found: list[OtherSegmentation] = []
    for word in words:
        name, equals, path = word.partition("=")
        if not equals or not name.strip() or not path:
            raise InputError("another method as NAME=SEG", f"'{word}'", "Write for example --other GFS=grown.seg.nrrd.")
        found.append(OtherSegmentation(name.strip(), Path(path)))
    return found

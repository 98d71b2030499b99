"""`ifss seeds`: a few annotated slices out of many, or out of contours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Clean, Corrections, Force, Json, KeepOutlines, LaterWins, Names, Output, Quiet, Verbose
from ifssnet.cli.overruled import needs
from ifssnet.cli.terminal import Terminal
from ifssnet.core.facts.file_facts import Annotation


def run(
    labels: Annotated[
        list[Path],
        typer.Argument(
            metavar="LABELS", help="A label map; or seeds, which are joined; or PNG masks; or contours, one file a sweep."
        ),
    ],
    output: Output,
    consecutive: Annotated[int, typer.Option(help="Slices drawn side by side at each place.")] = 3,
    every: Annotated[int | None, typer.Option(help="Slices from one place to the next (default 100).")] = None,
    every_mm: Annotated[float | None, typer.Option(help="The same in mm, in place of --every.")] = None,
    first_only: Annotated[bool, typer.Option("--first-only", help="Only at the first slice with the muscle.")] = False,
    ends: Annotated[
        bool, typer.Option(help="Also the last slices with the muscle, and the ones beside them where it is absent.")
    ] = True,
    noise_mm: Annotated[
        float | None, typer.Option(help="Displace borders at random by this SD, as an imperfect human would.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of that randomness.")] = 0,
    volume: Annotated[
        Path | None, typer.Option(help="The volume that contours or PNG masks belong to; its grid is taken.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="PLUS configuration (XML) for a sweep.")] = None,
    slices: Annotated[
        str | None, typer.Option(metavar="40,47", help="These slices of LABELS and no others; 40-42 for several side by side.")
    ] = None,
    names: Names = None,
    corrections: Corrections = None,
    later_wins: LaterWins = False,
    keep_outlines: KeepOutlines = False,
    clean: Clean = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> Annotation:
    """Make seeds: draw a few slices of a complete label map, or bring contours and PNG masks into a volume.

    The first place is the first slice where the muscle is present (paper, III-C2: three consecutive slices in every
    hundred). With --volume, LABELS is what an expert drew and is taken as it is.

    Parallel sweeps see a strip of each muscle each: give the contours of all of them, and they are joined on common slices.

    Several files of seeds are joined, muscles by name; a muscle drawn differently in two of them on one slice is refused.

    Example: `ifss seeds leg.seg.nrrd -o seeds.seg.nrrd --consecutive 3 --every-mm 27.7`, or two slices of a result as
    corrections: `ifss seeds edited.seg.nrrd --slices 40,47 -o corrections.seg.nrrd`
    """
    from ifssnet.cli.parse import seed_reading
    from ifssnet.cli.parse import slices as parsed_slices
    from ifssnet.workflow.leg.seed_files import SeedChoice, make_seeds

    terminal = Terminal(quiet, verbose, json)
    needs({"--seed": seed != 0}, "--noise-mm", noise_mm is not None)
    needs({"--config": config is not None}, "--volume", volume is not None)
    choice = SeedChoice(consecutive, every, every_mm, first_only, ends, noise_mm or 0.0, seed, parsed_slices(slices))
    reading = seed_reading(names, corrections, later_wins, keep_outlines, clean)
    annotation = make_seeds(labels, output, choice, volume, config, force=force, reading=reading)
    if json:
        terminal.answer_json(annotation)
    terminal.tell(annotation.findings)
    for name, muscle in annotation.muscles.items():
        terminal.say(f"{name}: {muscle.slices} annotated slices, {muscle.present} of them with the muscle")
    terminal.say(f"wrote {output}")
    return annotation

"""`ifss seeds`: a few annotated slices out of many, or out of contours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ifssnet.cli.options import Force, Json, Output, Quiet, Verbose
from ifssnet.cli.terminal import Terminal


def run(
    labels: Annotated[
        list[Path],
        typer.Argument(metavar="LABELS", help="A label map; or PNG masks; or Stradwin contours, one file a parallel sweep."),
    ],
    output: Output,
    consecutive: Annotated[int, typer.Option(help="Slices drawn side by side at each place.")] = 3,
    every: Annotated[int | None, typer.Option(help="Slices from one place to the next (default 100).")] = None,
    every_mm: Annotated[float | None, typer.Option(help="The same in mm; takes the place of --every.")] = None,
    first_only: Annotated[bool, typer.Option("--first-only", help="Only at the first slice with the muscle.")] = False,
    ends: Annotated[
        bool, typer.Option(help="Also the last slices with the muscle, and the ones beside them where it is absent.")
    ] = True,
    noise_mm: Annotated[float, typer.Option(help="Displace borders at random by this SD, as an imperfect human would.")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of that randomness.")] = 0,
    volume: Annotated[
        Path | None, typer.Option(help="The volume that contours or PNG masks belong to; its grid is taken.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="PLUS configuration (XML) for a sweep.")] = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> dict[str, Any]:
    """Make seeds: draw a few slices of a complete label map, or bring contours and PNG masks into a volume.

    The first place is the first slice where the muscle is present (paper, III-C2: three consecutive slices in every
    hundred). With --volume, LABELS is what an expert drew and is taken as it is.

    Parallel sweeps see a strip of each muscle each: give the contours of all of them, and they are joined on common slices.

    Example: `ifss seeds leg.seg.nrrd -o seeds.seg.nrrd --consecutive 3 --every-mm 27.7`
    """
    from ifssnet.core.errors import InputError
    from ifssnet.io.seeds.seed_files import save_seeds
    from ifssnet.workflow.files.result_files import check_target
    from ifssnet.workflow.leg.seed_files import bring_seeds, draw_seeds, seeds_facts

    terminal = Terminal(quiet, verbose, json)
    drawing = {
        "--consecutive": consecutive != 3,
        "--every": every is not None,
        "--every-mm": every_mm is not None,
        "--first-only": first_only,
        "--no-ends": not ends,
        "--noise-mm": noise_mm != 0,
    }
    chosen = [option for option, given in drawing.items() if given]
    if volume is not None and chosen:
        raise InputError(
            "--volume, for what an expert drew, or options that choose slices",
            f"--volume and {', '.join(chosen)}",
            "Bring the seeds into the volume without them; a complete label map needs no --volume.",
        )
    if first_only and (every is not None or every_mm is not None):
        raise InputError("--first-only, --every or --every-mm", "more than one of them", "Give one of them.")
    check_target(output, force, *labels, volume)
    if volume is None and len(labels) > 1:
        raise InputError(
            "--volume with several sweeps", f"{len(labels)} files without it", "Give the volume, or one label map."
        )
    if volume is not None:
        seeds = bring_seeds(labels, volume, config)
    else:
        seeds = draw_seeds(
            labels[0],
            consecutive=consecutive,
            every=every,
            every_mm=every_mm,
            first_only=first_only,
            ends=ends,
            noise_mm=noise_mm,
            seed=seed,
        )
    save_seeds(seeds, output, force=force)
    facts = seeds_facts(seeds)
    if json:
        terminal.answer_json(facts)
    for name, muscle in facts["muscles"].items():
        terminal.say(f"{name}: {muscle['slices']} annotated slices, {muscle['present']} of them with the muscle")
    terminal.say(f"wrote {output}")
    return facts

"""`ifss adapt`: the network tuned on one leg's own annotated slices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Clean, Corrections, Force, Json, KeepOutlines, LaterWins, Names, Quiet, Verbose
from ifssnet.cli.terminal import Terminal


def run(
    volume: Annotated[Path, typer.Argument(help="Grey levels.")],
    seeds: Annotated[list[Path], typer.Option(help="What the expert drew; again for further files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the weights (.safetensors).")],
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE|NAME", help="What to begin with: a .safetensors, or a name that `ifss weights list` shows."),
    ] = None,
    updates: Annotated[int | None, typer.Option(min=1, help="Steps of learning (default 150).")] = None,
    seconds: Annotated[float | None, typer.Option(help="Seconds of learning, at most (default 50).")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is drawn at random.")] = 0,
    names: Names = None,
    corrections: Corrections = None,
    later_wins: LaterWins = False,
    keep_outlines: KeepOutlines = False,
    clean: Clean = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> object:
    """Tune the anchored network on the slices drawn on one leg, for that leg. It takes a minute or less.

    Every third annotated group is kept back. The tuned network is written only where it finds these better than the network did
    before; otherwise the file holds the network as it was. Use it for this leg: `ifss segment ... --weights own.safetensors`.

    Example: `ifss adapt leg.mha --seeds seeds.seg.nrrd -o own.safetensors`
    """
    from ifssnet.cli.parse import seed_reading
    from ifssnet.workflow.training.adapted_network import adapt_files

    terminal = Terminal(quiet, verbose, json)
    work = adapt_files(
        volume,
        seeds,
        output,
        weights=weights,
        updates=updates,
        most_s=seconds,
        seed=seed,
        force=force,
        reading=seed_reading(names, corrections, later_wins, keep_outlines, clean),
    )
    found = terminal.run(work)
    if json:
        terminal.answer_json(found.table())
    terminal.tell(found.findings)
    terminal.say(found.in_words)
    terminal.say(f"wrote {output}")
    return found

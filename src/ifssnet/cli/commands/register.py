"""`ifss register`: two acquisitions of one leg onto each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Force, Json, Output, Quiet, Verbose
from ifssnet.cli.terminal import Terminal
from ifssnet.core.facts.written_files import RegisteredFile


def run(
    fixed: Annotated[Path, typer.Argument(metavar="R1", help="The acquisition to bring things onto.")],
    moving: Annotated[Path, typer.Argument(metavar="R2", help="The other acquisition of the same leg.")],
    output: Output,
    labels: Annotated[
        Path | None, typer.Option(help="Labels of R2: OUT becomes these labels on R1. Without, OUT becomes R2 on R1's grid.")
    ] = None,
    transform: Annotated[Path | None, typer.Option(help="Write the rigid transform and its metric here, as JSON.")] = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> RegisteredFile:
    """Register R2 rigidly to R1 by mutual information, and resample R2 or its labels onto R1 (paper, IV-A2).

    Example: `ifss register r1.mha r2.mha --labels r2-labels.seg.nrrd -o r1-labels.seg.nrrd`
    """
    from ifssnet.io.plain_data import plain_table
    from ifssnet.workflow.leg.registered_files import register_files

    terminal = Terminal(quiet, verbose, json)
    done = terminal.run(register_files(fixed, moving, output, labels, transform, force=force))
    if json:
        terminal.answer_json(plain_table(done))
    terminal.say(f"wrote {output}")
    return done

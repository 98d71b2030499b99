"""`ifss frames`: a segmentation of the volume outlined on the raw B-mode frames."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Force, Json, Output, Quiet, Verbose
from ifssnet.cli.terminal import Terminal
from ifssnet.core.facts.written_files import OutlinedFrames


def run(
    segmentation: Annotated[Path, typer.Argument(metavar="SEG", help="A segmentation of the compounded volume.")],
    sweep: Annotated[Path, typer.Argument(metavar="SWEEP", help="A sweep that was compounded into it.")],
    output: Output,
    config: Annotated[Path | None, typer.Option("--config", help="PLUS configuration (XML) for the sweep.")] = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> OutlinedFrames:
    """Draw a segmentation on every raw frame, where the edges are sharper than in the volume.

    OUT ending in `.sw` becomes a Stradwin file with contours; a folder becomes one PNG overlay a frame.

    Example: `ifss frames leg-segmented.seg.nrrd sweep.igs.mha --config plus.xml -o overlays/`
    """
    from ifssnet.io.plain_data import plain_table
    from ifssnet.workflow.leg.frame_overlays import outline_frames

    terminal = Terminal(quiet, verbose, json)
    done = terminal.run(outline_frames(segmentation, sweep, output, config, force=force))
    if json:
        terminal.answer_json(plain_table(done))
    terminal.say(f"wrote {output}")
    return done

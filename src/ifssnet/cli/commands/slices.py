"""`ifss slices`: masks out as PNG slices, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Force, Json, Output, Quiet, Verbose
from ifssnet.cli.terminal import Terminal
from ifssnet.core.facts.file_facts import SliceMasks


def export(
    labels: Annotated[Path, typer.Argument(metavar="LABELS", help="A label map, a `.seg.nrrd`, or seeds.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write the masks.")],
    slices: Annotated[
        str | None, typer.Option(metavar="40,47", help="These slices only; 40-42 for several side by side.")
    ] = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> SliceMasks:
    """Write masks as PNG pictures for any paint program: one muscle and slice a file, 255 inside and 0 outside.

    `slices.json` beside them keeps the grid, the names and the annotated slices, so that `ifss slices import` loses nothing.

    Example: `ifss slices export leg.seg.nrrd -o masks --slices 40,47`
    """
    from ifssnet.cli.parse import slices as parsed
    from ifssnet.workflow.leg.slice_files import export_slices

    terminal = Terminal(quiet, verbose, json)
    chosen = parsed(slices)
    done = terminal.work("writing masks", lambda: export_slices(labels, output, chosen, force=force))
    return _shown(done, terminal)


def import_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `ifss slices export` wrote, edited or not.")],
    output: Output,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> SliceMasks:
    """Bring exported masks back into a label map or seeds, edited or not.

    A picture is read only where it plainly is a mask: one tone on black, or something painted on a transparent layer. An image
    that was painted over is refused.

    Example: `ifss slices import masks -o leg-edited.seg.nrrd`
    """
    from ifssnet.workflow.leg.slice_files import import_slices

    terminal = Terminal(quiet, verbose, json)
    return _shown(terminal.work("reading masks", lambda: import_slices(folder, output, force=force)), terminal)


def _shown(done: SliceMasks, terminal: Terminal) -> SliceMasks:
    if terminal.as_json:
        terminal.answer_json(done)
    what = "a complete label map" if done.complete else "seeds"
    terminal.say(f"wrote {done.output}: {done.masks} masks of {', '.join(done.muscles)}, {what}")
    return done

"""`ifss deidentify`: patient data out of the DICOM objects that this package writes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Force, Json, Quiet, Subject, Verbose
from ifssnet.cli.terminal import Terminal


def run(
    source: Annotated[Path, typer.Argument(metavar="IN.dcm", help="A DICOM object that ifss wrote.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.dcm", help="Where to.")],
    subject: Subject = "",
    key: Annotated[str, typer.Option(help="A word that new UIDs depend on; the same for files that refer to each other.")] = "",
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> object:
    """Write a copy without names, numbers, dates and free text. Objects of other programs are refused.

    Example: `ifss deidentify leg.seg.dcm shared.dcm --subject P01 --key study7`
    """
    from ifssnet.workflow.leg.dicom_files import deidentify_file

    terminal = Terminal(quiet, verbose, json)
    done = deidentify_file(source, target, subject=subject, key=key, force=force)
    if json:
        terminal.answer_json(done)
    terminal.say(f"wrote {target}")
    return done

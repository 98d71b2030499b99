"""The options that commands share, so that each reads and works the same everywhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Device(StrEnum):
    """Where to compute."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class LegSide(StrEnum):
    """Which leg."""

    left = "left"
    right = "right"


Subject = Annotated[str, typer.Option(help="Name or number of the person in the study, for provenance and report.")]
Rater = Annotated[str, typer.Option(help="Who drew the slices, for provenance and report.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the output if it is there already.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars and no remarks.")]
Cluster = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="The Ray cluster that does the work instead: auto, HOST:PORT or ray://HOST:PORT."),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say the stages of the work and how long it took.")]
Names = Annotated[
    str | None, typer.Option("--names", metavar="1=SOL,2=GM", help="Names of label values, for files that hold none.")
]
KeepOutlines = Annotated[
    bool, typer.Option("--keep-outlines", help="Take outlines that were painted with a brush as they are; do not fill them.")
]
Clean = Annotated[
    bool, typer.Option("--clean", help="Leave out stray pieces, and slices that cannot belong between their neighbours.")
]
Corrections = Annotated[
    list[Path] | None,
    typer.Option(
        "--corrections", metavar="FILE", help="Seeds that take the place of the others on their slices; again for more."
    ),
]
LaterWins = Annotated[
    bool, typer.Option("--later-wins", help="Where two files drew a muscle differently on a slice, the one named last counts.")
]
Output = Annotated[Path, typer.Option("--output", "-o", help="Where to write; the suffix chooses the format.")]
MaybeOutput = Annotated[Path | None, typer.Option("--output", "-o", help="Write the answer here as well.")]
Profile = Annotated[
    Path | None,
    typer.Option(help="Write what each stage took (time, memory, machine; nothing of the leg) here, to be sent to others."),
]

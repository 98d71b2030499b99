"""`ifss figures`: an evaluation as the paper's exhibits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Force, Json, Quiet, Verbose
from ifssnet.cli.terminal import Terminal
from ifssnet.core.results.evaluation_results import DrawnFigures


def run(
    evaluation: Annotated[Path, typer.Argument(metavar="DIR", help="What `ifss evaluate` wrote.")],
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> DrawnFigures:
    """Draw the paper's exhibits from an evaluation's tables, as SVG in DIR/figures, and Table I beside the paper's.

    Example: `ifss figures evaluation`
    """
    from ifssnet.io.plain_data import plain_table
    from ifssnet.workflow.evaluation.exhibits import draw_figures

    terminal = Terminal(quiet, verbose, json)
    drawn = terminal.run(draw_figures(evaluation, force=force))
    if json:
        terminal.answer_json(plain_table(drawn))
    terminal.say(f"wrote {', '.join(drawn.files)} to {drawn.output}")
    return drawn

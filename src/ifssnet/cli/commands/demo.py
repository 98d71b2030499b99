"""`ifss demo`: the whole way on a digital leg."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Force, Json, Quiet, Verbose
from ifssnet.cli.parse import folder
from ifssnet.cli.terminal import Terminal
from ifssnet.workflow.demo.result import DemoResult, DemoScores


def run(
    output: Annotated[
        Path, typer.Option("--output", "-o", callback=folder, help="Folder for everything that the demo makes.")
    ] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="Which digital leg.")] = 1,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> DemoResult:
    """Scan a digital leg, compound it, annotate a few slices, segment, measure, compare with the truth, report.

    Three methods side by side: the anchored network, IFSS-Net and fill-between-slices. Where a network
    cannot run, a classical method takes its place, and the page says so.

    Example: `ifss demo -o demo` and then open `demo/report.html`
    """
    from ifssnet.io.plain_data import plain_table
    from ifssnet.workflow.demo.demo import demo

    terminal = Terminal(quiet, verbose, json)
    made = terminal.run(demo(output, seed, force=force))
    if json:
        terminal.answer_json(plain_table(made))
        return made
    names = [each.name for each in fields(DemoScores)]
    rows = [(name, *(getattr(scores, name) for scores in made.muscles.values())) for name in names]
    terminal.answer_table("digital leg", ("quantity", *made.muscles), rows)
    compared = [
        (method, muscle, scores.dice, scores.hausdorff95_mm, scores.volume_error_percent)
        for method, found in made.methods.items()
        for muscle, scores in found.items()
    ]
    terminal.answer_table("methods", ("method", "muscle", "Dice", "HD95 mm", "volume error %"), compared)
    for note in made.notes:
        terminal.say(note)
    terminal.say(f"open {made.report}")
    return made

"""`ifss demo`: the whole way on a digital leg."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ifssnet.cli.options import Force, Json, Quiet, Verbose
from ifssnet.cli.terminal import Terminal


def run(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for everything that the demo makes.")] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="Which digital leg.")] = 1,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> dict[str, Any]:
    """Scan a digital leg, compound it, annotate a few slices, segment, measure, compare with the truth, report.

    Three methods side by side: the anchored network, IFSS-Net and fill-between-slices. Where one is not installed, a
    classical one takes its place, and the page says so.

    Example: `ifss demo -o demo` and then open `demo/report.html`
    """
    from ifssnet.workflow.demo.demo import demo

    terminal = Terminal(quiet, verbose, json)
    facts = terminal.run(demo(output, seed, force=force))
    if json:
        terminal.answer_json(facts)
        return facts
    muscles = facts["muscles"]
    rows = [(key, *(muscle[key] for muscle in muscles.values())) for key in next(iter(muscles.values()))]
    terminal.answer_table("digital leg", ("quantity", *muscles), rows)
    compared = [
        (method, muscle, row["dice"], row["hausdorff95_mm"], row["volume_error_percent"])
        for method, found in facts["methods"].items()
        for muscle, row in found.items()
    ]
    terminal.answer_table("methods", ("method", "muscle", "Dice", "HD95 mm", "volume error %"), compared)
    for note in facts["notes"]:
        terminal.say(note)
    terminal.say(f"open {output / 'report.html'}")
    return facts

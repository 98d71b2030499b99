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

    Example: `ifss demo -o demo` and then open `demo/report.html`
    """
    from ifssnet.workflow.demo import demo

    terminal = Terminal(quiet, verbose, json)
    facts = terminal.run(demo(output, seed, force=force))
    if json:
        terminal.answer_json(facts)
        return facts
    muscles = facts["muscles"]
    rows = [(key, *(muscle[key] for muscle in muscles.values())) for key in next(iter(muscles.values()))]
    terminal.answer_table("digital leg", ("quantity", *muscles), rows)
    terminal.say(f"open {output / 'report.html'}")
    return facts

"""`ifss simulate-expert`: what a rule for the next slice is worth."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Device, Force, Json, Output, Quiet, Verbose
from ifssnet.cli.terminal import Terminal


class Split(StrEnum):
    """Which part of a cohort."""

    train = "train"
    val = "val"
    test = "test"


def run(
    cohort: Annotated[Path, typer.Argument(metavar="COHORT", help="A folder of legs by split, with labels.")],
    output: Output,
    split: Annotated[Split, typer.Option(help="Which part of the cohort.")] = Split.val,
    legs: Annotated[int | None, typer.Option(min=1, help="Only this many legs, the first by name.")] = None,
    method: Annotated[str | None, typer.Option(help="What carries the outlines; the default where you do not say.")] = None,
    most: Annotated[int, typer.Option(min=3, help="Outlines of a muscle to end with.")] = 12,
    noise_mm: Annotated[float, typer.Option(min=0, help="SD of the drawn borders about the true ones.")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of that noise.")] = 0,
    device: Annotated[Device, typer.Option(help="Where a network computes.")] = Device.auto,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> object:
    """Let an expert who knows the truth draw every leg by rules, and count the outlines.

    Rule "even" spaces slices evenly; "volume" and "shape" draw what `ifss session suggest` names; "correct"
    draws the slice that came out worst, as an expert does who looks at all of them.

    Example: `ifss simulate-expert legs -o curves.json --split val --legs 3`
    """
    from ifssnet.workflow.session.simulate import simulate_expert

    terminal = Terminal(quiet, verbose, json)
    work = simulate_expert(
        cohort,
        output,
        split=split.value,
        legs=legs,
        method=method,
        most=most,
        noise_mm=noise_mm,
        seed=seed,
        device=device.value,
        force=force,
    )
    found = terminal.run(work)
    if json:
        terminal.answer_json(found)
        return found
    rows = [(each.target, each.rule, each.mean, each.sd, f"{each.legs} of {each.of}") for each in found.needed]
    title = f"Outlines of all muscles, {found.method}, {found.split} split of {found.cohort}"
    terminal.answer_table(title, ("target", "rule", "outlines", "SD", "legs that reach it"), rows)
    terminal.say(f"wrote {output}")
    return found

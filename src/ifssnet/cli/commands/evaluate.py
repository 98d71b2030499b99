"""`ifss evaluate`: methods against each other on a whole cohort."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Cluster, Json, Quiet, Verbose
from ifssnet.cli.overruled import exclude, needs
from ifssnet.cli.parse import folder
from ifssnet.cli.summary import end_where_runs_failed, show_summary
from ifssnet.cli.terminal import Terminal
from ifssnet.core.results.evaluation_results import Results


class Protocol(StrEnum):
    """Which annotated slices a method is given."""

    first_three = "first-three"
    every_100 = "every-100"
    all_seeds = "all-seeds"


class Split(StrEnum):
    """Which part of a cohort."""

    train = "train"
    val = "val"
    test = "test"


class Direction(StrEnum):
    """Which way masks are carried."""

    forward = "forward"
    both = "both"


def run(
    cohort: Annotated[
        str, typer.Argument(metavar="COHORT", help="A folder of legs by split, with labels, or an address as s3://bucket/legs.")
    ],
    methods: Annotated[
        list[str],
        typer.Option(
            help="NAME, NAME@WEIGHTS or LABEL=NAME[@WEIGHTS][:SETTING=VALUE,…], commas between; also hold, plain, guided."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", callback=folder, help="The folder; an earlier run in it goes on.")
    ],
    protocol: Annotated[
        Protocol,
        typer.Option(help="Which annotated slices the methods are given: all; the first three (paper); every 100 (its code)."),
    ] = Protocol.all_seeds,
    split: Annotated[Split, typer.Option(help="Which part of the cohort.")] = Split.test,
    legs: Annotated[int | None, typer.Option(min=1, help="Only this many legs, the first by name.")] = None,
    every: Annotated[int | None, typer.Option(min=1, help="Slices from one annotated place to the next (default 100).")] = None,
    every_mm: Annotated[float | None, typer.Option(help="The same in mm, in place of --every.")] = None,
    noise_mm: Annotated[float | None, typer.Option(help="Seeds drawn badly: SD of their borders about the true ones.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of that noise.")] = 0,
    direction: Annotated[
        Direction | None, typer.Option(help="For methods that know directions and are given none of their own.")
    ] = None,
    weights: Annotated[
        list[str] | None, typer.Option(metavar="NAME=FILE", help="Weights of a method or label; may be repeated.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="The method that the others are tested against (default: guided, else the first).")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, max=256, help="Runs at a time, in this number of processes; 0: in this process.")
    ] = 1,
    cluster: Cluster = None,
    keep: Annotated[int, typer.Option(min=0, help="Keep the segmentations of this many legs, for the 3-D figures.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Replace an evaluation of other legs or another protocol.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> Results:
    """Compare methods on every leg of a split: tables, statistics and one page to read. A run that was stopped goes on.

    Runs that fail are listed at the end (exit code 1), and do not stop the others; the same command tries them again.

    Example: `ifss evaluate legs --methods hold,plain,guided --every-mm 27.7 -o evaluation --workers 2`
    """
    from ifssnet.cli.method_words import methods as parsed
    from ifssnet.core.results.evaluation import SeedProtocol
    from ifssnet.workflow.evaluation.evaluate import EvaluationOptions, evaluate
    from ifssnet.workflow.evaluation.evaluation_folder import REPORT, summary_table

    terminal = Terminal(quiet, verbose, json)
    distances = {"--every": every is not None, "--every-mm": every_mm is not None}
    exclude(distances, f"--protocol {protocol.value}", protocol is not Protocol.all_seeds)
    exclude({"--workers": workers != 1}, "--cluster", cluster is not None)
    needs({"--seed": seed != 0}, "--noise-mm", noise_mm is not None)
    options = EvaluationOptions(
        methods=parsed(methods, weights or (), None if direction is None else direction.value),
        given=SeedProtocol(protocol.value, every, every_mm, noise_mm or 0.0, seed),
        split=split.value,
        legs=legs,
        against=against,
        workers=workers,
        cluster=cluster,
        keep=keep,
        force=force,
    )
    results = terminal.run(evaluate(cohort, output, options))
    if json:
        terminal.answer_json(summary_table(results))
    else:
        for finding in results.findings:
            terminal.say(f"{finding.severity}: {finding.text} {finding.remedy}")
        show_summary(results, f"{split.value}, {protocol.value}, mean over muscles", terminal, timed=True)
        terminal.say(f"wrote {output / REPORT}")
    end_where_runs_failed((results,), terminal)
    return results

"""`ifss compare`: a segmentation against a reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ifssnet.cli.options import Force, Json, MaybeOutput, Quiet, Verbose
from ifssnet.cli.terminal import Terminal


def run(
    segmentation: Annotated[Path, typer.Argument(metavar="SEG", help="What was found.")],
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE", help="What it ought to be; muscles are matched by name.")],
    without: Annotated[
        Path | None, typer.Option(metavar="SEEDS", help="Leave out the slices that these seeds annotate.")
    ] = None,
    per_slice: Annotated[Path | None, typer.Option(metavar="CSV", help="Write every metric of every slice here.")] = None,
    output: MaybeOutput = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> dict[str, Any]:
    """Compare with a reference: Dice, mIoU, Hausdorff distance, mean surface distance, precision, recall, volume error.

    Example: `ifss compare leg-segmented.seg.nrrd leg.seg.nrrd`
    """
    from ifssnet.workflow.leg.compare_files import compare_files

    terminal = Terminal(quiet, verbose, json)
    report = terminal.work(
        "comparing",
        lambda: compare_files(segmentation, reference, without, per_slice=per_slice, output=output, force=force),
    )
    if json:
        terminal.answer_json(report)
        return report
    columns = {**report["muscles"], "mean": report["mean"]}
    shown = [key for key, value in report["mean"].items() if not isinstance(value, (list, dict))]
    rows = [(key, *(muscle.get(key) for muscle in columns.values())) for key in shown]
    terminal.answer_table(f"{segmentation} against {reference}", ("metric", *columns), rows)
    return report

"""`ifss compare`: a segmentation against a reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Force, Json, MaybeOutput, Names, Quiet, Verbose
from ifssnet.cli.terminal import Terminal
from ifssnet.core.results.agreement import LegAgreement


def run(
    segmentation: Annotated[Path, typer.Argument(metavar="SEG", help="What was found.")],
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE", help="What it ought to be; muscles are matched by name.")],
    without: Annotated[
        Path | None, typer.Option(metavar="SEEDS", help="Leave out the slices that these seeds annotate.")
    ] = None,
    per_slice: Annotated[Path | None, typer.Option(metavar="CSV", help="Write every metric of every slice here.")] = None,
    output: MaybeOutput = None,
    names: Names = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> LegAgreement:
    """Compare with a reference: Dice, mIoU, Hausdorff distance, mean surface distance, precision, recall, volume error.

    Example: `ifss compare leg-segmented.seg.nrrd leg.seg.nrrd`
    """
    from ifssnet.cli.parse import label_names
    from ifssnet.io.plain_data import finite
    from ifssnet.workflow.leg.compare_files import compare_files, compared_table

    terminal = Terminal(quiet, verbose, json)
    named = label_names(names)
    found = terminal.work(
        "comparing",
        lambda: compare_files(segmentation, reference, without, per_slice=per_slice, output=output, force=force, names=named),
    )
    if json:
        terminal.answer_json(compared_table(found))
        return found.agreement
    mean = found.agreement.mean.numbers()
    columns = {**{name: muscle.numbers() for name, muscle in found.agreement.muscles.items()}, "mean": mean}
    rows = [(key, *(finite(numbers[key]) for numbers in columns.values())) for key in mean]
    terminal.answer_table(f"{segmentation} against {reference}", ("metric", *columns), rows)
    return found.agreement

"""`ifss agree`: repeated measurements against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ifssnet.cli.options import Force, Json, MaybeOutput, Quiet, Verbose
from ifssnet.cli.terminal import Terminal, written


def run(
    sources: Annotated[
        list[Path], typer.Argument(metavar="FOLDER…|TABLE", help="A folder of measured files a rater or occasion; or one CSV.")
    ],
    quantity: Annotated[str, typer.Option(help="Which quantity of the measured files.")] = "volume_cm3",
    confidence: Annotated[float, typer.Option(help="Confidence of the intervals.")] = 0.95,
    output: MaybeOutput = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> dict[str, Any]:
    """Agreement of two raters, methods or occasions: bias and limits, ICC(2,1), ICC(3,1), SEM, minimal detectable change.

    FOLDERs hold what `ifss measure SEG -o FOLDER/SUBJECT.json` wrote, the same file names in each. A TABLE is a CSV with
    a column `subject`, perhaps a column `muscle`, and a column of values for each rater.

    Example: `ifss agree first/ second/ --quantity volume_cm3`
    """
    from ifssnet.workflow.evaluation.agreement import agree_files, flat

    terminal = Terminal(quiet, verbose, json)
    answer = agree_files(sources, quantity, confidence, output=output, force=force)
    if json:
        terminal.answer_json(answer)
        return answer
    muscles = {name: flat(found) for name, found in answer["muscles"].items()}
    keys = list(dict.fromkeys(key for lines in muscles.values() for key in lines))
    rows = [(key, *(_cell(lines.get(key)) for lines in muscles.values())) for key in keys]
    terminal.answer_table(f"agreement of {answer.get('quantity', 'the values')}", ("measure", *muscles), rows)
    return answer


def _cell(value: object) -> str:
    """An interval from low to high; anything else as everywhere."""
    return " to ".join(map(written, value)) if isinstance(value, list) else written(value)

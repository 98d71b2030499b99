"""`ifss agree`: repeated measurements against each other."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Force, Json, MaybeOutput, Quiet, Verbose
from ifssnet.cli.terminal import Terminal, written
from ifssnet.core.results.reliability import Interval, RaterAgreement, RepeatedMeasurements


def run(
    sources: Annotated[
        list[Path], typer.Argument(metavar="FOLDER…|TABLE", help="A folder of measured files a rater or occasion; or one CSV.")
    ],
    quantity: Annotated[
        str | None, typer.Option(help="Which quantity of the measured files of FOLDERs (default: volume_cm3).")
    ] = None,
    confidence: Annotated[float, typer.Option(help="Confidence of the intervals.")] = 0.95,
    output: MaybeOutput = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> RaterAgreement:
    """Agreement of two raters, methods or occasions: bias and limits, ICC(2,1), ICC(3,1), SEM, minimal detectable change.

    FOLDERs hold what `ifss measure SEG -o FOLDER/SUBJECT.json` wrote, the same file names in each. A TABLE is a CSV with
    a column `subject`, perhaps a column `muscle`, and a column of values for each rater.

    Example: `ifss agree first/ second/ --quantity volume_cm3`
    """
    from ifssnet.workflow.evaluation.agreement import agree_files, agreement_table

    terminal = Terminal(quiet, verbose, json)
    answer = agree_files(sources, quantity, confidence, output=output, force=force)
    if json:
        terminal.answer_json(agreement_table(answer))
        return answer
    muscles = {name: _lines(found) for name, found in answer.muscles.items()}
    measures = list(dict.fromkeys(measure for lines in muscles.values() for measure in lines))
    rows = [(measure, *(lines.get(measure) for lines in muscles.values())) for measure in measures]
    terminal.answer_table(f"agreement of {answer.quantity or 'the values'}", ("measure", *muscles), rows)
    return answer


def _lines(found: RepeatedMeasurements) -> dict[str, int | float | str]:
    """One muscle's lines of the table: intervals below their estimate, pairs told apart by their names."""
    whole = found.reliability
    lines: dict[str, int | float | str] = {"subjects": whole.subjects, "raters": whole.raters}
    for name, icc in (("icc_2_1", whole.icc_2_1), ("icc_3_1", whole.icc_3_1)):
        lines |= {name: icc.value, f"{name}_interval": _interval(icc.interval)}
    lines |= {
        "sem_agreement": whole.sem_agreement,
        "sem_consistency": whole.sem_consistency,
        "mdc_agreement": whole.mdc_agreement,
        "mdc_consistency": whole.mdc_consistency,
    }
    for pair in found.pairs:
        prefix, difference = f"{pair.first} - {pair.second}: ", pair.difference
        lines |= {
            f"{prefix}bias": difference.bias,
            f"{prefix}bias_interval": _interval(difference.bias_interval),
            f"{prefix}sd": difference.sd,
            f"{prefix}limits": _interval(difference.limits),
        }
    return {measure: "-" if isinstance(value, float) and math.isnan(value) else value for measure, value in lines.items()}


def _interval(ends: Interval) -> str:
    return " to ".join("-" if math.isnan(end) else written(end) for end in ends)

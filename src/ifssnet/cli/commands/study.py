"""`ifss study`: many legs from files to tables, and `ifss study init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Cluster, Force, Json, Quiet, Verbose
from ifssnet.cli.overruled import exclude
from ifssnet.cli.parse import folder, names
from ifssnet.cli.terminal import Terminal
from ifssnet.core.results.study import StudyResults


def run(
    study: Annotated[Path, typer.Argument(metavar="STUDY.toml|FOLDER", help="A study's file, or a folder of legs.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", callback=folder, help="The folder; an earlier run in it goes on.")
    ],
    bids: Annotated[bool, typer.Option("--bids", help="Write masks and numbers as BIDS derivatives, too.")] = False,
    workers: Annotated[
        int, typer.Option(min=0, max=256, help="Legs at a time, in this number of processes; 0: in this process.")
    ] = 1,
    cluster: Cluster = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> StudyResults:
    """Measure every leg of a study: tables, agreement of the raters, changes, and one page. A stopped run goes on.

    A leg has a volume or sweeps, and what each rater drew. A FOLDER without `study.toml` is read by its layout:
    SUBJECT/SIDE/VISIT, with the volume and RATER.seg.nrrd in it. Measurements that fail are listed at the end (exit
    code 1), and do not stop the others; those that are missing are no failure. The same command tries failed ones again.

    Example: `ifss study study.toml -o results`
    """
    from ifssnet.workflow.study.study import REPORT, StudyOptions, run_study, summary_table

    terminal = Terminal(quiet, verbose, json)
    exclude({"--workers": workers != 1}, "--cluster", cluster is not None)
    results = terminal.run(run_study(study, output, StudyOptions(workers, bids, cluster)))
    if json:
        terminal.answer_json(summary_table(results))
    else:
        _show(results, terminal)
        terminal.say(f"wrote {output / REPORT}")
    failed = [each for each in results.outcomes if each.status == "failed"]
    for each in failed:
        terminal.warn(f"failed: {each.case.name}: {each.reason}")
    if failed:
        raise typer.Exit(1)
    return results


def _show(results: StudyResults, terminal: Terminal) -> None:
    terminal.tell(results.findings)
    rows = [
        (each.muscle, each.case.subject, each.case.side, each.case.visit, each.case.rater, each.numbers.get("volume_cm3"))
        for each in results.measured
    ]
    terminal.answer_table("volumes", ("muscle", "subject", "side", "visit", "rater", "volume_cm3"), rows)
    _show_agreement(terminal, results)


def init(
    where: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where; made if it is not there.")],
    subjects: Annotated[str | None, typer.Option(metavar="P01,P02", help="The persons (default: the legs in FOLDER).")] = None,
    sides: Annotated[str | None, typer.Option(metavar="left,right", help="The sides of each person.")] = None,
    visits: Annotated[str | None, typer.Option(metavar="before,after", help="The occasions.")] = None,
    raters: Annotated[str | None, typer.Option(metavar="AB,CD", help="Who draws.")] = None,
    method: Annotated[str, typer.Option(help="How all legs are segmented (default: the best that is installed).")] = "",
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> object:
    """Write study.toml and legs.csv: of the legs that lie in FOLDER, or for the persons that are named.

    Example: `ifss study init calves --subjects P01,P02 --sides left,right --visits before,after --raters AB,CD`
    """
    from ifssnet.workflow.study.template import StudyGrid, init_study

    terminal = Terminal(quiet, verbose, json)
    grid = StudyGrid(*(names(text) or () for text in (subjects, sides, visits, raters)))
    made = init_study(where, grid, method=method, force=force)
    if json:
        terminal.answer_json(made)
        return made
    what = "found" if made.found else "planned"
    terminal.say(f"{made.legs} measurements {what}; correct {made.table}, then: ifss study {made.file} -o results")
    return made


def _show_agreement(terminal: Terminal, results: StudyResults) -> None:
    found = [each for each in results.agreements if each.quantity == "volume_cm3"]
    rows = [
        (
            each.muscle,
            each.between,
            each.found.reliability.subjects,
            each.found.reliability.icc_2_1.value,
            each.found.reliability.sem_agreement,
            each.found.reliability.mdc_agreement,
        )
        for each in found
    ]
    if rows:
        terminal.answer_table("agreement of the volumes", ("muscle", "between", "legs", "ICC(2,1)", "SEM cm3", "MDC cm3"), rows)

"""`ifss experiment`: a published experiment, from the data to the figures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ifssnet.cli.commands.dataset import show_terms
from ifssnet.cli.options import Device, Json, Quiet, Verbose
from ifssnet.cli.overruled import exclude
from ifssnet.cli.parse import folder
from ifssnet.cli.summary import end_where_runs_failed, show_summary
from ifssnet.cli.terminal import Terminal
from ifssnet.core.errors import InputError
from ifssnet.core.results.evaluation_results import Results
from ifssnet.workflow.experiment.results import Experiment, ExperimentSummary, Stage

if TYPE_CHECKING:
    from ifssnet.workflow.cohorts.dataset import Source
    from ifssnet.workflow.experiment.experiment import ExperimentPlan
    from ifssnet.workflow.experiment.plan import ExperimentOptions


class Scale(StrEnum):
    """How large networks and slices are."""

    paper = "paper"
    quarter = "quarter"


def leg_3d_us(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The data set's folder, there or to be made.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", callback=folder, help="The folder; an earlier run in it goes on.")
    ],
    *,
    methods: Annotated[
        str | None, typer.Option(help="full, weak, anchored are trained; guided, hold, watershed, … need no training.")
    ] = None,
    scale: Annotated[
        Scale, typer.Option(help="paper: whole slices, the paper's width; quarter: 1.1 mm about the muscle, light networks.")
    ] = Scale.paper,
    minutes: Annotated[float | None, typer.Option(help="Of training, each network. Otherwise the recipes' units.")] = None,
    device: Annotated[Device, typer.Option(help="Where to compute; auto is a GPU where there is one.")] = Device.auto,
    seed: Annotated[int, typer.Option(min=0, help="Of every training.")] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="METHOD:NAME=VALUE", help="Change a value of full's, weak's or anchored's recipe."),
    ] = None,
    side: Annotated[int, typer.Option(min=32, help="Rows and columns that slices are cropped or padded to.")] = 512,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Evaluations at a time; each loads its networks.")] = 1,
    base_url: Annotated[str | None, typer.Option("--base-url", help="Fetch from a mirror; the hashes stay.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say in seconds, roughly, what it would take; nothing else.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Accept the data's licence and start without being asked.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> Experiment:
    """The paper's experiment on LEG-3D-US: fetch, check, crop or pad, train, evaluate, draw.

    It measures this machine, says what it will take, and asks. A run that was stopped goes on with the same command.
    Evaluations that fail on a leg are listed at the end (exit code 1), and do not stop the others.

    Example: `ifss experiment leg-3d-us data/leg-3d-us -o out/paper`
    """
    from ifssnet.workflow.cohorts.dataset import Source
    from ifssnet.workflow.experiment.plan import ExperimentOptions, default_methods

    exclude({"--yes": yes}, "--dry-run", dry_run)
    planned = any(word.partition(":")[2].startswith("trainer.units") for word in settings or ())
    exclude({"--set METHOD:trainer.units": planned}, "--minutes", minutes is not None)
    options = ExperimentOptions(
        methods=_words(methods) if methods is not None else default_methods(),
        scale=scale.value,
        side_px=side,
        minutes=minutes,
        device=device.value,
        seed=seed,
        changes=_changes(settings or []),
        workers=workers,
    )
    source = Source() if base_url is None else Source(base_url=base_url)
    ask = _ask if sys.stdin.isatty() else None
    terminal = Terminal(quiet, verbose, json)
    return experiment_command(folder, output, options, source, terminal, dry_run=dry_run, yes=yes, ask=ask)


def experiment_command(
    folder: Path,
    output: Path,
    options: ExperimentOptions,
    source: Source,
    terminal: Terminal,
    *,
    dry_run: bool = False,
    yes: bool = False,
    ask: Callable[[], bool] | None = None,
) -> Experiment:
    """Measure, tell, ask, run.

    Args:
        folder: The data set's folder.
        output: The experiment's.
        options: What is asked for.
        source: Where the data set comes from.
        terminal: How to talk.
        dry_run: Whether to stop after telling.
        yes: Whether the user has agreed already.
        ask: Asks a person; None where there is none to ask.

    Returns:
        What was found; the estimate alone where nothing was run.

    Raises:
        InputError: Nobody has agreed, or what the experiment raises.
    """
    from ifssnet.workflow.experiment.experiment import experiment_table, plan_experiment, run_experiment

    terminal.say("Timing some steps of each method on this machine ...")
    plan = terminal.run(plan_experiment(folder, output, options, source, roughly=dry_run))
    known = Experiment(plan.estimate)
    _show_plan(plan, terminal)
    if dry_run:
        if terminal.as_json:
            terminal.answer_json(experiment_table(known))
        return known
    if not yes:
        if ask is None:
            raise InputError("consent to start", "no terminal to ask on", "Add --yes, or --dry-run to see the estimate alone.")
        if not ask():
            terminal.say("Nothing was started.")
            return known
    summary, evaluations = terminal.run(run_experiment(folder, output, options, source))
    found = Experiment(plan.estimate, summary, evaluations)
    if terminal.as_json:
        terminal.answer_json(experiment_table(found))
    else:
        _show_results(summary, evaluations, terminal)
    end_where_runs_failed(evaluations.values(), terminal)
    return found


def _show_plan(plan: ExperimentPlan, terminal: Terminal) -> None:
    """Say what the experiment takes before anything starts, `--quiet` or not; on standard error, so that JSON stays apart."""
    if plan.fetching is not None and plan.fetching.archives:
        show_terms(plan.fetching, terminal)
    estimate = plan.estimate
    sizes = ", ".join(f"{len(slices)} {split}" for split, slices in estimate.sizes.slices.items())
    lines = [
        *([f"The server was asked for the data set in vain: {plan.unreachable}"] if plan.unreachable else []),
        f"{plan.root} ({sizes} legs; sizes: {estimate.sizes.known_from}); cropped or padded legs: {plan.cropped}; "
        f"all else: {plan.output}",
        f"An estimate, from counted products and a short timing ({estimate.machine.name}; measured without --dry-run):"
        if estimate.roughly
        else f"Measured on {estimate.machine.name}:",
        *(_stage_line(stage) for stage in estimate.stages),
        f"About {_hours(estimate.hours)} in all; fetching, cropping and figures come on top. Cropped legs take up to "
        f"{estimate.disk_gb:.1f} GB of disk.",
        *(f"Beware: {warning}" for warning in estimate.warnings),
    ]
    for line in lines:
        terminal.err.out(line, highlight=False)


def _stage_line(stage: Stage) -> str:
    gpu = f", GPU {stage.device_gb:.1f} GB" if stage.device_gb else ""
    memory = f"{gpu}, memory {stage.host_gb:.1f} GB" if stage.host_gb else ""
    return f"  {stage.name}: {_hours(stage.hours)}{memory} ({stage.note})"


def _hours(hours: float) -> str:
    if hours < 1.5:
        return f"{60 * hours:.0f} min"
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:.1f} days"


def _show_results(summary: ExperimentSummary, evaluations: Mapping[str, Results], terminal: Terminal) -> None:
    for leg, voxels in summary.cropping.labelled_voxels_cut.items():
        terminal.say(f"{leg}: {voxels.cut} of {voxels.labelled} labelled voxels lie outside the window and were cut")
    for protocol, results in evaluations.items():
        show_summary(results, f"test, {protocol}, mean over muscles", terminal)
        terminal.say(f"wrote {summary.reports[protocol]}")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _changes(words: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        label, colon, change = word.partition(":")
        if not colon or "=" in label:
            raise InputError("changes as METHOD:NAME=VALUE", f"'{word}'", "Write for example --set full:tbptt=4.")
        found[label.strip()] = (*found.get(label.strip(), ()), change)
    return found


def _ask() -> bool:
    return typer.confirm("Do you accept the data set's licence, and start?", err=True)

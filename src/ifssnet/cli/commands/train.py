"""`ifss train`: a network from a cohort."""

from __future__ import annotations

from collections.abc import Generator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Device, Force, Json, Quiet, Verbose
from ifssnet.cli.overruled import exclude
from ifssnet.cli.parse import folder
from ifssnet.cli.terminal import Terminal
from ifssnet.core.images import counted
from ifssnet.core.progress import Progress
from ifssnet.workflow.training.results import TrainingResult

ANY = "any"


class Precision(StrEnum):
    """Bits of the numbers that are computed with; weights always have 32."""

    full = "32"
    bf16 = "bf16"


def run(
    cohort: Annotated[
        Path | None,
        typer.Argument(metavar="[COHORT]", help="A folder of legs by split, with labels."),
    ] = None,
    recipe: Annotated[str | None, typer.Option(help="Name of a recipe or a TOML file; `list` shows those there are.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="RUN", callback=folder, help="The run's folder.")
    ] = None,
    muscles: Annotated[
        str | None, typer.Option(help="Muscles to train on, commas between, or `any`: all, one network that follows the mask.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the folder, exactly where it was.")] = False,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="WEIGHTS",
            help="Start from these: a file, a name that `ifss weights list` shows, or `default`: those of the recipe's task.",
        ),
    ] = None,
    device: Annotated[Device, typer.Option(help="Where to compute; auto is a GPU where there is one.")] = Device.auto,
    precision: Annotated[Precision, typer.Option(help="bf16 is for GPUs.")] = Precision.full,
    minutes: Annotated[
        float | None, typer.Option(help="Train about so long: as many units are planned as fit. Otherwise the recipe's units.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the network's start and of every draw (default 0).")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a value of the recipe; may be repeated.")
    ] = None,
    legs: Annotated[int | None, typer.Option(help="At most this many training legs, the first by name.")] = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> TrainingResult | tuple[str, ...]:
    """Train a network by a recipe. A run that was stopped goes on with --resume as if it had not been.

    Example: `ifss train legs --recipe anchored --muscles any -o runs/anchored --minutes 45`, or on from the weights that come
    with the package, on legs of your own: `ifss train mine --recipe anchored --from default -o runs/mine --minutes 20`
    """
    from ifssnet.core.errors import InputError
    from ifssnet.io.plain_data import plain
    from ifssnet.workflow.training.options import TrainingOptions
    from ifssnet.workflow.training.train import check_learning_installed, train_cohort

    terminal = Terminal(quiet, verbose, json)
    if recipe == "list":
        check_learning_installed()
        return _listed(terminal)
    if cohort is None or output is None:
        missing = "COHORT" if cohort is None else "-o RUN"
        raise InputError("COHORT and -o RUN", f"no {missing}", "Say what to train on and where the run goes.")
    planned = any(word.partition("=")[0].strip() == "trainer.units" for word in settings or ())
    exclude({"--set trainer.units": planned}, "--minutes", minutes is not None)
    options = TrainingOptions(
        recipe=recipe,
        muscles=None if muscles is None else _muscles(muscles),
        resume=resume,
        start=start,
        device=device.value,
        precision=precision.value,
        minutes=minutes,
        seed=seed,
        changes=tuple(settings or ()),
        legs=legs,
        force=force,
    )
    trained = terminal.run(_with_validations(train_cohort(cohort, output, options), terminal))
    if json:
        terminal.answer_json(plain(trained))
    dice = "" if trained.best_dice is None else f", best Dice {trained.best_dice:.4f} after {trained.best_unit}"
    units = counted(trained.units, "unit")
    terminal.say(f"{units} in {trained.minutes:.1f} min{dice}; wrote {trained.weights}")
    return trained


def _with_validations(
    work: Generator[Progress, None, TrainingResult], terminal: Terminal
) -> Generator[Progress, None, TrainingResult]:
    """The same work; each validation leaves a line for those who asked for details."""
    before = ""
    while True:
        try:
            progress = next(work)
        except StopIteration as stop:
            return stop.value
        if progress.stage == "training" and before == "validating":
            terminal.detail(f"{progress.done} of {progress.total} units: {progress.note}")
        before = progress.stage
        yield progress


def _muscles(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    return () if names == (ANY,) else names


def _listed(terminal: Terminal) -> tuple[str, ...]:
    """Show the recipes that come with the package; their names."""
    from ifssnet.train.recipe import find_recipe, read_recipe, recipe_names

    found = [read_recipe(find_recipe(name)) for name in recipe_names()]
    rows = [(recipe.name, ", ".join(recipe.muscles) or ANY, recipe.about) for recipe in found]
    if terminal.as_json:
        terminal.answer_json([{"name": name, "muscles": muscles, "about": about} for name, muscles, about in rows])
    else:
        terminal.answer_table("recipes", ("name", "muscles", "what it is"), rows)
    return tuple(recipe.name for recipe in found)

"""`ifss pseudo-labels`: labels to train on, from few drawn slices."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Cluster, Json, Quiet, Verbose
from ifssnet.cli.overruled import exclude
from ifssnet.cli.parse import folder
from ifssnet.cli.terminal import Terminal
from ifssnet.core.images import counted
from ifssnet.workflow.training.results import PseudoLabels


class Policy(StrEnum):
    """How annotated slices are dealt to the legs."""

    decremental = "decremental"
    constant = "constant"


def run(
    cohort: Annotated[Path, typer.Argument(metavar="COHORT", help="A folder of legs by split, with labels.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", callback=folder, help="The new cohort; an earlier run in it goes on."),
    ],
    method: Annotated[
        str, typer.Option(help="Draws the other slices: NAME, or NAME@WEIGHTS trained on the same few slices.")
    ] = "guided",
    policy: Annotated[
        Policy, typer.Option(help="decremental: many slices of the first leg, ever fewer of the next (paper, III-C3).")
    ] = Policy.decremental,
    first: Annotated[int, typer.Option(help="Slices of the first leg, of 1400; decremental.")] = 230,
    floor: Annotated[int, typer.Option(help="Slices that no leg goes below, of 1400; decremental.")] = 42,
    constant: Annotated[int, typer.Option(help="Slices of each leg, of 1400; constant.")] = 42,
    workers: Annotated[
        int, typer.Option(min=0, max=256, help="Legs at a time, in this number of processes; 0: in this process.")
    ] = 1,
    cluster: Cluster = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> PseudoLabels:
    """Write a cohort whose training labels an expert drew few slices of, and a method the rest: any recipe can train on it.

    Only the budget's slices of the training labels are used. Validation and test legs stay as they are.

    Example: `ifss pseudo-labels legs -o few --method anchored@runs/anchored/best.safetensors`, then
    `ifss train few --recipe full -o runs/few`
    """
    from ifssnet.cli.method_words import methods
    from ifssnet.core.errors import InputError
    from ifssnet.io.plain_data import plain
    from ifssnet.train.data.budget import AnnotationBudget
    from ifssnet.workflow.training.pseudo_label_cohort import PseudoLabelling, pseudo_label

    terminal = Terminal(quiet, verbose, json)
    own = AnnotationBudget()
    dealt = {"--first": first != own.first, "--floor": floor != own.floor}
    exclude(dealt, f"--policy {policy.value}", policy is Policy.constant)
    exclude({"--constant": constant != own.constant}, f"--policy {policy.value}", policy is Policy.decremental)
    exclude({"--workers": workers != 1}, "--cluster", cluster is not None)
    chosen = methods([method])
    if len(chosen) != 1:
        raise InputError("one method", f"{len(chosen)}", "Name the one that draws the slices that nobody drew.")
    budget = AnnotationBudget(policy.value, first=first, floor=floor, constant=constant)
    labels = terminal.run(pseudo_label(cohort, output, PseudoLabelling(chosen[0], budget, workers, cluster)))
    if json:
        terminal.answer_json(plain(labels))
    terminal.say(
        f"{labels.drawn} of the masks of {counted(len(labels.legs), 'leg')} are an expert's "
        f"({100 * labels.drawn_share:.1f} %); "
        f"Dice of the others {labels.dice_mean:.3f} ± {labels.dice_sd:.3f} against the labels that were there"
    )
    terminal.say(f"wrote {output}")
    return labels

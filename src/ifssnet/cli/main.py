"""The `ifss` command: one file a command, and the one place where errors become words."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ifssnet.cli.commands import (
    adapt,
    agree,
    compare,
    compound,
    convert,
    dataset,
    deidentify,
    demo,
    evaluate,
    experiment,
    figures,
    frames,
    info,
    measure,
    phantom,
    pseudo_labels,
    register,
    report,
    seeds,
    segment,
    serve,
    session,
    simulate_expert,
    slices,
    study,
    train,
    weights,
)
from ifssnet.cli.terminal import print_any_character, show_error, show_warnings
from ifssnet.core.errors import InputError

app = typer.Typer(
    name="ifss",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Muscle volume from freehand 3-D ultrasound and a few annotated slices. For research; not a medical device.",
)


def _print_version(wanted: bool) -> bool:
    if wanted:
        from importlib.metadata import version as installed

        typer.echo(installed("ifssnet"))
        raise typer.Exit
    return wanted


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Options of `ifss` itself."""


@dataclass(frozen=True)
class Group:
    """Commands under one word, as `ifss weights list` is.

    Attributes:
        help: What they are for.
        commands: The second word of each to what it does.
        default: The one that runs where the second word is none of them; empty for none.
    """

    help: str
    commands: Mapping[str, Callable[..., object]]
    default: str = ""


COMMANDS: Mapping[str, Callable[..., object] | Group] = {
    "info": info.run,
    "convert": convert.run,
    "deidentify": deidentify.run,
    "compound": compound.run,
    "register": register.run,
    "seeds": seeds.run,
    "adapt": adapt.run,
    "segment": segment.run,
    "measure": measure.run,
    "compare": compare.run,
    "agree": agree.run,
    "report": report.run,
    "frames": frames.run,
    "pseudo-labels": pseudo_labels.run,
    "train": train.run,
    "evaluate": evaluate.run,
    "figures": figures.run,
    "simulate-expert": simulate_expert.run,
    "demo": demo.run,
    "serve": serve.run,
    "study": Group(
        "Measure every leg of a study; `ifss study STUDY.toml -o DIR` runs it.",
        {"run": study.run, "init": study.init},
        default="run",
    ),
    "dataset": Group(
        "Fetch and look over public data sets.",
        {"list": dataset.shown, "leg-3d-us": dataset.leg_3d_us, "dlsegmskneurodisease": dataset.dlsegmskneurodisease},
    ),
    "experiment": Group("Run a published experiment end to end.", {"leg-3d-us": experiment.leg_3d_us}),
    "phantom": Group("Digital legs with exact truth.", {"leg": phantom.leg, "cohort": phantom.cohort}),
    "session": Group(
        "One leg from the first drawn slice to the signature.",
        {
            "new": session.new,
            "show": session.show,
            "draw": session.draw,
            "outline": session.outline,
            "mark": session.mark,
            "erase": session.erase,
            "propagate": session.propagate,
            "adapt": session.adapt,
            "check": session.check,
            "suggest": session.suggest,
            "accept": session.accept,
            "undo": session.undo,
            "redo": session.redo,
            "redraw": session.redraw,
            "quality": session.quality,
            "compare": session.compare,
            "plan": session.plan,
            "sign": session.sign,
            "export": session.export,
        },
    ),
    "slices": Group("Masks as PNG pictures, and back.", {"export": slices.export, "import": slices.import_}),
    "weights": Group("Weights of the networks.", {"list": weights.shown, "card": weights.card, "pack": weights.pack}),
}
"""Every command by its word; a further one is one more line."""


class DefaultGroup(TyperGroup):
    """A group that runs one of its commands where the first word names none of them."""

    default = ""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name where it was left out; the library's own class of contexts is not public."""
        named = not args or args[0] in self.commands or args[0] == "--help"
        return super().parse_args(ctx, args if named or not self.default else [self.default, *args])


def _running(default: str) -> type[DefaultGroup]:
    return type("RunningGroup", (DefaultGroup,), {"default": default})


def _add_commands(to: typer.Typer, commands: Mapping[str, Callable[..., object] | Group]) -> None:
    for name, command in commands.items():
        if isinstance(command, Group):
            group = typer.Typer(
                cls=_running(command.default), no_args_is_help=True, rich_markup_mode="markdown", help=command.help
            )
            _add_commands(group, command.commands)
            to.add_typer(group, name=name)
        else:
            to.command(name=name)(command)


_add_commands(app, COMMANDS)


def _file_with_a_dash(word: str) -> str:
    """A word of the command line; where a file of that very name begins with a dash, its path, as it is no option."""
    return f"./{word}" if word.startswith("-") and Path(word).suffix and Path(word).is_file() else word


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `ifss`. Bad input ends with exit code 2 and three lines that say what to do; never with a traceback."""
    print_any_character()
    show_warnings()
    words = sys.argv[1:] if arguments is None else arguments
    try:
        app([_file_with_a_dash(word) for word in words])
    except InputError as error:
        show_error(error)
        sys.exit(2)
    except MemoryError:
        show_error(InputError("enough memory", "less than this work needs", "Crop the volume or choose a larger spacing."))
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)

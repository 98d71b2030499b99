"""The `ifss` command: one file a command, and the one place where errors become words."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from ifssnet.cli.commands import (
    agree,
    compare,
    compound,
    convert,
    demo,
    evaluate,
    figures,
    frames,
    info,
    measure,
    pseudo_labels,
    register,
    report,
    seeds,
    segment,
    train,
)
from ifssnet.cli.commands.dataset import register as add_dataset
from ifssnet.cli.commands.experiment import register as add_experiment
from ifssnet.cli.commands.phantom import register as add_phantom
from ifssnet.cli.commands.weights import register as add_weights
from ifssnet.cli.terminal import show_error, show_warnings
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


for command in (
    info,
    convert,
    compound,
    register,
    seeds,
    segment,
    measure,
    compare,
    agree,
    report,
    frames,
    pseudo_labels,
    train,
    evaluate,
    figures,
    demo,
):
    app.command(name=command.__name__.rsplit(".", 1)[1].replace("_", "-"))(command.run)
add_dataset(app)
add_experiment(app)
add_phantom(app)
add_weights(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `ifss`. Bad input ends with exit code 2 and three lines that say what to do; never with a traceback."""
    show_warnings()
    try:
        app(list(arguments) if arguments is not None else None)
    except InputError as error:
        show_error(error)
        sys.exit(2)
    except MemoryError:
        show_error(InputError("enough memory", "less than this work needs", "Crop the volume or choose a larger spacing."))
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)

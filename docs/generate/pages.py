"""The pages of the reference that are written from the code when the site is built: commands, and the library by room."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from inspect import cleandoc
from typing import Any

import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import ifssnet
from ifssnet.cli.main import app

WORDS = {"str": "TEXT", "path": "PATH", "int": "WHOLE NUMBER", "int range": "WHOLE NUMBER", "float": "NUMBER"}
ROOMS = {
    "core": "The nouns: grids, images, seeds, sweeps, segmentations, results and errors.",
    "io": "Reading and writing of every format.",
    "geometry": "Operations on shapes and grids that know neither files nor muscles.",
    "compounding": "Tracked frames to a volume and back; rigid registration.",
    "measurement": "Volumes, cross-sections, overlap, surface distances and agreement.",
    "propagate": "Every method that segments a volume from a few annotated slices.",
    "nn": "The networks and the losses.",
    "train": "Annotation budgets, tasks and the training loop.",
    "phantom": "Digital legs and their scanner.",
    "figures": "Charts, slices, the 3-D view, and the pages that they stand on.",
    "workflow": "The use cases that the commands run: files in, files out.",
}


def modules_of(room: str) -> list[str]:
    """The public modules of a room and of the rooms in it, by name."""
    package = import_module(f"ifssnet.{room}")
    found = pkgutil.walk_packages(package.__path__, f"ifssnet.{room}.")
    return sorted(module.name for module in found if not module.ispkg and "._" not in module.name)


def library_page() -> str:
    """Every name in `ifssnet.__all__`."""
    verbs = "\n\n".join(f"::: ifssnet.{name}\n    options: {{ heading_level: 2 }}" for name in ifssnet.__all__)
    return (
        "# Library\n\nFor people who call the package from Python. These names are the public interface; each is what the\n"
        f"command of the same name runs. What they take and return is described room by room, beginning with [core](core.md).\n"
        f"\n{verbs}\n"
    )


def room_page(room: str) -> str:
    """The public modules of one room, one after the other."""
    listed = "\n\n".join(f"::: {name}\n    options: {{ heading_level: 2 }}" for name in modules_of(room))
    return (
        f"# ifssnet.{room}\n\nFor people who build on the package. {ROOMS[room]}\n"
        f"Only the names of [ifssnet](library.md) itself are kept from one version to the next.\n\n{listed}\n"
    )


def plain_term(term: str) -> str:
    """What typer calls `<list[Path]>` and `<str>`, in words.

    >>> plain_term("--seeds <list[Path]>"), plain_term("--every-mm <float>"), plain_term("VOLUME… <list[Path]>")
    ('--seeds PATH', '--every-mm NUMBER', 'VOLUME…')
    """
    name, _, kind = term.partition(" <")
    if not kind or not name.startswith("-"):
        return name if kind else term
    return f"{name} {WORDS.get(kind.removeprefix('list[').rstrip(']>').lower(), kind.rstrip('>'))}"


def command_lines(name: str, command: Any, above: typer.Context | None = None) -> Iterator[str]:
    """A command's help, its options as a definition list, and the commands below it (typer gives them no public type)."""
    context = typer.Context(command, info_name=name.rsplit(maxsplit=1)[-1], parent=above)
    yield f"{'#' * (1 + name.count(' '))} {name}"
    yield ""
    yield cleandoc(command.help or "")
    yield ""
    records = [parameter.get_help_record(context) for parameter in command.params]
    for term, text in (record for record in records if record is not None):
        yield from (f"`{plain_term(term)}`", f":   {text or '(no description)'}".replace("[", "\\["), "")
    for below, inner in sorted(getattr(command, "commands", {}).items()):
        yield from command_lines(f"{name} {below}", inner, context)


def commands_page() -> str:
    """Every command with its help and its options, as `--help` has them."""
    head, _, rest = "\n".join(command_lines("ifss", typer.main.get_command(app))).partition("\n")
    who = "For people who type commands. This page is written from the code and says what `ifss COMMAND --help` says."
    return f"{head.replace('ifss', 'Commands')}\n\n{who}\n{rest}\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages (an event of mkdocs)."""
    pages = {"commands": commands_page(), "library": library_page()} | {room: room_page(room) for room in ROOMS}
    for name, content in pages.items():
        files.append(File.generated(config, f"reference/{name}.md", content=content))
    return files

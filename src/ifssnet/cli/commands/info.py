"""`ifss info`: what a file is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ifssnet.cli.options import Json, Quiet, Verbose
from ifssnet.cli.terminal import Terminal, written


def run(
    path: Annotated[Path, typer.Argument(help="Any file or folder that ifss reads.")],
    config: Annotated[Path | None, typer.Option("--config", help="PLUS configuration (XML) for a sweep.")] = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> dict[str, Any]:
    """Say what a file or folder is: its kind, size, spacing, labels, frames, header.

    Example: `ifss info leg.mha`
    """
    from ifssnet.workflow.leg.inspection import inspect

    terminal = Terminal(quiet, verbose, json)
    facts = inspect(path, config)
    if json:
        terminal.answer_json(facts)
    else:
        flat = {key: value for key, value in facts.items() if not isinstance(value, (dict, list)) or key in SHORT_LISTS}
        terminal.answer_table(str(path), ("what", "value"), [(key, written(value)) for key, value in flat.items()])
        for key, value in facts.items():
            if isinstance(value, dict) and value and (key != "header" or verbose):
                terminal.answer_table(key, ("name", "value"), [(str(name), written(entry)) for name, entry in value.items()])
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                columns = list(value[0])
                terminal.answer_table(key, columns, [[row[column] for column in columns] for row in value])
    return facts


SHORT_LISTS = {"shape_zyx", "spacing_xyz_mm", "origin_xyz_mm", "extent_xyz_mm", "pixel_spacing_uv_mm", "frame_size_uv_px"}

"""`ifss info`: what a file is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Json, Quiet, Verbose
from ifssnet.cli.terminal import Terminal, written
from ifssnet.core.facts.file_facts import Inspection
from ifssnet.io.plain_data import Json as Plain


def run(
    path: Annotated[Path, typer.Argument(help="Any file or folder that ifss reads.")],
    config: Annotated[Path | None, typer.Option("--config", help="PLUS configuration (XML) for a sweep.")] = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> Inspection:
    """Say what a file or folder is: its kind, size, spacing, labels, frames, header.

    Example: `ifss info leg.mha`
    """
    from ifssnet.workflow.leg.inspection import inspect, plain_inspection

    terminal = Terminal(quiet, verbose, json)
    found = inspect(path, config)
    if json:
        terminal.answer_json(plain_inspection(found))
    else:
        _show(plain_inspection(found), terminal)
    return found


SHORT_LISTS = {"shape_zyx", "spacing_xyz_mm", "origin_xyz_mm", "extent_xyz_mm", "pixel_spacing_uv_mm", "frame_size_uv_px"}
"""Lists that fit into one cell of a table."""


def _show(facts: Mapping[str, Plain], terminal: Terminal) -> None:
    """What is one value in one table; then a table for each list and each mapping."""
    short = {key: value for key, value in facts.items() if not isinstance(value, Mapping | list) or key in SHORT_LISTS}
    terminal.answer_table(str(facts["path"]), ("what", "value"), [(key, written(value)) for key, value in short.items()])
    for key, value in facts.items():
        if isinstance(value, Mapping) and value and (key != "header" or terminal.verbose):
            terminal.answer_table(key, ("name", "value"), [(name, written(entry)) for name, entry in value.items()])
        elif isinstance(value, list) and (rows := [row for row in value if isinstance(row, Mapping)]):
            terminal.answer_table(key, list(rows[0]), [list(row.values()) for row in rows])

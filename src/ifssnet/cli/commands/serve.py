"""`ifss serve`: the page, for any browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ifssnet.cli.options import Quiet


def run(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="The folder of cases; made where there is none.")] = Path(
        "cases"
    ),
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than this one ask for the printed token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any free one.")] = 8765,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A name that browsers call this server by; may be repeated."),
    ] = None,
    limit_gb: Annotated[float, typer.Option(min=0.001, help="The largest file that may be sent.")] = 8.0,
    device: Annotated[str, typer.Option(help="Where networks compute: auto, cpu or cuda.")] = "auto",
    browser: Annotated[bool, typer.Option("--browser", help="Open the page in this computer's browser.")] = False,
    quiet: Quiet = False,
) -> None:
    """Draw, propagate, correct and sign in a browser. Nothing leaves this computer.

    Example: `ifss serve cases`, then open the address that it prints. Ctrl-C ends it.
    """
    from ifssnet.cli.terminal import Terminal
    from ifssnet.core.errors import InputError

    try:
        from ifssnet.web.server import Served, serve
    except ImportError as error:
        raise InputError("the extra `web`", f"no {error.name}", "Install it: pip install 'ifssnet[web]'.") from error
    terminal = Terminal(quiet, False, False)

    def say(address: str) -> None:
        terminal.say(f"open {address}")
        if browser:
            typer.launch(address)

    serve(Served(folder, host, port, tuple(name or ()), limit_gb, device), say)

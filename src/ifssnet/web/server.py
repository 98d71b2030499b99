"""Listening on an address until somebody ends it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from ifssnet.core.errors import InputError
from ifssnet.web.app import create_app
from ifssnet.web.security import access_for
from ifssnet.workflow.session.methods import Methods
from ifssnet.workflow.session.warm_up import warm_up


@dataclass(frozen=True)
class Served:
    """What is served, and where.

    Attributes:
        folder: The folder of cases; made where there is none.
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        names: Other names that browsers call the server by.
        limit_gb: The largest file that may be sent.
        device: Where networks compute.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8765
    names: tuple[str, ...] = ()
    limit_gb: float = 8.0
    device: str = "auto"


def serve(served: Served, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C.

    Args:
        served: What, and where.
        say: Called with the address to open, once requests are answered.

    Raises:
        InputError: A folder that cannot be used, or an address that cannot be listened on.
    """
    try:
        served.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("a folder of cases", f"{served.folder}: {error.strerror}", "Choose another folder.") from error
    access = access_for(served.host, served.names)
    methods = Methods(served.device)
    app = create_app(served.folder, access, methods, int(served.limit_gb * 1e9))
    try:
        listening = _listen(served.host, served.port)
    except OSError as error:
        raise InputError(
            "an address that nobody listens on", f"{served.host}:{served.port}: {error.strerror}", "Choose another --port."
        ) from error
    port = listening.getsockname()[1]
    shown = f"[{served.host}]" if ":" in served.host else served.host
    # What follows '#' stays in the browser: no server and no proxy writes it to a log.
    address = f"http://{shown}:{port}/" + (f"#token={access.token}" if access.token else "")
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2, server_header=False)
    server = uvicorn.Server(config)
    say(address)
    # While the expert looks for the case: a network takes seconds to come from its file.
    threading.Thread(target=warm_up, args=(methods,), name="warm up", daemon=True).start()
    asyncio.run(server.serve(sockets=[listening]))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening

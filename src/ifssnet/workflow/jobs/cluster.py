"""Work on a Ray cluster: a task a job, on whichever machine is free, again where a machine dies.

All that speaks to Ray is a process of its own, the broker. Where the cluster's head goes away, Ray ends whoever is
connected: the broker then, and not the command. It is started anew until the cluster answers again, with the work that has
not ended. What had been done meanwhile is seen by its files and not done twice.
"""

from __future__ import annotations

import multiprocessing
import time
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ifssnet.core.errors import InputError
from ifssnet.core.machine.extras import install_command
from ifssnet.workflow.jobs.broker import Errand, broker
from ifssnet.workflow.jobs.outcome import Ends, Found, Outcome, Work

LISTEN_S = 1.0


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster.

    Attributes:
        address: "auto" for the one that this machine belongs to, "HOST:PORT", or "ray://HOST:PORT" for one that it does
            not belong to.
        patience_s: How long a cluster that went away is waited for.

    Raises:
        InputError: No such form of address, or Ray is not installed.
    """

    address: str
    patience_s: float = 900.0

    def __post_init__(self) -> None:
        host, colon, port = self.address.removeprefix("ray://").rpartition(":")
        if self.address != "auto" and not (host and colon and port.isdecimal() and int(port) < 2**16 and "/" not in host):
            raise InputError(
                "the address of a Ray cluster, as auto, HOST:PORT or ray://HOST:PORT",
                f"'{self.address}'",
                "`ray status`, on a machine of the cluster, and what `ray start --head` printed say it.",
            )
        if find_spec("ray") is None:
            raise InputError("Ray, for --cluster", "an installation without it", f"Run: {install_command('cluster')}")


def on_cluster(
    works: Sequence[Work], function: Callable[[Work], Found], cluster: Cluster, shared: Sequence[Path]
) -> Ends[Work, Found]:
    """Do all of it on a cluster, in any order.

    Args:
        works: What to do. One with a property `done` is not done where that is true already.
        function: Does one job; at a module's top level of a package that every machine has.
        cluster: Where.
        shared: Folders that the work writes into: every machine has to see the same ones.

    Raises:
        InputError: No cluster at the address, or one that went away and did not come back.
    """
    left = dict(enumerate(works))
    met, lost_at = False, time.monotonic()
    with _marked(shared) as marks:
        errand = Errand(function, Path.cwd(), marks)
        while left:
            with _broker(cluster.address, left, errand) as line:
                for message in _heard(line):
                    if isinstance(message, InputError):
                        if not met or time.monotonic() - lost_at > cluster.patience_s:
                            raise message
                        break
                    if isinstance(message, str):
                        met, lost_at = met or bool(message), time.monotonic() if message else lost_at
                        yield message
                        continue
                    place, outcome = message
                    lost_at = time.monotonic()
                    yield place, replace(outcome, work=left.pop(place))
            if left:
                _check_patience(cluster, met, lost_at)
                yield "the cluster does not answer; trying again"
                time.sleep(LISTEN_S)


def _check_patience(cluster: Cluster, met: bool, lost_at: float) -> None:
    if met and time.monotonic() - lost_at <= cluster.patience_s:
        return
    raise InputError(
        f"a Ray cluster that answers at {cluster.address}",
        f"none for {time.monotonic() - lost_at:.0f} s" if met else "a connection that broke",
        "Start the same command again when the cluster is there: what was done is kept.",
    )


def _heard(line: Connection) -> Generator[tuple[int, Outcome[Any, Any]] | InputError | str]:
    """What a broker says until it ends; nothing, in words, every second."""
    while True:
        try:
            if not line.poll(LISTEN_S):
                yield ""
                continue
            message = line.recv()
        except (EOFError, OSError):
            return
        yield message


@contextmanager
def _broker(address: str, works: Mapping[int, object], errand: Errand) -> Generator[Connection]:
    context = multiprocessing.get_context("spawn")
    line, other = context.Pipe(duplex=False)
    process = context.Process(target=broker, args=(address, works, errand, other), daemon=True)
    process.start()
    other.close()
    try:
        yield line
    finally:
        line.close()
        process.kill()
        process.join()


@contextmanager
def _marked(folders: Sequence[Path]) -> Generator[tuple[Path, ...]]:
    """A file in each folder, by which another machine knows that it sees the same folder and not its own of that name."""
    marks = tuple(folder.absolute() / f".shared-{uuid.uuid4().hex[:12]}" for folder in folders)
    try:
        for mark in marks:
            mark.touch()
        yield marks
    finally:
        for mark in marks:
            with suppress(OSError):
                mark.unlink()

"""The process that speaks to Ray, and what runs on the machines of a cluster."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ifssnet.core.errors import InputError, silence_libraries
from ifssnet.workflow.jobs.outcome import Outcome, attempt
from ifssnet.workflow.jobs.threads import use_threads

MOST_WAITING = 1000
"""Tasks that the cluster knows of at a time: Ray looks at each of them whenever one ends."""

TRIES_AGAIN = 5
"""How often a job is done again whose machine or process died."""

CONNECT_S = 10.0
SILENCE_S = 20.0
SHARED_S = 5.0
"""How long another machine may take to see a new file in a shared folder."""


@dataclass(frozen=True)
class Errand:
    """What each task does with its work.

    Attributes:
        function: Does it.
        folder: The folder that relative paths start from.
        marks: Files that are there if the folders that are written into are the same on every machine.
    """

    function: Callable[[Any], Any]
    folder: Path
    marks: tuple[Path, ...]


@runtime_checkable
class Resumable(Protocol):
    """Work that knows whether its result is there already."""

    @property
    def done(self) -> bool:
        """Whether it is."""
        ...


def do(errand: Errand, work: Any) -> Outcome[Any, Any]:
    """What a task is, on whichever machine it runs; the work itself is not sent back."""
    silence_libraries()
    use_threads(1)
    return replace(attempt(lambda given: _done(errand, given), work), work=None)


def _done(errand: Errand, work: Any) -> Any:
    _check_shared(errand)
    os.chdir(errand.folder)
    if isinstance(work, Resumable) and work.done:
        return None
    return errand.function(work)


def _check_shared(errand: Errand) -> None:
    until = time.monotonic() + SHARED_S
    missing = [mark.parent for mark in errand.marks if not mark.exists()]
    while missing and time.monotonic() < until:
        time.sleep(0.5)
        missing = [mark.parent for mark in errand.marks if not mark.exists()]
    if missing or not errand.folder.is_dir():
        raise InputError(
            f"the folder {[*missing, errand.folder][0]} on every machine of the cluster",
            f"another one, or none, on {socket.gethostname()}",
            "Choose one on a disk that all of them share, and start from there.",
        )


def broker(address: str, works: Mapping[int, Any], errand: Errand, line: Connection) -> None:
    """Give all the work to a cluster and say how each job ended; this process ends when the cluster goes away."""
    # Ctrl-C goes to all processes of a terminal; the parent ends this one, and Ray then ends its tasks.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    silence_libraries()
    with Path(os.devnull).open("wb") as nowhere:
        # Ray's own libraries write past Python.
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    try:
        ray = connected(address)
    except InputError as error:
        line.send(error)
        return
    machines = [node for node in ray.nodes() if node["Alive"]]
    processors = sum(int(node["Resources"].get("CPU", 0)) for node in machines)
    line.send(f"{processors} processors of {len(machines)} machines")
    watch = _Watch(ray)
    task = ray.remote(num_cpus=1, max_retries=0)(do)
    waiting, running = list(works)[::-1], dict[Any, int]()
    tries: Counter[int] = Counter()
    while waiting or running:
        while waiting and len(running) < MOST_WAITING:
            place = waiting.pop()
            running[task.remote(errand, works[place])] = place
        for ref in ray.wait(list(running), timeout=1.0)[0]:
            place = running.pop(ref)
            answer = _result(ray, ref)
            tries[place] += 1
            if isinstance(answer, str) and tries[place] <= TRIES_AGAIN:
                # Where the cluster itself is gone, this process ends here, and what it had to do is passed to the next one.
                watch.confirm()
                waiting.append(place)
                continue
            line.send((place, Outcome(None, error=f"{answer}, {tries[place]} times") if isinstance(answer, str) else answer))


def connected(address: str) -> Any:
    """Ray, connected.

    Raises:
        InputError: No cluster answers there, or one that this machine cannot join.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray: Any = importlib.import_module("ray")
    expected, remedy = f"a Ray cluster at {address}", "Check `ray status` on a machine of the cluster."
    try:
        if address != "auto":
            host, _, port = address.removeprefix("ray://").rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
        ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL, namespace="ifssnet")
    except OSError as error:
        raise InputError(expected, f"'{error.strerror or error}'", f"Start one with `ray start --head`. {remedy}") from error
    except Exception as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            expected,
            f"'{words}'",
            f"From a machine that is no part of the cluster, use ray://HOST:10001, with the same versions. {remedy}",
        ) from error
    return ray


class _Watch:
    """Ends this process when the cluster no longer answers, or another one has come in its place."""

    def __init__(self, ray: Any) -> None:
        self._ray, self._seen = ray, time.monotonic()
        self._machines = self._alive()
        for work in (self._look, self._guard):
            threading.Thread(target=work, daemon=True).start()

    def confirm(self) -> None:
        """Return once the cluster has answered anew."""
        now = time.monotonic()
        while self._seen <= now:
            time.sleep(0.2)

    def _alive(self) -> set[str]:
        return {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}

    def _look(self) -> None:
        while True:
            now = time.monotonic()
            try:
                alive = self._alive()
            except Exception:
                # What Ray raises for a head that is gone differs from version to version; silence is what counts.
                alive = set[str]()
            if alive & self._machines:
                self._machines, self._seen = alive, now
            time.sleep(1.0)

    def _guard(self) -> None:
        # A thread of its own: a question to a head that is gone may never come back.
        while time.monotonic() - self._seen < SILENCE_S:
            time.sleep(1.0)
        os._exit(3)


def _result(ray: Any, ref: Any) -> Outcome[Any, Any] | str:
    """How a task ended; in words where its machine or its process did."""
    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as error:
        cause = getattr(error, "cause", None) or error
        words = (str(cause).strip().splitlines() or [""])[-1][:300]
        return Outcome(None, error=f"{type(cause).__name__} on the cluster: {words}")
    except ray.exceptions.OutOfMemoryError:
        return "the process was ended for want of memory"
    except ray.exceptions.WorkerCrashedError:
        return "the process was ended, perhaps for want of memory"
    except ray.exceptions.RayError as error:
        return f"the machine or its process was lost ({type(error).__name__})"

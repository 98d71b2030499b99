"""Work in processes of this machine that stay: each loads the libraries once, however much work it gets."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, Generic

from ifssnet.core.errors import silence_libraries
from ifssnet.workflow.jobs.outcome import Ends, Found, Outcome, Work, attempt
from ifssnet.workflow.jobs.threads import library_threads, use_threads

LISTEN_S = 1.0
TIDY_UP_S = 5.0
"""How long a process that is asked to end may take to remove what it has half written."""


@dataclass(eq=False)
class _Worker(Generic[Work]):
    """A process, and the place of the work that it does."""

    process: BaseProcess
    line: Connection
    doing: int = -1

    def take(self, index: int, work: Work) -> None:
        self.doing = index
        # One that has died meanwhile is found out when it is listened to.
        with suppress(OSError):
            self.line.send(work)


def in_pool(works: Sequence[Work], function: Callable[[Work], Found], workers: int) -> Ends[Work, Found]:
    """Do all of it, at most this number at a time, in this order.

    A process that dies takes no work with it but its own: another one takes its place.

    Args:
        works: What to do.
        function: Does one job; at a module's top level, so that another process finds it.
        workers: Processes at a time.
    """
    threads = max(1, (os.cpu_count() or 1) // workers)
    waiting = list(range(len(works)))[::-1]
    crew: list[_Worker[Work]] = []
    try:
        while waiting or crew:
            while waiting and len(crew) < workers:
                crew.append(_hired(function, threads))
                crew[-1].take(index := waiting.pop(), works[index])
            yield ""
            ready = wait([worker.line for worker in crew], timeout=LISTEN_S)
            for worker in [worker for worker in crew if worker.line in ready]:
                place, outcome = worker.doing, _end_of_work(worker)
                if outcome is not None and waiting:
                    worker.take(index := waiting.pop(), works[index])
                else:
                    crew.remove(worker)
                    outcome = outcome or Outcome(None, error=_last_words(worker))
                    _dismiss([worker])
                yield place, replace(outcome, work=works[place])
    finally:
        _dismiss(crew)


def _hired(function: Callable[[Work], Found], threads: int) -> _Worker[Work]:
    context = multiprocessing.get_context("spawn")
    line, other = context.Pipe()
    process = context.Process(target=_work, args=(function, threads, other), daemon=True)
    with library_threads(threads):
        process.start()
    other.close()
    return _Worker(process, line)


def _work(function: Callable[[Any], Any], threads: int, line: Connection) -> None:
    """What a process does: take work until there is no more, or nobody who gives it."""
    # Ctrl-C goes to all processes of a terminal; the parent ends this one, which then removes what it has half written.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    use_threads(threads)
    silence_libraries()
    # A parent that was killed listens no more; what this process wrote is there for the next run.
    with suppress(EOFError, OSError):
        while True:
            outcome = attempt(function, line.recv())
            # Work goes back as it came, which the parent knows.
            line.send(replace(outcome, work=None))
    # Nothing is half written now: an end from here on needs no tidying up, and no words from what Python closes.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    sys.exit(128 + number)


def _end_of_work(worker: _Worker[Work]) -> Outcome[Any, Any] | None:
    """How the work of a process ended; None where the process ended instead."""
    try:
        return worker.line.recv()
    except (EOFError, OSError):
        return None


def _last_words(worker: _Worker[Work]) -> str:
    """How a process ended that said nothing."""
    worker.process.join()
    code = worker.process.exitcode or 0
    if code < 0:
        name = signal.Signals(-code).name
        return f"the process was ended by {name}" + (", perhaps for want of memory" if name == "SIGKILL" else "")
    return f"the process ended with code {code} and said nothing"


def _dismiss(crew: Sequence[_Worker[Work]]) -> None:
    """End processes: what waits for work leaves at once, and what works removes what it has half written."""
    for worker in crew:
        worker.line.close()
        worker.process.terminate()
    for worker in crew:
        worker.process.join(TIDY_UP_S)
        worker.process.kill()
        worker.process.join()

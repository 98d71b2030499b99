"""Many legs: the same work on each, several at a time, and a bad one does not stop the rest."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

from ifssnet.core.cohort import Case, Cohort
from ifssnet.core.errors import InputError, silence_libraries
from ifssnet.core.progress import Progress
from ifssnet.workflow.cohorts.threads import use_threads

Work = TypeVar("Work")

MAX_WORKERS = 256
FIRST_ACQUISITIONS = ("", "r1")


@dataclass(frozen=True)
class Outcome(Generic[Work]):
    """How the work on one leg ended.

    Attributes:
        work: What was to be done.
        error: Empty where it was done; else what went wrong, in words.
    """

    work: Work
    error: str


def legs_of(cohort: Cohort, split: str, limit: int | None = None) -> tuple[Case, ...]:
    """A split's legs, the first acquisition of each: a second one of the same leg is no leg of its own.

    Raises:
        InputError: The split has none.
    """
    if limit is not None and limit < 1:
        raise InputError("at least 1 leg", f"{limit}", "Take more.")
    cases = tuple(case for case in cohort.of_split(split) if case.acquisition in FIRST_ACQUISITIONS)
    if not cases:
        raise InputError(
            f"legs in the split '{split}' of {cohort.root}", "none", f"Choose one of {', '.join(cohort.splits) or '(none)'}."
        )
    return cases[:limit]


def run_all(
    works: Sequence[Work], function: Callable[[Work], None], workers: int, stage: str
) -> Generator[Progress, None, list[Outcome[Work]]]:
    """Do the work on every leg; what fails is reported at the end.

    Args:
        works: What to do, in this order.
        function: Does one piece, at a module's top level so that another process finds it; writes its own result.
        workers: How many at a time, each in a fresh process of its own, which may run out of memory or crash without
            harm to the others; 0 for one after the other in this process.
        stage: For the progress.

    Raises:
        InputError: A number of workers that cannot be.
    """
    if not 0 <= workers <= MAX_WORKERS:
        raise InputError(f"0 to {MAX_WORKERS} workers", f"{workers}", "Use as many as there are processor cores.")
    if workers == 0:
        return (yield from _here(works, function, stage))
    return (yield from _in_processes(works, function, workers, stage))


def _here(
    works: Sequence[Work], function: Callable[[Work], None], stage: str
) -> Generator[Progress, None, list[Outcome[Work]]]:
    found: list[Outcome[Work]] = []
    for work in works:
        yield Progress(stage, len(found), len(works))
        found.append(Outcome(work, _tried(function, work)))
    yield Progress(stage, len(found), len(works))
    return found


def _tried(function: Callable[[Work], None], work: Work) -> str:
    """Empty, or the error's words; of an error that is not the user's, its kind too."""
    try:
        function(work)
    except InputError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _in_processes(
    works: Sequence[Work], function: Callable[[Work], None], workers: int, stage: str
) -> Generator[Progress, None, list[Outcome[Work]]]:
    context = multiprocessing.get_context("spawn")
    threads = max(1, (os.cpu_count() or 1) // workers)
    ends: dict[int, str] = {}
    running: dict[int, tuple[BaseProcess, Connection]] = {}
    waiting = list(range(len(works)))[::-1]
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                index = waiting.pop()
                receive, send = context.Pipe(duplex=False)
                process = context.Process(target=_child, args=(function, works[index], threads, send), daemon=True)
                process.start()
                send.close()
                running[index] = (process, receive)
            yield Progress(stage, len(ends), len(works))
            ready = wait([process.sentinel for process, _ in running.values()], timeout=1.0)
            for index, (process, receive) in list(running.items()):
                if process.sentinel in ready:
                    process.join()
                    ends[index] = _told(process, receive)
                    del running[index]
    finally:
        for process, _ in running.values():
            process.terminate()
        for process, receive in running.values():
            process.join()
            receive.close()
    yield Progress(stage, len(ends), len(works))
    return [Outcome(work, ends[index]) for index, work in enumerate(works)]


def _child(function: Callable[[Work], None], work: Work, threads: int, send: Connection) -> None:
    # Ctrl-C goes to all processes of a terminal; the parent ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, str(threads))
    use_threads(threads)
    silence_libraries()
    told = _tried(function, work)
    # A parent that was killed listens no more; what this process wrote is there for the next run.
    with suppress(OSError):
        send.send(told)
        send.close()


def _told(process: BaseProcess, receive: Connection) -> str:
    """What the process said before it ended, or how it ended."""
    try:
        if receive.poll():
            return str(receive.recv())
    except (EOFError, OSError):
        pass
    finally:
        receive.close()
    code = process.exitcode or 0
    if code < 0:
        name = signal.Signals(-code).name
        return f"the process was ended by {name}" + (", perhaps for want of memory" if name == "SIGKILL" else "")
    return f"the process ended with code {code} and said nothing"

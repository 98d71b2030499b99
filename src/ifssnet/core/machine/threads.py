"""Work on several things at a time, in the order in which they are wanted."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def usable_threads() -> int:
    """As many threads as the process may use processors, or OMP_NUM_THREADS where that is set."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isascii() and said.isdigit() and int(said) > 0:
        return int(said)
    return usable_processors()


def usable_processors() -> int:
    """How many processors the process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result]]:
    """Each item with what the work makes of it, in order; the next few are worked on meanwhile.

    For work that leaves Python's lock to others most of the time, such as compiled loops. With one thread nothing is done
    ahead. What the work raises is raised in its item's turn.

    >>> list(ahead(abs, [-1, 2, -3]))
    [(-1, 1), (2, 2), (-3, 3)]
    """
    threads = usable_threads()
    if threads == 1:
        yield from ((item, work(item)) for item in items)
        return
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) > threads:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)

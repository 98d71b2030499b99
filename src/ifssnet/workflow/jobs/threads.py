"""How many threads libraries and compiled loops take in a process of several."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

import numba

_OF_LIBRARIES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")


def use_threads(count: int) -> None:
    """Let numba use a number of threads, or fewer where it has fewer (NUMBA_NUM_THREADS): asking for more is an error to it."""
    numba.set_num_threads(min(count, numba.get_num_threads()))


@contextmanager
def library_threads(count: int) -> Generator[None]:
    """Let the libraries of processes that are started in the block use a number of threads, unless the user has said how many.

    A library reads this when it is loaded, which in a new process is before any line of ours.
    """
    added = [name for name in _OF_LIBRARIES if name not in os.environ]
    os.environ.update(dict.fromkeys(added, str(count)))
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)

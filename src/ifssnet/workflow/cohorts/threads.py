"""How many threads compiled loops take in a process of several."""

from __future__ import annotations

import numba


def use_threads(count: int) -> None:
    """Let numba use a number of threads, or fewer where it has fewer (NUMBA_NUM_THREADS): asking for more is an error to it."""
    numba.set_num_threads(min(count, numba.get_num_threads()))

"""How many threads compiled loops take in a process of several."""

from __future__ import annotations

import numba


def use_threads(count: int) -> None:
    """Let numba use so many threads, or as many as NUMBA_NUM_THREADS allows it: more are an error to it."""
    numba.set_num_threads(min(count, int(numba.config.NUMBA_NUM_THREADS)))

"""Processes that a test starts by copying itself, to kill them in the middle of their work."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from contextlib import suppress


def forked(work: Callable[[], object]) -> int:
    """Start some work in a copy of this process, which ends when the work does; the number of that process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        with suppress(BaseException):
            work()
        os._exit(0)
    return child

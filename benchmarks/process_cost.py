"""What one process takes: seconds of the clock, the processor's seconds of all threads, and the largest memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What one process took."""

    wall_s: float
    cpu_s: float
    peak_gb: float


def run_process(words: Sequence[str]) -> Cost:
    """One command in a process of its own; the benchmark ends where the command fails."""
    began = time.perf_counter()
    process = subprocess.Popen(list(words))
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(words)} failed")
    return Cost(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6)


def smallest_and_median(values: Sequence[float], decimals: int) -> list[float]:
    """Of the rounds."""
    return [round(min(values), decimals), round(statistics.median(values), decimals)]

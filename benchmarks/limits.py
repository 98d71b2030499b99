"""What the machine can do at most: single-precision matrix products and copying of memory, measured now."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SIDE = 2048
COPIED_BYTES = 256 << 20


@dataclass(frozen=True)
class Limits:
    """Thousand million of operations, and of bytes, in a second."""

    sgemm_gflops: float
    copy_gb_s: float

    def copying(self, size_bytes: float) -> float:
        """Seconds that it takes to read this many bytes and to write as many."""
        return size_bytes / (self.copy_gb_s * 1e9 / 2)


def limits(rounds: int = 3) -> Limits:
    """The best of some rounds."""
    a = np.random.default_rng(0).random((SIDE, SIDE), np.float32)
    product = np.empty_like(a)
    one, other = np.ones(COPIED_BYTES, np.uint8), np.zeros(COPIED_BYTES, np.uint8)
    multiplying = shortest(lambda: np.matmul(a, a, out=product), rounds)
    copying = shortest(lambda: np.copyto(other, one), rounds)
    # A copy reads each byte and writes it.
    return Limits(2 * SIDE**3 / multiplying / 1e9, 2 * COPIED_BYTES / copying / 1e9)


def shortest(step: Callable[[], object], rounds: int) -> float:
    """The shortest time of some rounds after one that does not count."""
    step()
    taken: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        step()
        taken.append(time.perf_counter() - began)
    return min(taken)

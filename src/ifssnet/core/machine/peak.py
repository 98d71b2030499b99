"""How much memory some work took."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")


def reset_peak() -> None:
    """Begin anew: what the process holds now is its peak so far. Linux only; elsewhere nothing happens."""
    with suppress(OSError):
        CLEAR.write_text("5", encoding="utf-8", newline="\n")


def peak_mb() -> float:
    """Largest resident memory of this process since `reset_peak`, in 10^6 bytes; NaN where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        line = next(line for line in STATUS.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    return math.nan

"""The machine in words that name nobody: what a time that was measured on it depends on."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from ifssnet.core.machine.memory import total_memory
from ifssnet.core.machine.threads import usable_threads


@dataclass(frozen=True)
class Machine:
    """What computes.

    Attributes:
        system: Operating system and kind of processor.
        processor: Its name where the system tells.
        threads: Threads that the process uses.
        memory_gb: What the machine has; None where the system does not tell.
    """

    system: str
    processor: str
    threads: int
    memory_gb: float | None


def machine() -> Machine:
    """This machine."""
    memory = total_memory()
    system = f"{platform.system()}, {platform.machine()}"
    return Machine(system, _processor(), usable_threads(), None if memory is None else round(memory / 1e9, 1))


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(named), platform.processor() or "unknown")

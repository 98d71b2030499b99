"""A command stopped by Ctrl-C, as from a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

IFSS = [sys.executable, "-c", "from ifssnet.cli.main import main; main()"]


def interrupt(words: list[str], folder: Path, begun: Callable[[], bool], linger_s: float = 0.0) -> tuple[int, bytes]:
    """Run `ifss` in a folder, interrupt it once it has begun, and return its exit code and what it said.

    A process that was started in the background inherits that SIGINT is ignored; one at a terminal does not.
    """
    if os.name == "nt":
        pytest.skip("Windows has no SIGINT for one process")
    work = subprocess.Popen(
        [*IFSS, *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - nothing else runs in the child
    )
    with work:
        try:
            for _ in range(1200):
                if begun() or work.poll() is not None:
                    break
                time.sleep(0.05)
            time.sleep(linger_s)
            said = _said_after_signals(work)
        finally:
            work.kill()
    return work.returncode, said


def _said_after_signals(work: subprocess.Popen[bytes]) -> bytes:
    """Interrupt, and again where that was lost: while numba compiles, Python drops an exception out of a callback."""
    for _ in range(5):
        work.send_signal(signal.SIGINT)
        try:
            return work.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired:
            continue
    return work.communicate(timeout=20)[1]

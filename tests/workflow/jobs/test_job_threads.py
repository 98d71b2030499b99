"""Numba is asked for no more threads than it was started with."""

from __future__ import annotations

import os
import subprocess
import sys

CODE = "import numba; from ifssnet.workflow.jobs.threads import use_threads; use_threads(2); print(numba.get_num_threads())"


def test_more_threads_than_numba_may_use_are_no_error():
    ran = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**os.environ, "NUMBA_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["1"]

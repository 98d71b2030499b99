"""Ctrl-C ends long work, wherever it arrives."""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Generator

import pytest

from ifssnet.cli.terminal import Terminal
from ifssnet.core.progress import Progress

pytestmark = pytest.mark.posix


@pytest.mark.skipif(not hasattr(signal, "raise_signal"), reason="this system has no signals")
def test_what_a_callback_from_c_swallows_ends_the_work_at_its_next_step(capfd: pytest.CaptureFixture[str]) -> None:
    done: list[str] = []

    @ctypes.CFUNCTYPE(None)
    def called_back() -> None:
        signal.raise_signal(signal.SIGINT)

    def work() -> Generator[Progress, None, None]:
        try:
            called_back()
            done.append("first")
            yield Progress("working", 0, 2)
            done.append("second")
            yield Progress("working", 1, 2)
        finally:
            done.append("tidied up")

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        Terminal(quiet=True).run(work())
    assert done == ["first", "tidied up"]
    assert capfd.readouterr() == ("", "")
    assert signal.getsignal(signal.SIGINT) is before

"""Ctrl-C ends long work, wherever it arrives."""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Generator, Iterator

import pytest

from ifssnet.cli.terminal import Terminal
from ifssnet.core.progress import Progress

pytestmark = [pytest.mark.posix, pytest.mark.usefixtures("at_a_terminal")]


@pytest.fixture
def at_a_terminal() -> Iterator[None]:
    """Ctrl-C as Python has it at a terminal: whoever runs the tests in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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

    with pytest.raises(KeyboardInterrupt):
        Terminal(quiet=True).run(work())
    assert done == ["first", "tidied up"]
    assert capfd.readouterr() == ("", "")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_runs_in_the_background_goes_on() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def work() -> Generator[Progress, None, str]:
        signal.raise_signal(signal.SIGINT)
        yield Progress("working", 0, 1)
        return "done"

    assert Terminal(quiet=True).run(work()) == "done"
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN

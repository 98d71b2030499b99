"""Ctrl-C that is not lost: what a compiled library calls back may swallow the exception that it raises."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Generator[Callable[[], None], None, None]:
    """Within it, Ctrl-C raises KeyboardInterrupt at once, and again at the next call of what it gives.

    An exception in a function that is called back from C ends there with a note on standard error: the work would go on as
    if nobody had asked it to stop.
    """
    asked = False

    def remember(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        signal.default_int_handler(number, frame)

    def stop_if_asked() -> None:
        if asked:
            raise KeyboardInterrupt

    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield stop_if_asked
        return
    noted = sys.unraisablehook

    def quiet(unraisable: sys.UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            noted(unraisable)

    signal.signal(signal.SIGINT, remember)
    sys.unraisablehook = quiet
    try:
        yield stop_if_asked
        stop_if_asked()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.unraisablehook = noted

"""The one error that a user may see."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


class InputError(Exception):
    """Something that the user gave - a file, a value, a place to write - cannot be used.

    Every message answers three questions: what was expected, what came instead, and what to do
    about it. The command line prints them and exits with code 2; no traceback reaches a user.

    Args:
        expected: What would have been right, as a noun phrase ("a 3-D volume").
        received: What came instead, with the file's name and the offending value.
        remedy: What the user can do now, as an imperative sentence.
    """

    def __init__(self, expected: str, received: str, remedy: str) -> None:
        super().__init__(f"Expected {expected}; got {received}. {remedy}")
        self.expected = expected
        self.received = received
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        """As another process takes it."""
        return type(self), (self.expected, self.received, self.remedy)


def silence_libraries() -> None:
    """Let a process' own `InputWarning` alone be heard: what libraries warn of or log says nothing to a user."""
    warnings.simplefilter("ignore")
    warnings.filterwarnings("always", category=InputWarning)
    logging.disable(logging.CRITICAL)


@contextmanager
def silence_below() -> Generator[None, None, None]:
    """Let nothing be heard of what a library prints past Python, as HDF5 does of a damaged file."""
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, ValueError, AttributeError):
        # Without a standard error there is nothing to be heard.
        yield
        return
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class InputWarning(UserWarning):
    """Input that is usable, but not as it stands: the message says what was assumed or changed, and by how much."""

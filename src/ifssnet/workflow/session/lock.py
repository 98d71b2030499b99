"""One writer at a time: a lock on a file that the system releases when the process ends, however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ifssnet.core.errors import InputError


class FileLock:
    """A lock that one process holds.

    Args:
        path: The file to lock; it is made where there is none.

    Raises:
        InputError: Another process, or another session of this one, holds it.
    """

    def __init__(self, path: Path) -> None:
        self._stream = path.open("a+b")
        try:
            _lock(self._stream.fileno())
        except OSError as error:
            self._stream.close()
            raise InputError(
                f"a session that nobody else has open, {path.parent.name}",
                "one that is open elsewhere",
                "Close it there, or read only.",
            ) from error

    def close(self) -> None:
        """Release the lock."""
        self._stream.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

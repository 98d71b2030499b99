"""A session that several threads use: one change at a time, and everybody who listens hears of it in order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from ifssnet.workflow.session.events import Event
from ifssnet.workflow.session.lock import FileLock
from ifssnet.workflow.session.log import LogWriter
from ifssnet.workflow.session.session import Session
from ifssnet.workflow.session.state import SessionState

Listener = Callable[[SessionState, SessionState], None]
"""Called with the state before and after a change, while no other change can happen."""


class SharedSession(Session):
    """A session whose `apply` may be called from any thread."""

    def __init__(self, folder: Path, state: SessionState, by: str, writer: LogWriter | None, lock: FileLock | None) -> None:
        super().__init__(folder, state, by, writer, lock)
        self.turn = threading.RLock()
        self._listeners: list[Listener] = []

    @classmethod
    def share(cls, folder: Path) -> SharedSession:
        """Open a session where it was left.

        Raises:
            InputError: No session, a damaged log, one of a newer version, or one that is open elsewhere.
        """
        session = cls.open(folder)
        assert isinstance(session, SharedSession)
        return session

    def listen(self, listener: Listener) -> None:
        """Have a function called after each change."""
        with self.turn:
            self._listeners.append(listener)

    def apply(self, *events: Event) -> SessionState:
        """Let events happen, all of them or none, and tell who listens.

        Raises:
            InputError: They cannot be, or cannot be written; the state stays as it is.
        """
        with self.turn:
            before = self.state
            after = super().apply(*events)
            for listener in self._listeners:
                listener(before, after)
            return after

"""The served folder and the cases of it that are open."""

from __future__ import annotations

import threading
from pathlib import Path

from ifssnet.web.cases.open_case import OpenCase
from ifssnet.web.cases.places import case_folder
from ifssnet.workflow.session.methods import Methods

MOST_OPEN = 24
"""Cases without a page are closed when more are open: each may hold a volume."""


class Hub:
    """Open cases by name."""

    def __init__(self, root: Path, methods: Methods) -> None:
        self.root = root
        self._methods = methods
        self._open: dict[str, OpenCase] = {}
        self._turn = threading.Lock()

    def case(self, name: str) -> OpenCase:
        """A case, opened where it is not yet.

        Raises:
            InputError: No such case, or it cannot be opened.
        """
        folder = case_folder(self.root, name)
        with self._turn:
            if (found := self._open.get(name)) is None:
                self._make_room()
                found = self._open[name] = OpenCase(name, folder, self._methods)
            else:
                self._open[name] = self._open.pop(name)
            return found

    def is_open(self, name: str) -> bool:
        """Whether a case is open here."""
        return name in self._open

    def close(self) -> None:
        """Close every case."""
        with self._turn:
            for case in self._open.values():
                case.close()
            self._open.clear()

    def _make_room(self) -> None:
        for name, case in list(self._open.items()):
            if len(self._open) < MOST_OPEN:
                return
            if case.idle:
                case.close()
                del self._open[name]

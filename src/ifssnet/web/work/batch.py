"""Propagation of many cases, one after the other."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import Json, plain_table
from ifssnet.web.cases.hub import Hub
from ifssnet.workflow.session.cases import cases


@dataclass(frozen=True)
class BatchState:
    """How far a batch is.

    Attributes:
        running: Whether it goes on.
        done: Cases that are finished.
        total: Cases in all.
        case: The one that is propagated now.
        problems: What went wrong, a sentence a case.
    """

    running: bool = False
    done: int = 0
    total: int = 0
    case: str = ""
    problems: tuple[str, ...] = ()

    def json(self) -> dict[str, Json]:
        """As the page reads it."""
        return plain_table(self)


class Batch:
    """At most one batch at a time."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._turn = threading.Lock()
        self.state = BatchState()

    def start(self, by: str) -> None:
        """Propagate every case in which something is drawn and not up to date.

        Raises:
            InputError: One is running, or there is nothing to do.
        """
        with self._turn:
            if self.state.running:
                raise InputError("one batch at a time", "a second one", "Wait for the first one.")
            names = [each.name for each in cases(self._hub.root) if each.progression == "drawn"]
            if not names:
                raise InputError("cases with something drawn that is not propagated yet", "none", "Draw first.")
            self.state = BatchState(True, 0, len(names))
        threading.Thread(target=self._run, args=(names, by), name="batch", daemon=True).start()

    def _run(self, names: list[str], by: str) -> None:
        for name in names:
            self.state = replace(self.state, case=name)
            try:
                self._hub.case(name).propagate_now(by)
            except InputError as error:
                self.state = replace(self.state, problems=(*self.state.problems, f"{name}: {error}"))
            self.state = replace(self.state, done=self.state.done + 1)
        self.state = replace(self.state, running=False, case="")

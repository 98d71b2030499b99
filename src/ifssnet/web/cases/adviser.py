"""What takes too long to be said with every stroke: the SDs of volumes, and the next slice, as soon as they are known."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from ifssnet.io.plain_data import Json
from ifssnet.web.cases.state_json import advice_json
from ifssnet.workflow.session.methods import Methods
from ifssnet.workflow.session.state import MuscleState, SessionState


class Adviser:
    """Works out advice on the newest state, in a thread of its own; states in between are passed over.

    Args:
        methods: Where methods of propagation come from.
        tell: Called with the advice.
    """

    def __init__(self, methods: Methods, tell: Callable[[dict[str, Json]], None]) -> None:
        self._methods = methods
        self._tell = tell
        self._turn = threading.Lock()
        self._wanted: SessionState | None = None
        self._busy = False
        self._known: tuple[Mapping[int, MuscleState], dict[str, Json]] | None = None

    def ask(self, state: SessionState) -> dict[str, Json] | None:
        """The advice on a state where it is known; None where it comes later.

        While slices arrive there is no telling: the end of the run is a state as well.
        """
        with self._turn:
            if self._known is not None and self._known[0] is state.muscles:
                return self._known[1]
            if state.run is None:
                self._wanted = state
                if not self._busy:
                    self._busy = True
                    threading.Thread(target=self._work, name="adviser", daemon=True).start()
            return None

    def _work(self) -> None:
        while True:
            with self._turn:
                state, self._wanted = self._wanted, None
                if state is None:
                    self._busy = False
                    return
            try:
                found = advice_json(state, self._methods.best())
            except Exception:
                with self._turn:
                    self._busy = False
                raise
            with self._turn:
                self._known = state.muscles, found
            self._tell(found)

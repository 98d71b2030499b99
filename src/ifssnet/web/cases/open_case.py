"""A case that pages have open: its session, who may write, who listens, and the propagation that is under way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.core.progress import Progress
from ifssnet.io.plain_data import Json
from ifssnet.web.cases.adviser import Adviser
from ifssnet.web.cases.live import Stream
from ifssnet.web.cases.messages import Export, Propagate, Tune, Wished, event_of, mark_json, progress_json, tuned_json
from ifssnet.web.cases.state_json import state_json
from ifssnet.workflow.files.opener import open_seeds
from ifssnet.workflow.session.commands import import_seeds
from ifssnet.workflow.session.events import Interval
from ifssnet.workflow.session.export import EXPORTS, export
from ifssnet.workflow.session.gap_methods import compare_methods
from ifssnet.workflow.session.methods import Methods
from ifssnet.workflow.session.own_network import can_tune, forget_own_network, has_own_network, tune
from ifssnet.workflow.session.propagation import propagate
from ifssnet.workflow.session.state import SessionState
from ifssnet.workflow.viewing.first_look import first_look
from ifssnet.workflow.viewing.grey_slices import GreySlices
from ifssnet.workflow.viewing.marks import changed_marks, marks, only_slices_came
from ifssnet.workflow.viewing.raw_frames import RawFrames
from ifssnet.workflow.viewing.recording import recording_findings
from ifssnet.workflow.viewing.shared_session import SharedSession

BATCH = "batch"
"""Who writes where no tab does."""


class NotTheWriter(Exception):
    """Another tab writes to the case."""


class OpenCase:
    """A case in use; everything here may be called from any thread."""

    def __init__(self, name: str, folder: Path, methods: Methods) -> None:
        self.name = name
        self.folder = folder
        self.session = SharedSession.share(folder)
        self.writer = ""
        self._resting = ""
        self._methods = methods
        self._streams: list[Stream] = []
        self._cancel = threading.Event()
        self._worker: threading.Thread | None = None
        self._problem = ""
        self._volume_turn = threading.Lock()
        self._adviser = Adviser(methods, lambda advice: self._tell("advice", advice))
        self.session.listen(self._changed)
        # The first slice is asked for a moment later: by then the volume is being read.
        threading.Thread(target=self._make_ready, name=f"read {name}", daemon=True).start()

    @property
    def idle(self) -> bool:
        """Whether no page shows it and nothing is under way."""
        return not self._streams and not self.running

    @property
    def running(self) -> bool:
        """Whether a propagation is under way."""
        return self._worker is not None and self._worker.is_alive()

    @property
    def slices(self) -> GreySlices:
        """The volume, read once."""
        with self._volume_turn:
            return self._slices

    @cached_property
    def _slices(self) -> GreySlices:
        return GreySlices(self.session.volume)

    @cached_property
    def _look(self) -> list[Json] | None:
        # A volume that cannot be read says so when a slice is asked for.
        with suppress(InputError):
            return [*first_look(self.slices)]
        return None

    @cached_property
    def raw_frames(self) -> RawFrames:
        """The sweeps that the case was made from; none for a case that was made from a volume.

        Raises:
            InputError: Their files were damaged.
        """
        return RawFrames(self.folder, self.session.state.grid)

    def _make_ready(self) -> None:
        # Whoever asks for a slice is told why the volume cannot be read.
        with suppress(InputError):
            _ = self.slices

    def check_volume(self, key: str) -> None:
        """Refuse an address that belongs to another volume.

        Raises:
            InputError: It does.
        """
        if key != self.session.state.sha256[: len(key)] or len(key) < 8:
            raise InputError("an address of this case's volume", f"'{key}'", "Load the page again.")

    def close(self) -> None:
        """Stop what is under way, and let others open it."""
        self.cancel()
        if self._worker is not None:
            self._worker.join(timeout=10)
        for stream in list(self._streams):
            stream.end()
        self.session.close()

    def connect(self, stream: Stream) -> None:
        """A tab listens; the first one may write."""
        with self.session.turn:
            self._streams.append(stream)
            if self._resting == stream.tab:
                self._resting = ""
            if not self.writer:
                self.writer = stream.tab
            stream.tell("hello", {"version": self.session.state.events, "writer": self.writer == stream.tab})

    def disconnect(self, stream: Stream) -> None:
        """A tab went away."""
        with self.session.turn:
            if stream in self._streams:
                self._streams.remove(stream)

    def leave(self, tab: str) -> None:
        """A tab that went away and did not come back writes no more."""
        with self.session.turn:
            if self.writer == tab and self._resting != tab and all(stream.tab != tab for stream in self._streams):
                self.writer = ""
                self._tell_writer()

    def rest(self, tab: str, resting: bool) -> None:
        """A tab in the background has no stream, and stays the one that writes; a tab that is gone does not."""
        with self.session.turn:
            if resting and self.writer == tab:
                self._resting = tab
            elif self._resting == tab:
                self._resting = ""

    def take_over(self, tab: str) -> None:
        """A tab writes from now on; the others only read."""
        with self.session.turn:
            self.writer = tab
            self._tell_writer()

    def snapshot(self) -> dict[str, Json]:
        """Everything that a page has to know."""
        # Where something is drawn the page opens there, and need not wait for the volume.
        look = None if _shows(self.session.state) else self._look
        with self.session.turn:
            state = self.session.state
            found = self._state(state)
            found["advice"] = self._adviser.ask(state)
            found["look"] = look
            found["sweeps"] = self._sweeps()
            found["tuning"] = {"can": can_tune(), "own": has_own_network(self.folder)}
        return {**found, "marks": [mark_json(mark) for mark in marks(state)]}

    def wish(self, wished: Wished) -> int:
        """Do what a tab wishes, and say which version that made.

        Raises:
            NotTheWriter: Another tab writes.
            InputError: It cannot be.
        """
        with self.session.turn:
            self.check_writer(wished.tab)
            return self.session.apply(event_of(wished, self.session.state)).events

    def take_seeds(self, tab: str, by: str, path: Path) -> int:
        """Take seeds that lie on this case's grid, and say how many outlines that were.

        Raises:
            NotTheWriter: Another tab writes.
            InputError: Seeds that cannot be read, or a session that is signed.
        """
        with self.session.turn:
            self.check_writer(tab)
            self.session.by = by
            return import_seeds(self.session, open_seeds([path], self.session.state.grid))

    def check_writer(self, tab: str) -> None:
        """Let the tab write that may.

        Raises:
            NotTheWriter: It is another one.
        """
        if self.writer not in ("", tab):
            raise NotTheWriter
        self.writer = tab

    def start(self, wanted: Propagate) -> None:
        """Begin to propagate.

        Raises:
            NotTheWriter: Another tab writes.
            InputError: One is under way.
        """
        self._begin(wanted.tab, wanted.by, lambda: self._work(wanted), f"propagate {self.name}")

    def tune(self, wanted: Tune) -> None:
        """Begin to tune the network on what is drawn, and to fill every gap anew if that helped; or forget what was tuned.

        Raises:
            NotTheWriter: Another tab writes.
            InputError: A propagation is under way.
        """
        if not wanted.forget:
            self._begin(wanted.tab, wanted.by, self._tuning, f"tune {self.name}")
            return
        with self.session.turn:
            self.check_writer(wanted.tab)
            self._check_at_rest()
            forget_own_network(self.folder)
            self._tell("tuned", {"own": False, "result": None})

    def _begin(self, tab: str, by: str, work: Callable[[], Generator[Progress, None, object]], name: str) -> None:
        with self.session.turn:
            self.check_writer(tab)
            self._check_at_rest()
            self.session.by = by
            self._cancel.clear()
            self._problem = ""
            self._worker = threading.Thread(target=self._run, args=(work,), name=name, daemon=True)
            self._worker.start()

    def _check_at_rest(self) -> None:
        if self.running:
            raise InputError("a case at rest", "a propagation under way", "Wait for it, or cancel it.")

    def propagate_now(self, by: str) -> None:
        """Propagate everything that is not up to date, and return when that is done.

        Raises:
            InputError: One is under way, nothing is to be done, or it cannot be.
        """
        with self.session.turn:
            self.start(Propagate(tab=self.writer or BATCH, by=by))
            worker = self._worker
            if self.writer == BATCH:
                self.writer = ""
        if worker is not None:
            worker.join()
        if self._problem:
            raise InputError("a case that can be propagated", self._problem, "Open it, and look.")

    @property
    def exports(self) -> Path:
        """The folder of what was written."""
        return self.folder / EXPORTS

    def export(self, wanted: Export) -> tuple[str, ...]:
        """Write the result as it stands, and return the names of the files.

        Raises:
            NotTheWriter: Another tab writes.
            InputError: Nothing to write, or it cannot be written.
        """
        self.check_writer(wanted.tab)
        self.session.by = wanted.by
        return tuple(path.name for path in export(self.session, (wanted.kind,)))

    def cancel(self) -> None:
        """End the propagation; what came stays."""
        self._cancel.set()

    def _work(self, wanted: Propagate) -> Generator[Progress, None, object]:
        if wanted.compare:
            return compare_methods(self.session, self._methods, () if wanted.label is None else (wanted.label,))
        intervals = None
        if wanted.label is not None and wanted.low is not None and wanted.high is not None:
            intervals = [Interval(wanted.label, wanted.low, wanted.high)]
        return propagate(
            self.session,
            self._methods,
            label=wanted.label,
            intervals=intervals,
            method=wanted.method or None,
            near=wanted.near,
            front=wanted.front,
            again=wanted.again,
        )

    def _tuning(self) -> Generator[Progress, None, None]:
        found = yield from tune(self.session)
        self._tell("tuned", {"own": found.kept, "result": tuned_json(found)})
        if found.kept:
            yield from propagate(self.session, self._methods, again=True)

    def _run(self, begin: Callable[[], Generator[Progress, None, object]]) -> None:
        try:
            work = begin()
            for progress in work:
                self._tell("progress", progress_json(progress))
                if self._cancel.is_set():
                    work.close()
                    break
        except InputError as error:
            self._problem = str(error)
        except Exception as error:
            self._problem = f"{type(error).__name__}: {error}"
            raise
        finally:
            self._worker = None
            self._tell("stopped", {"problem": self._problem, "cancelled": self._cancel.is_set()})

    def _changed(self, before: SessionState, after: SessionState) -> None:
        found: list[Json] = [mark_json(mark) for mark in changed_marks(before, after)]
        if only_slices_came(before, after):
            self._tell("slices", {"version": after.events, "marks": found})
            return
        self._tell("change", {**self._state(after), "marks": found})
        self._adviser.ask(after)

    def findings(self) -> tuple[Finding, ...]:
        """What has to be said of the recording, and of its frames where they were damaged."""
        found = recording_findings(self.slices.volume)
        try:
            _ = self.raw_frames
        except InputError as error:
            return (*found, Finding("warning", f"The raw frames are not shown: {error}", ""))
        return found

    def _sweeps(self) -> int:
        # A case whose frames were damaged is a case without frames, and its findings say so.
        with suppress(InputError):
            return len(self.raw_frames)
        return 0

    def _state(self, state: SessionState) -> dict[str, Json]:
        return state_json(self.name, state) | {"running": self.running}

    def _tell(self, name: str, data: dict[str, Json]) -> None:
        with self.session.turn:
            for stream in self._streams:
                stream.tell(name, data)

    def _tell_writer(self) -> None:
        for stream in self._streams:
            stream.tell("writer", {"writer": stream.tab == self.writer, "free": not self.writer})


def _shows(state: SessionState) -> bool:
    return any(each.mask is not None and not each.mask.empty for each in marks(state))

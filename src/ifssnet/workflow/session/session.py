"""A session on disk: a folder with the volume and the log."""

from __future__ import annotations

import filecmp
import getpass
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from threading import RLock
from types import TracebackType

import numpy as np

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.core.images import Volume
from ifssnet.core.muscles import TRICEPS_SURAE, color_of
from ifssnet.geometry.grey_levels import on_grey_scale
from ifssnet.io.open import open_volume
from ifssnet.io.save import save
from ifssnet.io.volumes.seen_mask import seen_path
from ifssnet.workflow.files.provenance import file_source
from ifssnet.workflow.session.events import Event, MuscleName, Opened
from ifssnet.workflow.session.lock import FileLock
from ifssnet.workflow.session.log import LogWriter, begun, read_log
from ifssnet.workflow.session.reducer import reduce, replay
from ifssnet.workflow.session.state import SessionState

LOG = "session.jsonl"
LOCK = "session.lock"

DETACHED = (".mhd", ".nhdr", ".hdr", ".img")
"""Headers and pixels of one volume in two files."""


def now() -> str:
    """The time as events have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def this_user() -> str:
    """The name of the user who is logged in; "unknown" where the system does not say."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def default_muscles(names: Sequence[str] = TRICEPS_SURAE) -> tuple[MuscleName, ...]:
    """Muscles with labels from 1 in the order given, each in its own colour."""
    return tuple(MuscleName(label, name, color_of(name, label - 1)) for label, name in enumerate(names, start=1))


class Session:
    """A leg in an expert's hands. `apply` is the only way to change it, and returns when the change is on disk.

    Threads may share a session: one draws while another propagates.

    Use `Session.create` or `Session.open`; close it, or use it in a `with` block.
    """

    def __init__(self, folder: Path, state: SessionState, by: str, writer: LogWriter | None, lock: FileLock | None) -> None:
        self.folder = folder
        self.by = by
        self.findings: tuple[Finding, ...] = ()
        self._state = state
        self._writer = writer
        self._lock = lock
        self._changing = RLock()

    @classmethod
    def create(
        cls,
        folder: Path,
        volume: Path,
        *,
        by: str | None = None,
        muscles: Sequence[MuscleName] = default_muscles(),
        subject: str = "",
        side: str = "",
        visit: str = "",
    ) -> Session:
        """Begin a session in a new folder, or in a folder that holds the volume and no session.

        What was interrupted before the first event was on the disk is begun again.

        Args:
            folder: Where the log goes; made where there is none.
            volume: The volume's file: copied into the folder where it lies elsewhere.
            by: Who begins; the user's name where it is None.
            muscles: The muscles to draw.
            subject: Whose leg.
            side: "left", "right" or empty.
            visit: When or why it was recorded.

        Raises:
            InputError: There is a session already, or the volume or the folder cannot be used.
        """
        _refuse_begun(folder)
        grid = open_volume(volume).grid
        created = not folder.exists()
        try:
            folder.mkdir(exist_ok=True)
            inside = volume if volume.parent.resolve() == folder.resolve() else _copied(volume, folder)
            lock = FileLock(folder / LOCK)
        except OSError as error:
            if created:
                shutil.rmtree(folder, ignore_errors=True)
            raise InputError(
                f"a folder to write to, {folder.name}", error.strerror or str(error), "Choose another place."
            ) from error
        try:
            # Once more: somebody else may have begun it before the lock was ours.
            _refuse_begun(folder)
            who = this_user() if by is None else by
            opened = Opened(now(), who, inside.name, file_source(inside).sha256, grid, tuple(muscles), subject, side, visit)
            state = replay([opened])
            (folder / LOG).unlink(missing_ok=True)
            writer = LogWriter(folder / LOG)
            writer.append([opened])
        except BaseException:
            lock.close()
            raise
        return cls(folder, state, who, writer, lock)

    @classmethod
    def open(cls, folder: Path, *, by: str | None = None, read_only: bool = False) -> Session:
        """Open a session where it was left, whatever ended it.

        Args:
            folder: The session's folder.
            by: Who works on it; the user's name where it is None.
            read_only: Change nothing; another process may have it open.

        Raises:
            InputError: No session, a damaged log, one of a newer version, or one that is open elsewhere.
        """
        if not (folder / LOG).is_file():
            raise InputError(f"the folder of a session, with {LOG}", f"{folder}", "Begin one: ifss session new.")
        lock = None if read_only else FileLock(folder / LOCK)
        try:
            log = read_log(folder / LOG)
            state = replay(log.events)
            writer = None if read_only else LogWriter(folder / LOG, log)
        except BaseException:
            if lock is not None:
                lock.close()
            raise
        session = cls(folder, state, this_user() if by is None else by, writer, lock)
        if log.torn:
            text = f"The last {log.torn} bytes of the log were not written whole; what they would have said did not count."
            session.findings = (Finding("note", text, "Look whether your last stroke is there."),)
        return session

    @property
    def state(self) -> SessionState:
        """The state as it is on disk."""
        return self._state

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed."""
        return self._writer is None

    @cached_property
    def volume(self) -> Volume:
        """The grey levels.

        Raises:
            InputError: The file is gone, cannot be read, or lies on another grid than when the session began.
        """
        path = self.folder / self._state.volume
        volume = on_grey_scale(open_volume(path))[0]
        if volume.grid != self._state.grid:
            raise InputError(f"{path.name} as it was when the session began", "another grid", "Put the old file back.")
        return volume

    def apply(self, *events: Event) -> SessionState:
        """Let events happen, all of them or none.

        Raises:
            InputError: They cannot be, or cannot be written; the state stays as it is.
        """
        if self._writer is None:
            raise InputError("a session that can be changed", "one that was opened to be read", "Open it without read-only.")
        with self._changing:
            state = self._state
            for event in events:
                state = reduce(state, event)
            self._writer.append(events)
            self._state = state
            return state

    def close(self) -> None:
        """Let others open it."""
        if self._writer is not None:
            self._writer.close()
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _refuse_begun(folder: Path) -> None:
    if begun(folder / LOG):
        raise InputError(
            f"a folder without a session, {folder.name}", "one with a session", "Open that one, or choose another folder."
        )


def _copied(volume: Path, folder: Path) -> Path:
    """The volume in the session's folder, written beside its target and moved into place; in one file in any case."""
    if volume.is_dir() or volume.suffix.lower() in DETACHED:
        target, opened = folder / f"{volume.stem}.mha", open_volume(volume)
        if not target.exists():
            save(opened, target)
        elif not np.array_equal(open_volume(target).array, opened.array):
            raise _other(target)
        return target
    target = folder / volume.name
    if target.exists() and not filecmp.cmp(volume, target, shallow=False):
        raise _other(target)
    # The mask of what was seen goes with its volume, and first: a volume without it would be taken for whole.
    for source in (seen_path(volume), volume):
        if source.is_file():
            partial = folder / f".{source.name}.partial"
            shutil.copyfile(source, partial)
            partial.replace(folder / source.name)
    return target


def _other(target: Path) -> InputError:
    return InputError(f"no {target.name} in {target.parent.name} yet", "another file of that name", "Choose another folder.")

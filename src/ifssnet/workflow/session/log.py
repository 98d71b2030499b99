"""The log of a session on disk: one line of JSON for each event, flushed to the disk before the event counts.

Line 1 names the format and its version. Every further line is a table with the event's number, a checksum and the event.
A last line that is not whole was being written when the machine stopped: the event did not count, and it is dropped.
"""

from __future__ import annotations

import errno
import json
import os
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import Json, plain, structure
from ifssnet.workflow.session.events import Event

T = TypeVar("T")

FORMAT = "ifssnet-session"
VERSION = 1

MAX_LINE = 64 * 2**20
"""Bytes of one line: far above what the masks of a batch of slices take."""

MIGRATIONS: Mapping[int, Callable[[dict[str, object]], dict[str, object]]] = {}
"""Version of a log to what makes an event of the next version out of one of its events."""


@dataclass(frozen=True)
class _Entry:
    """A field that takes any event."""

    event: Event


@dataclass(frozen=True)
class _FirstLine:
    """What says which log it is."""

    format: str
    version: int


@dataclass(frozen=True)
class _Line:
    """An event as it stands in the log: its number, its checksum, and itself, perhaps of an older version."""

    n: int
    crc: int
    event: Mapping[str, object]


@dataclass(frozen=True)
class ReadLog:
    """What a log holds.

    Attributes:
        events: In order.
        size: Bytes of the whole lines; what follows them is torn.
        torn: Bytes of a last line that is not whole.
        version: The version of the log's format, before migration.
    """

    events: tuple[Event, ...]
    size: int
    torn: int
    version: int


def read_log(path: Path) -> ReadLog:
    """Read a log.

    Raises:
        InputError: It cannot be read, is no log, is of a newer version, or is damaged before its last line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"the log of a session, {path.name}", error.strerror or str(error), "Check the folder.") from error
    whole = data.rfind(b"\n") + 1
    lines = data[:whole].split(b"\n")[:-1]
    if not lines:
        raise _unbegun(path)
    version = _version(lines[0], path)
    events: list[Event] = []
    for number, line in enumerate(lines[1:], start=1):
        event = _event(line, number, version)
        if event is None and number == len(lines) - 1:
            if not events:
                raise _unbegun(path)
            return ReadLog(tuple(events), whole - len(line) - 1, len(data) - whole + len(line) + 1, version)
        if event is None:
            raise InputError(
                f"a whole line {number + 1} in {path.name}",
                "a damaged one",
                "Take a copy of the folder from before the damage.",
            )
        events.append(event)
    if not events:
        raise _unbegun(path)
    return ReadLog(tuple(events), whole, len(data) - whole, version)


def begun(path: Path) -> bool:
    """Whether there is a log with an event, whole or damaged: one that was cut short before is no session."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return len(stream.readline(MAX_LINE)) > 0 and stream.readline(MAX_LINE).endswith(b"\n")


def _unbegun(path: Path) -> InputError:
    return InputError(
        f"a session that was begun, {path.parent.name}",
        "one that was interrupted before its first event",
        "Begin it again in the same folder: ifss session new.",
    )


def _version(line: bytes, path: Path) -> int:
    first = _structured(_FirstLine, line)
    if first is None or first.format != FORMAT:
        raise InputError(f"the log of a session, {path.name}", "another file", "Choose a session's folder.")
    version = first.version
    if version > VERSION:
        raise InputError(
            f"a log of version {VERSION} or older, {path.name}",
            f"version {version}",
            "Open it with a newer version of ifssnet.",
        )
    if version < VERSION and any(each not in MIGRATIONS for each in range(version, VERSION)):
        raise InputError(
            f"a log of a version that this program knows, {path.name}", f"version {version}", "Use an older program."
        )
    return version


def _event(line: bytes, number: int, version: int) -> Event | None:
    """One event; None for a line that is damaged.

    Raises:
        InputError: The line is whole, and its event is none that there is.
    """
    found = _structured(_Line, line)
    if found is None or found.n != number or found.crc != _checksum(found.event):
        return None
    data = dict(found.event)
    for each in range(version, VERSION):
        data = MIGRATIONS[each](data)
    return structure(_Entry, {"event": data}, f"event {number} of the session's log").event


def _structured(kind: type[T], line: bytes) -> T | None:
    """What a line holds; None for one that is damaged, or something else."""
    try:
        return structure(kind, json.loads(line), "a line of the log", ignore_unknown=True)
    except (ValueError, RecursionError, InputError):
        return None


def _checksum(body: object) -> int:
    return zlib.crc32(json.dumps(body, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode("ascii"))


def log_line(event: Event, number: int) -> bytes:
    """An event as its line."""
    body = plain(event)
    entry: dict[str, Json] = {"n": number, "crc": _checksum(body), "event": body}
    return json.dumps(entry, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode("ascii") + b"\n"


class LogWriter:
    """Appends events to a log; what it returned from is on disk.

    Args:
        path: The log; made with its first line where there is none.
        read: What is in it; None for a new one. A torn last line is cut off.

    Raises:
        InputError: It cannot be written, or there is one already where a new one is wanted.
    """

    def __init__(self, path: Path, read: ReadLog | None = None) -> None:
        self._path = path
        self._count = 0 if read is None else len(read.events)
        try:
            if read is None:
                self._stream = path.open("xb", buffering=0)
                self._end = 0
                self._write(json.dumps({"format": FORMAT, "version": VERSION}).encode("ascii") + b"\n")
                _sync_folder(path.parent)
            else:
                self._stream = path.open("r+b", buffering=0)
                self._end = read.size
                self._stream.truncate(self._end)
                self._stream.seek(self._end)
                os.fsync(self._stream.fileno())
        except OSError as error:
            raise _unwritable(path, error) from error

    def append(self, events: Iterable[Event]) -> None:
        """Write events and wait until they are on the disk.

        Raises:
            InputError: The disk is full or gone; nothing of these events is in the log then.
        """
        lines: list[bytes] = []
        for event in events:
            lines.append(log_line(event, self._count + len(lines) + 1))
        try:
            self._write(b"".join(lines))
        except OSError as error:
            raise _unwritable(self._path, error) from error
        self._count += len(lines)

    def _write(self, data: bytes) -> None:
        try:
            view = memoryview(data)
            while view:
                view = view[self._stream.write(view) or 0 :]
            os.fsync(self._stream.fileno())
            if not os.fstat(self._stream.fileno()).st_nlink:
                raise OSError(errno.ENOENT, "the file was deleted while it was open")
        except OSError:
            self._stream.truncate(self._end)
            self._stream.seek(self._end)
            raise
        self._end += len(data)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class UnwritableLogError(InputError):
    """The disk is full or gone: what was to be written may be tried again as it is."""


def _unwritable(path: Path, error: OSError) -> UnwritableLogError:
    return UnwritableLogError(
        f"a place to write {path.name}", error.strerror or str(error), "Free some space, or check the folder."
    )


def _sync_folder(folder: Path) -> None:
    """Wait until the folder knows its new file; Windows does so by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

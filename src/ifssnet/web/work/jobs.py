"""Work for the folder in processes of their own, with a limit of time and of memory."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from ifssnet.core.errors import InputError
from ifssnet.io.plain_data import Json, plain_table

MOST_BYTES = 24 * 2**30
MOST_SECONDS = 1800.0
MOST_RUNNING = 3
MOST_KEPT = 200


@dataclass(frozen=True)
class Job:
    """Work that runs in the background.

    Attributes:
        state: "running", "done" or "failed".
        stage: What is being done.
        done: Parts finished.
        total: Parts in all; 0 where nobody knows.
        problem: Why it failed.
        case: The case that it made.
        remarks: What was assumed or changed on the way, in sentences.
    """

    state: str = "running"
    stage: str = ""
    done: int = 0
    total: int = 0
    problem: str = ""
    case: str = ""
    remarks: str = ""

    def json(self) -> dict[str, Json]:
        """As the page reads it."""
        return plain_table(self)


class Jobs:
    """Jobs by their random names."""

    def __init__(self, root: Path, *, most_bytes: int = MOST_BYTES, most_seconds: float = MOST_SECONDS) -> None:
        self._root = root
        self._most_bytes = most_bytes
        self._most_seconds = most_seconds
        self._jobs: dict[str, Job] = {}
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._turn = threading.Lock()

    def get(self, name: str) -> Job:
        """A job as it stands.

        Raises:
            InputError: No such job.
        """
        if name not in self._jobs:
            raise InputError("a job of this server", f"'{name[:40]}'", "Load the page again.")
        return self._jobs[name]

    def start(self, what: str, rest: Sequence[str], after: Callable[[], None] = lambda: None) -> str:
        """Begin a job, and return its name.

        Args:
            what: "example", "files" or "seeds".
            rest: What the worker is given.
            after: Called when it is over, however it ended.

        Raises:
            InputError: Too many are running.
        """
        with self._turn:
            if sum(job.state == "running" for job in self._jobs.values()) >= MOST_RUNNING:
                raise InputError(f"at most {MOST_RUNNING} files at a time", "one more", "Wait until one of them is done.")
            name = secrets.token_urlsafe(9)
            self._jobs[name] = Job()
            while len(self._jobs) > MOST_KEPT:
                del self._jobs[next(iter(self._jobs))]
        command = [sys.executable, "-m", "ifssnet.web.work.worker", str(self._most_bytes), str(self._root), what, *rest]
        threading.Thread(target=self._watch, args=(name, command, after), name=f"job {what}", daemon=True).start()
        return name

    def close(self) -> None:
        """End all that is running."""
        for process in list(self._processes.values()):
            process.kill()

    def _watch(self, name: str, command: list[str], after: Callable[[], None]) -> None:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
        self._processes[name] = process
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._most_seconds, end)
        timer.start()
        try:
            errors = _drained(process.stderr)
            assert process.stdout is not None
            for line in process.stdout:
                self._jobs[name] = _after(self._jobs[name], _said(line))
            process.wait()
        finally:
            timer.cancel()
            # The pipes as well: a server that runs for weeks has only so many.
            with process:
                pass
            del self._processes[name]
            after()
        job = self._jobs[name]
        if job.case:
            self._jobs[name] = replace(job, state="done")
        else:
            self._jobs[name] = replace(
                job, state="failed", problem=job.problem or self._why(late.is_set(), process.returncode, errors)
            )

    def _why(self, late: bool, code: int, errors: list[str]) -> str:
        if late:
            return f"Reading took more than {self._most_seconds:.0f} seconds and was ended."
        last = errors[-1].strip() if errors else f"exit code {code}"
        return f"The files could not be read: {last[:300]}."


def _after(job: Job, said: dict[str, Any]) -> Job:
    known = {key: value for key, value in said.items() if key in ("stage", "done", "total", "problem", "case", "remarks")}
    return replace(job, **known)


def _said(line: str) -> dict[str, Any]:
    try:
        said: Any = json.loads(line)
    except ValueError:
        return {}
    # The worker writes objects alone; a library that prints into its output may write anything.
    return cast("dict[str, Any]", said) if type(said) is dict else {}


def _drained(stream: Iterable[str] | None) -> list[str]:
    """The lines of a stream as they come, read by a thread so that the process never waits for a reader."""
    lines: list[str] = []

    def read() -> None:
        for line in stream or ():
            lines.append(line)
            del lines[:-20]

    threading.Thread(target=read, daemon=True).start()
    return lines
